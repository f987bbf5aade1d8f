"""Calendar months by an agency's own clock, and the weeks that count to them."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

_WRITTEN: Final = re.compile(r"(2[01][0-9]{2})-(0[1-9]|1[0-2])")
_THURSDAY: Final = timedelta(days=3)
_WEEK: Final = timedelta(weeks=1)


@dataclass(frozen=True, order=True)
class Month:
    """A month of the calendar."""

    year: int
    month: int

    @classmethod
    def read(cls, written: str) -> "Month":
        """Of `2026-03`.

        Raises:
            ValueError: it is none of this century or the next.
        """
        found = _WRITTEN.fullmatch(written)
        if found is None:
            raise ValueError(f"not a month: {written!r}")
        return cls(int(found[1]), int(found[2]))

    @classmethod
    def of(cls, moment: datetime, zone: ZoneInfo) -> "Month":
        """The one that `moment` lies in, by the clocks of the zone."""
        local = moment.astimezone(zone)
        return cls(local.year, local.month)

    @property
    def first_day(self) -> date:
        return date(self.year, self.month, 1)

    @property
    def before(self) -> "Month":
        return Month(self.year, self.month - 1) if self.month > 1 else Month(self.year - 1, 12)

    @property
    def after(self) -> "Month":
        return Month(self.year, self.month + 1) if self.month < 12 else Month(self.year + 1, 1)

    def span(self, zone: ZoneInfo) -> tuple[datetime, datetime]:
        """From its first moment to the next month's, in UTC: where the clocks change an hour more or less."""
        return midnight(self.first_day, zone), midnight(self.after.first_day, zone)

    def weeks(self) -> list[date]:
        """The Mondays of its weeks: a week counts to the month that its Thursday lies in, as an ISO week does to its
        year. So every week counts to one month."""
        monday = self.first_day - timedelta(days=self.first_day.weekday())
        if monday + _THURSDAY < self.first_day:
            monday += _WEEK
        found = []
        while monday + _THURSDAY < self.after.first_day:
            found.append(monday)
            monday += _WEEK
        return found

    def __str__(self) -> str:
        return f"{self.year}-{self.month:02}"


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """The beginning of a day by the clocks of the zone, in UTC."""
    return datetime.combine(day, time(), zone).astimezone(UTC)
