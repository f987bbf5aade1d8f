"""A simulation goes in legs: each has a Temporal and a worker of its own, and takes up where the last one ended.

Temporal's test server becomes slower with every workflow that it has seen: New York's first 500 texts took 36 s, the
500 after the 7,000th twice that, on the same machine. A leg that begins afresh costs about 4 s.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Engine, func
from sqlmodel import Session, select

from calls.clock import Clock
from database.encryption import load_keyring, new_key
from database.tables import CadRecordRow
from local.errors import LocalError
from local.ports import LOOPBACK, free_port
from local.processes import Supervisor
from local.simulation import skipped_time
from local.simulation.bar import Bar
from local.simulation.feed import EARLY, Feed, take_up
from local.simulation.worker import worker
from local.state import State
from policy.agency import Agency, load_agency
from starter.accept import Acceptor
from starter.forward import Forwarder
from starter.records import LogRecord

_TOLD_IN_A_LEG = 4000
"""Starts and signals: about a thousand calls."""
_LONGEST_LEG = timedelta(days=100)
"""The server counts nanoseconds since 1970 in 64 bits, to the year 2262: in slow motion 2.3 years of a log from now.
A leg and, by the longest policy, two years until its last call is over."""
_HEAD_START = timedelta(minutes=1)


def _none_is_early() -> datetime:
    """A log's records come at their own times, be they of next year."""
    return datetime(9000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a simulation stands: how many records are in, and the log's time."""

    done: int
    now: datetime


def begun(engine: Engine, records: list[LogRecord]) -> Place:
    """Where an interrupted simulation stood: surely in are the records before the last moment that it had."""
    with Session(engine) as session:
        last = session.exec(select(func.max(CadRecordRow.stamp))).first()
    if last is None:
        return Place(done=0, now=records[0].stamp - _HEAD_START)
    return Place(done=sum(record.stamp < last for record in records), now=last - EARLY)


@dataclass(frozen=True, kw_only=True)
class Legs:
    """What all legs share. PostgreSQL runs already, as the supervisor's first child."""

    records: list[LogRecord]
    folder: Path
    agency: Agency
    engine: Engine
    postgres_url: str
    state: State
    supervisor: Supervisor
    longest_life: timedelta
    """From a call's last record to when nothing more can be owed."""

    async def one(self, place: Place, *, bar: Bar) -> Place | None:
        """Go one leg from `place`; where it ended, `None` after the last one.

        Raises:
            LocalError: the agency's folder is another one now.
            CutOff: Temporal did not take what it was told.
        """
        if load_agency(self.folder).version != self.agency.version:
            raise LocalError(f"{self.folder} was changed while it was simulated; run the command again")
        take_up(self.engine, self.agency.policy, now=place.now)
        port = free_port()
        self.supervisor.start(skipped_time.server(self.state, port=port))
        client = await skipped_time.connect(port)
        time = await skipped_time.skipped_time(client, begins=place.now)
        environment = self._environment(port, time.clock)
        self.supervisor.start(worker(self.state, metrics_port=free_port(), environment=environment))
        policy = self.agency.policy
        keyring = load_keyring(
            encryption_keys=environment["COMMUNITYCONNECT_ENCRYPTION_KEYS"],
            lookup_key=environment["COMMUNITYCONNECT_LOOKUP_KEY"],
        )
        feed = Feed(
            engine=self.engine,
            records=self.records[place.done :],
            time=time,
            acceptor=Acceptor(
                engine=self.engine, keyring=keyring, agency=self.agency.key, policy=policy, now=_none_is_early
            ),
            forwarder=Forwarder(engine=self.engine, client=client, policy=policy, clock=time.clock, now=time.last_told),
        )
        before = place.now + _LONGEST_LEG
        fed = await feed.run(most=_TOLD_IN_A_LEG, before=before, on_record=bar.record)
        done = place.done + fed
        all_over = self.records[max(0, done - 1)].stamp + self.longest_life
        if done == len(self.records):
            await feed.rest(until=all_over, on_time=bar.time)
            now = None
        elif self.records[done].stamp > all_over:  # nothing is owed to anyone in between
            await feed.rest(until=all_over, on_time=bar.time)
            now = self.records[done].stamp - _HEAD_START
        else:
            if not fed:
                await feed.rest(until=before, on_time=bar.time)
            now = await time.now()
        self.supervisor.stop(keep=1)
        return None if now is None else Place(done=done, now=now)

    def _environment(self, port: int, clock: Clock) -> dict[str, str]:
        """The worker's settings. An interrupted simulation finds its keys again."""
        secret = self.state.secret
        return {
            "DATABASE_URL": self.postgres_url,
            "TEMPORAL_ADDRESS": f"{LOOPBACK}:{port}",
            "TEMPORAL_NAMESPACE": "default",
            "COMMUNITYCONNECT_AGENCY": str(self.folder.absolute()),
            "COMMUNITYCONNECT_ENCRYPTION_KEYS": "simulation:" + secret("encryption_key", new_key),
            "COMMUNITYCONNECT_LOOKUP_KEY": secret("lookup_key", new_key),
            "COMMUNITYCONNECT_CLOCK": clock.model_dump_json(),
        }
