"""A record as a CAD system sends it: whatever way it came, this is what the rest of the starter sees."""

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue, field_validator

from calls.call_record import has_no_time, stamp_of
from survey.questions import Role

_T = TypeVar("_T", str, Mapping[str, JsonValue])
_HALF: Final = re.compile("[\ud800-\udfff]")
_NUL: Final = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
"""As JSON writes it; after a backslash that is one itself, the same signs are no NUL."""


class CadRecord(BaseModel):
    """What one source says of one call at one time.

    `facts` are fields of `calls.facts.CallFacts`, only those that this record tells. `phone` is the caller's number in
    E.164; it is stored encrypted only. `stamp` is the source's own time of saying so; `None` where it has none.
    `steps_now`: steps (`dispatched_at`, say) that were told without a time; they happened when the record counts as of.
    `phone_unreadable`: a number was told that is none; the one before it may be wrong, so that nobody is texted.
    `first_type`: the facts of the type that the call had before the one in `facts`, where the record tells both.
    `members`: CAD's keys of who had to do with the call. They are no facts, and not among what is kept of the record.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)  # it may be a number (R3)

    feed: str
    cad_id: str = Field(min_length=1, max_length=100)
    stamp: AwareDatetime | None
    facts: Mapping[str, JsonValue]
    phone: str | None = Field(default=None, repr=False, pattern=r"^\+[1-9][0-9]{6,17}$")
    phone_unreadable: bool = False
    steps_now: frozenset[str] = frozenset()
    first_type: Mapping[str, JsonValue] = Field(default_factory=dict)
    members: Mapping[Role, str] = Field(default_factory=dict, repr=False)

    @field_validator("stamp")
    @classmethod
    def _in_utc(cls, stamp: datetime | None) -> datetime | None:
        """One way to write a moment, so that the same record is the same whichever zone it was written in."""
        return None if stamp is None else stamp.astimezone(UTC)

    @field_validator("cad_id", "facts", "first_type")
    @classmethod
    def _can_be_kept(cls, value: _T) -> _T:
        """PostgreSQL keeps no NUL, and no half of a character."""
        if _NUL.search(json.dumps(value)) or _HALF.search(json.dumps(value, ensure_ascii=False)):
            raise ValueError("a character that cannot be kept")
        return value

    @property
    def has_no_time(self) -> bool:
        """Nothing in it says when it was said. A step that has just happened was told after every other in it: by their
        time, which a sender may repeat in each event, a reopening would be as old as the end before it."""
        return has_no_time(self.facts, self.stamp) or (self.stamp is None and bool(self.steps_now))

    def counts_as_of(self, *, now: datetime) -> datetime:
        """The source's own time of saying so, else its latest event, else receipt (`now`)."""
        return now if self.has_no_time else stamp_of(self.facts, self.stamp, now=now)

    def content_hash(self, *, phone_hash: str | None) -> str:
        """The same for the same content: a record that is sent again is recognized."""
        stamp = None if self.stamp is None else self.stamp.isoformat()
        content: dict[str, object] = {
            "call": self.cad_id,
            "stamp": stamp,
            "facts": dict(self.facts),
            "phone": phone_hash,
        }
        # Only where they are told: the hashes of records that were taken before these fields were there stay the same.
        content |= {"steps_now": sorted(self.steps_now)} if self.steps_now else {}
        content |= {"phone_unreadable": True} if self.phone_unreadable else {}
        content |= {"first_type": dict(self.first_type)} if self.first_type else {}
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


class LogRecord(CadRecord):
    """A record of a log that is played: each has its time."""

    stamp: AwareDatetime
