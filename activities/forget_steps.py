"""What is old enough to be forgotten, class by class: each step empties or deletes some rows and says how many.

Every step can be done again at any point, and passes by rows that somebody has in hand. By real time where a row knows
it, else by the service's.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import delete, exists, func, or_, select, update
from sqlmodel import Session, and_, col

from activities.forget_numbers import (
    forget_calls,
    forget_inbound,
    forget_texts,
    how_many,
    inbound_is_needed,
    text_says_stop,
)
from activities.ledger import IN_DOUBT
from activities.services import TextServices
from activities.stop_and_go import Mode, mode_of_service
from database.numbers import BlockedNumberRow
from database.staff import StaffSessionRow
from database.surveys import MemberFeedbackRow, SurveyCommentRow
from database.tables import (
    CadRecordRow,
    CallRow,
    InboundMessageRow,
    OptOutRow,
    PilotNumberRow,
    ServiceModeRow,
    SurveyInvitationRow,
    SurveyResponseRow,
    TextRow,
    real_now,
)
from survey.context import iso_week

BATCH: Final = 500
"""Of calls, 0.3 s each (260,000 of them, two cores with six times as much to do as they could): so long their rows are
locked, and only those of calls that are over."""
Step = Callable[[Session, TextServices], int]
_OF_A_CALL_THAT_IS_OVER: Final = exists().where(
    col(CallRow.call_id) == col(CadRecordRow.call_id), col(CallRow.ended_reason).is_not(None)
)


def _calls(session: Session, services: TextServices) -> int:
    """Of calls that are over. What last used the number is the last change of the facts, or of a text."""
    old = real_now() - services.agency.policy.retention.phones
    lately = exists().where(col(TextRow.call_id) == col(CallRow.call_id), col(TextRow.updated_real) >= old)
    over = (col(CallRow.ended_reason).is_not(None), col(CallRow.forgotten_real).is_(None))
    found = select(col(CallRow.call_id)).where(*over, col(CallRow.updated_real) < old, ~lately)
    return how_many(session, forget_calls(_some(found, by=col(CallRow.updated_real))))


def _texts(session: Session, services: TextServices) -> int:
    """Numbers in the ledger. A text in doubt is looked for by its number for as long as its words are kept."""
    old = real_now() - services.agency.policy.retention.phones
    is_open = exists().where(col(CallRow.call_id) == col(TextRow.call_id), col(CallRow.ended_reason).is_(None))
    in_doubt = and_(col(TextRow.state).in_(IN_DOUBT), col(TextRow.body_encrypted).is_not(None))
    found = select(col(TextRow.id)).where(
        col(TextRow.phone_hash).is_not(None),
        col(TextRow.claimed_real) < old,
        col(TextRow.updated_real) < old,
        ~is_open,
        ~in_doubt,
        ~text_says_stop(),
    )
    return how_many(session, forget_texts(_some(found, by=col(TextRow.claimed_real)), words_too=False))


def _inbound(session: Session, services: TextServices) -> int:
    old = services.clock.now() - services.agency.policy.retention.phones
    found = select(col(InboundMessageRow.id)).where(col(InboundMessageRow.received_at) < old, ~inbound_is_needed())
    return how_many(session, forget_inbound(_some(found, by=col(InboundMessageRow.received_at))))


def _lists(session: Session, services: TextServices) -> int:
    """Opt-outs that START has ended, numbers that may be texted again, phones of a pilot that is over."""
    length = services.agency.policy.retention.phones
    real, now = real_now() - length, services.clock.now() - length
    off = or_(col(BlockedNumberRow.ended_real) < real, col(BlockedNumberRow.until_real) < real)
    count = how_many(session, delete(OptOutRow).where(col(OptOutRow.ended_at) < now))
    count += how_many(session, delete(BlockedNumberRow).where(off))
    newest = select(func.max(col(ServiceModeRow.since_real)))
    if mode_of_service(session) is not Mode.PILOT:
        count += how_many(session, delete(PilotNumberRow).where(newest.scalar_subquery() < real))
    return count


def _cad_records(session: Session, services: TextServices) -> int:
    """Of calls that are over: what an open call's say may still be compared with what comes."""
    length = services.agency.policy.retention.cad_records
    found = select(col(CadRecordRow.id)).where(
        col(CadRecordRow.stamp) < services.clock.now() - length,  # for the index
        col(CadRecordRow.accepted_real) < real_now() - length,
        _OF_A_CALL_THAT_IS_OVER,
    )
    some = _some(found, by=col(CadRecordRow.stamp))
    return how_many(session, delete(CadRecordRow).where(col(CadRecordRow.id).in_(some)))


def _tokens(session: Session, services: TextServices) -> int:
    """The row stays: one invitation per call, ever (R2)."""
    old = services.clock.now() - services.agency.policy.retention.phones
    has_one = (col(SurveyInvitationRow.token_hash).is_not(None), col(SurveyInvitationRow.over))
    found = select(col(SurveyInvitationRow.id)).where(*has_one, col(SurveyInvitationRow.expires_at) < old)
    some = _some(found, by=col(SurveyInvitationRow.expires_at))
    statement = update(SurveyInvitationRow).where(col(SurveyInvitationRow.id).in_(some)).values(token_hash=None)
    return how_many(session, statement)


def _comments(session: Session, services: TextServices) -> int:
    """From the month of the review on; what nobody has reviewed, from its own week or month. All of a period at once:
    which of them go first says nothing (R7)."""
    length, key = services.agency.policy.retention.comments, services.agency.key
    now = services.clock.now() - length
    long_ago = f"{real_now() - length:%Y-%m}"
    count = 0
    for of, period, oldest in (
        (SurveyCommentRow, col(SurveyCommentRow.week), iso_week(now.date())),
        (MemberFeedbackRow, col(MemberFeedbackRow.month), f"{now:%Y-%m}"),
    ):
        reviewed = col(of.reviewed_month)
        is_old = or_(reviewed < long_ago, and_(reviewed.is_(None), period < oldest))
        has_words = col(of.comment_encrypted).is_not(None)
        count += how_many(session, delete(of).where(col(of.agency) == key, has_words, is_old))
    return count


def _answers(session: Session, services: TextServices) -> int:
    """Counts stay: they are of ten people at least (0033)."""
    now, key = services.clock.now() - services.agency.policy.retention.answers, services.agency.key
    of_week = col(SurveyResponseRow.week) < iso_week(now.date())
    of_month = and_(col(MemberFeedbackRow.month) < f"{now:%Y-%m}", col(MemberFeedbackRow.comment_encrypted).is_(None))
    count = how_many(session, delete(SurveyResponseRow).where(col(SurveyResponseRow.agency) == key, of_week))
    return count + how_many(session, delete(MemberFeedbackRow).where(col(MemberFeedbackRow.agency) == key, of_month))


def _audit(session: Session, services: TextServices) -> int:
    """By a function of the owner's: the service itself may delete nothing there, and nobody what is younger than a
    year (migration 0030)."""
    old = real_now() - services.agency.policy.retention.audit
    return int(session.execute(select(func.forget_audit_entries(old, BATCH))).scalar_one())


def _sessions(session: Session, _services: TextServices) -> int:
    """Of members of staff who closed the window: they are deleted at somebody's next sign-in, or here."""
    return how_many(session, delete(StaffSessionRow).where(col(StaffSessionRow.ends_real) < real_now()))


STEPS: Final[Mapping[str, Step]] = MappingProxyType(
    {
        "calls": _calls,
        "texts": _texts,
        "inbound": _inbound,
        "lists": _lists,
        "cad_records": _cad_records,
        "tokens": _tokens,
        "comments": _comments,
        "answers": _answers,
        "audit": _audit,
        "sessions": _sessions,
    }
)
"""In this order: a START goes only after the text that it speaks of."""
IN_BATCHES: Final = frozenset({"calls", "texts", "inbound", "cad_records", "tokens", "audit"})
"""The others are few, or are deleted by whole weeks."""


def _some(found: Any, *, by: Any) -> Any:
    return found.order_by(by).limit(BATCH).with_for_update(skip_locked=True)
