"""How an agency's CAD reaches us while the service runs: `feeds` and `poll` in `cad.yaml`."""

from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from typing import Annotated, Final
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field

from calls.lengths import Span

SINCE: Final = ":since"
"""Stands in a query for the update time from which on rows are wanted."""
DAY_BEGINS: Final = time(7)
DAY_ENDS: Final = time(22)


class FeedRule(BaseModel):
    """What is normal for a feed. Longer silence is an alert."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    silent_after: Span
    silent_at_night: Span | None = None
    """Instead, from 22:00 to 07:00 of the agency's own clock: fewer people call."""

    def normal(self, local: time) -> Span:
        """How long it may be silent at that hour."""
        return self.silent_after if self.silent_at_night is None or not is_night(local) else self.silent_at_night

    def silent_from(self, last: datetime, zone: ZoneInfo) -> datetime:
        """The moment from which a feed that said its last thing at `last` has been silent for too long.

        Each hour of the pause weighs by what is normal at that hour. By the rule of the present hour alone half of the
        feeds would be in alarm at seven in the morning, over a pause of the night, and at ten in the evening an alarm
        would end without a word from CAD.
        """
        left, moment = 1.0, last  # `left`: of what is normal
        while True:
            normal, until = self.normal(moment.astimezone(zone).time()), next_turn(moment, zone)
            if moment + normal * left <= until:
                return moment + normal * left
            left -= (until - moment) / normal
            moment = until


def is_night(local: time) -> bool:
    """Fewer people call at that hour."""
    return local >= DAY_ENDS or local < DAY_BEGINS


def next_turn(moment: datetime, zone: ZoneInfo) -> datetime:
    """When the day next becomes night, or the night day."""
    today = moment.astimezone(zone).date()
    turns = (
        datetime.combine(today + timedelta(days=days), hour, tzinfo=zone).astimezone(UTC)
        for days in (0, 1)
        for hour in (DAY_BEGINS, DAY_ENDS)
    )
    return next(turn for turn in turns if turn > moment)


class SinceWritten(StrEnum):
    """How the database writes its update times, for the comparison in the query."""

    LOCAL = "local"
    """Without an offset, in the CAD's `zone`."""
    UTC = "utc"
    """Without an offset, in UTC."""
    OFFSET = "offset"
    """With an offset."""


class PollRule(BaseModel):
    """How a view of CAD's database is read again and again."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    query: Annotated[str, Field(min_length=1)]
    """SQL that gives rows with the columns of `columns`; `:since` in it is the update time to read from. Without it
    everything is read each time."""
    since: SinceWritten = SinceWritten.LOCAL
    every: Span
    overlap: Span
    """So far back it reads again each time: a row that is committed late has an earlier update time."""
