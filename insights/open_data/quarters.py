"""Quarters of the calendar, by an agency's own clock."""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from insights.months import Month

_WRITTEN: Final = re.compile(r"(2[01][0-9]{2})-q([1-4])")


@dataclass(frozen=True, order=True)
class Quarter:
    """Written `2026-q3`."""

    year: int
    quarter: int

    @classmethod
    def read(cls, written: str) -> "Quarter":
        """Of `2026-q3`.

        Raises:
            ValueError: it is none of this century or the next.
        """
        found = _WRITTEN.fullmatch(written)
        if found is None:
            raise ValueError(f"{written!r} is not a quarter; write it as in 2026-q3")
        return cls(int(found[1]), int(found[2]))

    @classmethod
    def of(cls, day: date) -> "Quarter":
        """The one that the day lies in."""
        return cls(day.year, (day.month + 2) // 3)

    @classmethod
    def newest_due(cls, now: datetime, *, zone: ZoneInfo, lag: timedelta) -> "Quarter":
        """The newest one that has been over for `lag`, by the clocks of the zone."""
        return cls.of((now.astimezone(zone) - lag).date()).before

    @property
    def months(self) -> tuple[Month, Month, Month]:
        first = Month(self.year, 3 * self.quarter - 2)
        return first, first.after, first.after.after

    @property
    def first_day(self) -> date:
        return self.months[0].first_day

    @property
    def last_day(self) -> date:
        return self.months[2].after.first_day - timedelta(days=1)

    @property
    def before(self) -> "Quarter":
        return Quarter(self.year, self.quarter - 1) if self.quarter > 1 else Quarter(self.year - 1, 4)

    def span(self, zone: ZoneInfo) -> tuple[datetime, datetime]:
        """From its first moment to the next quarter's, in UTC."""
        return self.months[0].span(zone)[0], self.months[2].span(zone)[1]

    def weeks(self) -> list[str]:
        """Its ISO weeks, as `2026-W31`: those whose Thursday lies in it. So every week counts to one quarter."""
        mondays = [monday for month in self.months for monday in month.weeks()]
        return ["{}-W{:02}".format(*monday.isocalendar()[:2]) for monday in mondays]

    def __str__(self) -> str:
        return f"{self.year}-q{self.quarter}"
