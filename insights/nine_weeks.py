"""The little chart of an issue: nine bars, the last one in question, and the height at which it was expected to be."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

WIDTH: Final = 180
HEIGHT: Final = 56
_GAP: Final = 4
_TOP: Final = 4


@dataclass(frozen=True, kw_only=True)
class Bar:
    """In the chart's own units, from the top left. `count`: what it stands for."""

    x: float
    y: float
    width: float
    height: float
    count: int
    is_last: bool


@dataclass(frozen=True, kw_only=True)
class NineWeeks:
    """`expected_y`: where the line stands that says what was to be expected, beside the last bar alone."""

    bars: Sequence[Bar]
    expected_y: float
    width: int = WIDTH
    height: int = HEIGHT


def nine_weeks(weeks: Sequence[int], expected: float) -> NineWeeks:
    """Heights from nothing: half as high is half as many."""
    most = max([*weeks, expected, 1])
    room = HEIGHT - _TOP

    def top(count: float) -> float:
        return round(HEIGHT - count / most * room, 2)

    step = WIDTH / max(len(weeks), 1)
    bars = [
        Bar(
            x=round(step * place + _GAP / 2, 2),
            y=top(count),
            width=round(step - _GAP, 2),
            height=round(HEIGHT - top(count), 2),
            count=count,
            is_last=place == len(weeks) - 1,
        )
        for place, count in enumerate(weeks)
    ]
    return NineWeeks(bars=bars, expected_y=top(expected))
