"""What a check at the moment of sending can come to."""

from dataclasses import dataclass
from datetime import datetime

from calls.contracts import KnownCall, LedgerState


@dataclass(frozen=True, kw_only=True)
class Overtaken:
    """Newer facts have overtaken the order: the text is no longer owed. They go back to the workflow."""

    call: KnownCall
    comes_back: str | None = None
    """Why it will be owed again: it is held, or its time is later than the workflow knew."""


@dataclass(frozen=True, kw_only=True)
class HeldBack:
    """The text is owed by the timetable, and a rule forbids it, for good."""

    state: LedgerState
    rule: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class MaySend:
    """Nothing speaks against sending now."""

    call: KnownCall


@dataclass(frozen=True, kw_only=True)
class NotNow:
    """The text is owed, but not now: at this hour, or while it is switched off. The order stays: handed back, a
    workflow would order it again at once, and again, for as long as that lasts."""

    until: datetime | None
    """`None`: nobody knows; to be asked again soon."""
    why: str


Verdict = Overtaken | HeldBack | NotNow | MaySend
