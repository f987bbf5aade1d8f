"""Finds calls by what somebody on the telephone can tell: a case number, or the number that they were texted at."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, Engine, literal_column, union
from sqlalchemy.dialects.postgresql import array
from sqlmodel import Session, col, or_, select

from calls.facts import CallFacts
from database.encryption import Keyring
from database.finding import PLAIN_CASE_NUMBER
from database.tables import CallRow, InboundMessageRow, TextRow
from web.staff.numbers.blocked import NotANumber, e164

_MOST: Final = 50
LONGEST: Final = 150
_NOT_PLAIN: Final = re.compile(r"[^A-Za-z0-9]")


@dataclass(frozen=True, kw_only=True)
class Found:
    """A call. `by`: `case` its case number or id, `number` the number that it has, `earlier` one that it had."""

    call_id: str
    case_number: str | None
    received: datetime | None
    facts: CallFacts
    ended: str | None
    by: str


@dataclass(frozen=True, kw_only=True)
class CameIn:
    """A text that came in from the number that was asked for."""

    keyword: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Findings:
    """The newest first, at most 50 of each; `more`: there are more calls. `is_number`: a phone number was asked for."""

    calls: Sequence[Found]
    more: bool
    came_in: Sequence[CameIn]
    is_number: bool


def find(engine: Engine, keyring: Keyring, wanted: str, *, agency: str) -> Findings:
    """Calls with this case number, or id, or phone number; however they are typed."""
    wanted = wanted.strip()[:LONGEST]
    hashes = _phone_hashes(wanted, keyring)
    with Session(engine) as session:
        rows = [(row, "case") for row in _by_case(session, wanted, agency=agency)]
        came_in: list[CameIn] = []
        if hashes:
            seen = {row.call_id for row, _ in rows}
            for row in _by_number(session, hashes):
                if row.call_id not in seen:
                    rows.append((row, "number" if row.phone_hash in hashes else "earlier"))
            came_in = _came_in(session, hashes)
    calls = [
        Found(
            call_id=row.call_id,
            case_number=row.case_number,
            received=row.received_at,
            facts=CallFacts.model_validate(row.facts),
            ended=row.ended_reason,
            by=by,
        )
        for row, by in rows[:_MOST]
    ]
    return Findings(calls=calls, more=len(rows) > _MOST, came_in=came_in, is_number=bool(hashes))


def _phone_hashes(wanted: str, keyring: Keyring) -> tuple[str, ...]:
    """None: it is no phone number."""
    try:
        return keyring.phone_hashes(e164(wanted))
    except NotANumber:
        return ()


def _by_case(session: Session, wanted: str, *, agency: str) -> list[CallRow]:
    if not wanted or "\x00" in wanted:
        return []
    plain = _NOT_PLAIN.sub("", wanted).upper()
    matches: list[ColumnElement[bool]] = [
        col(CallRow.case_number) == wanted,
        col(CallRow.call_id).in_([wanted, f"{agency}-{wanted}"]),
    ]
    if plain:
        matches.append(literal_column(PLAIN_CASE_NUMBER) == plain)
    return _newest(session, or_(*matches))


def _by_number(session: Session, hashes: Sequence[str]) -> list[CallRow]:
    """Whose number it is, or was, also where a text went to it that nobody knows of any more."""
    has_it = select(CallRow.call_id).where(col(CallRow.phone_hash).in_(hashes))
    had_it = select(CallRow.call_id).where(col(CallRow.phone_versions).has_any(array(hashes)))  # type: ignore[attr-defined]
    texted = select(TextRow.call_id).where(col(TextRow.phone_hash).in_(hashes), col(TextRow.call_id).is_not(None))
    return _newest(session, col(CallRow.call_id).in_(union(has_it, had_it, texted)))


def _newest(session: Session, condition: ColumnElement[bool]) -> list[CallRow]:
    newest = select(CallRow).where(condition).order_by(col(CallRow.received_at).desc().nulls_last()).limit(_MOST + 1)
    return list(session.exec(newest).all())


def _came_in(session: Session, hashes: Sequence[str]) -> list[CameIn]:
    rows = session.exec(
        select(InboundMessageRow.keyword, InboundMessageRow.received_at)
        .where(col(InboundMessageRow.phone_hash).in_(hashes))
        .order_by(col(InboundMessageRow.received_at).desc())
        .limit(_MOST)
    ).all()
    return [CameIn(keyword=keyword, at=at) for keyword, at in rows]
