"""Whom we do not reach: calls whose callers were to be told, by what became of that.

By whole months, and by one thing at a time: whatever else is asked for, two pages are of the same calls or of none in
common, and no figure of few is the difference of two (docs/decisions/0030-figures-of-few.md).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from insights.breakdown import Shown
from insights.counts import Counts
from insights.small import Sum, hidden
from insights.wilson import Share, share


class Reached(StrEnum):
    """What became of the first text of a call that was otherwise to be texted."""

    REACHED = "reached"
    """Delivered, says the carrier."""
    NO_NUMBER = "no_number"
    UNTEXTABLE = "untextable"
    """A number that no text can, or may, go to."""
    LANDLINE = "landline"
    """It could not take the text, or an earlier one."""
    OPTED_OUT = "opted_out"
    NOT_DELIVERED = "not_delivered"
    NOT_KNOWN = "not_known"
    """It went out, and the carrier never said what became of it."""
    HELD_BACK = "held_back"
    """By another rule, or it would have been too late."""


TABLES: Final = ("area", "group", "language", "priority")
CONTEXT: Final = ("month", *TABLES)
_TOTAL: Final = "total"
_Key = tuple[str, str, str]


@dataclass(frozen=True, kw_only=True)
class Line:
    """`value`: an area, a group …; empty for calls of which none is told. `total`: all calls; `missed`: the share that
    was not reached, where that is shown."""

    value: str
    total: Shown
    counts: Mapping[Reached, Shown]
    missed: Share | None


@dataclass(frozen=True, kw_only=True)
class Reach:
    whole: Line
    parts: Mapping[str, Sequence[Line]]


def reach(counts: Counts, *, at_least: int) -> Reach:
    """Tables with one line of totals, looked through together. `counts`: of one month, by `CONTEXT`, of the kinds
    `Reached`."""
    kinds = {(name, value): found for name in TABLES for value, found in counts.by(name).items()}
    kinds["", ""] = counts.total()
    all_kinds = [*(kind.value for kind in Reached), _TOTAL]
    found: dict[_Key, int] = {}
    for (name, value), of in kinds.items():
        found |= {(name, value, kind): of.get(kind, 0) for kind in all_kinds}
        found[name, value, _TOTAL] = sum(of.get(kind.value, 0) for kind in Reached)
    sums = [Sum((*place, _TOTAL), [(*place, kind.value) for kind in Reached]) for place in kinds]
    for name in TABLES:
        values = [value for table, value in kinds if table == name]
        sums += [Sum(("", "", kind), [(name, value, kind) for value in values]) for kind in all_kinds]
    why = hidden(found, sums, at_least=at_least)
    shown: dict[_Key, Shown] = {key: why.get(key, count) for key, count in found.items()}
    return Reach(
        whole=_line("", "", shown),
        parts={name: [_line(name, value, shown) for table, value in kinds if table == name] for name in TABLES},
    )


def _line(name: str, value: str, shown: Mapping[_Key, Shown]) -> Line:
    total, reached = shown[name, value, _TOTAL], shown[name, value, Reached.REACHED.value]
    return Line(
        value=value,
        total=total,
        counts={kind: shown[name, value, kind.value] for kind in Reached},
        missed=share(total - reached, total) if isinstance(total, int) and isinstance(reached, int) else None,
    )
