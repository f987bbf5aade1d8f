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
_NOT_CADS: Final = {"agency", "cad_id", "in_progress", "safety_flag", "recipient_version", "held"}


@dataclass(frozen=True, kw_only=True)
class Fate:
    """What happens to a call, in minutes after receipt, and the texts that its caller must get: these and no others."""

    happens: Mapping[str, float]
    owed: frozenset[Kind]
    becomes: Mapping[str, object]
    """Facts that come with what happens first."""


_LONG_WAIT = Fate(happens={"dispatched_at": 25, "cleared_at": 30}, owed=frozenset(Kind) - {Kind.AUTO_REPLY}, becomes={})
_FATES: Final = (
    (_LONG_WAIT, 70),
    (
        Fate(
            happens={"dispatched_at": 10, "cleared_at": 30},
            owed=frozenset({Kind.CONFIRMATION, Kind.SURVEY}),
            becomes={},
        ),
        20,
    ),
    (Fate(happens={"cleared_at": 1}, owed=frozenset(), becomes={"cancelled": "cancelled"}), 5),
    (Fate(happens={"dispatched_at": 1}, owed=frozenset(), becomes={"in_progress": True}), 5),
)


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
        first = {name: value for name, value in facts.items() if value is not None and name not in _NOT_CADS}
        told = [self._record(self.received, first)]
        becomes = dict(self.fate.becomes)
        for what, after in self.fate.happens.items():
            when = self.received + minutes(after)
            told.append(self._record(when, {what: when.isoformat(), **becomes}))
            becomes = {}
        return told

    def _record(self, when: datetime, facts: Mapping[str, object]) -> CadRecord:
        return CadRecord.model_validate(
            {"feed": "campaign", "cad_id": self.cad_id, "stamp": when, "facts": facts, "phone": self.phone}
        )


def some_calls(count: int, *, begins: datetime, over: timedelta, seed: int) -> list[Call]:
    """So many calls, received at random over a time, each from a phone of its own."""
    dice = random.Random(seed)
    fates, weights = zip(*_FATES, strict=True)
    return [
        Call(
            cad_id=f"{number:05}",
            phone=f"+1{_AREA_CODES[number // 100]}555{100 + number % 100:04}",
            received=begins + over * dice.random(),
            fate=dice.choices(fates, weights)[0],
        )
        for number in range(count)
    ]
