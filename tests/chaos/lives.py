"""The calls of a log as its CAD pushes them, record by record, squeezed into the time of a run, and some spoilt."""

import math
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from starter.csv_log import LoggedCall
from starter.fictional_numbers import fictional_number

_STEPS: Final = ("queued_at", "call_ended_at", "dispatched_at", "arrived_at", "cleared_at", "reopened_at")
_CODES: Final = {
    "case_number": "case_number",
    "priority": "priority_code",
    "source": "source_code",
    "language": "language_code",
}
_REASONS: Final = ("cancelled", "duplicate", "merged", "transferred", "test")
_OTHERS_NUMBERS: Final = 20_000
"""Numbers from here on are those that a call is corrected to."""

Record = dict[str, Any]
Dated = tuple[datetime, Record]


@dataclass(frozen=True, kw_only=True)
class Frame:
    """Into which the lives are squeezed: receipts from `begins` on, within `received_within`; lives."""

    begins: datetime
    received_within: timedelta
    longest: timedelta
    later: tuple[timedelta, timedelta]
    """By which everything after receipt comes later than it did, at least and at most: what an officer ends within the
    minutes of an outage is told to nobody."""


def records_of(calls: Sequence[LoggedCall], frame: Frame, dice: random.Random) -> list[Dated]:
    """Every record of these calls with the time at which CAD knows it, in that order."""
    first, last = calls[0].received_at, calls[-1].received_at
    told: list[Dated] = []
    for index, call in enumerate(calls):
        share = (call.received_at - first) / max(last - first, timedelta(seconds=1))
        received = frame.begins + frame.received_within * share
        life = _Life(call, received, _squeezed(call, received, frame, dice), dice)
        told += life.records(_phone(call, index, dice))
    return sorted(told, key=lambda one: one[0])


def _phone(call: LoggedCall, index: int, dice: random.Random) -> str:
    """Some people call more than once."""
    return fictional_number(dice.randrange(index + 1) if dice.random() < 0.06 else index)


def _squeezed(
    call: LoggedCall, received: datetime, frame: Frame, dice: random.Random
) -> Callable[[datetime], datetime]:
    """The first half of the longest life passes as it was, what comes after it ever faster, in its order."""
    half, (least, most) = frame.longest / 2, frame.later
    later = least + (most - least) * dice.random()

    def squeezed(moment: datetime) -> datetime:
        passed = moment - call.received_at
        if passed <= timedelta(0):
            return received + passed
        if passed > half:
            passed = half + half * (1 - math.exp(-((passed - half) / half)))
        return received + later + passed

    return squeezed


class _Life:
    """One call. What the log does not tell, and CAD systems do, is diced for."""

    def __init__(
        self, call: LoggedCall, received: datetime, moved: Callable[[datetime], datetime], dice: random.Random
    ) -> None:
        self._call, self._received, self._moved, self._dice = call, received, moved, dice

    def records(self, phone: str) -> Iterator[Dated]:
        first, *further = self._call.rows or (self._call,)
        yield self._snapshot(self._received, self._received_record(first, phone))
        for row in further:
            told = self._received_record(row, None) | {"received_at": None}
            yield self._snapshot(max(self._moved(row.received_at), self._received), told)
        for row in (first, *further):
            yield from self._end_of(row)
        yield from self._steps()
        yield from self._further(phone)

    def _received_record(self, row: LoggedCall, phone: str | None) -> Record:
        codes = {name: getattr(row, cell) for name, cell in _CODES.items()}
        codes["source"] = codes["source"] or ""  # a blank is one of New York's codes
        call_type = row.call_type_code or row.final_call_type_code
        return {**codes, "call_type": call_type, "phone": phone, "received_at": self._received.isoformat()}

    def _end_of(self, row: LoggedCall) -> Iterator[Dated]:
        """Its last type and disposition, which a log has from the start, are known when it is over."""
        over = self._moved(max(row.cleared_at or self._call.received_at, self._call.received_at))
        if row.final_call_type_code not in (None, row.call_type_code or row.final_call_type_code):
            yield self._snapshot(over, {"call_type": row.final_call_type_code})
        if row.disposition is not None and row.cleared_at is not None:
            yield self._snapshot(over, {"disposition": row.disposition})

    def _steps(self) -> Iterator[Dated]:
        steps = [(name, getattr(self._call, name)) for name in _STEPS]
        for name, moment in (*steps, ("cleared_at", self._call.finally_cleared_at)):
            if moment is not None:
                at = max(self._moved(moment), self._received)
                yield self._event(at, name)

    def _event(self, at: datetime, name: str) -> Dated:
        """As a partial snapshot, or as an event."""
        step = name.removesuffix("_at")
        if step not in {"queued", "call_ended"} and self._dice.random() < 0.3:
            return at, {"cad_id": self._call.cad_id, "event": step, "at": at.isoformat()}
        return self._snapshot(at, {name: at.isoformat()})

    def _further(self, phone: str) -> Iterator[Dated]:
        """What a published log leaves out: at most two such things to a call."""
        for _ in range(2):
            chance = self._dice.random()
            at = self._received + timedelta(minutes=self._dice.uniform(0.5, 60))
            if chance < 0.03:
                yield self._snapshot(at, {self._dice.choice(["in_progress", "safety_flag"]): True})
            elif chance < 0.06:
                yield self._snapshot(at, {"cancelled": self._dice.choice(_REASONS)})
            elif chance < 0.10:
                other = fictional_number(_OTHERS_NUMBERS + int(phone[-2:]) + self._dice.randrange(40) * 100)
                yield self._snapshot(at, {"phone": self._dice.choice([other, other, other[2:], "unknown"])})
            elif chance < 0.14:
                yield self._event(at, "dispatched_at")
                again = at + timedelta(minutes=self._dice.uniform(1, 10))
                yield self._event(again, "requeued_at")
                yield self._event(again + timedelta(minutes=self._dice.uniform(5, 60)), "dispatched_at")
            elif chance < 0.16:
                yield self._snapshot(at, {"priority": self._dice.choice([self._call.priority_code or "4", "1", "9"])})
            elif chance < 0.18:
                yield self._snapshot(at, {"language": self._dice.choice(["en", "fr"])})
            elif chance < 0.21 and self._call.cleared_at is not None:
                over = max(self._moved(self._call.cleared_at), self._received)
                reopened = over + timedelta(minutes=self._dice.uniform(1, 30))
                yield self._event(reopened, "reopened_at")
                if self._dice.random() < 0.8:
                    yield self._event(reopened + timedelta(minutes=self._dice.uniform(1, 40)), "cleared_at")

    def _snapshot(self, at: datetime, told: Record) -> Dated:
        known = {name: value for name, value in told.items() if value is not None}
        return at, {"cad_id": self._call.cad_id, "updated_at": at.isoformat(), **known}
