"""The calls of a campaign, each with what will happen to it, and what its caller must be told because of that."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from calls.contracts import Kind
from starter.records import CadRecord
from tests.builders import minutes, some_facts

_AREA_CODES: Final = (
    *(613, 343, 416, 647, 437, 905, 289, 365, 519, 226, 548, 705, 249, 807, 514, 438, 450, 579, 819, 873),
    *(418, 581, 367, 604, 778, 236, 250, 403, 587, 780, 825, 306, 639, 204, 431, 506, 902, 782, 709, 867),
)
NOT_CADS: Final = {"agency", "cad_id", "in_progress", "safety_flag", "recipient_version", "held"}


@dataclass(frozen=True, kw_only=True)
class Fate:
    """What happens to a call, in minutes after receipt, and the texts that its caller must get: these and no others."""

    happens: tuple[tuple[str, float], ...]
    owed: frozenset[Kind] = frozenset()
    becomes: tuple[tuple[str, object], ...] = ()
    """Facts that come with what happens first."""


def fates(*, patience: float) -> Mapping[Fate, int]:
    """What may happen, and how often. Between one text's due time and what would make it untrue lie `patience` minutes:
    a text whose worker is killed is taken up half a minute later, and once more so late where that one is killed too.
    """
    told, later = 20 + patience, 25 + patience
    confirmed_and_asked = frozenset({Kind.CONFIRMATION, Kind.SURVEY})
    return {
        Fate(happens=(("dispatched_at", told), ("cleared_at", later)), owed=confirmed_and_asked | {Kind.DELAY}): 70,
        Fate(happens=(("dispatched_at", 10), ("cleared_at", later)), owed=confirmed_and_asked): 20,
        Fate(happens=(("cleared_at", 1),), becomes=(("cancelled", "cancelled"),)): 5,
        Fate(happens=(("dispatched_at", 1),), becomes=(("in_progress", True),)): 5,
    }


@dataclass(frozen=True, kw_only=True)
class Call:
    """One call of the campaign."""

    cad_id: str
    phone: str
    received: datetime
    fate: Fate

    @property
    def call_id(self) -> str:
        return f"ottawa-{self.cad_id}"

    def records(self) -> Sequence[CadRecord]:
        """What CAD tells, in order."""
        facts = some_facts(cad_id=self.cad_id, received_at=self.received).model_dump(mode="json")
        first = {name: value for name, value in facts.items() if value is not None and name not in NOT_CADS}
        told = [self._record(self.received, first)]
        becomes = dict(self.fate.becomes)
        for what, after in self.fate.happens:
            when = self.received + minutes(after)
            told.append(self._record(when, {what: when.isoformat(), **becomes}))
            becomes = {}
        return told

    def _record(self, when: datetime, facts: Mapping[str, object]) -> CadRecord:
        return CadRecord.model_validate(
            {"feed": "campaign", "cad_id": self.cad_id, "stamp": when, "facts": facts, "phone": self.phone}
        )


def phone_number(number: int) -> str:
    """One of 4,000 fictional ones."""
    return f"+1{_AREA_CODES[number // 100 % len(_AREA_CODES)]}555{100 + number % 100:04}"


def some_calls(count: int, *, begins: datetime, over: timedelta, patience: float, seed: int) -> list[Call]:
    """So many calls, received at random over a time, each from a phone of its own."""
    dice, possible = random.Random(seed), fates(patience=patience)
    return [
        Call(
            cad_id=f"{number:05}",
            phone=phone_number(number),
            received=begins + over * dice.random(),
            fate=dice.choices(list(possible), list(possible.values()))[0],
        )
        for number in range(count)
    ]
