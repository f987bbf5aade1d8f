"""The facts of a call for service: what the CAD system has told, merged, with nothing personal in it."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

from pydantic import AwareDatetime, BaseModel, ConfigDict


class Language(StrEnum):
    """A language that residents are served in."""

    ENGLISH = "en"
    FRENCH = "fr"


class Source(StrEnum):
    """Who started the call."""

    RESIDENT = "resident"
    OFFICER = "officer"
    ALARM = "alarm"
    OTHER = "other"


class CancelReason(StrEnum):
    """Why a call ended without being handled under its own number."""

    CANCELLED = "cancelled"
    DUPLICATE = "duplicate"
    MERGED = "merged"
    TRANSFERRED = "transferred"
    TEST = "test"


class Outcome(StrEnum):
    """What came of a call that was handled under its own number: the agency's reading of CAD's disposition."""

    ORDINARY = "ordinary"
    NO_CONTACT = "no_contact"
    """Whoever came met nobody: gone on arrival, unable to locate."""
    UNFOUNDED = "unfounded"
    ARREST = "arrest"
    UNKNOWN = "unknown"
    """The agency's folder does not list the disposition."""


class Untextable(StrEnum):
    """Why no text can, or may, go to a number whatever the call."""

    PSEUDO = "a pseudo number"
    """911-xxx-xxxx: CAD's stand-in for a phone without a number of its own."""
    ABROAD = "outside the allowed countries"
    SERVICE = "a service number"
    """Toll-free, premium, a company's: nobody's phone."""
    UNCLEAR = "one of two that were told at the same time"
    UNREADABLE = "not one that can be read"
    """CAD has told a number that is none: the one that it told before may be wrong."""


class CallFacts(BaseModel):
    """Everything that is known of one call now. Times are aware; `None` means that CAD has not told it (yet).

    `priority`, `call_type_group` and `source` are the agency's folder's reading of CAD's codes: an unknown code
    leaves them empty while the code itself stands in the `*_code` field, so that it is never taken for a harmless one.
    `recipient_version` marks the phone number that the call has now: 0 is none; the same number of the same call has
    the same mark, whenever it is told. `number_corrected_at`: when it was last told, where there was another one, too.
    `latch` names the rule that silenced the call for ever (R1).
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    agency: str
    cad_id: str
    case_number: str | None = None
    priority_code: str | None = None
    priority: int | None = None
    call_type_code: str | None = None
    call_type_group: str | None = None
    source_code: str | None = None
    source: Source | None = None
    language: Language | None = None
    area: str | None = None
    disposition: str | None = None
    outcome: Outcome | None = None
    in_progress: bool = False
    safety_flag: bool = False
    received_at: AwareDatetime | None = None
    queued_at: AwareDatetime | None = None
    call_ended_at: AwareDatetime | None = None
    dispatched_at: AwareDatetime | None = None
    requeued_at: AwareDatetime | None = None
    arrived_at: AwareDatetime | None = None
    cleared_at: AwareDatetime | None = None
    reopened_at: AwareDatetime | None = None
    cancelled: CancelReason | None = None
    recipient_version: int = 0
    number_corrected_at: AwareDatetime | None = None
    untextable: Untextable | None = None
    latch: str | None = None
    held: bool = False

    @property
    def is_cleared(self) -> bool:
        """The call is over, and was not opened again since."""
        return self.cleared_at is not None and not _later(self.reopened_at, self.cleared_at)

    @property
    def is_dispatched(self) -> bool:
        """An officer has the call. CAD systems skip steps: one who arrived was dispatched."""
        if self.is_cleared:
            return True
        assigned = max(known([self.dispatched_at, self.arrived_at]), default=None)
        if assigned is None:
            return False
        sent_back = max(known([self.requeued_at, self.reopened_at]), default=None)
        return not _later(sent_back, assigned)

    def waiting_since(self, began: datetime | None) -> datetime | None:
        """From when a threshold counts: when the wait `began`, or when the call went back to the queue."""
        return max(known([began, self.requeued_at, self.reopened_at]), default=None)


def known(times: Iterable[datetime | None]) -> list[datetime]:
    """The times that CAD has told."""
    return [time for time in times if time is not None]


def _later(one: datetime | None, other: datetime) -> bool:
    return one is not None and one > other
