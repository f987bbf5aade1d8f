"""A linear programme of many small parts: of each unknown the least and the most that fits everything known."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, cast

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:  # 0.8 s at the start of every worker, for what it does once a quarter
    from scipy.sparse import csr_array

_NOUGHT: Final = 1e-6
_HELPS: Final = 0.7
"""Of those that are not known yet so few are left: it is worth to try once more with all together."""
Numbers = NDArray[np.float64]
Which = NDArray[np.bool_]


class CannotBe(Exception):  # noqa: N818 - an outcome
    """Nothing fits all that is said."""


@dataclass
class Program:
    """Unknowns with bounds, and sums of them that are so much or less."""

    low: list[float] = field(default_factory=list)
    high: list[float] = field(default_factory=list)
    _rows: list[Mapping[int, float]] = field(default_factory=list)
    _at_most: list[float] = field(default_factory=list)

    def unknown(self, low: float, high: float) -> int:
        """A new one, between the two."""
        self.low.append(low)
        self.high.append(high)
        return len(self.low) - 1

    def at_most(self, terms: Mapping[int, float], bound: float = 0) -> None:
        """The sum of unknowns times coefficients is `bound` or less."""
        self._rows.append(terms)
        self._at_most.append(bound)

    def equal(self, terms: Mapping[int, float], bound: float) -> None:
        self.at_most(terms, bound)
        self.at_most({one: -by for one, by in terms.items()}, -bound)

    def intervals(self, *, enough: float) -> tuple[list[float], list[float]]:
        """The least and the most of each unknown. Of one whose interval is `enough` wide or wider, it may be wider than
        is said: two solutions have been found that lie so far apart.

        Raises:
            CannotBe: nothing fits.
        """
        if not self.low:
            return [], []
        search = _Search(self, enough=enough)
        search.run()
        return search.least.tolist(), search.most.tolist()

    def matrix(self) -> "csr_array[np.float64]":
        """A row for each sum, a column for each unknown."""
        from scipy.sparse import csr_array

        rows = [number for number, terms in enumerate(self._rows) for _ in terms]
        columns = [one for terms in self._rows for one in terms]
        values = [by for terms in self._rows for by in terms.values()]
        shape = (len(self._rows), len(self.low))
        return csr_array((np.array(values, dtype=np.float64), (rows, columns)), shape=shape)

    def at_most_of(self, rows: NDArray[np.int64]) -> Numbers:
        """What the sums of these rows are at most."""
        return np.array(self._at_most, dtype=np.float64)[rows]


class _Search:
    """Whatever a solution has at its bound is known: it cannot be less, or more. So all unknowns are made small
    together, and large, as long as that helps; then each of the others by itself, one of each part at once: unknowns
    that no row brings together do not hinder each other."""

    def __init__(self, program: Program, *, enough: float) -> None:
        from scipy.sparse.csgraph import connected_components

        self._program = program
        self._enough = enough
        self._matrix = program.matrix()
        self._low, self._high = np.array(program.low, dtype=np.float64), np.array(program.high, dtype=np.float64)
        self.least, self.most = np.full(len(self._low), np.inf), np.full(len(self._low), -np.inf)
        self._proved: dict[int, Which] = {sign: np.zeros(len(self._low), dtype=np.bool_) for sign in (1, -1)}
        together = abs(self._matrix.T @ self._matrix) if self._matrix.shape[0] else self._matrix.T @ self._matrix
        self._parts: NDArray[np.int64] = np.asarray(connected_components(together, directed=False)[1], dtype=np.int64)

    def run(self) -> None:
        for sign in (1, -1):
            self._look(sign, np.arange(len(self._low)), np.arange(len(self._low)))
        for sign in (1, -1):
            together = True
            while len(left := np.flatnonzero(self._open(sign))):
                one_of_each = left[np.unique(self._parts[left], return_index=True)[1]]
                looked_at = left if together else one_of_each
                self._look(sign, looked_at, np.flatnonzero(np.isin(self._parts, self._parts[left])))
                if not together:
                    self._proved[sign][one_of_each] = True
                together = together and bool(np.count_nonzero(self._open(sign)) < _HELPS * len(left))

    def _open(self, sign: int) -> Which:
        at_bound = self.least <= self._low + _NOUGHT if sign > 0 else self.most >= self._high - _NOUGHT
        is_open: Which = ~at_bound & ~self._proved[sign] & (self.most - self.least < self._enough - _NOUGHT)
        return is_open

    def _look(self, sign: int, at: NDArray[np.int64], columns: NDArray[np.int64]) -> None:
        """Make these small (`sign` 1) or large. `columns`: those of all their parts."""
        from scipy.optimize import linprog

        cost = np.zeros(len(self._low))
        cost[at] = sign
        some = self._matrix[:, columns]
        rows = np.flatnonzero(np.diff(some.indptr)).astype(np.int64)
        found = linprog(
            cost[columns],
            A_ub=cast("Numbers", some[rows]) if len(rows) else None,  # the stubs know of no sparse one
            b_ub=self._program.at_most_of(rows) if len(rows) else None,
            bounds=np.column_stack([self._low[columns], self._high[columns]]).tolist(),
            method="highs",
        )
        if found.x is None:
            raise CannotBe(found.message)
        self.least[columns] = np.minimum(self.least[columns], found.x)
        self.most[columns] = np.maximum(self.most[columns], found.x)
