"""What a police service decides, as typed values. `policy/` loads them from the agency's folder."""

from datetime import time
from enum import StrEnum
from typing import Annotated, Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from calls.facts import Language, Outcome, Source
from calls.lengths import Duration, Span
from calls.retention import Retention


def zone_name(name: str) -> str:
    """The name, where it is a time zone's.

    Raises:
        ValueError: it is not.
    """
    try:
        ZoneInfo(name)
    except (LookupError, ValueError, OSError):  # OSError: `America` is a folder of zones
        raise ValueError(f"{name!r} is not a time zone; write it as in America/Toronto") from None
    return name


def _local(clock: time) -> time:
    if clock.tzinfo is not None:
        raise ValueError("the hours are the agency's own, in its zone: write them as in 09:00")
    return clock


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class QuietHours(_Value):
    """Hours of the agency's own clock in which nothing of a kind goes out; `begin` after `end`: over midnight."""

    begin: time
    end: time

    @field_validator("begin", "end")
    @classmethod
    def _is_local(cls, clock: time) -> time:
        return _local(clock)

    @model_validator(mode="after")
    def _is_not_the_whole_day(self) -> Self:
        if self.begin == self.end:
            raise ValueError(f"quiet hours begin and end at {self.begin:%H:%M}: that is the whole day")
        return self


class ConfirmationRule(_Value):
    """When the first text goes out."""

    after_received: Duration
    after_hang_up: Duration
    """Counts instead where CAD tells that the caller has hung up."""
    expires_after: Span
    """After its due time a confirmation is stale and is not sent (R5)."""
    quiet_hours: QuietHours | None = None


class Since(StrEnum):
    """From which moment a threshold counts. Where CAD does not tell it: from receipt."""

    RECEIVED = "received"
    QUEUED = "queued"
    """When the call taker passed the call on to the dispatchers."""
    HUNG_UP = "hung_up"


class Threshold(_Value):
    """How long a caller may wait before the first notice: `30 min`, or `{after: 30 min, since: queued}`."""

    after: Span
    since: Since = Since.RECEIVED

    @model_validator(mode="before")
    @classmethod
    def _may_be_a_length_alone(cls, value: object) -> object:
        return value if isinstance(value, (dict, Threshold)) else {"after": value}


class DelayRule(_Value):
    """When a caller who still waits is told so."""

    first_after: dict[int, Threshold]
    """By priority. When the call goes back to the queue it counts anew from that moment."""
    by_type: dict[str, dict[int, Threshold]] = Field(default_factory=dict)
    """By group of call types, and priority: these instead. A group or priority that does not stand here is as above."""
    repeat_every: Span
    at_most: int = Field(ge=0)
    expires_after: Span
    quiet_hours: QuietHours | None = None

    def counts_since(self, since: Since) -> bool:
        """Some threshold counts from such a moment."""
        tables = (self.first_after, *self.by_type.values())
        return any(threshold.since is since for table in tables for threshold in table.values())

    def threshold(self, *, priority: int | None, group: str | None) -> Threshold | None:
        """The one of such a call; `None`: it gets no notice."""
        if priority is None:
            return None
        return self.by_type.get(group or "", {}).get(priority) or self.first_after.get(priority)


class SurveyRule(_Value):
    """When the link to the survey goes out. `opens` and `closes` bound the hours of sending, local time."""

    enabled: bool
    after_cleared: Duration
    opens: time
    closes: time
    expires_after: Span
    """Counted from clearing."""
    link_valid_for: Span
    not_after: frozenset[Outcome] = frozenset()
    """Outcomes of a call that nobody is asked about. Of an unknown disposition nobody is either."""
    only_after_arrival: bool = False
    """No survey where no officer ever arrived."""

    @field_validator("opens", "closes")
    @classmethod
    def _is_local(cls, clock: time) -> time:
        return _local(clock)

    @model_validator(mode="after")
    def _is_open_some_time(self) -> Self:
        if self.opens >= self.closes:
            raise ValueError(f"surveys open at {self.opens:%H:%M} and close at {self.closes:%H:%M}: not after that")
        return self


class Timetable(_Value):
    """The part of the policy that decides *when*. It travels in the workflow's input, so that an open call keeps it."""

    zone: str
    confirmation: ConfirmationRule
    delay: DelayRule
    survey: SurveyRule
    give_up_after: Span
    """A call that CAD never clears ends by itself this long after receipt."""

    @field_validator("zone")
    @classmethod
    def _is_a_zone(cls, name: str) -> str:
        return zone_name(name)

    @property
    def zone_info(self) -> ZoneInfo:
        return ZoneInfo(self.zone)


class TypeRule(StrEnum):
    """What the policy says of a group of call types."""

    ALLOWED = "allowed"
    EXCLUDED = "excluded"
    """Gets no text, and silences the call for ever, even if its type is changed back (R1)."""
    SENSITIVE = "sensitive"
    """As excluded, and no agency may relax it: a text on the wrong phone could get somebody hurt."""


class CallTypeGroup(_Value):
    """A group of call types that the policy treats alike."""

    rule: TypeRule
    reason: str
    """For staff: why, in words."""
    label: dict[Language, str]
    relaxes: str | None = None
    """For a demonstration only: the exclusion that this group would fall under in service, and why not here."""


class EligibilityRules(_Value):
    """The part of the policy that decides *who*."""

    priorities: frozenset[int]
    sources: frozenset[Source]
    groups: dict[str, CallTypeGroup]


class NumberRules(_Value):
    """The part of the policy that is about people, not calls: which numbers are texted, and how much."""

    countries: frozenset[Annotated[str, Field(pattern=r"^[A-Z]{2}$")]] = Field(min_length=1)
    """ISO 3166: texts go to numbers of these only."""
    texts_a_day: int = Field(ge=1)
    """The most that one number gets in 24 hours, over all its calls."""
    one_survey_in: Duration
    """A number that was sent a survey is sent no other for so long."""
    landline_remembered_for: Duration
    """A number that could not take a text is not tried again for so long."""


class TextRules(_Value):
    """What texts are like. How long is checked where an agency's folder is checked, not when a text is sent."""

    most_segments: int = Field(default=2, ge=1, le=10)
    """Of a text in one language; in both languages at once twice as many."""
    code: bool = False
    """Every text about a call shows a short code of its own, by which the residents' page says that it is ours."""


class InsightRules(_Value):
    """Of how few people figures are shown, to staff and in exports."""

    at_least: int = Field(default=5, ge=5)
    """A figure of fewer people, or of fewer answers, is not shown."""
    members_at_least: int = Field(default=10, ge=10)
    """What callers say of a member of staff is told to that member when so many have said it."""


class Policy(_Value):
    """All that decides whether and when a caller is texted. Its `version` stands in every decision and text (R9)."""

    version: str
    eligibility: EligibilityRules
    timetable: Timetable
    numbers: NumberRules
    retention: Retention
    texts: TextRules = TextRules()
    undecided_for: Span
    """So long a call waits for what nobody has told yet; then it is closed, and its number deleted."""
