"""How much is known of one cell."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from insights.open_data.program import Program
from insights.open_data.quarters import Quarter
from insights.protect import LEAST_WIDTH

ENOUGH: Final = LEAST_WIDTH + 5.0
"""Of what is wider it is not found out how wide."""


@dataclass(frozen=True, kw_only=True)
class Interval:
    """`place`: as `WARD 14`, with `rest of` before it where it is what is left. `needed`: so wide it has to be."""

    quarter: str
    table: str
    place: str
    what: str
    low: float
    high: float
    needed: float

    @property
    def width(self) -> float:
        return self.high - self.low


@dataclass(frozen=True, kw_only=True)
class Target:
    """A cell of which an interval is sought: the unknown `at` of a programme."""

    at: int
    quarter: Quarter
    place: str
    what: str
    needed: float


def intervals_of(targets: Sequence[Target], program: Program, *, table: str) -> list[Interval]:
    """What the programme leaves open of each.

    Raises:
        CannotBe: nothing fits.
    """
    least, most = program.intervals(enough=ENOUGH)
    return [
        Interval(
            quarter=str(one.quarter),
            table=table,
            place=one.place,
            what=one.what,
            low=least[one.at],
            high=most[one.at],
            needed=one.needed,
        )
        for one in targets
    ]


def box(shown: int, *, base: int, at_most: float) -> tuple[float, float]:
    """What a cell may have been of which this is published."""
    return float(max(0, shown - base + 1)), float(min(shown + base - 1, at_most))


def together(boxes: list[tuple[float, float]]) -> tuple[float, float] | None:
    """What fits several, if anything does."""
    low, high = max(low for low, _ in boxes), min(high for _, high in boxes)
    return (low, high) if low <= high else None
