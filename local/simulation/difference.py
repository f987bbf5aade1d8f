"""Two simulations of one log, compared: which calls change, and how. Pure; reads what `files.py` wrote."""

import csv
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Final

from calls.contracts import Kind
from local.simulation.files import DECISIONS, SUMMARY, TEXTS, csv_of, guarded
from local.simulation.outcome import SENT, Eligible

KINDS: Final = (Kind.CONFIRMATION, Kind.DELAY, Kind.SURVEY)


class Change(StrEnum):
    """What is different about a call; of several the first."""

    DECISION = "decision"
    """May be texted in one and not in the other, or by another rule."""
    TEXTS = "texts"
    """The same decision, other texts."""
    SEGMENTS = "segments"
    """The same texts, longer or shorter."""
    TIMES = "times"
    """The same texts at other times."""
    REASON = "reason"
    """The same rule and texts, another reason."""


@dataclass(frozen=True, kw_only=True)
class Sent:
    """A text that would have gone out."""

    kind: str
    sequence: int
    at: str
    segments: int


@dataclass(frozen=True, kw_only=True)
class SimulatedCall:
    """One call in one simulation."""

    eligible: str
    rule: str
    reason: str
    texts: tuple[Sent, ...] = ()

    @property
    def verdict(self) -> str:
        """The rule, in one phrase with whether the caller may be texted."""
        return self.rule if self.eligible != Eligible.YES else f"{self.rule} (texted)"

    def count(self, kind: Kind) -> int:
        """How many texts of this kind."""
        return sum(text.kind == kind for text in self.texts)

    @property
    def segments(self) -> int:
        return sum(text.segments for text in self.texts)


NOT_THERE: Final = SimulatedCall(eligible="", rule="not in this simulation", reason="")


@dataclass(frozen=True, kw_only=True)
class Side:
    """One simulation: its calls by id, in the order of the log."""

    version: str
    calls: Mapping[str, SimulatedCall]
    price: tuple[Decimal, str] | None
    """Of a segment, with its currency."""

    def texts(self, kind: Kind) -> int:
        return sum(call.count(kind) for call in self.calls.values())

    @property
    def eligible(self) -> int:
        return sum(call.eligible == Eligible.YES for call in self.calls.values())

    @property
    def segments(self) -> int:
        return sum(call.segments for call in self.calls.values())

    @property
    def cost(self) -> Decimal | None:
        return None if self.price is None else self.segments * self.price[0]


@dataclass(frozen=True, kw_only=True)
class ChangedCall:
    """A call that the two simulations do not agree on."""

    call_id: str
    change: Change
    before: SimulatedCall
    after: SimulatedCall


def read_side(folder: Path) -> Side:
    """What a simulation has left in its folder."""
    texts: dict[str, list[Sent]] = {}
    for row in _rows(folder / TEXTS):
        if row["outcome"] == SENT:
            text = Sent(
                kind=row["kind"], sequence=int(row["sequence"]), at=row["sent_at"], segments=int(row["segments"] or 0)
            )
            texts.setdefault(row["call_id"], []).append(text)
    calls = {
        row["call_id"]: SimulatedCall(
            eligible=row["eligible"],
            rule=row["rule"],
            reason=row["reason"],
            texts=tuple(sorted(texts.get(row["call_id"], ()), key=lambda text: (text.at, text.kind, text.sequence))),
        )
        for row in _rows(folder / DECISIONS)
    }
    summary = json.loads((folder / SUMMARY).read_text(encoding="utf-8"))
    price = summary["segment_price"]
    return Side(
        version=summary["policy_version"],
        calls=calls,
        price=None if price is None else (Decimal(price["amount"]), price["currency"]),
    )


def changed_calls(before: Side, after: Side) -> list[ChangedCall]:
    """Every call that is not the same in both, in the order of the log."""
    changed: list[ChangedCall] = []
    for call_id in dict.fromkeys([*before.calls, *after.calls]):
        one, other = before.calls.get(call_id, NOT_THERE), after.calls.get(call_id, NOT_THERE)
        change = _change(one, other)
        if change is not None:
            changed.append(ChangedCall(call_id=call_id, change=change, before=one, after=other))
    return changed


def moves(changed: Sequence[ChangedCall]) -> list[tuple[str, str, int]]:
    """From which verdict to which, and how many calls; the most first."""
    counted = Counter((call.before.verdict, call.after.verdict) for call in changed if call.change is Change.DECISION)
    return [(*pair, count) for pair, count in sorted(counted.items(), key=lambda item: (-item[1], item[0]))]


def changed_csv(changed: Sequence[ChangedCall]) -> str:
    """One line for each changed call."""
    of_side = ("eligible", "rule", "reason", *(kind.value for kind in KINDS), "segments")
    columns = ("call_id", "change", *(f"{name}_before" for name in of_side), *(f"{name}_after" for name in of_side))
    return csv_of(columns, ((call.call_id, call.change, *_cells(call.before), *_cells(call.after)) for call in changed))


def _cells(call: SimulatedCall) -> tuple[object, ...]:
    return call.eligible, call.rule, guarded(call.reason), *(call.count(kind) for kind in KINDS), call.segments


def _change(one: SimulatedCall, other: SimulatedCall) -> Change | None:
    if one == other:
        return None
    if one.verdict != other.verdict:
        return Change.DECISION
    if [text.kind for text in one.texts] != [text.kind for text in other.texts]:
        return Change.TEXTS
    if one.segments != other.segments:
        return Change.SEGMENTS
    return Change.TIMES if one.texts != other.texts else Change.REASON


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
