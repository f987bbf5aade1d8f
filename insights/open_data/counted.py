"""What the tables say of a quarter, before anything is rounded."""

from collections.abc import Mapping
from dataclasses import dataclass, field

ANSWERED = ""
"""In place of an option: who answered the question at all."""


@dataclass(frozen=True, kw_only=True)
class CallCounts:
    """Calls of one area and priority. `known`: that a public list has, whatever became of them; the others are among
    them. `told`: whose caller was told of a delay once at least, twice at least, and so on."""

    known: int
    eligible: int = 0
    sent: int = 0
    delivered: int = 0
    told: tuple[int, ...] = ()
    invited: int = 0


@dataclass(frozen=True, kw_only=True)
class QuarterCounts:
    """`calls`: by area, as CAD calls it, and priority. `answers`: by question and option (`ANSWERED`). `by_area`: the
    sample of them (decision 0033), by area, question and option."""

    calls: Mapping[tuple[str | None, int], CallCounts]
    opt_outs: int = 0
    answers: Mapping[tuple[str, str], int] = field(default_factory=dict)
    by_area: Mapping[tuple[str, str, str], int] = field(default_factory=dict)
