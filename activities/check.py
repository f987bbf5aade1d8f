"""R1, R5, R6: everything is checked again at the moment of sending, on facts committed at that moment."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from activities.known_call import known_call
from activities.ledger import records_of
from calls.contracts import Kind, KnownCall, LedgerState, SendText
from calls.eligibility import decide
from calls.policy import Timetable
from calls.timetable import Send, next_step, survey_window
from database.tables import CallRow, OptOutRow
from policy.agency import Agency

# The clocks of Temporal and of this worker, by the service's time.
CLOCKS_MAY_DIFFER = timedelta(minutes=1)


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


def check(session: Session, order: SendText, *, row: CallRow, agency: Agency, now: datetime) -> Verdict:
    """May this text go out at `now` (the service's time)?"""
    call = known_call(row, agency.policy)
    for decision in (call.decision, decide(agency.reread(call.facts), agency.policy)):  # R1
        if not decision.is_eligible:
            return HeldBack(state=LedgerState.SUPPRESSED, rule=decision.rule, reason=decision.reason)
    timetable = agency.policy.timetable
    if row.version > order.version and not _still_owed(session, order, call, timetable, now):  # R5
        return Overtaken(call=call)
    if order.key.kind is Kind.SURVEY and survey_window(now, timetable) > now + CLOCKS_MAY_DIFFER:  # R5
        return Overtaken(call=call)  # it was tried too long; the workflow waits for the morning
    if _opted_out(session, phone_hash=row.phone_hash, sender=agency.identity.sender):  # R6
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
