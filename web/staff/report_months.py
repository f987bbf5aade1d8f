"""The months of the report, kept for a while: counting one takes a good part of a second."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final
from zoneinfo import ZoneInfo

from calls.clock import Clock
from insights.counted import Counted
from insights.months import Month

_RUNNING_SECONDS: Final = 60.0
_OVER_SECONDS: Final = 600.0
"""A month that is over still changes a little: the carrier reports late, answers are cut, calls end."""
_MOST: Final = 36


class KeptMonths:
    """What `read` counts, at most a minute old of the running month and ten of one that is over. Of those who ask for
    the same at once one counts, and the others wait for it."""

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
        self._kept: OrderedDict[Month, tuple[float, Counted]] = OrderedDict()

    def get(self, month: Month) -> Counted:
        """The month.

        Raises:
            SQLAlchemyError: the database does not answer.
        """
        good_for = _OVER_SECONDS if month < self.running else _RUNNING_SECONDS
        with self._lock:
            made, counted = self._kept.get(month, (0.0, None))
            if counted is None or self._monotonic() - made >= good_for:
                made = self._monotonic()
                counted = self._read(month)
                self._kept[month] = (made, counted)
                self._kept.move_to_end(month)
                if len(self._kept) > _MOST:
                    self._kept.popitem(last=False)
            return counted

    @property
    def running(self) -> Month:
        """The month of this moment, by the service's clock."""
        return Month.of(self._clock.now(), self._zone)
