"""Calls as tests need them: one line each, everything else as on an ordinary day in Ottawa."""

from datetime import UTC, datetime, timedelta
from typing import Any

from calls.contracts import Kind, KnownCall, LedgerState, TextKey, TextRecord
from calls.eligibility import decide
from calls.facts import CallFacts, Source
from calls.policy import Policy

NOON = datetime(2026, 1, 15, 17, 0, tzinfo=UTC)
"""A Thursday, noon in Ottawa: every call of the tests is received then, unless it says otherwise."""


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


def hours(number: float) -> timedelta:
    return timedelta(hours=number)


def some_facts(**changes: Any) -> CallFacts:
    """A noise complaint of priority 4 by a resident with a phone, received at noon."""
    facts: dict[str, Any] = {
        "agency": "ottawa",
        "cad_id": "1001",
        "case_number": "26-104233",
        "priority_code": "4",
        "priority": 4,
        "call_type_code": "NOISE",
        "call_type_group": "noise",
        "source_code": "phone",
        "source": Source.RESIDENT,
        "received_at": NOON,
        "recipient_version": 1,
    }
    return CallFacts.model_validate(facts | changes)


def a_call(policy: Policy, *, version: int = 1, **changes: Any) -> KnownCall:
    """The call as workflow and database know it."""
    facts = some_facts(**changes)
    return KnownCall(version=version, facts=facts, decision=decide(facts, policy))


def text(
    kind: Kind,
    sequence: int = 1,
    *,
    state: LedgerState = LedgerState.ACCEPTED,
    recipient_version: int = 1,
    due_at: datetime = NOON,
) -> TextRecord:
    """A text that is settled."""
    key = TextKey(kind=kind, sequence=sequence, recipient_version=recipient_version)
    return TextRecord(key=key, state=state, due_at=due_at)


CONFIRMED = text(Kind.CONFIRMATION, due_at=NOON + minutes(3))
