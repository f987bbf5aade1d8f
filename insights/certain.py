"""What somebody calculates who has every number of a table that is shown, and knows that the others are not nought."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Final, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

Key = TypeVar("Key", bound=Hashable)
_MORE_THAN_ALL: Final = 10**6
_NEARLY: Final = 1e-6
_AT_RANDOM: Final = 8
"""Ways that are tried first: most differ in some of them."""


class Sum(Generic[Key]):
    """A sum that readers know: they see its parts beside their total. What it is short of, `rest`, is not shown
    anywhere, and has to be of enough people, or of none, as well."""

    def __init__(self, total: Key, parts: Iterable[Key], *, rest: int = 0) -> None:
        self.total = total
        self.parts = tuple(parts)
        self.rest = rest


def first_certain(
    counts: Mapping[Key, int],
    sums: Sequence[Sum[Key]],
    secrets: Mapping[Key, bool],
    at_least: int,
    *,
    doubtful: set[Key],
) -> Key | None:
    """A count of few that all sums together leave only one value for; `None`: there is none. `secrets`: what is not
    shown, and whether it is said to be of few. Of each is known that it is one at least, of one of few that it is less
    than `at_least`, and of another that it is not less. `doubtful`: those that are not certain, to which others are
    added here; more that is not shown leaves them so.

    In whole numbers, by linear programming. The truth is one way in which all can be; whatever differs in another way
    is not certain.
    """
    keys = list(secrets)
    told = [each for each in sums if any(key in secrets for key in (each.total, *each.parts))]
    ways = _Ways(counts, told, keys, [secrets[key] for key in keys], at_least)
    few = {column: key for column, key in enumerate(keys) if secrets[key] and key not in doubtful}
    chance = np.random.default_rng(len(keys))
    for _ in range(0 if doubtful or not few else _AT_RANDOM):
        differs = ways.differ(chance.normal(size=len(keys)))
        doubtful |= {key for column, key in few.items() if differs[column]}
        few = {column: key for column, key in few.items() if not differs[column]}
    for column, key in few.items():
        aim = np.zeros(len(keys))
        aim[column] = 1
        if not any(ways.differ(sign * aim)[column] for sign in (1, -1)):
            return key
        doubtful.add(key)
    return None


class _Ways(Generic[Key]):
    """All ways in which what is not shown can be: a column for each secret, and for each sum that is short of
    something."""

    def __init__(
        self,
        counts: Mapping[Key, int],
        told: Sequence[Sum[Key]],
        keys: Sequence[Key],
        are_few: Sequence[bool],
        at_least: int,
    ) -> None:
        from scipy.optimize import Bounds, LinearConstraint  # 0.8 s, only where figures are hidden
        from scipy.sparse import csc_array

        column_of = {key: column for column, key in enumerate(keys)}
        short = [place for place, each in enumerate(told) if each.rest]
        matrix, right = np.zeros((len(told), len(keys) + len(short))), np.zeros(len(told))
        for place, each in enumerate(told):
            for key, sign in ((each.total, 1), *((part, -1) for part in each.parts)):
                if key in column_of:
                    matrix[place, column_of[key]] += sign
                else:
                    right[place] -= sign * counts[key]
        for number, place in enumerate(short):
            matrix[place, len(keys) + number] = -1
        few = np.array([*are_few, *([False] * len(short))], dtype=np.bool_)
        least = np.where(few, 1, [*([at_least] * len(keys)), *([1] * len(short))])
        self._told = LinearConstraint(csc_array(matrix), right, right) if told else ()
        self._bounds = Bounds(least, np.where(few, at_least - 1, _MORE_THAN_ALL))
        self._truth = np.array([counts[key] for key in keys], dtype=np.int64)
        self._rests = len(short)

    def differ(self, aim: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Of the way in which `aim` is least, what differs from the truth."""
        aims = np.concatenate([aim, np.zeros(self._rests)])
        way = self._way(aims, whole=0)
        if not np.allclose(way, way.round(), atol=_NEARLY):  # hardly ever; and whole numbers take longer
            way = self._way(aims, whole=1)
        return np.asarray(way[: len(self._truth)].round() != self._truth)

    def _way(self, aims: NDArray[np.float64], *, whole: int) -> NDArray[np.float64]:
        from scipy.optimize import milp

        kinds = np.full(len(aims), whole, dtype=np.int64)
        found = milp(aims, constraints=self._told, bounds=self._bounds, integrality=kinds)
        if found.x is None:
            raise ValueError("what is shown contradicts itself")
        return np.asarray(found.x)
