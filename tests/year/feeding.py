"""The feeder: new calls as fast as the service keeps up, and what CAD tells of each open call, when it happens."""

import heapq
import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, text

from calls.clock import Clock
from local.box import Box
from local.processes import Supervisor
from tests.year.fed import STANDING, Fed, Standing
from tests.year.lives import Record, moved, records, the_year
from tests.year.pace import Lag, Pace, Watch
from tests.year.part import Part
from tests.year.pushing import Pushing
from tests.year.samples import EVERY_SECONDS, SAMPLES, Samples

_STEP_SECONDS: Final = 0.02
_LOOK_SECONDS: Final = 1.0
_MOST_UNPUSHED: Final = 500
_QUIET_FOR: Final = timedelta(hours=24)
"""So long after CAD's last word every text is due but those of calls that are open for days."""
_LATE_BOUND: Final = timedelta(minutes=15)
"""Of the service's clock: a quarter of the hour after which a confirmation or a delay notice expires."""
_UNSETTLED: Final = text("SELECT count(*) FROM text WHERE state IN ('claimed', 'sending', 'unknown')")
WAITED_FOR: Final = text("SELECT count(*) FROM call WHERE ended_reason IS NULL AND eligibility = 'eligible'")

Say = Callable[[str], None]


class Outcome(Enum):
    """How a run ended. `QUIET`: CAD has nothing more to tell for days, and the calls that nobody ever cleared wait for
    the day on which they end by themselves: on a quicker clock it comes sooner."""

    STOPPED = "stopped"
    QUIET = "quiet"
    OVER = "over"


@dataclass(frozen=True, kw_only=True)
class Options:
    """What was asked for. `calls`: of the part; `seconds`: stop in order after so long, `None`: when it is over."""

    home: Path
    part: Part
    calls: int
    speed: float
    seconds: float | None
    first_port: int
    is_quick: bool = False
    """It is the last part, on a quicker clock."""


@dataclass(frozen=True, kw_only=True)
class Supply:
    """What is still to be told: `waiting`, a heap of records of calls that were fed, and `coming`, the calls that were
    not."""

    waiting: list[Record]
    coming: Iterator[dict[str, str]]


def supply_of(fed: Fed, *, told_until: datetime | None, first: int = 0, calls: int, zone: ZoneInfo) -> Supply:
    """So many calls from the `first` of the year on. Look through all of it that is past, which takes some seconds:
    before the clock goes on."""
    waiting: list[Record] = []
    if told_until is not None:
        for number, row in enumerate(fed.rows()):
            waiting += (record for record in records(row, number=number) if record.at >= told_until)
    heapq.heapify(waiting)
    year = the_year(zone)
    for _ in itertools.islice(year, first + fed.number):
        pass
    return Supply(waiting=waiting, coming=itertools.islice(year, max(calls - fed.number, 0)))


class Feeding:
    """One run's feeder. The service is there; its clock may not have begun."""

    def __init__(
        self,
        options: Options,
        *,
        box: Box,
        supervisor: Supervisor,
        fed: Fed,
        supply: Supply,
        engine: Engine,
        run: int,
        say: Say,
    ) -> None:
        self._options = options
        self._box = box
        self._supervisor = supervisor
        self._fed = fed
        self._engine = engine
        self._say = say
        self._waiting = supply.waiting
        self._coming = supply.coming
        self._pace = Pace(late_bound=box.clock.real_duration(_LATE_BOUND).total_seconds())
        self._watch = Watch(engine=engine, speed=box.clock.speed)
        self._samples = Samples(box.state.home / SAMPLES, box=box, supervisor=supervisor, engine=engine, run=run)
        self._pushing = Pushing(box)
        self._quiet_since: datetime | None = None
        self._began = time.monotonic()
        self._lag = Lag(unpushed=0, behind=0, in_line=0, late=0.0)

    def go(self) -> Outcome:
        """Feed until the time is over or the year is."""
        self._say(f"{self._fed.number} calls are fed; {len(self._waiting)} records of them are still to come.")
        self._wait_for_clock()
        try:
            return self._feed()
        finally:
            self._pushing.stop()
            self._stand()
            self._say(f"{self._fed.number} calls are fed. The same command goes on from here.")

    def _wait_for_clock(self) -> None:
        while datetime.now(UTC) < self._clock.real_origin:
            self._supervisor.poll()
            time.sleep(_STEP_SECONDS)

    @property
    def _clock(self) -> Clock:
        return self._box.clock

    def _feed(self) -> Outcome:
        zone = self._box.agency.policy.timetable.zone_info
        look = sample = time.monotonic()
        while True:
            now = self._clock.now()
            self._tell_until(now)
            if self._pushing.in_line < _MOST_UNPUSHED:
                for row in itertools.islice(self._coming, self._pace.calls_now()):
                    self._take_in(moved(row, received=now, zone=zone))
            if time.monotonic() >= look:
                look = time.monotonic() + _LOOK_SECONDS
                self._look()
                if (outcome := self._is_over()) is not None:
                    return outcome
            if time.monotonic() >= sample:
                sample = time.monotonic() + EVERY_SECONDS
                self._sample()
            if self._options.seconds is not None and time.monotonic() - self._began > self._options.seconds:
                return Outcome.STOPPED
            time.sleep(_STEP_SECONDS)

    def _take_in(self, row: dict[str, str]) -> None:
        number = self._fed.write(row)
        for record in records(row, number=number):
            heapq.heappush(self._waiting, record)

    def _tell_until(self, now: datetime) -> None:
        while self._waiting and self._waiting[0].at <= now:
            self._pushing.tell(heapq.heappop(self._waiting))

    def _look(self) -> None:
        """Once a second."""
        self._supervisor.poll()
        self._pushing.raise_trouble()
        self._stand()
        self._lag = self._watch.lag(unpushed=self._pushing.in_line)
        self._pace.heed(self._lag)

    def _is_over(self) -> Outcome | None:
        if self._fed.number < self._options.calls or self._waiting or self._pushing.in_line:
            self._quiet_since = None
            return None
        with self._engine.connect() as connection:
            waiting, unsettled = (int(connection.execute(count).scalar_one()) for count in (WAITED_FOR, _UNSETTLED))
        if not waiting and not unsettled:
            return Outcome.OVER
        now = self._clock.now()
        self._quiet_since = self._quiet_since or now
        is_quiet = now - self._quiet_since > _QUIET_FOR and not unsettled
        return Outcome.QUIET if is_quiet and not self._options.is_quick else None

    def _stand(self) -> None:
        real = datetime.now(UTC)
        now = self._clock.at(real)
        told_until = min(now, self._pushing.told_until() or now, self._waiting[0].at if self._waiting else now)
        Standing(clock=self._clock, alive_real=real, told_until=told_until).write(self._box.state.home / STANDING)

    def _sample(self) -> None:
        late = self._watch.lateness(share=0.99, seconds=EVERY_SECONDS)
        open_ = self._samples.take(fed=self._fed.number, late_p99=late, rate=self._pace.rate)
        lag = self._lag
        said = (
            f"{self._clock.now():%Y-%m-%d %H:%M}",
            f"{self._fed.number} calls fed, {open_} open, {self._pace.rate:.1f} a second",
            f"late {late:.2f} s (p99)",
            f"unpushed {lag.unpushed}, behind {lag.behind}, in line {lag.in_line}",
        )
        self._say(" | ".join(said))
