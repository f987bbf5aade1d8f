"""Somebody who has every number of a table, every sum of it, and our source; and calculates what is not shown."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from random import Random

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

from insights.small import Hidden, Sum

_NO_END = 10_000


@dataclass(frozen=True, kw_only=True)
class Guess:
    """What a count that is not shown may be: from `least` to `most`."""

    least: int
    most: int

    @property
    def is_certain(self) -> bool:
        return self.least == self.most


def guesses(
    counts: Mapping[Hashable, int],
    sums: Sequence[Sum[Hashable]],
    why: Mapping[Hashable, Hidden],
    *,
    at_least: int,
    most: int = 1000,
) -> dict[Hashable, Guess]:
    """Of each count of few (of `most` of them, drawn by lot), by linear programming in whole numbers: all sums,
    and what the words say, that one of few is less than `at_least` and another is not. What a sum is short of is known
    to be there, no more."""
    unknown = [*why, *(("rest", place) for place, each in enumerate(sums) if each.rest)]
    number = {key: place for place, key in enumerate(unknown)}
    rows, rights = [], []
    for place, each in enumerate(sums):
        row, right = np.zeros(len(unknown)), 0
        for key, sign in ((each.total, 1), *((part, -1) for part in each.parts)):
            if key in why:
                row[number[key]] += sign
            else:
                right -= sign * counts[key]
        if each.rest:
            row[number["rest", place]] -= 1
        if row.any():
            rows.append(row)
            rights.append(right)
    low = np.ones(len(unknown))
    high = np.array([at_least - 1 if why.get(key) is Hidden.FEW else _NO_END for key in unknown], dtype=float)
    low[[number[key] for key, reason in why.items() if reason is not Hidden.FEW]] = at_least
    said = [LinearConstraint(np.array(rows), rights, rights)] if rows else []
    found = {}
    few = [key for key, reason in why.items() if reason is Hidden.FEW]
    for key in Random(len(few)).sample(few, min(most, len(few))):
        aim = np.zeros(len(unknown))
        aim[number[key]] = 1
        whole = np.ones(len(unknown), dtype=np.int64)
        ends = [milp(sign * aim, constraints=said, bounds=Bounds(low, high), integrality=whole) for sign in (1, -1)]
        ways = [end.x for end in ends if end.x is not None]
        assert len(ways) == 2, "what is shown is true"
        values = [round(float(way[number[key]])) for way in ways]
        found[key] = Guess(least=values[0], most=values[1])
    return found
