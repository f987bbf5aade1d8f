"""A figure of the monthly report, and the same of the month before."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from insights.small import Hidden
from insights.wilson import Share


class Unit(StrEnum):
    """What a number counts."""

    CALLS = "calls"
    TEXTS = "texts"
    PEOPLE = "people"
    SEGMENTS = "segments"
    MONEY = "money"
    SECONDS = "seconds"


Number = int | Decimal


@dataclass(frozen=True, kw_only=True)
class Value:
    """A number of one month. `number`: `None` where there is nothing to say, or it is `hidden`. `of`: what it is a part
    of; `sure`: its share's interval, where it is of a sample."""

    unit: Unit
    number: Number | None
    of: int | None = None
    hidden: Hidden | None = None
    sure: Share | None = None

    @property
    def share(self) -> float | None:
        return float(self.number / self.of) if self.number is not None and self.of else None


@dataclass(frozen=True, kw_only=True)
class Line:
    """A figure. `about`: the rule, kind or code that it is of; `before`: the same a month earlier."""

    figure: str
    about: str
    now: Value
    before: Value

    @property
    def change(self) -> float | None:
        """By what part it is more than a month before; `None` where that is not to be said."""
        now, before = self.now.number, self.before.number
        return float((now - before) / before) if now is not None and before else None


Told = tuple[str, str, Value]
"""Figure, what it is about, and its value in one month."""
