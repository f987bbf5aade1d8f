"""The little chart of an issue: nine bars, the last one in question, and the height at which it was expected to be."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from insights.small import shown

WIDTH: Final = 180
HEIGHT: Final = 56
_GAP: Final = 4
_TOP: Final = 4


@dataclass(frozen=True, kw_only=True)
class Bar:
    """In the chart's own units, from the top left. `count`: what it stands for; `None`: fewer than are shown."""

    x: float
    y: float
    width: float
    height: float
    count: int | None
    is_last: bool


@dataclass(frozen=True, kw_only=True)
class NineWeeks:
    """`expected_y`: where the line stands that says what was to be expected, beside the last bar alone."""

    bars: Sequence[Bar]
    expected_y: float
    width: int = WIDTH
    height: int = HEIGHT

    def said(self, few: str) -> list[str]:
        """The counts; `few`: what is said of those that are not shown."""
        return [few if bar.count is None else str(bar.count) for bar in self.bars]


def nine_weeks(weeks: Sequence[int], expected: float, *, at_least: int) -> NineWeeks:
    """Heights from nothing: half as high is half as many. Weeks of fewer than `at_least` are all as high as the most of
    them can be."""
    counts = [shown(count, at_least=at_least) for count in weeks]
    weeks = [at_least - 1 if count is None else count for count in counts]
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
            count=counts[place],
            is_last=place == len(weeks) - 1,
        )
        for place, count in enumerate(weeks)
    ]
    return NineWeeks(bars=bars, expected_y=top(expected))
