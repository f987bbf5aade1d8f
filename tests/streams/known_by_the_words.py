"""What the records of one call say that arrived so far, merged by the words of the rules: half of `by_the_words`."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any, Final, Protocol

MINUTE: Final = timedelta(minutes=1)
TOLERANCE: Final = 10 * MINUTE  # by which a record may lie ahead of our clock
REPEAT: Final = 120 * MINUTE
FIRST_DELAY: Final = {3: 30 * MINUTE, 4: 60 * MINUTE}
NO_NUMBER: Final = "?"
"""What is told instead of a number that cannot be read."""
CASE_NUMBER: Final = re.compile(r"(?=.{1,30}$)(?=.*[0-9])[A-Za-z0-9]([A-Za-z0-9 #./:_-]*[A-Za-z0-9])?")
PAIRS: Final = {
    "type": ("call_type_code", "call_type_group"),
    "priority": ("priority_code", "priority"),
    "source": ("source_code", "source"),
    "disposition": ("disposition", "outcome"),
}
IN_PAIRS: Final = {name for pair in PAIRS.values() for name in pair}


class Record(Protocol):
    """What one record says: of `stamp` and number (E.164, `NO_NUMBER`, or none), and facts by their names."""

    @property
    def stamp(self) -> datetime | None: ...
    @property
    def phone(self) -> str | None: ...
    @property
    def facts(self) -> Mapping[str, Any]: ...


class Arrival(Protocol):
    """A record, and when it was heard."""

    @property
    def at(self) -> datetime: ...
    @property
    def record(self) -> Record: ...


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What an agency decides, as far as it is asked here. `allowed`: what a type reads as whose callers are texted."""

    allowed: frozenset[str]
    priorities: frozenset[int]
    sources: frozenset[str]
    after_received: timedelta
    after_hang_up: timedelta
    first_delay: Mapping[int, timedelta]
    repeat: timedelta
    not_surveyed: frozenset[str]
    only_after_arrival: bool = False


OTTAWA: Final = Rules(
    allowed=frozenset({"noise", "theft", "damage", "collision"}),
    priorities=frozenset(FIRST_DELAY),
    sources=frozenset({"resident"}),
    after_received=3 * MINUTE,
    after_hang_up=2 * MINUTE,
    first_delay=FIRST_DELAY,
    repeat=REPEAT,
    not_surveyed=frozenset({"unfounded", "arrest", "no_contact"}),
)


class Verdict(Enum):
    TEXT = "it may be texted"
    WAIT = "not now: what is known may change"
    END = "no, for good"


class Known:
    """What the records that arrived so far say, merged. A pair is a tuple of its code and its reading."""

    def __init__(self, rules: Rules = OTTAWA) -> None:
        self.rules = rules
        self.is_latched = self.is_cancelled = False
        self.numbers: set[str] = set()  # all that were ever told
        self._heard: set[str] = set()
        self._merged: dict[str, tuple[datetime, Any]] = {}

    # Merging

    def hear(self, arrival: Arrival) -> None:
        record, at = arrival.record, arrival.at.astimezone(UTC)
        written = json.dumps([str(record.stamp), record.phone, dict(record.facts)], sort_keys=True)
        if written in self._heard:
            return
        self._heard.add(written)
        facts: dict[str, Any] = {name: value for name, value in record.facts.items() if value is not None}
        times = {name: _utc(value) for name, value in facts.items() if name.endswith("_at")}
        stamp = record.stamp or max(times.values(), default=at)
        if stamp > at + TOLERANCE:
            stamp = at
        self.is_latched = self.is_latched or _silences(facts, self.rules)
        self.is_cancelled = self.is_cancelled or "cancelled" in facts
        told = {name: value for name, value in facts.items() if name not in IN_PAIRS} | dict(_pairs(facts))
        told |= {name: stamp if moment > at + TOLERANCE else moment for name, moment in times.items()}
        if record.phone is not None:
            told["phone"] = (record.phone, record.phone == NO_NUMBER or record.phone.startswith("+1911"))
            self.numbers |= {record.phone} - {NO_NUMBER}
        self._merge(told, stamp)

    def _merge(self, told: Mapping[str, Any], stamp: datetime) -> None:
        for name, value in told.items():
            old = self._merged.get(name)
            if name == "phone" and old is not None and stamp == old[0] and value[0] != old[1][0]:
                value = ("two numbers at one time", True)  # whose is it? Neither is texted
            if old is None or stamp > old[0] or (stamp == old[0] and _rank(name, value) > _rank(name, old[1])):
                self._merged[name] = (stamp, value)

    # Asking

    def told(self, name: str) -> Any:
        return self._merged[name][1] if name in self._merged else None

    def reading(self, pair: str) -> Any:
        return (self.told(pair) or (None, None))[1]

    def latest(self, *names: str) -> datetime | None:
        return max((self.told(name) for name in names if name in self._merged), default=None)

    def verdict(self) -> Verdict:
        """The first reason that speaks decides; the latch may be asked first, for it silences whatever comes before."""
        if self.is_latched:
            return Verdict.END
        if self.reading("type") is None or self.reading("priority") is None or self.reading("source") is None:
            return Verdict.WAIT
        if self.reading("source") not in self.rules.sources or self.is_cancelled:
            return Verdict.END
        is_fit = CASE_NUMBER.fullmatch(self.told("case_number") or "") is not None
        if self.told("received_at") is None or not is_fit or self.told("phone") is None:
            return Verdict.WAIT
        return Verdict.WAIT if self.reading("phone") else Verdict.TEXT

    def number(self) -> str:
        return str(self.told("phone")[0])

    def received_at(self) -> datetime:
        received_at: datetime = self.told("received_at")
        return received_at

    def cleared_at(self) -> datetime | None:
        """None where it is open."""
        cleared, reopened = self.latest("cleared_at"), self.latest("reopened_at")
        return None if cleared is None or (reopened is not None and reopened > cleared) else cleared

    def has_officer(self) -> bool:
        officer, taken_away = self.latest("dispatched_at", "arrived_at"), self.latest("requeued_at", "reopened_at")
        return officer is not None and (taken_away is None or taken_away <= officer)

    def waiting_since(self) -> datetime:
        return self.latest("received_at", "requeued_at", "reopened_at") or self.received_at()

    def confirmation_due(self, number: str) -> datetime:
        received, ended = self.received_at(), self.latest("call_ended_at")
        due = received + self.rules.after_received
        if ended is not None and ended > received - TOLERANCE:
            due = ended + self.rules.after_hang_up
        return max(due, self._merged["phone"][0]) if self.numbers - {number} else due

    def delay_due(self, place: int) -> datetime:
        """Of the notice before which there were `place` of this waiting."""
        return self.waiting_since() + self.rules.first_delay[self.reading("priority")] + place * self.rules.repeat

    def is_surveyed(self) -> bool:
        if self.rules.only_after_arrival and self.told("arrived_at") is None:
            return False
        return self.told("disposition") is None or self.reading("disposition") not in {None, *self.rules.not_surveyed}


def _utc(written: Any) -> datetime:
    return datetime.fromisoformat(written).astimezone(UTC)


def _pairs(facts: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Each pair that they tell; an empty reading is none."""
    for pair, (code, reading) in PAIRS.items():
        if code in facts or reading in facts:
            yield pair, (facts.get(code), None if facts.get(reading) == "" else facts.get(reading))


def _silences(facts: Mapping[str, Any], rules: Rules) -> bool:
    """Whether this alone silences the call for ever."""
    group, priority = facts.get("call_type_group"), facts.get("priority")
    is_outside = (priority not in (None, "") and priority not in rules.priorities) or (
        bool(group) and group not in rules.allowed
    )
    return facts.get("in_progress") is True or facts.get("safety_flag") is True or is_outside


def _rank(name: str, value: Any) -> tuple[bool, str]:
    """Of two values with one stamp the higher counts: the more silent one, else the one that is written higher."""
    if name in ("type", "priority"):
        is_silent = value[1] is None
    elif name in ("source", "disposition"):
        is_silent = value[1] != ("resident" if name == "source" else "ordinary")
    else:
        is_silent = bool(value[1] if name == "phone" else value)
    return is_silent, json.dumps(value, sort_keys=True, default=datetime.isoformat)
