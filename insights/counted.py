"""What the tables hold of one month, counted: what the monthly report is made of."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from insights.months import Month


class Became(StrEnum):
    """What became of a text, or of the best of several."""

    NONE = ""
    """There is no such text."""
    TAKEN = "taken"
    """The carrier has it; delivered or not."""
    UNKNOWN = "unknown"
    WAITING = "waiting"
    REFUSED = "refused"
    """By the carrier."""
    SUPPRESSED = "suppressed"
    EXPIRED = "expired"


class Wait(StrEnum):
    """How a caller waited for an officer, since CAD last put the call into the queue."""

    NOT_OURS = ""
    """The call is not eligible, or the policy has no threshold for it."""
    SHORTER = "shorter"
    LONGER = "longer"


@dataclass(frozen=True, kw_only=True)
class Calls:
    """So many calls, received in the month, of which all this is the same. `first`, `first_rule`: what became of the
    confirmation; `in_time`: it was taken in the policy's time; `notice`: the same of delay notices."""

    eligibility: str
    rule: str
    first: Became
    first_rule: str
    in_time: bool
    wait: Wait
    notice: Became
    notice_rule: str
    calls: int


@dataclass(frozen=True, kw_only=True)
class Texts:
    """So many texts, due in the month, of which all this is the same."""

    kind: str
    state: str
    rule: str
    error_code: int | None
    texts: int
    segments: int


@dataclass(frozen=True, kw_only=True)
class OptOuts:
    """People. Each opt-out counts by how it began, and by how it ended."""

    stopped: int = 0
    entered: int = 0
    started: int = 0
    taken_back: int = 0


@dataclass(frozen=True, kw_only=True)
class Survey:
    """Of whole weeks that are over and cut. `sent`: links that the carrier took."""

    weeks: Sequence[date] = ()
    sent: int = 0
    answered: int = 0


@dataclass(frozen=True, kw_only=True)
class Stop:
    """A time in which texts did not go out. `what`: `switch` (of the scope `of`), `mode`, `line`. By the service's
    clock; `ended` is `None` where it lasts. `in_month`: how much of it lies in the month, until now."""

    what: str
    of: str
    by: str
    why: str
    began: datetime
    ended: datetime | None
    in_month: timedelta


@dataclass(frozen=True, kw_only=True)
class Counted:
    """One month."""

    month: Month
    calls: Sequence[Calls] = ()
    median: timedelta | None = None
    """From receipt until the carrier took the confirmation."""
    p95: timedelta | None = None
    texts: Sequence[Texts] = ()
    opt_outs: OptOuts = field(default_factory=OptOuts)
    survey: Survey = field(default_factory=Survey)
    stops: Sequence[Stop] = ()
    held: int = 0
    """Calls that staff held, from some time in the month on."""
    stopped_for_good: int = 0

    def count(self, which: Callable[[Calls], bool] = lambda _: True) -> int:
        return sum(group.calls for group in self.calls if which(group))

    def texts_of(self, which: Callable[[Texts], bool] = lambda _: True) -> int:
        return sum(group.texts for group in self.texts if which(group))

    def segments_of(self, which: Callable[[Texts], bool] = lambda _: True) -> int:
        return sum(group.segments for group in self.texts if which(group))


@dataclass(frozen=True, kw_only=True)
class Terms:
    """By what the report is made. `landline`: the carrier's codes of a number that takes no texts; `price`: of a
    segment."""

    at_least: int
    landline: frozenset[int]
    price: Decimal | None
    budget: Decimal | None
