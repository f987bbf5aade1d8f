"""The call as the database knows it now."""

from sqlmodel import Session, col, select

from calls.contracts import KnownCall, SendText
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


def newer_call(session: Session, order: SendText, policy: Policy) -> KnownCall | None:
    """The call, where its facts are newer than those that the order was decided on.

    Raises:
        CallMissing: there is none.
    """
    known = select(CallRow.epoch, CallRow.version).where(col(CallRow.call_id) == order.call_id)
    found = session.exec(known).first()
    if found is None:
        raise CallMissing(order.call_id)
    epoch, change = found
    is_newer = version_of(epoch=epoch, change=change) > order.version
    return known_call(call_row(session, order.call_id), policy) if is_newer else None
