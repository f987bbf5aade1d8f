"""A made-up city's calls a day, for eight years: 116 areas and 8 groups, with weekdays, seasons, storms and bad luck.

The figures are those of a public count: 751 calls a day; the median series has half a call a day.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

AREAS: Final = 116
GROUPS: Final = 8
_CALLS_A_DAY: Final = 751.0
_SHAPE: Final = 12.0
"""Of a day's rate around its mean, series by series: somewhat more than chance."""
_WEEKDAYS: Final = np.array([0.96, 0.95, 0.97, 0.99, 1.06, 1.08, 0.99])


@dataclass(frozen=True)
class City:
    """`rates` and `by_day`: a row a series."""

    rates: NDArray[np.float64]
    by_day: NDArray[np.int64]


def a_city(seed: int, *, days: int) -> City:
    """One city, with nothing planted."""
    draw = np.random.default_rng(seed)
    weights = draw.lognormal(0, 1.1, size=AREAS * GROUPS)
    rates = weights / weights.sum() * _CALLS_A_DAY
    day = np.arange(days)
    season = 1 + 0.18 * np.sin(2 * np.pi * (day - 100) / 365.25)
    shocks = np.where(draw.random(days) < 0.02, draw.uniform(1.3, 2.0, size=days), 1.0)
    city = _WEEKDAYS[day % 7] * season * shocks
    luck = draw.gamma(_SHAPE, 1 / _SHAPE, size=(rates.size, days))
    return City(rates=rates, by_day=draw.poisson(rates[:, None] * city[None, :] * luck))
