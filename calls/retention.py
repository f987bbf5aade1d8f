"""How long what is personal is kept, by class of data, and the least that the law allows."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, field_validator

from calls.lengths import Duration, Kept

BY_LAW: Final = timedelta(days=365)
"""Ontario, R.R.O. 1990, Reg. 823, s. 5: what was used is kept for a year after its use, or as long as a by-law or
resolution of the institution says, if that is shorter."""
AUDIT_AT_LEAST: Final = timedelta(days=365)
"""No resolution shortens it: the database itself refuses to delete younger entries (migration 0030)."""
_BODIES_AT_LEAST: Final = timedelta(days=3)
_AT_CARRIER_AT_LEAST: Final = timedelta(days=7)
_USED: Final = ("bodies", "phones", "cad_records", "comments", "answers")


class Retention(BaseModel):
    """The part of the policy that says how long what is personal is kept. Each counts from the last use."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    bodies: Kept
    """The words of texts, ours and residents'."""
    phones: Kept = timedelta(days=365)
    """Callers' numbers and what is found by them: in calls, in the ledger, among texts that came in; survey tokens."""
    cad_records: Kept = timedelta(days=365)
    """CAD's records as they came; what follows from them stays with the call."""
    comments: Kept = timedelta(days=365)
    """After the review."""
    answers: Kept = timedelta(days=1826)
    """Coded answers, cut from their calls."""
    audit: Kept = timedelta(days=1826)
    """What staff saw and did."""
    rejected: Duration = timedelta(days=14)
    """Records of CAD's that could not be read, as they came. Nobody has used them, and CAD has them."""
    at_carrier: Kept | None = None
    """The carrier is asked to delete its own copy of a text after so long. `None`: it is not asked."""
    shorter_by: str | None = Field(default=None, min_length=1)
    """The by-law or resolution that allows less than the law's year."""

    @field_validator("bodies")
    @classmethod
    def _long_enough(cls, value: timedelta) -> timedelta:
        """For three days a text in doubt is looked up at the carrier by its words."""
        if value < _BODIES_AT_LEAST:
            raise ValueError(
                f"the words of texts are needed for {_BODIES_AT_LEAST.days} d, to find out what became of them"
            )
        return value

    @field_validator("at_carrier")
    @classmethod
    def _compared_first(cls, value: timedelta | None) -> timedelta | None:
        """The day's texts are compared with the carrier's list, and looked up there for three days."""
        if value is not None and value < _AT_CARRIER_AT_LEAST:
            raise ValueError(f"texts are looked up at the carrier for {_AT_CARRIER_AT_LEAST.days} d")
        return value

    def below_the_law(self) -> Iterator[tuple[str, timedelta, timedelta]]:
        """Name, length and the least that is allowed, of each class that is kept too short."""
        for name, least in self._least().items():
            length: timedelta = getattr(self, name)
            if length < least:
                yield name, length, least

    def _least(self) -> Mapping[str, timedelta]:
        used = {} if self.shorter_by else dict.fromkeys(_USED, BY_LAW)
        return used | {"audit": AUDIT_AT_LEAST}
