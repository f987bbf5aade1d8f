"""The figures that need the database, for Prometheus: asked for in the background, by one starter at a time.

A scrape reads what was last found, and never waits. Where the database does not answer, the figures go away, at the
latest after a minute: an old one would look well. Which starter exports is decided by a lock in the database, so that a
sum over all processes is right; should that one end, another has it within seconds.
"""

import asyncio
import time
from collections.abc import Iterator, Sequence
from threading import Event, Lock, Thread
from typing import Final

import structlog
from prometheus_client import REGISTRY
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import Connection, func, select, text
from sqlalchemy.exc import SQLAlchemyError
from temporalio.client import Client
from temporalio.service import RPCError

from calls.clock import Clock
from database.engine import connect
from policy.agency import Agency
from starter.figures import figures, surveys

log = structlog.get_logger()

EVERY_SECONDS: Final = 15.0
GOOD_FOR_SECONDS: Final = 60.0
_SURVEYS_EVERY_SECONDS: Final = 3600.0
"""R7: a figure that is told at every answer would say to the second when somebody answered."""
_STATEMENTS_END_AFTER_SECONDS: Final = 5
_GIVES_UP_AFTER_SECONDS: Final = 60
_ONE_AT_A_TIME: Final = 7_220_415_532  # any number of ours, kept as long as the connection
STUCK: Final = "TemporalReportedProblems IN ('category=WorkflowTaskFailed', 'category=WorkflowTaskTimedOut')"


class Exporter(Collector):
    """Finds the figures in a thread, and gives them to whoever scrapes this process."""

    def __init__(self, *, url: str, agency: Agency, clock: Clock, client: Client | None) -> None:
        self._engine = connect(url, pool_size=1)
        self._agency = agency
        self._clock = clock
        self._client = client
        self._lock = Lock()
        self._found: Sequence[Metric] = ()
        self._found_at = self._surveys_at = float("-inf")
        self._surveys: Sequence[Metric] = ()
        self._ended = Event()
        self._stuck: tuple[float, int] | None = None

    def start(self) -> None:
        """Begin. For the loop that the client belongs to; it lasts as long as the process."""
        REGISTRY.register(self)
        self.begin()
        if self._client is not None:
            self._asking = asyncio.create_task(self._ask_temporal(self._client))

    def begin(self) -> None:
        """Ask the database, in a thread, until `end` or for ever."""
        Thread(target=self._run, name="exporter", daemon=True).start()

    def end(self) -> None:
        """Ask no more: another starter may."""
        self._ended.set()

    def collect(self) -> Iterator[Metric]:
        """What was found within the last minute; nothing where another starter exports."""
        with self._lock:
            found = self._found if time.monotonic() - self._found_at < GOOD_FOR_SECONDS else ()
        yield from found
        if found and self._stuck is not None and time.monotonic() - self._stuck[0] < GOOD_FOR_SECONDS * 2:
            yield GaugeMetricFamily(
                "communityconnect_stuck_workflows", "Whose tasks fail in Temporal", value=self._stuck[1]
            )

    def once(self, connection: Connection) -> None:
        """Find the figures. Raises what the database raises."""
        began = time.monotonic()
        found = list(figures(connection, self._agency, now=self._clock.now()))
        if began - self._surveys_at > _SURVEYS_EVERY_SECONDS:
            self._surveys, self._surveys_at = list(surveys(connection, self._agency)), began
        took = GaugeMetricFamily(
            "communityconnect_figures_seconds",
            "What the database took for all of these",
            value=time.monotonic() - began,
        )
        with self._lock:
            self._found, self._found_at = [*found, *self._surveys, took], time.monotonic()

    def _run(self) -> None:
        while not self._ended.is_set():
            try:
                with self._engine.connect() as connection:
                    self._export_while_mine(connection.execution_options(isolation_level="AUTOCOMMIT"))
            except SQLAlchemyError as error:
                log.warning("the figures could not be read; trying again", cause=type(error).__name__)
            with self._lock:  # from here on another may export
                self._found_at = float("-inf")
            self._engine.dispose()  # with its connection goes the lock
            self._ended.wait(EVERY_SECONDS)

    def _export_while_mine(self, connection: Connection) -> None:
        """As long as this connection has the lock; at once back where another starter has it."""
        connection.execute(text(f"SET statement_timeout = '{_STATEMENTS_END_AFTER_SECONDS}s'"))
        # A process that is frozen keeps its connections: without this it would keep the lock, too.
        connection.execute(text(f"SET idle_session_timeout = '{_GIVES_UP_AFTER_SECONDS}s'"))
        if not connection.execute(select(func.pg_try_advisory_lock(_ONE_AT_A_TIME))).scalar_one():
            return
        while not self._ended.is_set():
            self.once(connection)
            self._ended.wait(EVERY_SECONDS)

    async def _ask_temporal(self, client: Client) -> None:
        """How many workflows cannot go on. A server that does not know the attribute says nothing: then the SDK's own
        counter of failed tasks is all there is."""
        while True:
            try:
                self._stuck = (time.monotonic(), (await client.count_workflows(STUCK)).count)
            except RPCError:
                self._stuck = None
            await asyncio.sleep(GOOD_FOR_SECONDS)
