"""R4: the records of a call, merged. Whatever their order and number, the same call comes out.

Each field keeps the value with the latest stamp; the merge is a maximum per field, hence commutative, associative and
idempotent. A code and the agency's reading of it are one field here: of two records, never the code of one with the
reading of the other, and a code told without a reading is unknown.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Final

from pydantic import AwareDatetime, BaseModel, ConfigDict, JsonValue

from calls.facts import Outcome, Source, Untextable

PHONE_HASH: Final = "phone_hash"
"""The one merged field that is not a fact of `CallFacts`: by which number the caller is reached, as a keyed hash."""
NO_NUMBERS_HASH: Final = "?"

_Field = tuple[str, ...]
_CODE_AND_READING: Final[Sequence[_Field]] = (
    ("call_type_code", "call_type_group"),
    ("priority_code", "priority"),
    ("source_code", "source"),
    ("disposition", "outcome"),
    ("phone_hash", "untextable"),
)


class Stamped(BaseModel):
    """What a record says of one field, and the source's own time of saying so."""

    model_config = ConfigDict(frozen=True)

    at: AwareDatetime
    value: JsonValue


Merged = Mapping[str, Stamped]


def merge(one: Merged, other: Merged) -> dict[str, Stamped]:
    """Field by field the later stamp; of equal stamps the more silent value."""
    merged: dict[str, Stamped] = {}
    for names in _fields({*one, *other}):
        parts = (_part(one, names), _part(other, names))
        merged |= _unclear(*parts) or max(parts, key=partial(_weight, names))
    return merged


def _unclear(one: Merged, other: Merged) -> dict[str, Stamped] | None:
    """Two numbers told at the same time, by a feed without update times: whoever has the wrong one must not be texted.

    The more silent of the two is neither, until one is told later.
    """
    told, also = one.get(PHONE_HASH), other.get(PHONE_HASH)
    if told is None or also is None or told.at != also.at or told.value == also.value:
        return None
    return {
        PHONE_HASH: Stamped(at=told.at, value=NO_NUMBERS_HASH),
        "untextable": Stamped(at=told.at, value=Untextable.UNCLEAR),
    }


def _fields(names: set[str]) -> Iterable[_Field]:
    alone = names.difference(*_CODE_AND_READING)
    return [*_CODE_AND_READING, *((name,) for name in sorted(alone))]


def _part(of: Merged, names: _Field) -> dict[str, Stamped]:
    return {name: of[name] for name in names if name in of}


def _weight(names: _Field, part: Merged) -> tuple[float, bool, str]:
    """What is later outweighs, then what silences; between other values any fixed order will do."""
    at = max((stamped.at.timestamp() for stamped in part.values()), default=float("-inf"))
    values = [part[name].value if name in part else None for name in names]
    return at, _silences(names[-1], values[-1]), json.dumps(values, sort_keys=True)


def _silences(name: str, value: JsonValue) -> bool:
    """A flag that is up does; so does a code without a reading, and a caller who is no resident.

    A type or priority that silences for ever need not outweigh another: it is a latch, whichever of the two is kept.
    """
    match name:
        case "call_type_group" | "priority":
            return not value
        case "source":
            return value != Source.RESIDENT
        case "outcome":
            return value != Outcome.ORDINARY
        case _:
            return bool(value)
