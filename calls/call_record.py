"""R4: one record per call: what all that CAD ever said of it adds up to, whatever the order and number.

Pure: the starter keeps it in PostgreSQL, the tests run thousands of streams through it a minute.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from pydantic import AwareDatetime, JsonValue, TypeAdapter, ValidationError

from calls.eligibility import Rule, latch_of
from calls.facts import CallFacts, Outcome
from calls.merge import NO_NUMBERS_HASH, PHONE_HASH, Merged, Stamped, merge
from calls.policy import Policy

CLOCKS_MAY_BE_AHEAD: Final = timedelta(minutes=10)
"""A stamp or an event further in the future than this is a mistake of its clock: it counts as of its receipt."""

_TOLD_BY_CAD: Final = frozenset(CallFacts.model_fields).difference(
    ("agency", "cad_id", "latch", "held", "recipient_version", "number_corrected_at", "untextable")
)
_MOMENT: Final[TypeAdapter[datetime]] = TypeAdapter(AwareDatetime)
_LATCH_ORDER: Final = list(Rule)


@dataclass(frozen=True, kw_only=True)
class CallRecord:
    """All records of one call, merged. `numbers`: the hash of every number that was ever told."""

    agency: str
    cad_id: str
    merged: Merged = field(default_factory=dict)
    latch: str | None = None
    numbers: frozenset[str] = frozenset()

    def taking(self, told: Merged, *, policy: Policy) -> "CallRecord":
        """The record with what one more record of CAD's tells; late or repeated, it ends in the same."""
        merged = merge(self.merged, told)
        number = self._number_in(told)
        # R1: what was told is asked by itself, too: a record that comes too late to change the facts silences all the
        # same. And so are the facts, of now (a type and the priority may come from two records) and of before: the
        # policy may have become stricter since they were taken in.
        latch = self.latch
        for seen in (told, merged, self.merged):
            latch = _first_latch(latch, latch_of(self._facts(seen), policy))
        return CallRecord(
            agency=self.agency,
            cad_id=self.cad_id,
            merged=merged,
            latch=latch,
            numbers=self.numbers if number in (None, NO_NUMBERS_HASH) else self.numbers | {str(number)},
        )

    @property
    def number(self) -> str | None:
        """The hash of the number to text now: the one told last."""
        return self._number_in(self.merged)

    @property
    def number_corrected_at(self) -> datetime | None:
        """When the number to text now was last told, where the call has had another one, too."""
        stamped = self.merged.get(PHONE_HASH)
        return None if stamped is None or not self.numbers - {str(stamped.value)} else stamped.at

    def facts(self, *, recipient_version: int, held: bool) -> CallFacts:
        """What the record says, with the service's own: the mark of the number that it has, and whether staff hold it.

        Without a number there is nobody to text (`recipient_version` 0).
        """
        return self._facts(self.merged).model_copy(
            update={
                "latch": self.latch,
                "recipient_version": recipient_version,
                "number_corrected_at": self.number_corrected_at,
                "held": held,
            }
        )

    def _facts(self, merged: Merged) -> CallFacts:
        told: dict[str, JsonValue] = {name: stamped.value for name, stamped in merged.items() if name != PHONE_HASH}
        return CallFacts.model_validate({**told, "agency": self.agency, "cad_id": self.cad_id})

    @staticmethod
    def _number_in(merged: Merged) -> str | None:
        stamped = merged.get(PHONE_HASH)
        return None if stamped is None else str(stamped.value)


def stamp_of(told: Mapping[str, JsonValue], stamp: datetime | None, *, now: datetime) -> datetime:
    """The time that a record counts as of: the source's own update time, else its latest event, else receipt (`now`).

    One that lies in the future counts as receipt: it would outweigh all that comes until then.
    """
    if stamp is None:
        stamp = max((moment for name, moment in _events(told)), default=now)
    return now if stamp > now + CLOCKS_MAY_BE_AHEAD else stamp


def has_no_time(told: Mapping[str, JsonValue], stamp: datetime | None) -> bool:
    """Nothing in the record says when it was said."""
    return stamp is None and not _events(told)


def as_told(told: Mapping[str, JsonValue], *, stamp: datetime, now: datetime) -> dict[str, JsonValue]:
    """What a record may tell, in the one way in which it is kept.

    No events of the future: what is told has happened, at the latest when it was told. A moment is written in UTC, in
    whichever zone it was told, so that the same is no change. A disposition without a reading is one that nobody knows.
    What only the service itself says of a call (its latch, who is texted), and what nobody knows, is left out.
    """
    latest = now + CLOCKS_MAY_BE_AHEAD
    known = {name: value for name, value in told.items() if name in _TOLD_BY_CAD}
    times = {name: stamp if moment > latest else moment for name, moment in _events(known)}
    known |= {name: moment.astimezone(UTC).isoformat() for name, moment in times.items()}
    if known.get("disposition") is not None and known.get("outcome") is None:
        known["outcome"] = Outcome.UNKNOWN
    return known


def _events(told: Mapping[str, JsonValue]) -> list[tuple[str, datetime]]:
    times = ((name, _moment(value)) for name, value in told.items() if name.endswith("_at"))
    return [(name, moment) for name, moment in times if moment is not None]


def _moment(value: JsonValue) -> datetime | None:
    """However it is written. What cannot be read is refused where the facts are made of it."""
    try:
        return _MOMENT.validate_python(value)
    except ValidationError:
        return None


def stamped(told: Mapping[str, JsonValue], *, stamp: datetime) -> dict[str, Stamped]:
    """What a record tells, each with its stamp; what is empty tells nothing."""
    return {name: Stamped(at=stamp, value=value) for name, value in told.items() if value is not None}


def _first_latch(one: str | None, other: str | None) -> str | None:
    """Of two latches the one whose rule stands first: the same whatever the order of the records."""
    return min((latch for latch in (one, other) if latch is not None), key=_rank, default=None)


def _rank(latch: str) -> int:
    return _LATCH_ORDER.index(Rule(latch))
