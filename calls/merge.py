"""R4: the records of a call, merged. Whatever their order and number, the same call comes out.

Each field keeps the value with the latest stamp; the merge is a maximum per field, hence commutative, associative and
idempotent.
"""

import json
from collections.abc import Mapping

from pydantic import AwareDatetime, BaseModel, ConfigDict, JsonValue

from calls.facts import CallFacts

PHONE_HASH = "phone_hash"
"""The one merged field that is not a fact of `CallFacts`: by which number the caller is reached, as a keyed hash."""


class Stamped(BaseModel):
    """What a record says of one field, and the source's own time of saying so."""

    model_config = ConfigDict(frozen=True)

    at: AwareDatetime
    value: JsonValue


Merged = Mapping[str, Stamped]


def merge(one: Merged, other: Merged) -> dict[str, Stamped]:
    """Field by field the later stamp; of equal stamps the more silent value."""
    merged = dict(one)
    for name, stamped in other.items():
        known = merged.get(name)
        merged[name] = stamped if known is None else max(known, stamped, key=_weight)
    return merged


def _weight(stamped: Stamped) -> tuple[float, bool, str]:
    """A flag that is up silences, so it outweighs one that is down; between other values any fixed order will do."""
    return stamped.at.timestamp(), bool(stamped.value), json.dumps(stamped.value, sort_keys=True)


def facts_of(
    merged: Merged, *, agency: str, cad_id: str, latch: str | None, recipient_version: int, held: bool
) -> CallFacts:
    """The call's facts as they follow from its merged records and from what the service itself keeps of it."""
    told = {name: stamped.value for name, stamped in merged.items() if name != PHONE_HASH}
    return CallFacts.model_validate(
        {
            **told,
            "agency": agency,
            "cad_id": cad_id,
            "latch": latch,
            "recipient_version": recipient_version,
            "held": held,
        }
    )
