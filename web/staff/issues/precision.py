"""Was it worth telling? How often those who evaluated an issue said so: for those who set the thresholds."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from sqlalchemy import Engine, text
from sqlmodel import Session

from calls.issues import State
from insights.wilson import Share, share

AREA: Final = ""
"""Areas as a whole, among the groups."""
_VERDICTS: Final = text(
    "SELECT i.call_type_group, COALESCE(s.state, 'identified') AS state, s.useful, count(*) AS issues "
    "FROM emerging_issue i LEFT JOIN LATERAL (SELECT state, useful FROM issue_step WHERE issue_id = i.id "
    "ORDER BY id DESC LIMIT 1) s ON true WHERE i.agency = :agency AND i.first_day >= :since GROUP BY 1, 2, 3"
)


@dataclass(frozen=True, kw_only=True)
class Precision:
    """`told` = `useful` + `not_useful` + `set_aside` + `open`. Only the first two were evaluated."""

    told: int
    useful: int
    not_useful: int
    set_aside: int

    @property
    def open(self) -> int:
        return self.told - self.useful - self.not_useful - self.set_aside

    @property
    def share(self) -> Share | None:
        """Useful ones of those that were evaluated; `None` of none."""
        return share(self.useful, self.useful + self.not_useful)


@dataclass(frozen=True, kw_only=True)
class Precisions:
    """Of all, and by call type group (empty: areas as a whole), the most told first."""

    all: Precision
    by_group: Sequence[tuple[str, Precision]]


def precisions(engine: Engine, agency: str, *, since: date) -> Precisions:
    """Of the issues that were first told on `since` or later, by their newest step."""
    kinds: Counter[tuple[str, str]] = Counter()
    with Session(engine) as session:
        for row in session.execute(_VERDICTS, {"agency": agency, "since": since}):
            kinds[row.call_type_group, _kind(row.state, row.useful)] += row.issues
    groups = sorted({group for group, _ in kinds})
    parts = [(group, _precision({kind: kinds[group, kind] for kind in _KINDS})) for group in groups]
    whole = _precision({kind: sum(kinds[group, kind] for group in groups) for kind in _KINDS})
    return Precisions(all=whole, by_group=sorted(parts, key=lambda part: -part[1].told))


_KINDS: Final = ("useful", "not_useful", "set_aside", "open")


def _kind(state: str, useful: bool | None) -> str:  # noqa: FBT001 - a column
    if state == State.EVALUATED:
        return "useful" if useful else "not_useful"
    return "set_aside" if state == State.SET_ASIDE else "open"


def _precision(kinds: dict[str, int]) -> Precision:
    return Precision(
        told=sum(kinds.values()),
        useful=kinds["useful"],
        not_useful=kinds["not_useful"],
        set_aside=kinds["set_aside"],
    )
