"""The call as the database knows it now."""

from sqlmodel import Session

from calls.contracts import KnownCall
from calls.eligibility import decide
from calls.facts import CallFacts
from calls.policy import Policy
from calls.versions import version_of
from database.tables import CallRow


class CallMissing(Exception):  # noqa: N818 - an outcome
    """The database has no such call: it was restored from a backup, or the id is wrong."""


def call_row(session: Session, call_id: str) -> CallRow:
    """The call's row.

    Raises:
        CallMissing: there is none.
    """
    row = session.get(CallRow, call_id)
    if row is None:
        raise CallMissing(call_id)
    return row


def told_version(row: CallRow) -> int:
    """The version as Temporal has it: greater than all of before a restore."""
    return version_of(epoch=row.epoch, change=row.version)


def known_call(row: CallRow, policy: Policy) -> KnownCall:
    """Facts, version, and what this worker's policy, the newest, says of them (R1)."""
    facts = CallFacts.model_validate(row.facts)
    return KnownCall(version=told_version(row), facts=facts, decision=decide(facts, policy))
