"""What is asked for, and how many calls each day of it has."""

from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from math import cos, exp, pi, prod
from random import Random
from typing import Final

from local.errors import LocalError
from local.generated.kinds import growth_in_a_storm

LOW: Final = (3, 4)
"""The priorities that Ottawa texts."""
OTHERS: Final = (1, 2, 5)

# Ottawa 2024. Of the other priorities Ottawa publishes nothing: theirs is Alexandria's mix, P1 4 %, P2 58 %, P3 9 %,
# P4 24 % and 5 % that are not calls but off-duty details (P8 there, 5 here: Ottawa's folder knows five priorities).
_LOW_A_YEAR: Final = {3: 62_795, 4: 211_280}
_PERCENT_OF_OTHERS: Final = {1: 4, 2: 58, 5: 5}
_PERCENT_OF_LOW: Final = 33

# Monday to Sunday. Alexandria: Sunday is lightest; how much lighter is an assumption, as is the mild summer.
_WEEKDAYS: Final = (1.01, 1.01, 1.02, 1.02, 1.06, 0.99, 0.89)
_SUMMER: Final = 0.06
_LONGEST_DAYS: Final = 196  # mid-July
# Days differ more than by chance: Alexandria's fullest had 76 low calls at 45 on average.
_UNEVEN: Final = 0.08
_STORM_GROWTH_OF_OTHERS: Final = 1.2  # an assumption: who can, stays at home

_YEARS = range(1971, 2199)  # what `starter/local_time.py` takes for a time, with room for what comes after receipt


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """A log: equal recipes make equal logs. `storm`: the first day is a storm day, on top of the ordinary counts."""

    seed: int
    first_day: date
    days: int
    storm: bool

    def __post_init__(self) -> None:
        if self.days < 1:
            raise LocalError(f"a log of {self.days} days: ask for one day or more")
        if self.first_day.year not in _YEARS or self.days > (date(_YEARS.stop, 1, 1) - self.first_day).days:
            raise LocalError(f"a log from {self.first_day} on of {self.days} days: days from 1971 to 2198 can be made")

    def day(self, index: int) -> date:
        return self.first_day + timedelta(days=index)

    def is_storm(self, index: int) -> bool:
        return self.storm and index == 0

    def dice(self, day: date, part: str) -> Random:
        """Chance of one part of one day, independent of all others: a day can be made without those before it.

        Seeded by a text, which `random` hashes with SHA-512: the same on every machine.
        """
        return Random(f"{self.seed} {day.isoformat()} {part}")  # noqa: S311  # to be repeatable is what it is for


def counts_by_day(recipe: Recipe) -> list[dict[int, int]]:
    """For each day the number of calls by priority.

    A year has exactly Ottawa's count, whether of 365 or 366 days; n days have n/365 of it, rounded: one has 751.
    """
    shares = [_share(recipe, index) for index in range(recipe.days)]
    counts: list[dict[int, int]] = [{} for _ in shares]
    for priority, total in _totals(recipe).items():
        for count, calls in zip(counts, _apportioned(total, shares), strict=True):
            count[priority] = calls
    if recipe.storm:
        counts[0] = {
            priority: round(calls * (growth_in_a_storm(priority) if priority in LOW else _STORM_GROWTH_OF_OTHERS))
            for priority, calls in counts[0].items()
        }
    return counts


def _totals(recipe: Recipe) -> dict[int, int]:
    first, after = recipe.first_day, recipe.day(recipe.days)
    leap_year = recipe.days == 366 and (first.month, first.day) == (after.month, after.day)
    years = Fraction(recipe.days, 366 if leap_year else 365)
    low = sum(_LOW_A_YEAR.values())
    a_year = _LOW_A_YEAR | {
        priority: Fraction(low * percent, _PERCENT_OF_LOW) for priority, percent in _PERCENT_OF_OTHERS.items()
    }
    return {priority: round(calls * years) for priority, calls in sorted(a_year.items())}


def _share(recipe: Recipe, index: int) -> float:
    day = recipe.day(index)
    season = 1 + _SUMMER * cos(2 * pi * (day.timetuple().tm_yday - _LONGEST_DAYS) / 365.25)
    return prod((_WEEKDAYS[day.weekday()], season, exp(recipe.dice(day, "share").gauss(0, _UNEVEN))))


def _apportioned(total: int, shares: list[float]) -> list[int]:
    """Whole numbers in proportion to `shares`, `total` together: the largest remainders are rounded up."""
    whole = sum(shares)
    exact = [total * share / whole for share in shares]
    counts = [int(number) for number in exact]
    by_remainder = sorted(range(len(shares)), key=lambda index: (counts[index] - exact[index], index))
    for index in by_remainder[: total - sum(counts)]:
        counts[index] += 1
    return counts
