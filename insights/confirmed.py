"""What comments are about, as a person has confirmed it: month by month, for each topic. Pure.

No sums of months and no number of all comments stand beside it: one of few could be calculated from them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from insights.breakdown import Shown
from insights.small import Hidden
from insights.topics import Topic

MONTHS: Final = 12
"""So many are shown, up to the last one, where nobody says from when on."""


@dataclass(frozen=True, kw_only=True)
class Confirmed:
    """Approved comments by month (`2026-01`) and topic; each counts for every topic that it has. `shared`: those of
    them that whoever helped can read, with their topics."""

    all: Mapping[tuple[str, Topic], int]
    shared: Mapping[tuple[str, Topic], int]

    @property
    def months(self) -> list[str]:
        """Those of which there is something, the earliest first."""
        return sorted({month for month, _ in self.all})


@dataclass(frozen=True, kw_only=True)
class TopicLine:
    """`counts`: of each month. `change`: the last month less the one before, where both are shown."""

    topic: Topic
    counts: Sequence[Shown]
    change: int | None


def by_topic(confirmed: Confirmed, months: Sequence[str], *, at_least: int) -> list[TopicLine]:
    """A line for each topic."""
    lines = []
    for topic in Topic:
        counts = [_shown(confirmed, month, topic, at_least) for month in months]
        last, before = (counts[-1], counts[-2]) if len(counts) > 1 else (None, None)
        change = last - before if isinstance(last, int) and isinstance(before, int) else None
        lines.append(TopicLine(topic=topic, counts=counts, change=change))
    return lines


def _shown(confirmed: Confirmed, month: str, topic: Topic, at_least: int) -> Shown:
    """Those that are shared can be counted by whoever reads them: what is left must not be of few, either."""
    count = confirmed.all.get((month, topic), 0)
    if 0 < count < at_least:
        return Hidden.FEW
    return Hidden.WITH_IT if 0 < count - confirmed.shared.get((month, topic), 0) < at_least else count
