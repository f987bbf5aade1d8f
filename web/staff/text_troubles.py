"""Texts that need a person: nobody knows what became of them, they did not arrive, or the carrier says otherwise."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final
from uuid import UUID

from sqlmodel import Session, col, func, or_, select
from sqlmodel.sql.expression import SelectOfScalar

from calls.contracts import Kind, LedgerState, TextKey
from database.reconciliation import ReconciliationRow
from database.tables import CallRow, TextRow, real_now
from web.staff.numbers.carrier_words import in_words

_MOST: Final = 200
LONG_UNKNOWN: Final = timedelta(hours=1)
"""Until then an attempt, a callback or the reconciler may still find out."""
_SUM_IS_LATE: Final = timedelta(days=3)
"""The sum of a day comes some ten hours after its end."""


@dataclass(frozen=True, kw_only=True)
class UnknownText:
    """The carrier may have it, or not: this resident may not have been told."""

    what: str
    kind: Kind
    sequence: int
    text_id: UUID
    call_id: str | None
    case_number: str | None
    since: datetime

    @property
    def is_old(self) -> bool:
        return real_now() - self.since > LONG_UNKNOWN


@dataclass(frozen=True, kw_only=True)
class UndeliveredText:
    """It did not arrive; `why` in words."""

    what: str
    kind: Kind
    sequence: int
    error_code: int | None
    call_id: str | None
    case_number: str | None
    sid: str | None
    why: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A day on which ledger and carrier do not agree. The first names of each are sids, to be looked up there."""

    day: date
    texts_ours: int
    texts_theirs: int
    segments_ours: int
    segments_theirs: int
    only_at_carrier: int
    only_in_ledger: int
    states_differ: int
    named: dict[str, list[str]]


@dataclass(frozen=True, kw_only=True)
class TextTroubles:
    """At most 200 of each. `older_unknown`: how many became unknown before."""

    unknown: Sequence[UnknownText]
    older_unknown: int
    undelivered: Sequence[UndeliveredText]
    expired: Sequence[UndeliveredText]
    """Never sent: they were no longer true when they could have been."""
    differences: Sequence[Difference]
    last_sum: date | None
    sum_is_late: bool
    """So late that the reconciler cannot be running; `last_sum`: `None` where it never was."""


def text_troubles(session: Session, *, since: datetime) -> TextTroubles:
    """What happened since then."""
    return TextTroubles(
        unknown=_unknown(session, since),
        older_unknown=_older_unknown(session, since),
        undelivered=_undelivered(session, since),
        expired=_expired(session, since),
        differences=_differences(session, since),
        last_sum=_last_sum(session),
        sum_is_late=_is_late(session),
    )


def _in_doubt() -> SelectOfScalar[TextRow]:
    """Also what the reconciler should have called unknown by now, and has not."""
    lingers = (col(TextRow.state) == LedgerState.SENDING) & (col(TextRow.sending_real) < real_now() - LONG_UNKNOWN)
    return select(TextRow).where(or_(col(TextRow.state) == LedgerState.UNKNOWN, lingers))


def _unknown(session: Session, since: datetime) -> list[UnknownText]:
    rows = session.exec(
        _in_doubt().where(col(TextRow.claimed_real) > since).order_by(col(TextRow.claimed_real)).limit(_MOST)
    ).all()
    cases = _case_numbers(session, rows)
    return [
        UnknownText(
            what=_what(row),
            kind=Kind(row.kind),
            sequence=row.sequence,
            text_id=row.id,
            call_id=row.call_id,
            case_number=cases.get(row.call_id),
            since=row.first_sending_real or row.claimed_real,
        )
        for row in rows
    ]


def _older_unknown(session: Session, since: datetime) -> int:
    older = _in_doubt().where(col(TextRow.claimed_real) <= since).with_only_columns(func.count(col(TextRow.id)))
    return int(session.execute(older).scalar_one())


def _undelivered(session: Session, since: datetime) -> list[UndeliveredText]:
    """By kind, the newest first. One that the carrier refused because of a STOP counts as well."""
    ended = [LedgerState.UNDELIVERED, LedgerState.FAILED]
    told = or_(col(TextRow.error_code).is_not(None), col(TextRow.state).in_(ended))
    query = select(TextRow).where(told, col(TextRow.updated_real) > since)
    return _shown(session, query.where(col(TextRow.state).in_([*ended, LedgerState.SUPPRESSED])))


def _expired(session: Session, since: datetime) -> list[UndeliveredText]:
    """Likewise (R2: what was due and not sent is not passed over in silence)."""
    query = select(TextRow).where(col(TextRow.state) == LedgerState.EXPIRED, col(TextRow.claimed_real) > since)
    return _shown(session, query)


def _shown(session: Session, query: SelectOfScalar[TextRow]) -> list[UndeliveredText]:
    rows = session.exec(query.order_by(col(TextRow.kind), col(TextRow.updated_real).desc()).limit(_MOST)).all()
    cases = _case_numbers(session, rows)
    return [
        UndeliveredText(
            what=_what(row),
            kind=Kind(row.kind),
            sequence=row.sequence,
            error_code=row.error_code,
            call_id=row.call_id,
            case_number=cases.get(row.call_id),
            sid=row.provider_sid,
            why=_why(row),
            at=row.updated_real,
        )
        for row in rows
    ]


def _differences(session: Session, since: datetime) -> list[Difference]:
    counts = (ReconciliationRow.only_at_carrier, ReconciliationRow.only_in_ledger, ReconciliationRow.states_differ)
    rows = session.exec(
        select(ReconciliationRow)
        .where(or_(*(col(count) > 0 for count in counts)), col(ReconciliationRow.made_real) > since)
        .order_by(col(ReconciliationRow.day).desc())
    )
    return [Difference(**row.model_dump(exclude={"made_real"})) for row in rows]


def _last_sum(session: Session) -> date | None:
    last: date | None = session.exec(select(func.max(col(ReconciliationRow.day)))).one()
    return last


def _is_late(session: Session) -> bool:
    """Of a service that has no sum yet the first text counts: its day is the first to be summed up."""
    began = session.exec(select(func.min(col(TextRow.claimed_real)))).one()
    last = _last_sum(session) or (began.astimezone(UTC).date() if began else None)
    return last is not None and last < (real_now() - _SUM_IS_LATE).date()


def _case_numbers(session: Session, rows: Sequence[TextRow]) -> dict[str | None, str | None]:
    calls = select(CallRow.call_id, CallRow.case_number).where(
        col(CallRow.call_id).in_({row.call_id for row in rows if row.call_id})
    )
    return dict(session.exec(calls).all())


def _why(row: TextRow) -> str:
    if row.state != LedgerState.EXPIRED:
        return in_words(row.error_code)
    return (row.rule if row.kind == Kind.AUTO_REPLY else row.reason) or ""  # a reply's reason is which one it is


def _what(row: TextRow) -> str:
    if row.kind == Kind.AUTO_REPLY:
        return "automatic reply"
    return TextKey(kind=Kind(row.kind), sequence=row.sequence).title
