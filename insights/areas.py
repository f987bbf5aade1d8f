"""Answers by area, from the numbers that the nightly cut keeps of them: of each survey one question's at most, so they
are a sample of all answers, and of months, not of weeks (docs/decisions/0033-answers-by-area.md)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from insights.answers import Answered, counted_as
from insights.breakdown import Line, line_of
from insights.counts import Counts
from insights.small import Sum, hidden
from survey.areas import Place
from survey.questions import Question

_ALL: Final = None


@dataclass(frozen=True, kw_only=True)
class ByArea:
    """A question: all areas together, and each. Months as `2026-01`, both included; empty: nothing was counted."""

    first: str
    last: str
    whole: Line
    lines: Sequence[Line]


def counts_by_area(rows: Iterable[tuple[str, Place, int]], *, map_version: str = "") -> Counts:
    """By month and area. `map_version`: of the agency's map. An area of another one says so in its name, for it may
    have been redrawn; of one whose map nobody has named, today's is meant."""
    return Counts.of(
        ("month", "area"),
        (
            ((month, _name(place, map_version)), counted_as(place.question, place.option), count)
            for month, place, count in rows
        ),
    )


def _name(place: Place, map_version: str) -> str:
    is_of_another = place.area and place.area_version not in ("", map_version)
    return f"{place.area} ({place.area_version})" if is_of_another else place.area


def by_area(counts: Counts, question: Question, *, first: str | None, last: str | None, at_least: int) -> ByArea:
    """The months from `first` to `last`; what is of too few people, and what would give it away, is taken out."""
    wanted = counts.cut({}, between=("month", first, last))
    answered: dict[str | None, Answered] = {area: Answered(found) for area, found in wanted.by("area").items()}
    areas = list(answered)
    answered[_ALL] = Answered(wanted.total())
    bases = {area: found.base(question) for area, found in answered.items()}
    alike = {area for area, found in answered.items() if found.figure(question, at_least=at_least).are_alike}
    why = hidden(bases, [Sum(_ALL, areas)], at_least=at_least, besides=alike)
    lines = {area: line_of(area or "", found, question, why.get(area), at_least) for area, found in answered.items()}
    months = list(wanted.by("month"))
    return ByArea(
        first=months[0] if months else "",
        last=months[-1] if months else "",
        whole=lines[_ALL],
        lines=[lines[area] for area in areas],
    )
