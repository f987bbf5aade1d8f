"""Is there more of something, somewhere, than there was? The last seven days against the eight weeks before.

For each area and call type group, and each area as a whole: how likely are as many calls or more, if nothing has
changed but what has changed in all of the city (a hot weekend, a storm)? The rate of eight weeks is known only as well
as their count tells it, hence a negative binomial and not a Poisson distribution. What comes of it is for people to
look at.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc

WEEK: Final = 7
BEFORE_WEEKS: Final = 8
SPAN_DAYS: Final = WEEK * (BEFORE_WEEKS + 1)
_ONE_EVENT: Final = timedelta(minutes=30)
_PART_OF_A_GAP: Final = 8
"""Of the time between two calls of a series, on average: half an hour for up to six calls a day. Eight times as many
calls as usual are still more events."""
_PRIOR: Final = 0.5
"""Jeffreys: a series that had nothing for eight weeks is expected to have nearly nothing, not nothing."""
_MOST_CITY: Final = 4.0
"""However much busier the city is: beyond that nobody knows what a series would have."""

Counts = NDArray[np.int64]


@dataclass(frozen=True, order=True)
class Series:
    """Calls of one group in one area; `group` is empty for all of the area's."""

    area: str
    group: str = ""


@dataclass(frozen=True, kw_only=True)
class Thresholds:
    """`p`: the likelihood below which it is told. Measured on a made-up city of 928 series, some two a week are told
    though nothing has changed. `at_least`: so many events in the week."""

    p: float = 0.001
    at_least: int = 5


@dataclass(frozen=True, kw_only=True)
class Signal:
    """More than was to be expected in the seven days that end with `day`. `weeks`: the events of nine weeks, the last
    one in question."""

    series: Series
    day: date
    observed: int
    expected: float
    p: float
    weeks: tuple[int, ...]

    @property
    def times(self) -> float:
        """So many times what was to be expected."""
        return self.observed / self.expected


@dataclass(frozen=True, kw_only=True)
class Told:
    """One call for service, as it counts here."""

    area: str
    group: str
    at: datetime


def events_of(calls: Iterable[Told], *, within: timedelta) -> list[Told]:
    """The first call of each event: another about the same kind of thing in the same area, so soon after the last one,
    is about the same event. Else one loud party is an issue. `within`: the time that all of them are of.

    So soon is half an hour; less where calls come close together anyway, for there another call is another event: with
    half an hour for all, sixty calls a day would be one, and twice as many fewer.
    """
    ordered = sorted(calls, key=lambda call: (call.at, call.area, call.group))
    numbers = Counter((area, group) for area, group, _ in {(call.area, call.group, call.at) for call in ordered})
    events: list[Told] = []
    last: dict[tuple[str, str], datetime] = {}
    for call in ordered:
        series = (call.area, call.group)
        before = last.get(series)
        if before is None or call.at - before > min(_ONE_EVENT, within / numbers[series] / _PART_OF_A_GAP):
            events.append(call)
        last[series] = call.at
    return events


def signals(counts: Mapping[Series, Sequence[int] | Counts], *, last_day: date, thresholds: Thresholds) -> list[Signal]:
    """What stands out in the week that ends with `last_day`, the least likely first.

    `counts`: events of each day, of the 63 days that end with it; of areas by group. Areas as a whole are added here.
    """
    parts = {series: np.asarray(days, dtype=np.int64)[-SPAN_DAYS:] for series, days in counts.items()}
    whole: dict[Series, Counts] = {}
    for series, days in parts.items():
        area = Series(series.area)
        whole[area] = whole.get(area, np.zeros(SPAN_DAYS, dtype=np.int64)) + days
    found = [*_of_level(parts, last_day, thresholds), *_of_level(whole, last_day, thresholds)]
    return sorted(found, key=lambda signal: (signal.p, signal.series))


def _of_level(parts: Mapping[Series, Counts], last_day: date, thresholds: Thresholds) -> list[Signal]:
    """All groups of all areas, or all areas: each series against the rest of its level."""
    if not parts:
        return []
    names = list(parts)
    by_day = np.stack([parts[name] for name in names])
    observed, expected, p = likelihoods(by_day)
    stands_out = np.flatnonzero((p < thresholds.p) & (observed >= thresholds.at_least))
    return [
        Signal(
            series=names[i],
            day=last_day,
            observed=int(observed[i]),
            expected=float(expected[i]),
            p=float(p[i]),
            weeks=tuple(int(week) for week in by_day[i].reshape(-1, WEEK).sum(axis=1)),
        )
        for i in stands_out
    ]


def likelihoods(by_day: Counts) -> tuple[Counts, NDArray[np.float64], NDArray[np.float64]]:
    """Of each series (a row of 63 days): what the last week had, what was to be expected, and how likely it is to have
    as many or more."""
    observed = by_day[:, -WEEK:].sum(axis=1)
    before = by_day[:, -SPAN_DAYS:-WEEK].sum(axis=1)
    # The rest of the city: a series must not explain itself away.
    rest_now, rest_before = observed.sum() - observed, before.sum() - before
    city = (rest_now + _PRIOR) / ((rest_before + _PRIOR * BEFORE_WEEKS) / BEFORE_WEEKS)
    city = np.clip(city, 1 / _MOST_CITY, _MOST_CITY)
    known = before + _PRIOR
    expected = known / BEFORE_WEEKS * city
    # Two things make a week's rate uncertain: how little was seen of it, and that rates change from week to week.
    shape = 1 / (1 / known + restlessness(by_day))
    # The negative binomial's tail, as its beta function: scipy.stats would cost every worker 0.9 s at its start.
    p = np.where(observed > 0, betainc(np.maximum(observed, 1), shape, expected / (shape + expected)), 1.0)
    return observed, expected, np.asarray(p, dtype=np.float64)


def restlessness(by_day: Counts) -> float:
    """How much the rate of a series changes from week to week beyond what changes in all of the city: the variance of
    its ratio to its mean, over all series of the eight weeks before."""
    weeks = by_day[:, -SPAN_DAYS:-WEEK].reshape(by_day.shape[0], BEFORE_WEEKS, WEEK).sum(axis=2).astype(np.float64)
    total = weeks.sum()
    if total == 0:
        return 0.0
    mean = weeks.sum(axis=1, keepdims=True) * weeks.sum(axis=0, keepdims=True) / total
    chance = mean.sum() * (1 - 1 / BEFORE_WEEKS)  # each mean is of these very weeks
    beyond = ((weeks - mean) ** 2).sum() - chance
    return float(max(0.0, beyond / ((mean**2).sum() * (1 - 1 / BEFORE_WEEKS))))
