"""What was measured: a line of JSON for each measurement, and medians of them."""

import json
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

Key = tuple[str | float | None, ...]
By = tuple[str, ...]
"""What tells one row from another: `case`, `contestant`, or the name of a figure, as `open`."""
Machine = Mapping[str, str]
"""What was measured on: facts by their names."""
TELL_MACHINES_APART: Final = ("Processor", "Memory", "System")


@dataclass(frozen=True, kw_only=True)
class Line:
    """One measurement."""

    case: str
    contestant: str
    round: int
    figures: Mapping[str, float]
    measured: str = ""
    """When it was done, in UTC."""
    commit: str = ""
    machine: int = 0
    """On which of the results' machines."""

    def key(self, by: By) -> Key:
        of_line = {"case": self.case, "contestant": self.contestant}
        return tuple(of_line[name] if name in of_line else self.figures.get(name) for name in by)


@dataclass(frozen=True)
class Spread:
    """The median of some rounds, the lowest and the highest."""

    median: float
    low: float
    high: float
    rounds: int

    @classmethod
    def of(cls, values: Iterable[float]) -> Self:
        some = sorted(values)
        return cls(median=statistics.median(some), low=some[0], high=some[-1], rounds=len(some))


class NotMeasured(Exception):  # noqa: N818 - what is the matter
    """There is no such line, or no such figure in it."""


@dataclass(frozen=True)
class Results:
    """All lines, and what they were measured on: a machine's line in the file says it of those that follow."""

    lines: Sequence[Line]
    machines: Sequence[Machine]

    @classmethod
    def read(cls, path: Path) -> Self:
        """From a file; one that is not there has no lines.

        Raises:
            ValueError: a line is no measurement, or a case was measured on two machines.
        """
        told = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []
        machines: list[Machine] = []
        lines: list[Line] = []
        here = 0
        for one in told:
            if "facts" in one:
                here = _place_of(one["facts"], machines)
            else:
                lines.append(_line(one, machine=here))
        for case in {line.case for line in lines}:
            if len({line.machine for line in lines if line.case == case}) > 1:
                raise ValueError(f"{case} was measured on two machines, whose figures cannot be compared")
        return cls(lines=lines, machines=machines)

    def of(self, case: str | Sequence[str]) -> list[Line]:
        """The lines of a case, or of some, in their order."""
        cases = [case] if isinstance(case, str) else case
        return [line for one in cases for line in self.lines if line.case == one]

    def chosen(self, case: str, contestant: str, where: Mapping[str, float]) -> list[Line]:
        """A contestant's lines of a case, of which each has these figures."""
        return [
            line
            for line in self.of(case)
            if line.contestant == contestant and all(line.figures.get(name) == value for name, value in where.items())
        ]

    def spread(self, figure: str, chosen: Iterable[Line]) -> Spread | None:
        """Of a figure in these lines; None: none has it."""
        values = [line.figures[figure] for line in chosen if figure in line.figures]
        return Spread.of(values) if values else None

    def ratio(self, figure: str, chosen: Iterable[Line], others: Iterable[Line]) -> Spread | None:
        """Of a figure in each round to that of the others in the same round; None: no round has both."""
        of_others = _by_round(figure, others)
        ratios = [
            value / of_others[round_] for round_, value in _by_round(figure, chosen).items() if of_others.get(round_)
        ]
        return Spread.of(ratios) if ratios else None


def _place_of(facts: Machine, machines: list[Machine]) -> int:
    """Another release of a library is no other machine."""
    for place, known in enumerate(machines):
        if all(facts.get(fact) == known.get(fact) for fact in TELL_MACHINES_APART):
            return place
    machines.append(facts)
    return len(machines) - 1


def _line(told: Mapping[str, Any], *, machine: int) -> Line:
    return Line(
        case=told["case"],
        contestant=told["contestant"],
        round=told["round"],
        figures=told["figures"],
        measured=told.get("measured", ""),
        commit=told.get("commit", ""),
        machine=machine,
    )


def _by_round(figure: str, lines: Iterable[Line]) -> dict[int, float]:
    found: dict[int, float] = {}
    for line in lines:
        if figure in line.figures:
            if line.round in found:
                raise ValueError(f"{line.case}, {line.contestant}: round {line.round} has {figure} twice")
            found[line.round] = line.figures[figure]
    return found


def number(value: float) -> str:
    """Three digits, as people write them."""
    if value == round(value) or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def times(ratio: float) -> str:
    """A ratio, to two digits behind the point."""
    return f"{ratio:.2f}" if ratio < 10 else number(ratio)


def range_of(spread: Spread, say: Callable[[float], str] = number) -> str:
    """The median, and behind it the lowest and the highest where they differ."""
    if spread.low == spread.high:
        return say(spread.median)
    return f"{say(spread.median)} ({say(spread.low)} to {say(spread.high)})"
