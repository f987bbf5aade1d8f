"""How long a feed pauses in a sample of it, by day and at night: what is normal for it, as a proposal."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from math import ceil
from typing import Final
from zoneinfo import ZoneInfo

from policy.cad_feeds import FeedRule, is_night, next_turn

_LONG_ENOUGH: Final = timedelta(hours=23)
"""A sample of less does not tell of both day and night."""
_SHORTEST: Final = timedelta(minutes=15)
_STEPS: Final = ((timedelta(hours=1), 5), (timedelta(hours=6), 15), (timedelta.max, 60))
"""Up to this length, rounded up to so many minutes."""


@dataclass(frozen=True, kw_only=True)
class Pauses:
    """The most that one pause takes of the day, and of the night. `span`: from the first record to the last."""

    day: timedelta
    night: timedelta
    span: timedelta

    @property
    def proposal(self) -> FeedRule | None:
        """Twice that: then none of these pauses would have been an alarm, nor one that takes the most of both. `None`:
        the sample is too short."""
        if self.span < _LONG_ENOUGH:
            return None
        by_day, at_night = _rounded(2 * self.day), _rounded(2 * self.night)
        return FeedRule(silent_after=by_day, silent_at_night=at_night if at_night > by_day else None)


def pauses_between(moments: Iterable[datetime], zone: ZoneInfo) -> Pauses | None:
    """Of records with these stamps, in any order; `None` where there are no two."""
    ordered = sorted(moments)
    if len(ordered) < 2:
        return None
    parts = [_parts(before, after, zone) for before, after in pairwise(ordered)]
    return Pauses(
        day=max(day for day, _ in parts), night=max(night for _, night in parts), span=ordered[-1] - ordered[0]
    )


def _parts(before: datetime, after: datetime, zone: ZoneInfo) -> tuple[timedelta, timedelta]:
    """How much of a pause is by day, and how much at night."""
    taken = {True: timedelta(0), False: timedelta(0)}
    while before < after:
        end = min(next_turn(before, zone), after)
        taken[is_night(before.astimezone(zone).time())] += end - before
        before = end
    return taken[False], taken[True]


def _rounded(length: timedelta) -> timedelta:
    step = timedelta(minutes=next(minutes for limit, minutes in _STEPS if length <= limit))
    return max(ceil(length / step) * step, _SHORTEST)
