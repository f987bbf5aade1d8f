"""A record as a CAD system sends it: whatever way it came, this is what the rest of the starter sees."""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue, field_validator

from calls.merge import PHONE_HASH, Stamped


class CadRecord(BaseModel):
    """What one source says of one call at one time.

    `facts` are fields of `calls.facts.CallFacts`, only those that this record tells. `phone` is the caller's number in
    E.164; it is stored encrypted only.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    feed: str
    cad_id: str = Field(min_length=1, max_length=100)
    stamp: AwareDatetime
    facts: Mapping[str, JsonValue]
    phone: str | None = Field(default=None, repr=False)

    @field_validator("stamp")
    @classmethod
    def _in_utc(cls, stamp: datetime) -> datetime:
        """One way to write a moment, so that the same record is the same whichever zone it was written in."""
        return stamp.astimezone(UTC)

    def stamped(self, *, phone_hash: str | None) -> dict[str, Stamped]:
        """The record as `calls.merge` takes it."""
        values = dict(self.facts)
        if phone_hash is not None:
            values[PHONE_HASH] = phone_hash
        return {name: Stamped(at=self.stamp, value=value) for name, value in values.items() if value is not None}

    def content_hash(self, *, phone_hash: str | None) -> str:
        """The same for the same content: a record that is sent again is recognized."""
        content = {"call": self.cad_id, "stamp": self.stamp.isoformat(), "facts": dict(self.facts), "phone": phone_hash}
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
