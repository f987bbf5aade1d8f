"""Will the month's budget last? What was spent so far goes on as it did: a straight line to the month's end."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

_TELLS_NOTHING_YET: Final = timedelta(days=1)
"""So little of a month says nothing about the rest of it."""


@dataclass(frozen=True, kw_only=True)
class Course:
    """`forecast`: at the month's end, `None` while it is too early to tell; `lasts_until`: when the budget is used up,
    `None` where it lasts."""

    budget: Decimal
    spent: Decimal
    forecast: Decimal | None
    lasts_until: datetime | None

    @property
    def is_exceeded(self) -> bool:
        """Now, not in the forecast."""
        return self.spent > self.budget

    @property
    def alerts(self) -> bool:
        """Exactly as much as the budget is no more than the budget."""
        return self.is_exceeded or self.lasts_until is not None


def course(*, spent: Decimal, budget: Decimal, since: datetime, until: datetime, now: datetime) -> Course:
    """Of a month from `since` to `until`, at `now`: all by the service's clock.

    Raises:
        ValueError: a budget of nothing.
    """
    if budget <= 0:
        raise ValueError(f"a budget of {budget}")
    elapsed, whole = min(now, until) - since, until - since
    if elapsed < _TELLS_NOTHING_YET:
        return Course(budget=budget, spent=spent, forecast=None, lasts_until=None)
    so_far, in_all = Decimal(elapsed // timedelta.resolution), Decimal(whole // timedelta.resolution)
    # Multiplied and not divided: at the edge nothing is rounded.
    exceeds = spent * in_all > budget * so_far
    lasts_until = since + timedelta(microseconds=int(so_far * budget / spent)) if exceeds else None
    return Course(budget=budget, spent=spent, forecast=spent * in_all / so_far, lasts_until=lasts_until)
