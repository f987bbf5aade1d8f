"""The calls behind an issue, as counts: when they come, and of what they are. No call is named."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from sqlalchemy import Engine
from sqlmodel import Session

from activities.counted_calls import Days, Hour, counted_by_hour
from insights.emerging import SPAN_DAYS, WEEK
from policy.agency import Agency
from web.staff.issues.noted import Issue

HOURS_A_BLOCK: Final = 3
BLOCKS: Final = tuple(range(0, 24, HOURS_A_BLOCK))
"""Hours of the agency's own clock at which they begin."""
GROUP_WEEKS: Final = 4
"""Before the week in question, for the comparison by group: more would take long to read while somebody waits."""
_A_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class OfGroup:
    """Calls of a group in the week, and in a week of the four before on average."""

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
    def by_day(self) -> dict[date, int]:
        return {day: self.of_day(day) for day in self.days}

    @property
    def by_hours(self) -> dict[int, int]:
        """By the hour at which a block begins."""
        return {block: self.of_block(block) for block in BLOCKS}

    @property
    def now_by_group(self) -> dict[str, int]:
        return {part.group: part.now for part in self.groups}

    @property
    def before_by_group(self) -> dict[str, int]:
        """Calls of all the weeks before together."""
        return {part.group: round(part.before * GROUP_WEEKS) for part in self.groups}

    @property
    def busiest(self) -> int | None:
        """The block with the most calls; the earliest of equals."""
        return max(BLOCKS, key=self.of_block) if self.total else None


def calls_behind(engine: Engine, agency: Agency, issue: Issue) -> CallsBehind:
    """Of the week that ends with the issue's last day, by the same count as that of the night; of an area as a whole by
    group, too, beside the weeks before."""
    week = _week_of(issue)
    span = week if issue.group else Days(first=week.first - _A_DAY * WEEK * GROUP_WEEKS, last=week.last)
    with Session(engine) as session:
        return _behind(issue, counted_by_hour(session, agency, span, area=issue.area, by_hour=week.first))


def calls_behind_each(engine: Engine, agency: Agency, area: str, issues: Sequence[Issue]) -> list[CallsBehind]:
    """The same of several issues of one area, without groups; read together where they are not far apart."""
    if not issues:
        return []
    weeks = [_week_of(issue) for issue in issues]
    span = Days(first=min(week.first for week in weeks), last=max(week.last for week in weeks))
    with Session(engine) as session:
        if len(span) > SPAN_DAYS // 2:
            read = [counted_by_hour(session, agency, week, area=area, by_hour=week.first) for week in weeks]
            return [_behind(issue, told) for issue, told in zip(issues, read, strict=True)]
        hours = list(counted_by_hour(session, agency, span, area=area, by_hour=span.first))
    return [
        _behind(issue, (told for told in hours if told.day is not None and told.day in week))
        for issue, week in zip(issues, weeks, strict=True)
    ]


def _week_of(issue: Issue) -> Days:
    return Days(first=issue.last_day - _A_DAY * (WEEK - 1), last=issue.last_day)


def _behind(issue: Issue, hours: Iterable[Hour]) -> CallsBehind:
    by_block: Counter[tuple[date, int]] = Counter()
    now: Counter[str] = Counter()
    before: Counter[str] = Counter()
    for told in hours:
        if issue.group and told.group != issue.group:
            continue
        if told.day is None or told.hour is None:
            before[told.group] += told.calls
        else:
            by_block[told.day, told.hour // HOURS_A_BLOCK * HOURS_A_BLOCK] += told.calls
            now[told.group] += told.calls
    groups = () if issue.group else sorted({*now, *before}, key=lambda group: (-now[group], group))
    first = _week_of(issue).first
    return CallsBehind(
        days=[first + _A_DAY * number for number in range(WEEK)],
        by_block=by_block,
        groups=[OfGroup(group=group, now=now[group], before=before[group] / GROUP_WEEKS) for group in groups],
    )
