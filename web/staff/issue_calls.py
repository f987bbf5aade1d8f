"""The calls behind an issue, as counts: when they come, and of what they are. No call is named."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from sqlalchemy import Engine
from sqlmodel import Session

from activities.counted_calls import Days, counted_by_hour
from insights.emerging import BEFORE_WEEKS, SPAN_DAYS, WEEK
from policy.agency import Agency
from web.staff.issues import Issue

HOURS_A_BLOCK: Final = 3
BLOCKS: Final = tuple(range(0, 24, HOURS_A_BLOCK))
"""Hours of the agency's own clock at which they begin."""
_A_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class OfGroup:
    """Calls of a group in the week, and in a week of the eight before on average."""

    group: str
    now: int
    before: float


@dataclass(frozen=True, kw_only=True)
class CallsBehind:
    """Calls as the records stand now, not events: a loud party of twenty calls is twenty here."""

    days: Sequence[date]
    by_block: Mapping[tuple[date, int], int]
    """By day and the hour at which the block begins."""
    groups: Sequence[OfGroup]
    """Only of an area as a whole; the most first."""

    @property
    def total(self) -> int:
        return sum(self.by_block.values())

    def of_day(self, day: date) -> int:
        return sum(self.by_block.get((day, block), 0) for block in BLOCKS)

    def of_block(self, block: int) -> int:
        return sum(self.by_block.get((day, block), 0) for day in self.days)

    @property
    def busiest(self) -> int | None:
        """The block with the most calls; the earliest of equals."""
        return max(BLOCKS, key=self.of_block) if self.total else None


def calls_behind(engine: Engine, agency: Agency, issue: Issue, *, by_group: bool = True) -> CallsBehind:
    """Of the week that ends with the issue's last day, by the same count as that of the night. `by_group`: of an area
    as a whole, and of the weeks before, too."""
    by_group = by_group and not issue.group
    week = Days(first=issue.last_day - _A_DAY * (WEEK - 1), last=issue.last_day)
    span = Days(first=issue.last_day - _A_DAY * (SPAN_DAYS - 1), last=issue.last_day) if by_group else week
    by_block: Counter[tuple[date, int]] = Counter()
    now: Counter[str] = Counter()
    before: Counter[str] = Counter()
    with Session(engine) as session:
        for told in counted_by_hour(session, agency, span, area=issue.area, by_hour=week.first):
            if issue.group and told.group != issue.group:
                continue
            if told.day is None or told.hour is None:
                before[told.group] += told.calls
            else:
                by_block[told.day, told.hour // HOURS_A_BLOCK * HOURS_A_BLOCK] += told.calls
                now[told.group] += told.calls
    groups = sorted({*now, *before}, key=lambda group: (-now[group], group))
    return CallsBehind(
        days=[week.first + _A_DAY * number for number in range(WEEK)],
        by_block=by_block,
        groups=[
            OfGroup(group=group, now=now[group], before=before[group] / BEFORE_WEEKS) for group in groups if by_group
        ],
    )
