"""What the running month's texts have cost so far, and whether its budget will last."""

import threading
import time
from collections.abc import Callable
from typing import Final

from sqlalchemy import Engine
from sqlmodel import Session, col, func, select

from calls.clock import Clock
from calls.contracts import WENT_OUT
from database.tables import TextRow
from insights.budget import Course, course
from insights.months import Month
from policy.agency import Agency

_GOOD_FOR_SECONDS: Final = 60.0
"""A month has tens of thousands of texts: the board, which asks every few seconds, does not count them each time."""


class RunningCost:
    """One for a process. Times are the service's."""

    def __init__(
        self, *, engine: Engine, agency: Agency, clock: Clock, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._engine = engine
        self._agency = agency
        self._clock = clock
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._asked = -_GOOD_FOR_SECONDS
        self._known: Course | None = None

    def get(self) -> Course | None:
        """At most a minute old. `None`: the agency's folder has no budget.

        Raises:
            SQLAlchemyError: the database does not answer.
        """
        with self._lock:
            now = self._monotonic()
            if now - self._asked >= _GOOD_FOR_SECONDS:
                self._known, self._asked = self.ask(), now
            return self._known

    def ask(self) -> Course | None:
        """As it is at this moment."""
        price, budget = self._agency.identity.segment_price, self._agency.identity.monthly_budget
        if price is None or budget is None:
            return None
        zone, now = self._agency.policy.timetable.zone_info, self._clock.now()
        since, until = Month.of(now, zone).span(zone)
        segments = select(func.coalesce(func.sum(col(TextRow.segments)), 0)).where(
            col(TextRow.due_at) >= since, col(TextRow.due_at) < until, col(TextRow.state).in_(sorted(WENT_OUT))
        )
        with Session(self._engine) as session:
            spent = int(session.execute(segments).scalar_one()) * price.amount
        return course(spent=spent, budget=budget, since=since, until=until, now=now)
