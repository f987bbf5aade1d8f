"""What insights are made of, read from the tables once a night and kept in the process.

Answers change in the nightly cut only (R7); what is read with them is read then, too, so that figures stand still in
between: two looks in one day say the same, and nobody learns from their difference who has answered meanwhile.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final, Generic, TypeVar

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, col, select

from database.surveys import SurveyCutRow
from survey.context import iso_week

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_LOOK_EVERY_SECONDS: Final = 60.0
AHEAD_AFTER_SECONDS: Final = 30.0
"""A process that starts has more to do. Then it reads what the first one would wait for."""
_AT_MOST_MS: Final = 60_000
"""For a statement: a year is read in a few seconds."""
Read = TypeVar("Read")


@dataclass(frozen=True, kw_only=True)
class AsOf:
    """`day`: the last one that was cut; `None`: none was. `before`: the first week that is not over yet, as
    `2026-W04`; what is counted by week is of weeks before it. `before_month`: the same of months, as `2026-01`."""

    day: date | None
    before: str
    before_month: str


class ReadNightly(Generic[Read]):
    """Reads by `read` when another day was cut; asks for that once a minute at most. The first one waits for it, others
    are given what there was until the new is there."""

    def __init__(self, engine: Engine, agency: str, read: Callable[[Session, AsOf], Read]) -> None:
        self._engine = engine
        self._agency = agency
        self._read = read
        self._lock = threading.Lock()
        self._kept: tuple[AsOf, Read] | None = None
        self._looked = 0.0

    def get(self) -> tuple[AsOf, Read]:
        """What was read, and as of when."""
        kept = self._kept
        if kept is None:
            with self._lock:
                return self._kept or self._take(self._newest())
        if time.monotonic() - self._looked > _LOOK_EVERY_SECONDS and self._lock.acquire(blocking=False):
            threading.Thread(target=self._look, daemon=True).start()
        return kept

    def look_again(self) -> None:
        """Now, whatever was read when."""
        with self._lock:
            self._take(self._newest())

    def _look(self) -> None:
        """Holds the lock already; lets it go."""
        try:
            as_of = self._newest()
            if self._kept is None or as_of != self._kept[0]:
                self._take(as_of)
            self._looked = time.monotonic()
        except SQLAlchemyError as error:
            _log.warning("insights could not be read anew", cause=type(error).__name__)
            self._looked = time.monotonic()
        finally:
            self._lock.release()

    def _newest(self) -> AsOf:
        with Session(self._engine) as session:
            row = session.exec(select(SurveyCutRow).where(col(SurveyCutRow.agency) == self._agency)).one_or_none()
            day = None if row is None else row.day
        if day is None:
            return AsOf(day=None, before="", before_month="")
        now = day + timedelta(days=1)
        return AsOf(day=day, before=iso_week(now), before_month=f"{now:%Y-%m}")

    def _take(self, as_of: AsOf) -> tuple[AsOf, Read]:
        with Session(self._engine) as session, session.begin():
            session.connection().exec_driver_sql(f"SET LOCAL statement_timeout = {_AT_MOST_MS}")
            kept = (as_of, self._read(session, as_of))
        self._kept, self._looked = kept, time.monotonic()
        return kept


@contextmanager
def read_ahead(*kept: ReadNightly[Any], after: float = AHEAD_AFTER_SECONDS) -> Iterator[None]:
    """Read each once, some time after the block has begun: so that nobody waits for it."""

    def read() -> None:
        for each in kept:
            try:
                each.get()
            except SQLAlchemyError as error:
                _log.warning("insights could not be read ahead", cause=type(error).__name__)

    timer = threading.Timer(after, read)
    timer.name, timer.daemon = "read ahead", True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
