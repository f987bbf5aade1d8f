"""What somebody calculates who has every number of a table that is shown, and knows that the others are not nought."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Final, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp

Key = TypeVar("Key", bound=Hashable)
_MORE_THAN_ALL: Final = 10**9


class Sum(Generic[Key]):
    """A sum that readers know: they see its parts beside their total. What it is short of, `rest`, is not shown
    anywhere, and has to be of enough people, or of none, as well."""

    def __init__(self, total: Key, parts: Iterable[Key], *, rest: int = 0) -> None:
        self.total = total
        self.parts = tuple(parts)
        self.rest = rest


def first_certain(
    counts: Mapping[Key, int], sums: Sequence[Sum[Key]], secrets: Mapping[Key, bool], at_least: int
) -> Key | None:
    """A count of few that all sums together leave only one value for; `None`: there is none. `secrets`: what is not
    shown, and whether it is said to be of few. Of each is known that it is one at least, of one of few that it is less
    than `at_least`, and of another that it is not less."""
    columns = {key: column for column, key in enumerate(secrets)}
    told = [each for each in sums if any(key in secrets for key in (each.total, *each.parts))]
    rests = {place: len(columns) + n for n, place in enumerate(place for place, each in enumerate(told) if each.rest)}
    if not told or not any(secrets.values()):
        return None
    matrix = np.zeros((len(told), len(columns) + len(rests)))
    right = np.zeros(len(told))
    for place, each in enumerate(told):
        for key, sign in ((each.total, 1), *((part, -1) for part in each.parts)):
            if key in secrets:
                matrix[place, columns[key]] += sign
            else:
                right[place] -= sign * counts[key]
        if place in rests:
            matrix[place, rests[place]] = -1
    few = np.array([*secrets.values(), *([False] * len(rests))])
    least = np.where(few, 1, [*([at_least] * len(columns)), *([1] * len(rests))])
    most = np.where(few, at_least - 1, _MORE_THAN_ALL)
    found = _one_valued(LinearConstraint(matrix, right, right), least, most, np.flatnonzero(few))
    return None if found is None else list(secrets)[found]


def _one_valued(
    told: LinearConstraint, least: NDArray[np.int64], most: NDArray[np.int64], few: NDArray[np.int64]
) -> int | None:
    """The first of `few` that has the same value in all whole numbers that are possible."""
    bounds, whole = Bounds(least, most), np.ones(len(least), dtype=np.int64)
    low, high = np.full(len(least), np.inf), np.full(len(least), -np.inf)
    for place in few:
        for sign in (1, -1):
            if low[place] < high[place]:  # seen with two values, where another one was asked about
                break
            aim = np.zeros(len(least))
            aim[place] = sign
            found = milp(aim, constraints=told, bounds=bounds, integrality=whole)
            if not found.success:
                return None  # what is shown leaves nothing at all: more was hidden than is few
            low, high = np.minimum(low, found.x.round()), np.maximum(high, found.x.round())
        else:
            if low[place] == high[place]:
                return int(place)
    return None
