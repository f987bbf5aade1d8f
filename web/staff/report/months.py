"""The months of the report, kept in the process: to count one takes a good part of a second."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

from calls.clock import Clock
from insights.counted import Counted
from insights.months import Month

_RUNNING_SECONDS: Final = 60.0
_OVER_SECONDS: Final = 600.0
"""A month that is over still changes a little: the carrier reports late, answers are cut, calls end."""
_EARLY: Final = 0.6
"""So far into a month's time the background counts it anew, so that nobody waits for it."""
_ASKED_FOR_SECONDS: Final = 900.0
"""So long after the last question somebody still reads the report."""
_REST: Final = 2
"""After each month the background pauses so many times as long."""
_MOST: Final = 36
_IDLE_SECONDS: Final = 3600.0
"""So often, where nobody reads, the background counts what the report opens with: the last month beside its own."""
_QUIET_AT_FIRST_SECONDS: Final = 30.0
"""A process that starts has more to do."""


@dataclass
class _Kept:
    made: float
    counted: Counted


class KeptMonths:
    """What `read` counts: the running month at most a minute old, one that is over some ten. Of those who ask for the
    same at once one counts, and the others wait for it.

    A background (`web.staff.board.watch.in_background`) renews, while somebody reads the report, what stands in the
    `listed` months. Where nobody reads, it counts once an hour the two months that the report opens with: the first
    reader is given these at once, at worst an hour old, and they are counted anew.
    """

    def __init__(
        self,
        read: Callable[[Month], Counted],
        *,
        clock: Clock,
        zone: ZoneInfo,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._read = read
        self._clock = clock
        self._zone = zone
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._kept: dict[Month, _Kept] = {}
        self._listed: Sequence[Month] = ()
        self._asked = -1e9
        self._rest_until = monotonic() + _QUIET_AT_FIRST_SECONDS
        self.has_background = False

    def get(self, month: Month) -> Counted:
        """The month.

        Raises:
            SQLAlchemyError: the database does not answer.
        """
        self._asked = self._monotonic()
        kept = self._kept.get(month)
        if kept is not None and self._is_good(kept, month):
            return kept.counted
        with self._lock:
            kept = self._kept.get(month)
            if kept is None or not self._is_good(kept, month):
                kept = self._renew(month)
            return kept.counted

    def refresh(self) -> None:
        """Count one month that is missing, or will soon be too old."""
        now = self._monotonic()
        if now < self._rest_until:
            return
        is_read = now - self._asked < _ASKED_FOR_SECONDS
        for month in self._listed[:_MOST] if is_read else self._opens_with:
            kept = self._kept.get(month)
            if kept is None or self._age(kept) >= (_EARLY * self._good_for(month) if is_read else _IDLE_SECONDS):
                with self._lock:
                    self._renew(month)
                self._rest_until = self._monotonic() + _REST * (self._monotonic() - now)
                return

    def keep_ready(self, months: Sequence[Month]) -> None:
        """Those that a reader is offered, the newest first; others are forgotten when there are too many."""
        self._listed = months

    @property
    def running(self) -> Month:
        """The month of this moment, by the service's clock."""
        return Month.of(self._clock.now(), self._zone)

    @property
    def _opens_with(self) -> Sequence[Month]:
        last = self.running.before
        return (last, last.before)

    def _is_good(self, kept: _Kept, month: Month) -> bool:
        """What the background has kept ready for the first reader is good enough until it has counted anew."""
        allowed = self._good_for(month)
        if self.has_background and month in self._opens_with:
            allowed += _IDLE_SECONDS
        return self._age(kept) < allowed

    def _age(self, kept: _Kept) -> float:
        return self._monotonic() - kept.made

    def _good_for(self, month: Month) -> float:
        return _OVER_SECONDS if month < self.running else _RUNNING_SECONDS

    def _renew(self, month: Month) -> _Kept:
        """Holds the lock. As old as the beginning of its counting."""
        made = self._monotonic()
        kept = _Kept(made=made, counted=self._read(month))
        if len(self._kept) >= 2 * _MOST:
            self._kept = {each: one for each, one in self._kept.items() if each in self._listed[:_MOST]}
        self._kept[month] = kept
        return kept
