"""Texts that are due and have not gone: what waits because of a switch, and what was only written down."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Engine, func, select
from sqlmodel import Session, col

from activities.stop_and_go import EVERYTHING, SHADOW, scope_of_kind, scope_of_type
from calls.contracts import Kind, LedgerState
from database.tables import CallRow, TextRow, real_now
from policy.agency import Agency

_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Tally:
    """So many texts. `first_expires`: when the first of those that are still true will not be any more."""

    texts: int = 0
    still_true: int = 0
    first_expires: datetime | None = None

    def __add__(self, other: "Tally") -> "Tally":
        ends = [end for end in (self.first_expires, other.first_expires) if end is not None]
        return Tally(
            texts=self.texts + other.texts,
            still_true=self.still_true + other.still_true,
            first_expires=min(ends, default=None),
        )


@dataclass(frozen=True, kw_only=True)
class _Part:
    scopes: frozenset[str]
    kind: str
    tally: Tally


@dataclass(frozen=True, kw_only=True)
class DueTexts:
    """What is due at this moment and has not gone. Of calls that staff hold nothing is ordered: they do not count."""

    parts: Sequence[_Part]

    def of(self, scope: str) -> Tally:
        """What waits, or would wait, while this is switched off."""
        return sum((part.tally for part in self.parts if scope in part.scopes), Tally())

    def by_kind(self) -> Sequence[tuple[str, Tally]]:
        """In the order in which kinds go out; those of which nothing waits are left out."""
        tallies = [(kind.value, self.of(scope_of_kind(kind))) for kind in Kind]
        return [(kind, tally) for kind, tally in tallies if tally.texts]


def due_texts(engine: Engine, agency: Agency, *, now: datetime) -> DueTexts:
    """At `now`, by the service's clock. A type counts under the group that the record had and the one that the folder
    reads now, as it is stopped under both."""
    group, code = CallRow.facts["call_type_group"].astext, CallRow.facts["call_type_code"].astext
    is_true = col(TextRow.expires_at) > now
    query = (
        select(
            col(TextRow.kind),
            group,
            code,
            func.count(col(TextRow.id)),
            func.count(col(TextRow.id)).filter(is_true),
            func.min(col(TextRow.expires_at)).filter(is_true),
        )
        .join(CallRow, col(CallRow.call_id) == col(TextRow.call_id), isouter=True)
        .where(col(TextRow.state) == LedgerState.CLAIMED, col(TextRow.due_at) <= now)
        .group_by(col(TextRow.kind), group, code)
    )
    with Session(engine) as session:
        rows = session.execute(query).all()
    parts = []
    for kind, recorded, code_of_cad, texts, still_true, first in rows:
        groups = {recorded, agency.call_types.group_of(code_of_cad) if code_of_cad else None}
        scopes = {EVERYTHING, scope_of_kind(Kind(kind)), *(scope_of_type(each) for each in groups if each)}
        tally = Tally(texts=texts, still_true=still_true, first_expires=first)
        parts.append(_Part(scopes=frozenset(scopes), kind=kind, tally=tally))
    return DueTexts(parts=parts)


@dataclass(frozen=True, kw_only=True)
class NotSent:
    """In the last 24 hours. `unanswered`: automatic replies that a switch stopped; nobody gets those later."""

    only_written_down: int
    unanswered: int


def not_sent(engine: Engine) -> NotSent:
    """What the mode and the switches have kept from being sent, for good."""
    lately = (col(TextRow.claimed_real) > real_now() - _DAY, col(TextRow.state) == LedgerState.SUPPRESSED)
    unanswered = col(TextRow.rule).startswith("switched off", autoescape=True)
    query = select(
        func.count(col(TextRow.id)).filter(col(TextRow.rule) == SHADOW),
        func.count(col(TextRow.id)).filter(unanswered),
    ).where(*lately)
    with Session(engine) as session:
        written_down, silent = session.execute(query).one()
    return NotSent(only_written_down=written_down, unanswered=silent)
