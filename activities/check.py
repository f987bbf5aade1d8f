"""R1, R5, R6: everything is checked again at the moment of sending, on facts committed at that moment."""

from datetime import datetime, timedelta

from sqlmodel import Session

from activities.findings import Findings
from activities.ledger import records_in
from activities.people import speaks_against
from activities.stop_and_go import SHADOW, stopped_for_good, stops, written_down_only
from activities.two_policies import other_policy
from activities.verdict import HeldBack, MaySend, NotNow, Overtaken, Verdict
from calls.contracts import WENT_OUT, Kind, KnownCall, LedgerState, SendText, TextKey
from calls.eligibility import decide
from calls.policy import Timetable
from calls.timetable import Send, next_step, survey_window
from policy.agency import Agency

# The clocks of Temporal and of this worker, by the service's time.
CLOCKS_MAY_DIFFER = timedelta(minutes=1)
_DID_NOT_ARRIVE = (LedgerState.FAILED, LedgerState.UNDELIVERED)


def check(
    session: Session, order: SendText, *, found: Findings, number: str | None, agency: Agency, now: datetime
) -> Verdict:
    """May this text go out at `now` (the service's time) to `number`, by what was found while the number was locked?

    The session is asked only for the policy that the call started with, where that is another one.
    """
    call = found.known_call(agency.policy)
    reread = agency.reread(call.facts)
    for decision in (call.decision, decide(reread, agency.policy)):  # R1
        if not decision.is_eligible:
            return HeldBack(state=LedgerState.SUPPRESSED, rule=decision.rule, reason=decision.reason)
    timetable = agency.policy.timetable
    if found.version > order.version and not _still_owed(order, call, found, timetable, now):  # R5
        return Overtaken(call=call, comes_back=_comes_back(order, call, now))
    stopped = stopped_for_good(found)
    if stopped is not None:
        return stopped
    if order.key.kind is Kind.SURVEY and now < order.expires_at:
        opens = survey_window(now, timetable)
        if opens > now + CLOCKS_MAY_DIFFER:  # R5: it was tried too long, or the hours are others now
            return NotNow(until=opens, why="the hours of surveys are over")
    return (
        speaks_against(found, order, number=number, rules=agency.policy.numbers)
        or _never_heard_of_it(order, found)
        or _told_to_the_cap(order, found, timetable)
        or _expired(order, now)
        or other_policy(session, order, started=found.started_policy, call=call, agency=agency, now=now)
        or stops(order, found, groups=(call.facts.call_type_group, reread.call_type_group))
        or written_down_only(found)
        or MaySend(call=call)
    )


def _still_owed(order: SendText, call: KnownCall, found: Findings, timetable: Timetable, now: datetime) -> bool:
    """The state machine, asked again with the facts of this moment, still says: send this very text."""
    texts = records_in(found)
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


def _told_to_the_cap(order: SendText, found: Findings, timetable: Timetable) -> HeldBack | None:
    """Of delay notices the ledger knows better than the workflow: the carrier may have told of one, long after it was
    given up as never sent, that it is on the phone."""
    if order.key.kind is not Kind.DELAY:
        return None
    told = sum(
        text.kind is Kind.DELAY and text.sequence != order.key.sequence and text.state in WENT_OUT
        for text in found.texts
    )
    if told < timetable.delay.at_most:
        return None
    return HeldBack(
        state=LedgerState.SUPPRESSED, rule="delay notices", reason=f"the caller got {told}, the most allowed"
    )


def _never_heard_of_it(order: SendText, found: Findings) -> HeldBack | None:
    """The survey goes only to those who got the confirmation; the carrier may have told later that it never arrived.

    And nothing to those whose confirmation was only written down: the service was in shadow then.
    """
    if order.key.kind is Kind.CONFIRMATION:
        return None
    confirmation = found.text(TextKey(kind=Kind.CONFIRMATION, recipient_version=order.key.recipient_version))
    if confirmation is None:
        return None
    if confirmation.rule == SHADOW:
        return HeldBack(state=LedgerState.SUPPRESSED, rule=SHADOW, reason="the confirmation was not sent, in shadow")
    if order.key.kind is Kind.SURVEY and confirmation.state in _DID_NOT_ARRIVE:
        reason = "the confirmation did not reach the phone"
        return HeldBack(state=LedgerState.SUPPRESSED, rule="not confirmed", reason=reason)
    return None


def _expired(order: SendText, now: datetime) -> HeldBack | None:
    """R5."""
    if now < order.expires_at:
        return None
    return HeldBack(state=LedgerState.EXPIRED, rule="expired", reason="it would no longer be true or useful")
