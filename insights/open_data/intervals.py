"""How much is known of one cell."""

from dataclasses import dataclass
from typing import Final

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


def box(shown: int, *, base: int, at_most: float) -> tuple[float, float]:
    """What a cell may have been of which this is published."""
    return float(max(0, shown - base + 1)), float(min(shown + base - 1, at_most))


def together(boxes: list[tuple[float, float]]) -> tuple[float, float] | None:
    """What fits several, if anything does."""
    low, high = max(low for low, _ in boxes), min(high for _, high in boxes)
    return (low, high) if low <= high else None
