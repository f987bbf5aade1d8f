"""Counts by context: so many of each kind, for each combination of what is known of them. Small, and quick to cut."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Counts:
    """`keys[name]`: of each row, which of `values[name]` it is (sorted). `table`: the rows' counts, a column each
    kind."""

    values: Mapping[str, Sequence[str]]
    keys: Mapping[str, NDArray[np.int32]]
    columns: Mapping[str, int]
    table: NDArray[np.int64]

    @classmethod
    def of(cls, names: Sequence[str], counted: Iterable[tuple[tuple[str, ...], str, int]]) -> "Counts":
        """`counted`: the values of `names`, the kind, and how many. The same again is added."""
        rows: dict[tuple[str, ...], int] = {}
        columns: dict[str, int] = {}
        cells: Counter[tuple[int, int]] = Counter()
        for context, kind, count in counted:
            row = rows.setdefault(context, len(rows))
            cells[row, columns.setdefault(kind, len(columns))] += count
        table = np.zeros((len(rows), len(columns)), dtype=np.int64)
        for (row, column), count in cells.items():
            table[row, column] = count
        values = {name: sorted({context[place] for context in rows}) for place, name in enumerate(names)}
        keys = {}
        for place, name in enumerate(names):
            number = {value: at for at, value in enumerate(values[name])}
            keys[name] = np.array([number[context[place]] for context in rows], dtype=np.int32)
        return cls(values=values, keys=keys, columns=columns, table=table)

    def cut(
        self, equal: Mapping[str, str | None], *, between: tuple[str, str | None, str | None] | None = None
    ) -> "Counts":
        """Only the rows with these values (`None`: any), and with one value between two others, both included."""
        mask: Mask = np.ones(len(self.table), dtype=np.bool_)
        for name, value in equal.items():
            if value is not None:
                mask &= self.keys[name] == _place(self.values[name], value)
        if between is not None:
            name, first, last = between
            fits = [
                (first is None or value >= first) and (last is None or value <= last) for value in self.values[name]
            ]
            mask &= np.array(fits, dtype=np.bool_)[self.keys[name]] if fits else False
        keys = {name: key[mask] for name, key in self.keys.items()}
        return Counts(values=self.values, keys=keys, columns=self.columns, table=self.table[mask])

    def total(self) -> dict[str, int]:
        """By kind."""
        return self._named(self.table.sum(axis=0))

    def by(self, name: str) -> dict[str, dict[str, int]]:
        """By one part of the context, in order: those values that a row has."""
        sums = np.zeros((len(self.values[name]), len(self.columns)), dtype=np.int64)
        np.add.at(sums, self.keys[name], self.table)
        present = np.unique(self.keys[name])
        return {self.values[name][place]: self._named(sums[place]) for place in present}

    def _named(self, sums: NDArray[np.int64]) -> dict[str, int]:
        return {kind: int(sums[column]) for kind, column in self.columns.items()}


def _place(values: Sequence[str], value: str) -> int:
    return values.index(value) if value in values else -1
