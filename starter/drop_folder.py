"""A folder into which CAD drops files: each is taken in record by record, and ends in `done` or `failed` with a report.

A file that is read twice does no harm, so whatever goes wrong it is read again from its start: when it was written to
meanwhile, when its watcher was killed. It fails for what stands in it, never for trouble of ours.
"""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Event
from time import monotonic
from typing import Final

import structlog
from prometheus_client import Counter

from database.tables import real_now
from starter.drop_places import Dropped, Places, dropped
from starter.drop_report import Reading
from starter.drop_settling import Settling
from starter.drop_trouble import AWAY, Trouble, What
from starter.intake import Intake, Taken
from starter.log_file import LogError, OutOfReach
from starter.readers.samples import Sample, read_samples
from watching.redaction import redact

log = structlog.get_logger()

LOOKS_EVERY: Final = 1.0
"""Seconds."""
_WRITES_EVERY: Final = 5.0
_FORGETS_EVERY: Final = 600.0
_DATABASE_PAUSES: Final = (0.5, 1.0, 2.0, 5.0)
_AFTER_A_FAULT: Final = 300.0
_SHOWN_NAME: Final = 40
_MOST_SAID: Final = 1_000
_NUMBER: Final = re.compile(r"(?<!\d)\+?1?[-._ (]{0,2}\d{3}[-._ )]{0,2}\d{3}[-._ ]?\d{4}(?!\d)")
"""A telephone number, also where letters stand beside it."""

_FILES: Final = Counter("communityconnect_cad_files", "Files from CAD by feed and where they ended", ["feed", "ending"])


class _Stopped(Exception):  # noqa: N818 - an outcome
    """The watcher is to end; the file is read again at the next start."""


class _Changed(Exception):  # noqa: N818 - an outcome
    """The file was written to while it was read."""


class DropFolder:
    """One watcher of the folder; any number may watch one folder. `now`: seconds of a clock that never goes back;
    `today`: real time."""

    def __init__(
        self,
        places: Places,
        *,
        intake: Intake,
        trouble: Trouble,
        stop: Event,
        now: Callable[[], float] = monotonic,
        today: Callable[[], datetime] = real_now,
    ) -> None:
        self._places = places
        self._intake = intake
        self._trouble = trouble
        self._stop = stop
        self._now = now
        self._today = today
        self._settling = Settling(now=now)
        self._readings: dict[tuple[int, int, int], Reading] = {}
        """Of files that are read and could not be put away yet, by their state."""
        self._not_before: dict[int, float] = {}
        self._said: set[str] = set()
        self._next_write = self._next_forget = now()

    def watch(self) -> None:
        """Until `stop` is set."""
        try:
            while not self._stop.is_set():
                self.look()
                self._stop.wait(LOOKS_EVERY)
        finally:
            self._places.close()
            self._write_tally(now=True)

    def look(self) -> None:
        """One round: take in every file that is settled, the oldest first."""
        try:
            there = self._places.look()
            self._forget()
        except OSError as error:
            self._trouble.tell(What.FOLDER, f"the folder cannot be used: {_in_words(error)}")
            return
        self._trouble.tell(What.FOLDER, None)
        self._say_once(there.left_alone, "left alone: neither CSV nor JSON by its name")
        self._settling.forget_all_but(there.files)
        states = {file.state for file in there.files}
        self._readings = {state: reading for state, reading in self._readings.items() if state in states}
        stuck = [self._take_in(file) for file in there.files if not self._stop.is_set()]
        self._trouble.tell(What.WAITING, next((why for why in stuck if why is not None), None))
        self._write_tally()

    def _take_in(self, seen: Dropped) -> str | None:
        """Take the file in, if it is time; why it is stuck, if it is."""
        file = dropped(seen.path, is_ours=seen.is_ours)  # as it is now: those before it may have taken minutes
        if file is None or self._not_before.get(file.inode, 0) > self._now():
            return None
        try:
            if self._settling.is_settled(file):
                self._read_and_put_away(file)
        except _Stopped:
            return None
        except _Changed:
            log.info("a file was written to while it was read; it is read again", file=_shown(file.name))
            return None
        except OutOfReach as error:
            return f"a file {error.what}"
        except OSError as error:
            return f"a file cannot be taken in: {_in_words(error)}"
        except Exception as error:  # noqa: BLE001 - one file of many: the others must not wait for its mend
            self._not_before[file.inode] = self._now() + _AFTER_A_FAULT
            log.error(
                "a file could not be taken in: a fault of ours", file=_shown(file.name), cause=type(error).__name__
            )
            return f"a file could not be taken in, a fault of ours: {type(error).__name__}"
        return None

    def _read_and_put_away(self, file: Dropped) -> None:
        ours = file if file.is_ours else self._places.take(file)
        if ours is None:
            return
        reading = self._readings.get(ours.state) or self._read(ours, is_second=file.is_ours)
        self._readings[ours.state] = reading
        now = self._today()
        report = reading.report(feed=self._intake.tally.feed, at=now)
        self._places.put_away(ours, reading.ending, report=report, at=now)
        del self._readings[ours.state]
        self._account_for(ours, reading)

    def _read(self, file: Dropped, *, is_second: bool) -> Reading:
        """Take every record in.

        Raises:
            OutOfReach, _Changed, _Stopped: not to its end; nothing is lost, what was taken is repeated the next time.
        """
        reading = Reading(is_second=is_second)
        try:
            for sample in read_samples(file.path, self._intake.agency.cad, now=self._intake.now()):
                # Before each: a row that was cut off when it was read must not be taken once the rest of it is there.
                self._require_unchanged(file)
                reading.note(sample.place, self._take(sample))
                self._write_tally()
        except OutOfReach:
            raise
        except LogError as error:
            reading.broken = error.what
        self._require_unchanged(file)
        return reading

    def _take(self, sample: Sample) -> Taken:
        """Committed when it returns, however long the database is away.

        Raises:
            _Stopped: before it was.
        """
        pauses = iter(_DATABASE_PAUSES)
        while not self._stop.is_set():
            try:
                return self._intake.take(sample.read, raw=lambda: sample.raw, shape=sample.shape)
            except AWAY:
                log.warning("the database does not answer; the file waits", place=sample.place)
                self._stop.wait(next(pauses, _DATABASE_PAUSES[-1]))
        raise _Stopped

    def _require_unchanged(self, file: Dropped) -> None:
        now = dropped(file.path, is_ours=True)
        if now is None or now.state != file.state:
            raise _Changed

    def _account_for(self, file: Dropped, reading: Reading) -> None:
        _FILES.labels(self._intake.tally.feed, reading.ending).inc()
        counts = {str(result): count for result, count in reading.counts.items()}
        level = log.info if reading.broken is None else log.warning
        level("a file is read", file=_shown(file.name), ending=reading.ending, broken=reading.broken, **counts)
        if reading.records or reading.broken is not None:
            self._trouble.tell_of_file(reading.trouble)
        self._write_tally(now=True)

    def _write_tally(self, *, now: bool = False) -> None:
        if not now and self._now() < self._next_write:
            return
        self._next_write = self._now() + _WRITES_EVERY
        try:
            self._intake.tally.write()
            self._trouble.write()
        except AWAY:
            log.warning("the database does not answer; the counts are written later")

    def _forget(self) -> None:
        """Delete what is older than the agency's retention: there are telephone numbers in it (R3)."""
        if self._now() < self._next_forget:
            return
        self._next_forget = self._now() + _FORGETS_EVERY
        kept_for: timedelta = self._intake.agency.policy.retention.rejected
        if forgotten := self._places.forget(before=self._today() - kept_for):
            log.info("old files are deleted", files=forgotten)

    def _say_once(self, names: list[str], what: str) -> None:
        for name in names:
            if name not in self._said and len(self._said) < _MOST_SAID:
                self._said.add(name)
                log.warning(what, file=_shown(name))


def _shown(name: str) -> str:
    """A name may hold anything (R3)."""
    printable = "".join(sign if sign.isprintable() else "?" for sign in name)
    safe = _NUMBER.sub("[number]", redact(printable))
    return safe if len(safe) <= _SHOWN_NAME else f"{safe[:_SHOWN_NAME]}…"


def _in_words(error: OSError) -> str:
    return error.strerror or type(error).__name__
