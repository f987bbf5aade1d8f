"""What needs a person first: CAD's feeds, texts in doubt, calls that are stuck or wait, codes that nobody lists."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine, case, func
from sqlmodel import Session, col, or_, select

from activities.people import WRONG_NUMBER
from calls.eligibility import Eligibility, Rule
from calls.facts import Outcome
from database.encryption import Keyring
from database.tables import CallRow, InboundMessageRow, real_now
from policy.agency import Agency
from web.staff.comments.urgent import UrgentComments
from web.staff.feeds import FeedTroubles, feed_troubles
from web.staff.text_troubles import TextTroubles, text_troubles

_UNKNOWN = (Rule.UNKNOWN_TYPE, Rule.UNKNOWN_PRIORITY, Rule.UNKNOWN_SOURCE)
_MOST = 200


@dataclass(frozen=True, kw_only=True)
class StuckCall:
    """`ended`: its workflow is over; nothing will mend itself."""

    call_id: str
    case_number: str | None
    trouble: str
    since: datetime
    ended: str | None


@dataclass(frozen=True, kw_only=True)
class WaitingCall:
    """Not decided: `reason` says what CAD has not told."""

    call_id: str
    reason: str
    since: datetime


@dataclass(frozen=True, kw_only=True)
class WrongNumber:
    """Whoever got this call's texts says that it is a wrong number: the caller has heard nothing."""

    call_id: str
    case_number: str | None
    said: datetime
    """By the service's clock."""


@dataclass(frozen=True, kw_only=True)
class UnknownCode:
    """A code that the agency's folder does not list: its calls get no text until it does."""

    what: str
    rule: Rule | None
    """`None`: a disposition, which decides over the survey alone."""
    code: str
    calls: int


@dataclass(frozen=True, kw_only=True)
class Attention:
    """Everything, the most urgent first; at most 200 of each."""

    feeds: FeedTroubles
    texts: TextTroubles
    stuck: Sequence[StuckCall]
    wrong: Sequence[WrongNumber]
    waiting: Sequence[WaitingCall]
    unknown: Sequence[UnknownCode]
    urgent: int | None = None
    """Residents' comments that sound urgent and that nobody has seen, how many: their pages promise that a person looks
    today. None: cannot be counted without the keys."""


def needs_attention(engine: Engine, agency: Agency, *, days: int = 7, keyring: Keyring | None = None) -> Attention:
    """What stands open now; of what is over, and of codes, the last `days`. `keyring`: to count urgent comments, for
    which all that is held is decrypted."""
    since = real_now() - timedelta(days=days)
    feeds = feed_troubles(engine, agency)
    urgent = (
        None if keyring is None else len(UrgentComments(engine=engine, keyring=keyring, agency=agency.key).unseen())
    )
    with Session(engine) as session:
        return Attention(
            feeds=feeds,
            texts=text_troubles(session, since=since),
            stuck=_stuck(session, since),
            wrong=_wrong(session, since),
            waiting=_waiting(session),
            unknown=_unknown(session, since),
            urgent=urgent,
        )


def _stuck(session: Session, since: datetime) -> list[StuckCall]:
    rows = session.exec(
        select(CallRow)
        .where(
            col(CallRow.trouble).is_not(None),
            or_(col(CallRow.ended_reason).is_(None), col(CallRow.trouble_since_real) > since),
        )
        .order_by(col(CallRow.trouble_since_real))
        .limit(_MOST)
    )
    return [
        StuckCall(
            call_id=row.call_id,
            case_number=row.case_number,
            trouble=row.trouble or "",
            since=row.trouble_since_real or row.updated_real,
            ended=row.ended_reason,
        )
        for row in rows
    ]


def _wrong(session: Session, since: datetime) -> list[WrongNumber]:
    """Calls that still have the number, and were not over long ago: many say so when the survey comes. A corrected
    number takes the call off the list."""
    rows = session.exec(
        select(CallRow, func.max(col(InboundMessageRow.received_at)))
        .join(InboundMessageRow, col(InboundMessageRow.phone_hash) == col(CallRow.phone_hash))
        .where(
            col(InboundMessageRow.keyword) == WRONG_NUMBER,
            col(InboundMessageRow.received_at) >= col(CallRow.received_at),
            or_(col(CallRow.ended_reason).is_(None), col(CallRow.updated_real) > since),
        )
        .group_by(col(CallRow.call_id))
        .limit(_MOST)
    )
    return [WrongNumber(call_id=row.call_id, case_number=row.case_number, said=said) for row, said in rows]


def _waiting(session: Session) -> list[WaitingCall]:
    rows = session.exec(
        select(CallRow)
        .where(col(CallRow.eligibility) == Eligibility.UNDECIDED, col(CallRow.ended_reason).is_(None))
        .order_by(col(CallRow.created_real))
        .limit(_MOST)
    )
    return [WaitingCall(call_id=row.call_id, reason=row.reason, since=row.created_real) for row in rows]


def _unknown(session: Session, since: datetime) -> list[UnknownCode]:
    calls = func.count(col(CallRow.call_id))
    told = case(
        (col(CallRow.rule) == Rule.UNKNOWN_TYPE, CallRow.facts["call_type_code"].astext),
        (col(CallRow.rule) == Rule.UNKNOWN_PRIORITY, CallRow.facts["priority_code"].astext),
        else_=CallRow.facts["source_code"].astext,
    )
    codes = session.execute(
        select(CallRow.reason, CallRow.rule, told, calls)
        .where(col(CallRow.rule).in_(_UNKNOWN), col(CallRow.updated_real) > since)
        .group_by(col(CallRow.reason), col(CallRow.rule), told)
        .order_by(calls.desc())
        .limit(_MOST)
    ).all()
    disposition = CallRow.facts["disposition"].astext
    outcome = CallRow.facts["outcome"].astext
    dispositions = session.exec(
        select(disposition, calls)
        .where(
            outcome == Outcome.UNKNOWN,
            CallRow.facts["cancelled"].astext.is_(None),
            col(CallRow.updated_real) > since,
        )
        .group_by(disposition)
        .order_by(calls.desc())
        .limit(_MOST)
    ).all()
    return [
        UnknownCode(what=reason, rule=Rule(rule), code=code or "", calls=count) for reason, rule, code, count in codes
    ] + [
        UnknownCode(
            what=f"the policy does not know the disposition {code!r}: no survey", rule=None, code=code, calls=count
        )
        for code, count in dispositions
    ]
