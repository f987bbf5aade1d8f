"""What a simulation found: every call with its decision, every text with its fate. Nothing personal in it (R3)."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final

from calls.contracts import Kind

SENT: Final = "sent"
"""The outcome of a text that the carrier would have got. Any other outcome is the ledger state that held it back."""


class Eligible(StrEnum):
    """May this caller be texted? As it stands in `decisions.csv`."""

    YES = "true"
    NO = "false"
    UNDECIDED = "undecided"


@dataclass(frozen=True, kw_only=True)
class DecidedCall:
    """A call of the log and the last word on it. Times are aware, in the agency's zone, as CAD told them.

    `first_rule` is what was decided at first sight: another one than `rule` where the call changed later.
    `unknown_code`: the CAD code that the policy does not know (type, priority or source), where that was decisive.
    """

    call_id: str
    received_at: datetime | None
    dispatched_at: datetime | None
    arrived_at: datetime | None
    cleared_at: datetime | None
    priority: int | None
    call_type_code: str | None
    call_type_group: str | None
    eligible: Eligible
    rule: str
    reason: str
    first_rule: str
    unknown_code: str | None = None


@dataclass(frozen=True, kw_only=True)
class SimulatedText:
    """A text that the timetable owed. `sent_at` is when it was sent; empty where it was held back."""

    call_id: str
    kind: Kind
    sequence: int
    language: str | None
    segments: int | None
    due_at: datetime
    sent_at: datetime | None
    outcome: str
    rule: str | None
    reason: str | None


@dataclass(frozen=True, kw_only=True)
class SegmentPrice:
    """What the agency plans with for one segment: an assumption of its folder, not a quotation."""

    amount: Decimal
    currency: str


@dataclass(frozen=True, kw_only=True)
class Simulation:
    """One finished simulation. `calls` are in the order of the log, `texts` by due time and call."""

    agency_key: str
    agency_name: dict[str, str]
    """By language code, `en` and `fr`."""
    policy_version: str
    log_name: str
    """The file's name without its folder."""
    window: tuple[datetime, datetime] | None
    """First and last receipt; `None` where no call is in the window."""
    rows: int
    problems: list[str]
    """One line for each row of the log that was left out, or that something was to be said about."""
    segment_price: SegmentPrice | None
    tells: frozenset[str]
    """Which steps the log tells of: of `dispatched`, `arrived`, `cleared`, `call_ended`, `language`, `disposition`."""
    calls: list[DecidedCall]
    texts: list[SimulatedText]
    group_labels: dict[str, dict[str, str]] = field(default_factory=dict)
    """Of the call type groups, by group and language code."""
