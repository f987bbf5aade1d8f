"""People, not calls: what speaks against a text because of the number that it would go to.

Asked at every send, in the transaction that writes `sending`, while the number is locked: two calls of one number are
counted one after the other.
"""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, func, or_, select
from sqlmodel.sql.expression import SelectOfScalar

from activities.error_codes import LANDLINE, OPTED_OUT
from activities.strays import may_have_gone
from activities.verdict import HeldBack
from calls.contracts import WENT_OUT, Kind, LedgerState, SendText
from calls.eligibility import Rule
from calls.numbers import untextable
from calls.policy import NumberRules
from database.numbers import BlockedNumberRow
from database.tables import CallRow, InboundMessageRow, OptOutRow, TextRow, real_now
from policy.agency import Agency
from texts.keywords import Keyword

_HAS_GONE = (LedgerState.SENDING, *sorted(WENT_OUT))
_SUPPRESSED = LedgerState.SUPPRESSED
_A_DAY = timedelta(hours=24)
WRONG_NUMBER = Keyword.WRONG_NUMBER.value


def lock_number(session: Session, phone_hash: str) -> None:
    """Until the transaction ends nobody else counts this number's texts."""
    session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(phone_hash, 0))))


def speaks_against(
    session: Session, order: SendText, *, number: str | None, call: CallRow, agency: Agency, now: datetime
) -> HeldBack | None:
    """The first reason why this call's number gets no such text at `now` (the service's time)."""
    phone_hash = call.phone_hash
    if number is None or phone_hash is None:
        return None
    rules = agency.policy.numbers
    return (
        _is_nobodys(number, rules)
        or may_have_gone(session, order, phone_hash=phone_hash, received=call.received_at)
        or _opted_out(session, phone_hash=phone_hash, sender=agency.identity.sender, received=call.received_at)
        or _blocked(session, phone_hash)
        or _wrong_number(session, phone_hash, call)
        or _landline(session, phone_hash, rules, now)
        or _told_enough(session, order, phone_hash, rules, now)
        or (_asked_lately(session, order, phone_hash, rules, now) if order.key.kind is Kind.SURVEY else None)
    )


def _is_nobodys(number: str, rules: NumberRules) -> HeldBack | None:
    found = untextable(number, rules)
    if found is None:
        return None
    return HeldBack(state=_SUPPRESSED, rule=Rule.UNTEXTABLE, reason=f"the number is {found}")


def _opted_out(session: Session, *, phone_hash: str, sender: str, received: datetime | None) -> HeldBack | None:
    """R6. Also one that ended after the call was received: START does not bring back an earlier call's texts."""
    speaks = (
        col(OptOutRow.phone_hash) == phone_hash,
        col(OptOutRow.sender) == sender,
        or_(col(OptOutRow.ended_at).is_(None), col(OptOutRow.ended_at) > received),
    )
    newest = select(OptOutRow).where(*speaks).order_by(col(OptOutRow.id).desc()).limit(1)
    found = session.exec(newest).first()
    if found is not None:
        by_staff = found.entered_by is not None and found.stop_at is None
        who = "the person asked staff for no more texts" if by_staff else "STOP is in force for this number"
        reason = (
            who if found.ended_at is None else "STOP was in force during the call; START brings back no earlier call"
        )
        return HeldBack(state=_SUPPRESSED, rule="opted out", reason=reason)
    if _is_stopped_at_the_carrier(session, phone_hash=phone_hash, sender=sender, received=received):
        reason = "STOP is in force for this number at the carrier, though we never heard of it"
        return HeldBack(state=_SUPPRESSED, rule="opted out", reason=reason)
    return None


def _is_stopped_at_the_carrier(session: Session, *, phone_hash: str, sender: str, received: datetime | None) -> bool:
    """It said so of an earlier text, and nobody has written START since, before the call was received."""
    refused = select(func.max(col(TextRow.settled_at))).where(
        col(TextRow.phone_hash) == phone_hash,
        col(TextRow.error_code) == OPTED_OUT,
        or_(col(TextRow.sender) == sender, col(TextRow.sender).is_(None)),
    )
    since = session.exec(refused).one()
    if since is None:
        return False
    started = select(InboundMessageRow.id).where(
        col(InboundMessageRow.phone_hash) == phone_hash,
        col(InboundMessageRow.sender) == sender,
        col(InboundMessageRow.keyword) == Keyword.START.value,
        col(InboundMessageRow.received_at) >= since,
        col(InboundMessageRow.received_at) <= received,
    )
    return session.exec(started.limit(1)).first() is None


def _blocked(session: Session, phone_hash: str) -> HeldBack | None:
    """On the list of numbers that must not be texted, which people keep."""
    on_list = (
        col(BlockedNumberRow.phone_hash) == phone_hash,
        col(BlockedNumberRow.ended_real).is_(None),
        or_(col(BlockedNumberRow.until_real).is_(None), col(BlockedNumberRow.until_real) > real_now()),
    )
    reason = session.exec(select(BlockedNumberRow.reason).where(*on_list)).first()
    return None if reason is None else HeldBack(state=_SUPPRESSED, rule="not to be texted", reason=reason)


def _wrong_number(session: Session, phone_hash: str, call: CallRow) -> HeldBack | None:
    """Whoever has the phone says that it is not the caller's. It ends this call's texts to it; of a later call's
    nobody has said anything."""
    said = (
        col(InboundMessageRow.phone_hash) == phone_hash,
        col(InboundMessageRow.keyword) == WRONG_NUMBER,
        col(InboundMessageRow.received_at) >= call.received_at,
    )
    if call.received_at is None or session.exec(select(InboundMessageRow.id).where(*said)).first() is None:
        return None
    return HeldBack(state=_SUPPRESSED, rule="wrong number", reason="so the person who has this phone has told us")


def _landline(session: Session, phone_hash: str, rules: NumberRules, now: datetime) -> HeldBack | None:
    """It could not take a text before, of this call or another."""
    since = now - rules.landline_remembered_for
    tried = (col(TextRow.phone_hash) == phone_hash, col(TextRow.error_code).in_(LANDLINE), _within(since))
    if session.exec(select(TextRow.id).where(*tried)).first() is None:
        return None
    return HeldBack(state=_SUPPRESSED, rule="landline", reason="this number could not take an earlier text")


def _told_enough(
    session: Session, order: SendText, phone_hash: str, rules: NumberRules, now: datetime
) -> HeldBack | None:
    day = now - _A_DAY
    gone = session.exec(_texts_gone(order, phone_hash, _within(day))).one()
    if gone < rules.texts_a_day:
        return None
    return HeldBack(
        state=_SUPPRESSED, rule="texts a day", reason=f"this number got {gone} texts in 24 hours, the most allowed"
    )


def _asked_lately(
    session: Session, order: SendText, phone_hash: str, rules: NumberRules, now: datetime
) -> HeldBack | None:
    since = now - rules.one_survey_in
    surveys = _texts_gone(order, phone_hash, _within(since), col(TextRow.kind) == Kind.SURVEY)
    if not session.exec(surveys).one():
        return None
    days = rules.one_survey_in.days
    return HeldBack(state=_SUPPRESSED, rule="one survey", reason=f"this number was sent a survey within {days} days")


def _texts_gone(order: SendText, phone_hash: str, *conditions: ColumnElement[bool]) -> SelectOfScalar[int]:
    """How many texts about calls went to this number, or are on their way, besides the one that is asked about."""
    this_one = (
        (col(TextRow.call_id) == order.call_id)
        & (col(TextRow.kind) == order.key.kind)
        & (col(TextRow.sequence) == order.key.sequence)
        & (col(TextRow.recipient_version) == order.key.recipient_version)
    )
    return select(func.count(col(TextRow.id))).where(
        col(TextRow.phone_hash) == phone_hash,
        col(TextRow.state).in_(_HAS_GONE),
        col(TextRow.kind) != Kind.AUTO_REPLY,
        ~this_one,
        *conditions,
    )


def _within(since: datetime) -> ColumnElement[bool]:
    """It went out since then, or is on its way now, however long ago it fell due."""
    return or_(col(TextRow.settled_at).is_(None), col(TextRow.settled_at) > since)
