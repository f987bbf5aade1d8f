"""R4: whatever CAD writes and commits, whenever we read: it ends in the records that one reading of it all makes."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import Final
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, text

from database.encryption import Keyring
from policy.agency import Agency
from policy.cad_feeds import SinceWritten
from starter.poll import Poller
from tests.servers import create_database, drop_database
from tests.starter.views import OVERLAP, Cad, Watch, facts_of, polled, poller

RUNS = Event()
CALLS: Final = (1001, 1002, 1003)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("write"), st.sampled_from(CALLS), st.sampled_from([3, 4])),
        st.tuples(st.just("commit"), st.sampled_from(CALLS)),
        st.tuples(st.just("change"), st.sampled_from(CALLS)),
        st.tuples(st.just("wait"), st.sampled_from([1, 40, 200, 295, 2000])),
        st.tuples(st.just("read")),
        st.tuples(st.just("restart")),
    ),
    min_size=6,
    max_size=40,
)
NIGHT = datetime(2026, 11, 1, 5, 40, tzinfo=UTC)
"""Twenty minutes before the clocks go back."""


@dataclass(kw_only=True)
class Life:
    """CAD and pollers, step by step. Each change is a second later than the one before, and is committed within the
    overlap."""

    cad: Cad
    engine: Engine
    keyring: Keyring
    agency: Agency
    is_local: bool
    watch: Watch = field(default_factory=Watch)
    stack: ExitStack = field(default_factory=ExitStack)
    open: dict[int, tuple[Connection, datetime]] = field(default_factory=dict)
    versions: dict[int, str] = field(default_factory=dict)
    poller: Poller | None = None

    def run(self, steps: Sequence[tuple[object, ...]]) -> None:
        for what, *how in steps:
            getattr(self, str(what))(*how)
        for call in CALLS:
            self.commit(call)
        self.read()

    def write(self, call: int, priority: int) -> None:
        self.wait(1)
        connection, _ = self.open.setdefault(
            call, (self.stack.enter_context(self.cad.engine.connect()), self.watch.time)
        )
        self.versions[call] = uuid4().hex
        times = dict.fromkeys(("updated", "received"), self.moment())
        self.cad.write(call, on=connection, priority_native=priority, area=self.versions[call], **times)

    def moment(self) -> datetime:
        return (
            self.watch.time.astimezone(ZoneInfo("America/Toronto")).replace(tzinfo=None)
            if self.is_local
            else (self.watch.time)
        )

    def change(self, call: int) -> None:
        """Written, committed and read at once."""
        self.write(call, 4)
        self.commit(call)
        self.read()

    def commit(self, call: int) -> None:
        if call in self.open:
            connection, _ = self.open.pop(call)
            connection.commit()
            connection.close()

    def wait(self, seconds: int) -> None:
        later = self.watch.time + timedelta(seconds=seconds)
        for call, (_, since) in list(self.open.items()):
            if later - since > OVERLAP:
                self.commit(call)
        self.watch.time = later

    def read(self) -> None:
        if self.poller is None:
            self.poller = poller(self.cad.url, self.engine, self.keyring, self.agency, self.watch)
            self.stack.callback(self.poller.close)
        self.poller.once(RUNS)

    def restart(self) -> None:
        self.poller = None


def forget(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("TRUNCATE call, cad_record, cad_feed, rejected_record"))


@contextmanager
def a_cad(postgres_url: str, *, time: str) -> Iterator[Cad]:
    name = f"cad_{uuid4().hex[:12]}"
    cad = Cad(create_database(postgres_url, name), time=time)
    yield cad
    cad.engine.dispose()
    drop_database(postgres_url, name)


@pytest.fixture
def cad(postgres_url: str) -> Iterator[Cad]:
    with a_cad(postgres_url, time="timestamptz") as cad:
        yield cad


@pytest.fixture
def cad_in_local_time(postgres_url: str) -> Iterator[Cad]:
    with a_cad(postgres_url, time="timestamp") as cad:
        yield cad


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_any_order_of_changes_commits_and_readings_ends_in_what_one_reading_makes(
    cad: Cad, engine: Engine, keyring: Keyring, ottawa: Agency, steps: Sequence[tuple[object, ...]]
) -> None:
    forget(engine)
    cad.do("TRUNCATE incident")
    life = Life(cad=cad, engine=engine, keyring=keyring, agency=polled(ottawa), is_local=False)
    with life.stack:
        life.run(steps)
        piece_by_piece = facts_of(engine)
        forget(engine)
        life.restart()
        life.read()
    assert len(piece_by_piece) == len(life.versions)
    assert facts_of(engine) == piece_by_piece


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_in_the_night_on_which_an_hour_comes_twice_the_last_word_on_each_call_is_taken(
    cad_in_local_time: Cad, engine: Engine, keyring: Keyring, ottawa: Agency, steps: Sequence[tuple[object, ...]]
) -> None:
    forget(engine)
    cad_in_local_time.do("TRUNCATE incident")
    agency = polled(ottawa, since=SinceWritten.LOCAL)
    life = Life(cad=cad_in_local_time, engine=engine, keyring=keyring, agency=agency, is_local=True)
    life.watch.time = NIGHT
    with life.stack:
        life.run(steps)
    with engine.connect() as connection:
        taken = set(connection.execute(text("SELECT body ->> 'area' FROM cad_record")).scalars())
    assert set(life.versions.values()) <= taken
