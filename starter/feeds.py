"""How a feed is doing: counted in the process, written to its row now and then, for people and for alerts."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from threading import Lock
from typing import Any, Final

import prometheus_client
from sqlalchemy import Engine, func
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped
from sqlmodel import Session, col, select, update

from database.feeds import CadFeedRow
from database.tables import real_now


class Way(StrEnum):
    """How records come in."""

    PUSH = "push"
    POLL = "poll"
    FOLDER = "folder"
    EIDO = "eido"


class Result(StrEnum):
    """What became of a record."""

    TAKEN = "taken"
    REPEATED = "repeated"
    """It was here already; nothing changes."""
    REJECTED = "rejected"
    """It cannot be read. It is kept for a person to look at."""


_RECORDS: Final = prometheus_client.Counter(
    "communityconnect_cad_records", "CAD records by feed and result", ["feed", "result"]
)
_UNKNOWN: Final = prometheus_client.Counter(
    "communityconnect_cad_unknown_codes", "CAD records with a code that nobody listed", ["feed"]
)
_NOTHING_YET: Final = dict.fromkeys((*Result, "unknown"), 0)


class Tally:
    """The counts of one feed in this process. May be used by several threads."""

    def __init__(self, *, engine: Engine, feed: str, way: Way) -> None:
        self.feed = feed
        self._way = way
        self._engine = engine
        self._lock = Lock()
        self._counts: Counter[str] = Counter()
        self._seen: dict[str, datetime | float] = {}

    def note(self, result: Result, *, lag: timedelta | None = None, unknown: bool = False) -> None:
        """One record, now. `lag`: from the source's own time of it to now."""
        _RECORDS.labels(self.feed, result).inc()
        _UNKNOWN.labels(self.feed).inc(unknown)
        now = real_now()
        with self._lock:
            self._counts.update([result])
            self._counts.update(["unknown"] * unknown)
            self._seen["last_heard_real"] = now
            if result is Result.TAKEN:
                self._seen["last_record_real"] = now
            if result is Result.TAKEN and lag is not None:
                self._seen["lag_seconds"] = lag.total_seconds()

    def write(self) -> None:
        """Add what was counted since the last time to the feed's row.

        Raises:
            OperationalError: the database does not answer; what was counted is kept for the next time.
        """
        with self._lock:
            counts, self._counts = self._counts, Counter()
            seen, self._seen = self._seen, {}
        if not seen:
            return
        grown = {name: func.coalesce(_column(name), 0) + count for name, count in counts.items()}
        try:
            self._update({**grown, **seen})
        except BaseException:
            with self._lock:
                self._counts.update(counts)
                self._seen = seen | self._seen
            raise

    def trouble(self, what: str | None) -> None:
        """Say what stops the feed now, in one line; `None`: it runs.

        Raises:
            OperationalError: the database does not answer.
        """
        since = None if what is None else func.coalesce(_column("trouble_since_real"), real_now())
        self._update({"trouble": what, "trouble_since_real": since})

    def read_until(self) -> datetime | None:
        """Of a polled view: up to which update time it has been read, by any process."""
        with Session(self._engine) as session:
            return session.exec(select(CadFeedRow.read_until).where(col(CadFeedRow.feed) == self.feed)).first()

    def has_read_until(self, moment: datetime) -> None:
        """Of a polled view: it has been read up to this update time. Never backwards."""
        self._update({"read_until": func.greatest(_column("read_until"), moment)})

    def _update(self, values: Mapping[str, Any]) -> None:
        mine = col(CadFeedRow.feed) == self.feed
        with Session(self._engine) as session, session.begin():
            new = insert(CadFeedRow).values(feed=self.feed, way=self._way, since_real=real_now(), **_NOTHING_YET)
            session.execute(new.on_conflict_do_nothing())
            session.execute(update(CadFeedRow).where(mine).values(**values))


def _column(name: str) -> Mapped[Any]:
    return col(getattr(CadFeedRow, name))
