"""How an agency's CAD reaches us while the service runs: `feeds` and `poll` in `cad.yaml`."""

from datetime import time
from enum import StrEnum
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

from calls.policy import Span

SINCE: Final = ":since"
"""Stands in a query for the update time from which on rows are wanted."""


class FeedRule(BaseModel):
    """What is normal for a feed. Longer silence is an alert."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    silent_after: Span
    silent_at_night: Span | None = None
    """Instead, from 22:00 to 07:00 of the agency's own clock: fewer people call."""

    def normal(self, local: time) -> Span:
        """How long it may be silent at that hour."""
        at_night = local >= time(22) or local < time(7)
        return self.silent_at_night if at_night and self.silent_at_night is not None else self.silent_after


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
