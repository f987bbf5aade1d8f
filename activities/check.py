"""R1, R5, R6: everything is checked again at the moment of sending, on facts committed at that moment."""

from datetime import datetime, timedelta

from sqlmodel import Session, col, func, select

from activities.known_call import known_call, told_version
from activities.ledger import records_of
from activities.people import speaks_against
from activities.stop_and_go import SHADOW, only_written_down, stopped_for_good, stops
from activities.two_policies import other_policy
from activities.verdict import HeldBack, MaySend, NotNow, Overtaken, Verdict
from calls.contracts import WENT_OUT, Kind, KnownCall, LedgerState, SendText, TextKey
from calls.eligibility import decide
from calls.policy import Timetable
from calls.timetable import Send, next_step, survey_window
from database.tables import CallRow, TextRow
from policy.agency import Agency

# The clocks of Temporal and of this worker, by the service's time.
CLOCKS_MAY_DIFFER = timedelta(minutes=1)
_DID_NOT_ARRIVE = (LedgerState.FAILED, LedgerState.UNDELIVERED)


def check(
    session: Session, order: SendText, *, row: CallRow, number: str | None, agency: Agency, now: datetime
) -> Verdict:
    """May this text go out at `now` (the service's time) to `number`? The number must be locked (`people`)."""
    call = known_call(row, agency.policy)
    reread = agency.reread(call.facts)
    for decision in (call.decision, decide(reread, agency.policy)):  # R1
        if not decision.is_eligible:
            return HeldBack(state=LedgerState.SUPPRESSED, rule=decision.rule, reason=decision.reason)
    timetable = agency.policy.timetable
    if told_version(row) > order.version and not _still_owed(session, order, call, timetable, now):  # R5
        return Overtaken(call=call, comes_back=_comes_back(order, call, now))
    stopped = stopped_for_good(session, order.call_id)
    if stopped is not None:
        return stopped
    if order.key.kind is Kind.SURVEY and now < order.expires_at:
        opens = survey_window(now, timetable)
        if opens > now + CLOCKS_MAY_DIFFER:  # R5: it was tried too long, or the hours are others now
            return NotNow(until=opens, why="the hours of surveys are over")
    return (
        speaks_against(session, order, number=number, call=row, agency=agency, now=now)
        or _never_heard_of_it(session, order)
        or _told_to_the_cap(session, order, timetable)
        or _expired(order, now)
        or other_policy(session, order, row=row, call=call, agency=agency, now=now)
        or stops(session, order, groups=(call.facts.call_type_group, reread.call_type_group))
        or only_written_down(session, row.phone_hash)
        or MaySend(call=call)
    )


def _still_owed(session: Session, order: SendText, call: KnownCall, timetable: Timetable, now: datetime) -> bool:
    """The state machine, asked again with the facts of this moment, still says: send this very text."""
    texts = records_of(session, order.call_id)
    step = next_step(call=call, texts=texts, timetable=timetable, now=now)
    return isinstance(step, Send) and step.key == order.key


def _comes_back(order: SendText, call: KnownCall, now: datetime) -> str | None:
    """Why the text, not owed at this moment, will be owed again; after its expiry nothing is."""
    if now >= order.expires_at:
        return None
    if call.facts.held:
        return "held by staff"
    is_of_the_call = order.key == TextKey(kind=Kind.CONFIRMATION, recipient_version=call.facts.recipient_version)
    return "it falls due again" if is_of_the_call and not call.facts.is_cleared else None


def _told_to_the_cap(session: Session, order: SendText, timetable: Timetable) -> HeldBack | None:
    """Of delay notices the ledger knows better than the workflow: the carrier may have told of one, long after it was
    given up as never sent, that it is on the phone."""
    if order.key.kind is not Kind.DELAY:
        return None
    others = select(func.count(col(TextRow.id))).where(
        col(TextRow.call_id) == order.call_id,
        col(TextRow.kind) == Kind.DELAY,
        col(TextRow.sequence) != order.key.sequence,
        col(TextRow.state).in_(WENT_OUT),
    )
    told = session.exec(others).one()
    if told < timetable.delay.at_most:
        return None
    return HeldBack(
        state=LedgerState.SUPPRESSED, rule="delay notices", reason=f"the caller got {told}, the most allowed"
    )


def _never_heard_of_it(session: Session, order: SendText) -> HeldBack | None:
    """The survey goes only to those who got the confirmation; the carrier may have told later that it never arrived.

    And nothing to those whose confirmation was only written down: the service was in shadow then.
    """
    if order.key.kind is Kind.CONFIRMATION:
        return None
    of_confirmation = (
        col(TextRow.call_id) == order.call_id,
        col(TextRow.kind) == Kind.CONFIRMATION,
        col(TextRow.recipient_version) == order.key.recipient_version,
    )
    found = session.exec(select(TextRow.state, TextRow.rule).where(*of_confirmation)).first()
    state, rule = found or (None, None)
    if rule == SHADOW:
        return HeldBack(state=LedgerState.SUPPRESSED, rule=SHADOW, reason="the confirmation was not sent, in shadow")
    if order.key.kind is Kind.SURVEY and state in _DID_NOT_ARRIVE:
        reason = "the confirmation did not reach the phone"
        return HeldBack(state=LedgerState.SUPPRESSED, rule="not confirmed", reason=reason)
    return None


def _expired(order: SendText, now: datetime) -> HeldBack | None:
    """R5."""
    if now < order.expires_at:
        return None
    return HeldBack(state=LedgerState.EXPIRED, rule="expired", reason="it would no longer be true or useful")
