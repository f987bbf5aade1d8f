"""R1, R5, R6: everything is checked again at the moment of sending, on facts committed at that moment."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from activities.known_call import known_call
from activities.ledger import records_of
from calls.contracts import KnownCall, LedgerState, SendText
from calls.policy import Policy, Timetable
from calls.timetable import Send, next_step
from database.tables import CallRow, OptOutRow


@dataclass(frozen=True, kw_only=True)
class Overtaken:
    """Newer facts have overtaken the order: the text is no longer owed. They go back to the workflow."""

    call: KnownCall


@dataclass(frozen=True, kw_only=True)
class HeldBack:
    """The text is owed by the timetable, and a rule forbids it, for good."""

    state: LedgerState
    rule: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class MaySend:
    """Nothing speaks against sending now."""

    call: KnownCall


Verdict = Overtaken | HeldBack | MaySend


def check(session: Session, order: SendText, *, row: CallRow, policy: Policy, sender: str, now: datetime) -> Verdict:
    """May this text go out at `now` (the service's time)?"""
    call = known_call(row, policy)
    if not call.decision.is_eligible:  # R1
        return HeldBack(state=LedgerState.SUPPRESSED, rule=call.decision.rule, reason=call.decision.reason)
    if row.version > order.version and not _still_owed(session, order, call, policy.timetable, now):  # R5
        return Overtaken(call=call)
    if _opted_out(session, phone_hash=row.phone_hash, sender=sender):  # R6
        return HeldBack(state=LedgerState.SUPPRESSED, rule="opted out", reason="STOP is in force for this number")
    if now >= order.expires_at:  # R5
        return HeldBack(state=LedgerState.EXPIRED, rule="expired", reason="it would no longer be true or useful")
    return MaySend(call=call)


def _still_owed(session: Session, order: SendText, call: KnownCall, timetable: Timetable, now: datetime) -> bool:
    """The state machine, asked again with the facts of this moment, still says: send this very text."""
    texts = records_of(session, order.call_id)
    step = next_step(call=call, texts=texts, timetable=timetable, now=now)
    return isinstance(step, Send) and step.key == order.key


def _opted_out(session: Session, *, phone_hash: str | None, sender: str) -> bool:
    return (
        session.exec(
            select(OptOutRow.id).where(
                col(OptOutRow.phone_hash) == phone_hash,
                col(OptOutRow.sender) == sender,
                col(OptOutRow.ended_at).is_(None),
            )
        ).first()
        is not None
    )
