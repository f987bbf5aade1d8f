"""One open call as the board shows it: where it stands, by the state machine, and what a person should look at."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from activities.ledger import record_of
from activities.stop_and_go import STOPPED_BY_STAFF, scope_for_good, scope_of_call, scopes_of
from calls.contracts import Kind, KnownCall, LedgerState
from calls.eligibility import Rule, decide
from calls.facts import CallFacts, Language
from calls.policy import Policy, Timetable
from calls.timetable import Send, Stage, Step, Wait, next_step
from database.tables import TextRow
from web.staff.text_troubles import LONG_UNKNOWN

UNKNOWN_CODES: Final = frozenset({Rule.UNKNOWN_TYPE, Rule.UNKNOWN_PRIORITY, Rule.UNKNOWN_SOURCE})
LANDLINE: Final = frozenset({21614, 21635, 30006})
"""The carrier's codes for a number that takes no texts."""
_AGAIN: Final = timedelta(seconds=20)
"""A text that is due or in hand may expire, or linger: what nobody writes down is seen so much later."""
_UNSETTLED: Final = (LedgerState.CLAIMED, LedgerState.SENDING)


class Trouble(StrEnum):
    """What needs a person, the most urgent first."""

    URGENT_COMMENT = "urgent_comment"
    """People may be in danger, and their page says that somebody looks today."""
    LINE_CLOSED = "line_closed"
    SWITCHED_OFF = "switched_off"
    FEED = "feed"
    STUCK = "stuck"
    UNKNOWN_OUTCOME = "unknown_outcome"
    WRONG_NUMBER = "wrong_number"
    LANDLINE = "landline"
    UNDELIVERED = "undelivered"
    EXPIRED = "expired"
    UNKNOWN_CODE = "unknown_code"
    BUDGET = "budget"


@dataclass(frozen=True, kw_only=True)
class LastText:
    """The text of a call of which there is the latest news. `at`: of which clock says `TextRow.updated_real`."""

    kind: Kind
    sequence: int
    state: LedgerState
    at: datetime


@dataclass(frozen=True, kw_only=True)
class OpenCall:
    """A call of which something may still become. Nothing personal is in it (R3).

    `waited_until`: when the caller's wait was over; `None` while it lasts. `rule`: what silences the call, if
    something does. `next_due`: when the next text is due, by the service's clock. `is_off`: staff have switched off
    something that the next text needs.
    """

    call_id: str
    case_number: str | None
    group: str | None
    type_code: str | None
    priority: int | None
    area: str | None
    language: Language | None
    received_at: datetime | None
    waited_until: datetime | None
    stage: Stage
    rule: str | None
    next_kind: Kind | None
    next_sequence: int
    next_due: datetime | None
    is_off: bool
    last: LastText | None
    troubles: frozenset[Trouble]

    def waited(self, now: datetime) -> timedelta | None:
        """How long the caller waits, or did."""
        return None if self.received_at is None else max((self.waited_until or now) - self.received_at, timedelta(0))


@dataclass(frozen=True, kw_only=True)
class CallOnRecord:
    """What the database has of an open call. `language`: what staff chose for it, if they did."""

    call_id: str
    case_number: str | None
    version: int
    facts: CallFacts
    timetable: Timetable
    trouble: str | None
    language: Language | None
    texts: Sequence[TextRow]


@dataclass(frozen=True, kw_only=True)
class Look:
    """One look at all calls: at `now` (the service's time), `real` (real time), with this switched off."""

    policy: Policy
    now: datetime
    real: datetime
    off: frozenset[str]

    def is_off(self, call_id: str, group: str | None, kind: Kind) -> bool:
        return not self.off.isdisjoint(scopes_of(call_id, [group], kind))


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A call, and until when (the service's time) it stays as it is unless its rows change."""

    call: OpenCall
    until: datetime


def shown(record: CallOnRecord, look: Look) -> Shown:
    """The call as it stands at the look."""
    facts = record.facts
    if scope_of_call(record.call_id) in look.off:  # it binds from its commit on; that it is a fact comes a moment later
        facts = facts.model_copy(update={"held": True})
    decision = decide(facts, look.policy)
    step = next_step(
        call=KnownCall(version=record.version, facts=facts, decision=decision),
        texts=[record_of(text) for text in record.texts if text.state not in _UNSETTLED],
        timetable=record.timetable,
        now=look.now,
    )
    is_stopped = scope_for_good(record.call_id) in look.off
    kind, sequence, due = (None, 0, None) if is_stopped else _next(step)
    silenced_by = STOPPED_BY_STAFF if is_stopped else None if decision.is_eligible else decision.rule
    call = OpenCall(
        call_id=record.call_id,
        case_number=record.case_number,
        group=facts.call_type_group,
        type_code=facts.call_type_code,
        priority=facts.priority,
        area=facts.area,
        language=record.language or facts.language,
        received_at=facts.received_at,
        waited_until=_waited_until(facts),
        stage=Stage.SILENT if is_stopped else step.stage,
        rule=silenced_by,
        next_kind=kind,
        next_sequence=sequence,
        next_due=due,
        is_off=kind is not None and look.is_off(record.call_id, facts.call_type_group, kind),
        last=_last(record.texts),
        troubles=_troubles(record, decision.rule, look),
    )
    in_hand = any(text.state in _UNSETTLED for text in record.texts)
    soon = look.now + _AGAIN
    return Shown(call=call, until=step.until if isinstance(step, Wait) and not in_hand else soon)


def _next(step: Step) -> tuple[Kind | None, int, datetime | None]:
    match step:
        case Send(key=key, due_at=due_at):
            return key.kind, key.sequence, due_at
        case Wait(text=key, until=until) if key is not None and step.stage is not Stage.HELD:
            return key.kind, key.sequence, until
    return None, 0, None


def _waited_until(facts: CallFacts) -> datetime | None:
    if not facts.is_dispatched:
        return None
    return facts.dispatched_at or facts.arrived_at or facts.cleared_at


def _last(texts: Sequence[TextRow]) -> LastText | None:
    text = max(texts, key=lambda text: text.updated_real, default=None)
    if text is None:
        return None
    return LastText(kind=Kind(text.kind), sequence=text.sequence, state=LedgerState(text.state), at=text.updated_real)


def _troubles(record: CallOnRecord, rule: str, look: Look) -> frozenset[Trouble]:
    """What was told to another number than the one that the call has now troubles nobody any more."""
    mark = record.facts.recipient_version
    found = {
        trouble
        for text in record.texts
        if text.recipient_version == mark and (trouble := trouble_of(text, real=look.real)) is not None
    }
    if record.trouble is not None:
        found.add(Trouble.STUCK)
    if rule in UNKNOWN_CODES:
        found.add(Trouble.UNKNOWN_CODE)
    return frozenset(found)


def trouble_of(text: TextRow, *, real: datetime) -> Trouble | None:
    """What is wrong with this text, if anything is."""
    lingers = text.sending_real is not None and real - text.sending_real > LONG_UNKNOWN
    match text.state:
        case LedgerState.UNKNOWN:
            return Trouble.UNKNOWN_OUTCOME
        case LedgerState.SENDING if lingers:
            return Trouble.UNKNOWN_OUTCOME
        case LedgerState.UNDELIVERED | LedgerState.FAILED:
            return Trouble.LANDLINE if text.error_code in LANDLINE else Trouble.UNDELIVERED
        case LedgerState.EXPIRED:
            return Trouble.EXPIRED
    return None
