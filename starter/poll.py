"""A view of CAD's database, read again and again: overlapping, so that what is committed late is not missed (R4).

Any number of pollers may read the same view; each row is taken once, whoever takes it.
"""

from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta
from threading import Event, Thread
from typing import Final
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy.exc import SQLAlchemyError

from calls.policy import Timetable
from policy.cad_feeds import PollRule
from starter.intake import Intake
from starter.poll_rows import ViewRow, as_view
from starter.poll_since import at_the_earliest, written
from starter.poll_view import View, ViewTrouble
from starter.readers.cells import BadTime, updated_of
from starter.readers.rows import read_row
from starter.readers.told import Told, Unreadable
from starter.rejected import Shape

log = structlog.get_logger()

MOST_KNOWN: Final = 200_000
"""So many rows of the last pass are known again; with more than that the surplus is taken to our database each time."""
_KNOWN_FOR: Final = timedelta(hours=2)
_LONGEST_PAUSE_SECONDS: Final = 60.0
_SHORTEST_PAUSE_SECONDS: Final = 0.2
"""For demonstrations on a fast clock."""
_ENDS_WITHIN_SECONDS: Final = 1.5


class Stuck(Exception):  # noqa: N818 - of CAD's making
    """CAD's database does not answer, and its driver does not let go: only a new process helps."""


class Known:
    """The rows that were taken and stood in the view in the last pass, as they are: they need not be taken again.

    Only the last pass counts: a row that changed, and changed back, is news. A row that the last pass did not ask for
    is known for two hours: when the clocks go back an hour is asked for again, and a row that would be taken again then
    would count as written an hour later.
    """

    def __init__(self) -> None:
        self._before: dict[bytes, datetime | None] = {}
        self._seen: dict[bytes, datetime | None] = {}
        self._has_taken = False

    def begin(self) -> None:
        """A pass begins."""
        self._seen, self._has_taken = {}, False

    def stamp(self, mark: bytes) -> datetime | None:
        """The update time of a row that is known.

        Raises:
            KeyError: it is not.
        """
        stamp = self._seen[mark] if mark in self._seen else self._before[mark]
        self._see(mark, stamp)
        return stamp

    def take(self, mark: bytes, stamp: datetime | None) -> None:
        """This row was taken, and is committed."""
        self._has_taken = True
        self._see(mark, stamp)

    def end(self, *, asked_since: datetime, complete: bool) -> None:
        """A pass ends. One that broke off and had nothing new leaves all as it was."""
        if not complete and not self._has_taken:
            return
        forgotten = asked_since - _KNOWN_FOR
        for mark, stamp in self._before.items():
            if stamp is not None and forgotten < stamp < asked_since and mark not in self._seen:
                self._see(mark, stamp)
        self._before = self._seen

    def _see(self, mark: bytes, stamp: datetime | None) -> None:
        if len(self._seen) < MOST_KNOWN:
            self._seen[mark] = stamp


class Poller:
    """Reads one view. `seconds`: how long a length of the service's time takes in reality."""

    def __init__(
        self,
        *,
        view: View,
        intake: Intake,
        rule: PollRule,
        seconds: Callable[[timedelta], timedelta] = lambda span: span,
    ) -> None:
        self._view = view
        self._intake = intake
        self._rule = rule
        self._every = max(seconds(rule.every).total_seconds(), _SHORTEST_PAUSE_SECONDS)
        self._mapping = as_view(intake.agency.cad)
        self._zone = ZoneInfo(self._mapping.zone)
        self._known = Known()
        self._failures = 0
        self._trouble: str | None = None
        self._told_trouble: str | None = "of a process before this one"

    def run(self, stop: Event) -> None:
        """Pass after pass until `stop` is set."""
        while not stop.is_set():
            stop.wait(self.turn(stop))
        self.close()

    def close(self) -> None:
        """Let CAD's database go."""
        self._view.close()

    def turn(self, stop: Event) -> float:
        """One pass, come what may; how many seconds to wait until the next."""
        try:
            self.once(stop)
        except ViewTrouble as trouble:
            return self._failed(str(trouble))
        except SQLAlchemyError as error:
            return self._failed(f"our own database: {type(error).__name__}")
        self._failures = 0
        if self._trouble is not None:
            self._trouble = None
            log.info("polling goes on", feed=self._intake.tally.feed)
        self._note_down()
        return self._every

    def once(self, stop: Event) -> None:
        """Read what is new, take it in, and only then say how far we have read.

        Raises:
            ViewTrouble: CAD's database or its view.
            SQLAlchemyError: our own database does not answer.
        """
        started = self._intake.now()
        latest: datetime | None = None

        def reach(stamp: datetime | None) -> None:
            """Not into the future: a row from there says nothing of how far we have read."""
            nonlocal latest
            if stamp is not None and stamp <= started:
                latest = stamp if latest is None else max(latest, stamp)

        def is_wanted(row: ViewRow) -> bool:
            try:
                reach(self._known.stamp(row.mark))
            except KeyError:
                return True
            return False

        complete = False
        since = self._since(started)
        bound = written(since, until=started, how=self._rule.since, zone=self._zone)
        self._known.begin()
        try:
            with closing(self._view.rows(bound, is_wanted=is_wanted)) as parts:
                for row in (row for part in parts for row in part):
                    if stop.is_set():
                        return
                    reach(self._take(row))
            complete = True
        finally:
            self._known.end(asked_since=since, complete=complete)
        if latest is not None:
            self._intake.tally.has_read_until(at_the_earliest(latest, how=self._rule.since, zone=self._zone))

    def watch(self) -> None:
        """From another thread, now and then: say so when CAD's database does not answer and its driver waits on.

        Raises:
            Stuck: it has not for so long that it will not any more.
        """
        waiting = self._view.waiting_for()
        if waiting > 10 * self._view.patience:
            raise Stuck(f"CAD's database has not answered for {int(waiting.total_seconds())} s; start me again")
        if waiting > 2 * self._view.patience:
            self._say("CAD's database does not answer")
            self._note_down()

    def _since(self, now: datetime) -> datetime:
        """From where on to read. What the service has never read it reads as far back as somebody may be texted."""
        read_until = self._intake.tally.read_until()
        if read_until is None:
            read_until = now - first_time_back(self._intake.agency.policy.timetable)
        return min(read_until, now) - self._rule.overlap

    def _take(self, row: ViewRow) -> datetime | None:
        """Take one row in; its update time. It is committed, or kept as one that cannot be read."""
        now = self._intake.now()
        read = read_row(row.cells, self._mapping, now=now)
        self._intake.take(read, raw=row.raw, shape=Shape.VIEW)
        stamp = self._stamp(row, read, now=now)
        self._known.take(row.mark, stamp)
        return stamp

    def _stamp(self, row: ViewRow, read: Told | Unreadable, *, now: datetime) -> datetime | None:
        if isinstance(read, Told):
            return read.stamp
        try:
            return updated_of(row.cells, self._mapping, now=now)
        except BadTime:
            return None

    def _failed(self, trouble: str) -> float:
        self._failures += 1
        self._say(trouble)
        self._note_down()
        return min(2.0 ** min(self._failures - 1, 10), _LONGEST_PAUSE_SECONDS)

    def _say(self, trouble: str) -> None:
        """One line when it begins; the feed's row has the latest."""
        if self._trouble is None:
            log.warning("polling is held up; trying again", feed=self._intake.tally.feed, trouble=trouble)
        self._trouble = trouble

    def _note_down(self) -> None:
        """For people: counts, and what is wrong. Where our own database does not answer it is noted the next time."""
        trouble = self._trouble
        try:
            self._intake.tally.write()
            if trouble != self._told_trouble:
                self._intake.tally.trouble(trouble)
                self._told_trouble = trouble
        except SQLAlchemyError as error:
            self._say(f"our own database: {type(error).__name__}")


def first_time_back(timetable: Timetable) -> timedelta:
    """So old a call may be and still get its first text; older ones nobody is texted about any more (R5).

    A day more for quiet hours.
    """
    rule = timetable.confirmation
    return max(rule.after_received, rule.after_hang_up) + rule.expires_after + timedelta(days=1)


def serve(poller: Poller, *, is_stopping: Callable[[], bool]) -> None:
    """Poll until told to stop, and then be gone within two seconds, whatever CAD's database does.

    Raises:
        Stuck: it does not answer at all.
    """
    stop = Event()
    faults: list[BaseException] = []

    def run() -> None:
        try:
            poller.run(stop)
        except BaseException as fault:  # noqa: BLE001 - raised below, where it ends the process
            faults.append(fault)

    thread = Thread(target=run, daemon=True, name="poll")  # nobody waits for a driver that hangs
    thread.start()
    while thread.is_alive() and not is_stopping():
        thread.join(0.2)
        poller.watch()
    stop.set()
    thread.join(_ENDS_WITHIN_SECONDS)
    for fault in faults:
        raise fault
