"""R4: a view of CAD's database is read so that no row is missed and none is taken twice. On a real PostgreSQL."""

import gc
import json
import shutil
import socket
import subprocess
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from uuid import uuid4
from zoneinfo import ZoneInfo

import psycopg
import pytest
import yaml
from sqlalchemy import Connection, Engine, event, text
from structlog.testing import capture_logs

from cli.cad_poll import view_of
from database.encryption import Keyring, new_key
from policy.agency import Agency
from policy.cad_feeds import PollRule, SinceWritten
from policy.yaml_file import AgencyError
from settings import Settings, SettingsError, child_environment, python
from starter.poll import Poller, Stuck, first_time_back, serve
from starter.poll_view import AT_ONCE
from starter.rejected import RejectedRecords, Shape
from tests.builders import NOON, minutes
from tests.conftest import AGENCIES
from tests.servers import create_database, drop_database
from tests.starter.logs import COLUMNS
from tests.starter.views import FEED, OVERLAP, Cad, Watch, facts_of, feed_row, kept, polled, poller

KEYS = {
    "COMMUNITYCONNECT_ENCRYPTION_KEYS": f"k:{new_key()}",
    "COMMUNITYCONNECT_LOOKUP_KEY": new_key(),
}
RUNS = Event()
TORONTO = ZoneInfo("America/Toronto")
TERMINATE = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{}' AND pid <> pg_backend_pid()"


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


@pytest.fixture
def cad_url(postgres_url: str) -> Iterator[str]:
    name = f"cad_{uuid4().hex[:12]}"
    yield create_database(postgres_url, name)
    drop_database(postgres_url, name)


@pytest.fixture
def cad(cad_url: str) -> Iterator[Cad]:
    cad = Cad(cad_url)
    yield cad
    cad.engine.dispose()


@pytest.fixture
def cad_in_local_time(cad_url: str) -> Iterator[Cad]:
    cad = Cad(cad_url, time="timestamp")
    yield cad
    cad.engine.dispose()


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def agency(ottawa: Agency) -> Agency:
    return polled(ottawa)


Start = Callable[..., Poller]


@pytest.fixture
def start(cad_url: str, engine: Engine, keyring: Keyring, agency: Agency, watch: Watch) -> Iterator[Start]:
    """Starts a poller, as a process of its own would have it."""
    started: list[Poller] = []

    def start(agency: Agency = agency, *, patience: float = 30) -> Poller:
        started.append(poller(cad_url, engine, keyring, agency, watch, patience=patience))
        return started[-1]

    yield start
    for one in started:
        one.close()


@pytest.fixture
def a_poller(start: Start) -> Poller:
    return start()


@contextmanager
def counted(engine: Engine, beginning: str = "") -> Iterator[list[str]]:
    """Every statement that is sent to the database meanwhile."""
    said: list[str] = []

    def note(_connection: Connection, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith(beginning):
            said.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    yield said
    event.remove(engine, "before_cursor_execute", note)


def read_until(engine: Engine) -> datetime | None:
    moment: datetime | None = feed_row(engine).read_until
    return moment


def on_server(postgres_url: str, statement: str) -> None:
    with psycopg.connect(postgres_url.replace("+psycopg", "", 1), autocommit=True) as connection:
        connection.execute(statement.encode())


def test_a_row_becomes_a_call_whatever_types_its_columns_have(cad: Cad, engine: Engine, a_poller: Poller) -> None:
    """A whole number of numeric(4, 1), a char(12) with blanks at its end, times with an offset."""
    cad.write(1001, updated=NOON - seconds(3), phone="613 555 0142", dispatched=NOON - seconds(4), area="Centre")
    a_poller.once(RUNS)
    [(call_id, facts)] = facts_of(engine).items()
    assert (call_id, facts.cad_id, facts.case_number) == ("ottawa-1001", "1001", "1001")
    assert (facts.priority, facts.call_type_code, facts.call_type_group) == (4, "NOISE", "noise")
    assert (facts.received_at, facts.dispatched_at) == (NOON, NOON - seconds(4))
    assert facts.recipient_version != 0
    assert read_until(engine) == NOON - seconds(3)


def test_a_change_of_a_row_is_taken(cad: Cad, engine: Engine, a_poller: Poller, watch: Watch) -> None:
    cad.write(1001, updated=NOON)
    a_poller.once(RUNS)
    watch.time += seconds(5)
    cad.write(1001, updated=NOON + seconds(2), first_closed=NOON + seconds(2), disposition="TEL")
    a_poller.once(RUNS)
    assert facts_of(engine)["ottawa-1001"].cleared_at == NOON + seconds(2)
    assert kept(engine) == 2


def test_rows_with_the_same_update_time_are_all_taken(cad: Cad, engine: Engine, a_poller: Poller, watch: Watch) -> None:
    cad.write(1001, updated=NOON)
    a_poller.once(RUNS)
    watch.time += seconds(5)
    for number in range(1002, 1005):
        cad.write(number, updated=NOON)
    a_poller.once(RUNS)
    assert len(facts_of(engine)) == 4


def test_a_row_that_is_committed_late_with_an_earlier_update_time_is_taken(
    cad: Cad, engine: Engine, a_poller: Poller, watch: Watch
) -> None:
    with cad.engine.connect() as late:
        cad.write(1001, updated=NOON, on=late)
        watch.time += OVERLAP - seconds(1)
        cad.write(1002, updated=watch.time)
        a_poller.once(RUNS)
        assert set(facts_of(engine)) == {"ottawa-1002"}
        late.commit()
    watch.time += seconds(5)
    a_poller.once(RUNS)
    assert set(facts_of(engine)) == {"ottawa-1001", "ottawa-1002"}


def test_rows_of_the_overlap_cost_our_database_nothing(
    cad: Cad, engine: Engine, a_poller: Poller, watch: Watch
) -> None:
    for number in range(1000, 1300):
        cad.write(number, updated=NOON)
    assert a_poller.turn(RUNS) == 5
    watch.time += seconds(5)
    before = feed_row(engine)
    with counted(engine) as said:
        a_poller.turn(RUNS)
    assert len(said) <= 5
    after = feed_row(engine)
    assert (after.taken, after.repeated, after.last_heard_real) == (300, 0, before.last_heard_real)


def test_a_row_that_changes_and_changes_back_is_news_each_time(
    cad: Cad, engine: Engine, ottawa: Agency, start: Start
) -> None:
    """A view without update times, and a correction that is taken back."""
    agency = polled(ottawa, query="SELECT * FROM calls")
    columns = agency.cad.columns.model_copy(update={"updated": None})
    agency = agency.model_copy(update={"cad": agency.cad.model_copy(update={"columns": columns})})
    one = start(agency)
    for priority in (4, 3, 4):
        cad.write(1001, updated=None, priority_native=priority)
        with counted(engine, "INSERT INTO cad_record") as said:
            one.once(RUNS)
        assert len(said) == 1


def test_after_a_restart_rows_are_recognized_and_nothing_changes(
    cad: Cad, engine: Engine, agency: Agency, watch: Watch, start: Start
) -> None:
    cad.write(1001, updated=NOON)
    for _ in range(3):
        start(agency).turn(RUNS)
        watch.time += seconds(5)
    row = feed_row(engine)
    assert (row.taken, row.repeated, kept(engine)) == (1, 2, 1)


def test_what_was_not_taken_before_a_stop_is_taken_after_it(
    cad: Cad, engine: Engine, agency: Agency, start: Start
) -> None:
    for number in range(1000, 1010):
        cad.write(number, updated=NOON)
    stop = Event()

    def stop_in_the_middle(_connection: Connection, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith("INSERT INTO cad_record") and kept(engine) == 3:
            stop.set()

    event.listen(engine, "before_cursor_execute", stop_in_the_middle)
    start(agency).turn(stop)
    event.remove(engine, "before_cursor_execute", stop_in_the_middle)
    assert kept(engine) == 4
    assert read_until(engine) is None
    start(agency).turn(RUNS)
    assert (kept(engine), len(facts_of(engine)), read_until(engine)) == (10, 10, NOON)


def test_more_rows_than_are_held_at_once_are_taken_in_one_pass(cad: Cad, engine: Engine, a_poller: Poller) -> None:
    number = AT_ONCE + 700
    cad.do(
        "INSERT INTO incident (incident_id, priority_native, type_initial, source, updated) "  # noqa: S608
        f"SELECT number, 4, 'NOISE', 'phone', '{NOON.isoformat()}' FROM generate_series(1, {number}) AS number"
    )
    a_poller.once(RUNS)
    assert kept(engine) == number
    with counted(engine, "INSERT INTO cad_record") as said:
        a_poller.once(RUNS)
    assert said == []


def test_two_pollers_at_once_take_each_row_once(cad: Cad, engine: Engine, agency: Agency, start: Start) -> None:
    for number in range(1000, 1040):
        cad.write(number, updated=NOON)
    pollers = [start(agency) for _ in range(2)]
    with ThreadPoolExecutor() as threads:
        for _ in range(3):
            list(threads.map(lambda one: one.turn(RUNS), pollers))
    row = feed_row(engine)
    assert (kept(engine), len(facts_of(engine)), row.taken, row.repeated) == (40, 40, 40, 40)
    assert row.trouble is None


def test_a_row_from_the_future_does_not_push_ahead_how_far_was_read(
    cad: Cad, engine: Engine, a_poller: Poller, watch: Watch
) -> None:
    cad.write(1001, updated=NOON + timedelta(days=400))
    cad.write(1002, updated=NOON - seconds(10))
    a_poller.once(RUNS)
    assert read_until(engine) == NOON - seconds(10)
    cad.write(1003, updated=NOON - seconds(9))
    watch.time += seconds(5)
    a_poller.once(RUNS)
    assert len(facts_of(engine)) == 3


def test_a_clock_of_cads_that_is_ahead_delays_nothing(cad: Cad, engine: Engine, a_poller: Poller, watch: Watch) -> None:
    for step in range(4):
        cad.write(1000 + step, updated=watch.time + minutes(7))
        a_poller.once(RUNS)
        assert len(facts_of(engine)) == step + 1
        watch.time += minutes(3)
    a_poller.once(RUNS)
    assert read_until(engine) == NOON + minutes(10)


def test_the_first_time_it_reads_as_far_back_as_somebody_may_be_texted(
    cad: Cad, engine: Engine, a_poller: Poller, ottawa: Agency
) -> None:
    back = first_time_back(ottawa.policy.timetable)
    assert back == timedelta(days=1, minutes=63)
    cad.write(1001, updated=NOON - back - OVERLAP - seconds(1))
    cad.write(1002, updated=NOON - back)
    a_poller.once(RUNS)
    assert set(facts_of(engine)) == {"ottawa-1002"}


def test_after_days_without_a_poller_all_that_was_written_meanwhile_is_read(
    cad: Cad, engine: Engine, agency: Agency, watch: Watch, start: Start
) -> None:
    cad.write(1001, updated=NOON)
    start(agency).once(RUNS)
    cad.write(1002, updated=NOON + minutes(1))
    watch.time += timedelta(days=40)
    start(agency).once(RUNS)
    assert set(facts_of(engine)) == {"ottawa-1001", "ottawa-1002"}


def local(moment: datetime) -> datetime:
    return moment.astimezone(TORONTO).replace(tzinfo=None)


def test_in_the_night_on_which_an_hour_comes_twice_no_row_is_missed(
    cad_in_local_time: Cad, engine: Engine, ottawa: Agency, watch: Watch, start: Start
) -> None:
    """A row a minute from 00:30 to 04:00 by local times without an offset, each read five seconds after."""
    cad = cad_in_local_time
    one = start(polled(ottawa, since=SinceWritten.LOCAL))
    begins = datetime(2026, 11, 1, 4, 30, tzinfo=UTC)
    for minute in range(270):
        written = begins + minutes(minute)
        cad.write(1000 + minute, updated=local(written), received=local(written))
        watch.time = written + seconds(5)
        one.once(RUNS)
        assert kept(engine) == minute + 1, f"{local(written)} was missed"
    assert read_until(engine) == begins + minutes(269)


@pytest.mark.parametrize(("last", "again"), [("05:55", "06:10"), ("05:20", "06:59"), ("05:59", "06:01")])
def test_a_poller_that_was_away_while_the_clocks_went_back_misses_nothing(
    last: str, again: str, cad_in_local_time: Cad, engine: Engine, ottawa: Agency, watch: Watch, start: Start
) -> None:
    cad = cad_in_local_time
    agency = polled(ottawa, since=SinceWritten.LOCAL)
    watch.time = datetime.fromisoformat(f"2026-11-01T{last}:00+00:00")
    cad.write(1001, updated=local(watch.time))
    start(agency).once(RUNS)
    back = datetime(2026, 11, 1, 6, 0, tzinfo=UTC)
    for number, written in enumerate((watch.time + seconds(30), back - seconds(1), back, back + seconds(30))):
        cad.write(1002 + number, updated=local(written))
    watch.time = datetime.fromisoformat(f"2026-11-01T{again}:00+00:00")
    start(agency).once(RUNS)
    assert len(facts_of(engine)) == 5


def the_trouble(a_poller: Poller, engine: Engine) -> str:
    """What the feed's row says after a pass that failed; and that it is said once in the log, by whoever asks."""
    with capture_logs() as logs:
        pauses = [a_poller.turn(RUNS) for _ in range(4)]
    assert pauses == [1, 2, 4, 8]
    [line] = [line for line in logs if line["log_level"] != "info"]
    row = feed_row(engine)
    assert row.trouble_since_real is not None
    assert line["trouble"] == row.trouble
    return str(row.trouble)


def goes_on(a_poller: Poller, engine: Engine) -> None:
    with capture_logs() as logs:
        assert a_poller.turn(RUNS) == 5
    assert [line["event"] for line in logs] == ["polling goes on"]
    assert (feed_row(engine).trouble, feed_row(engine).trouble_since_real) == (None, None)


def test_a_connection_that_is_cut_between_two_passes_is_not_even_noticed(
    cad: Cad, cad_url: str, postgres_url: str, engine: Engine, a_poller: Poller
) -> None:
    a_poller.once(RUNS)
    on_server(postgres_url, TERMINATE.format(cad_url.rpartition("/")[2]))
    cad.engine.dispose()
    cad.write(1001, updated=NOON)
    a_poller.once(RUNS)
    assert len(facts_of(engine)) == 1


def test_a_connection_that_is_cut_in_the_middle_loses_nothing(
    cad: Cad, cad_url: str, postgres_url: str, engine: Engine, a_poller: Poller
) -> None:
    number = AT_ONCE + 600
    cad.do(
        "INSERT INTO incident (incident_id, priority_native, type_initial, source, updated) "  # noqa: S608
        f"SELECT number, 4, 'NOISE', 'phone', '{NOON.isoformat()}' FROM generate_series(1, {number}) AS number"
    )
    cut: list[int] = []

    def cut_in_the_middle(_connection: Connection, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith("INSERT INTO cad_record") and not cut:
            cut.append(1)
            on_server(postgres_url, TERMINATE.format(cad_url.rpartition("/")[2]))

    event.listen(engine, "before_cursor_execute", cut_in_the_middle)
    assert a_poller.turn(RUNS) == 1
    event.remove(engine, "before_cursor_execute", cut_in_the_middle)
    assert "while fetching rows" in feed_row(engine).trouble
    assert (read_until(engine), kept(engine)) == (None, AT_ONCE)
    goes_on(a_poller, engine)
    row = feed_row(engine)
    assert (kept(engine), row.taken, row.repeated, row.read_until) == (number, number, 0, NOON)


def test_a_database_that_is_not_there_is_said_and_taken_up_when_it_is_back(
    cad_url: str, postgres_url: str, engine: Engine, start: Start
) -> None:
    name = cad_url.rpartition("/")[2]
    drop_database(postgres_url, name)
    one = start()
    assert the_trouble(one, engine) == "CAD's database: OperationalError while connecting"
    create_database(postgres_url, name)
    cad = Cad(cad_url)
    cad.write(1001, updated=NOON)
    goes_on(one, engine)
    assert len(facts_of(engine)) == 1
    cad.engine.dispose()


def test_a_view_that_is_gone_is_said_and_taken_up_when_it_is_back(
    cad: Cad, engine: Engine, a_poller: Poller, watch: Watch
) -> None:
    cad.write(1001, updated=NOON)
    a_poller.turn(RUNS)
    cad.do("ALTER VIEW calls RENAME TO old_calls")
    watch.time += seconds(5)
    cad.write(1002, updated=NOON + seconds(1))
    assert the_trouble(a_poller, engine) == "CAD's database: UndefinedTable 42P01 while running the query"
    assert read_until(engine) == NOON
    cad.do("ALTER VIEW old_calls RENAME TO calls")
    goes_on(a_poller, engine)
    assert len(facts_of(engine)) == 2


def test_a_column_that_is_renamed_is_said_and_no_row_counts_until_it_is_back(
    cad: Cad, engine: Engine, a_poller: Poller
) -> None:
    """R1: without it a call may look harmless."""
    a_poller.turn(RUNS)
    cad.do("ALTER VIEW calls RENAME COLUMN type_final TO final_type")
    cad.write(1001, updated=NOON)
    wanted = "the view has no column 'type_final'; mend the view, the query or `columns` in cad.yaml"
    assert the_trouble(a_poller, engine) == wanted
    assert (read_until(engine), kept(engine)) == (None, 0)
    cad.do("ALTER VIEW calls RENAME COLUMN final_type TO type_final")
    goes_on(a_poller, engine)
    assert len(facts_of(engine)) == 1


def test_a_column_that_is_there_twice_is_said(cad: Cad, engine: Engine, ottawa: Agency, start: Start) -> None:
    agency = polled(ottawa, query="SELECT *, 'phone' AS source FROM calls WHERE updated >= :since")
    cad.write(1001, updated=NOON)
    one = start(agency)
    assert the_trouble(one, engine) == "the view has the column 'source' twice; name each only once in the query"
    assert kept(engine) == 0


def test_what_a_driver_says_is_not_repeated(cad: Cad, engine: Engine, ottawa: Agency, start: Start) -> None:
    """R3: PostgreSQL's message holds the value that is no number."""
    agency = polled(ottawa, query="SELECT *, area::integer AS beat FROM calls WHERE updated >= :since")
    cad.write(1001, updated=NOON, area="Mme Tremblay, 613-555-0142")
    one = start(agency)
    with capture_logs() as logs:
        trouble = the_trouble(one, engine)
    assert trouble == "CAD's database: InvalidTextRepresentation 22P02 while running the query"
    assert "Tremblay" not in str(logs)


def test_a_query_that_writes_is_refused_by_cads_database(
    cad: Cad, engine: Engine, ottawa: Agency, start: Start
) -> None:
    cad.do("CREATE SEQUENCE number")
    agency = polled(ottawa, query="SELECT *, nextval('number') FROM calls")
    cad.write(1001, updated=NOON)
    one = start(agency)
    assert the_trouble(one, engine) == "CAD's database: ReadOnlySqlTransaction 25006 while running the query"


def test_nothing_is_held_in_cads_database_between_two_passes(cad: Cad, a_poller: Poller) -> None:
    cad.write(1001, updated=NOON)
    a_poller.once(RUNS)
    with cad.engine.connect() as connection:
        held = connection.execute(
            text("SELECT count(*) FROM pg_locks WHERE relation IN ('incident'::regclass, 'calls'::regclass)")
        ).scalar_one()
        open_ = connection.execute(
            text("SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in%' AND datname = current_database()")
        ).scalar_one()
    assert (held, open_) == (0, 0)


def test_a_table_that_somebody_has_locked_is_waited_for_and_said(
    cad: Cad, engine: Engine, agency: Agency, start: Start
) -> None:
    one = start(agency, patience=0.6)
    with cad.engine.connect() as other:
        other.exec_driver_sql("LOCK TABLE incident")
        assert one.turn(RUNS) == 1
        assert feed_row(engine).trouble == "CAD's database: LockNotAvailable 55P03 while running the query"
    goes_on(one, engine)


def test_a_query_that_takes_too_long_is_ended_and_said(cad: Cad, engine: Engine, ottawa: Agency, start: Start) -> None:
    agency = polled(ottawa, query="SELECT calls.* FROM calls, pg_sleep(20) WHERE updated >= :since")
    one = start(agency, patience=0.2)
    assert one.turn(RUNS) == 1
    assert feed_row(engine).trouble == "CAD's database: QueryCanceled 57014 while running the query"


def test_a_row_that_cannot_be_read_is_kept_once_and_the_next_is_read(
    cad: Cad, engine: Engine, a_poller: Poller, watch: Watch, start: Start
) -> None:
    """`infinity` is a time for PostgreSQL, and none for Python."""
    cad.write(1001, updated=NOON, received="infinity", area="Rue Fictive")
    cad.write(1002, updated=NOON - seconds(1))
    with capture_logs() as logs:
        for _ in range(3):
            a_poller.turn(RUNS)
    [line] = logs
    assert line["reason"] == "call 1001: received is something that is not a time"
    assert (read_until(engine), set(facts_of(engine))) == (NOON, {"ottawa-1002"})
    row = feed_row(engine)
    assert (row.taken, row.rejected, kept(engine, "rejected_record")) == (1, 1, 1)
    start().turn(RUNS)
    assert kept(engine, "rejected_record") == 1


def test_a_value_that_python_will_not_write_costs_its_own_row_and_no_other(
    cad: Cad, engine: Engine, a_poller: Poller
) -> None:
    """A numeric of PostgreSQL may have 131,072 digits, and Python turns no more than 4,300 into text."""
    cad.do("DROP VIEW calls; ALTER TABLE incident ALTER priority_native TYPE numeric")
    cad.do("CREATE VIEW calls AS SELECT * FROM incident")
    cad.write(1001, updated=NOON, priority_native=10**5000)
    cad.write(1002, updated=NOON)
    assert a_poller.turn(RUNS) == 5
    assert "ottawa-1002" in facts_of(engine)


def test_of_a_row_that_cannot_be_read_what_silences_counts(
    cad: Cad, engine: Engine, a_poller: Poller, watch: Watch
) -> None:
    """R1: it may have been the one that names the danger."""
    cad.write(1001, updated=NOON)
    a_poller.once(RUNS)
    cad.write(1001, updated=NOON + seconds(1), type_final="SEX ASSAULT", arrived="infinity")
    watch.time += seconds(5)
    a_poller.once(RUNS)
    assert facts_of(engine)["ottawa-1001"].latch is not None


def test_a_row_that_cannot_be_read_is_kept_as_headings_and_cells(
    cad: Cad, engine: Engine, keyring: Keyring, a_poller: Poller
) -> None:
    cad.write(1001, updated=NOON, received="infinity", area="Rue Fictive", phone="613-555-0142")
    a_poller.once(RUNS)
    rejected = RejectedRecords(engine=engine, keyring=keyring)
    [row] = rejected.open(feed=FEED)
    cells = json.loads(rejected.raw(row) or b"")
    assert row.shape == Shape.VIEW
    assert {name: cells[name] for name in ("incident_id", "priority_native", "received", "updated", "phone")} == {
        "incident_id": "1001",
        "priority_native": "4",
        "received": "infinity",
        "updated": "2026-01-15 17:00:00+00:00",
        "phone": "613-555-0142",
    }


def test_while_our_own_database_is_away_nothing_is_lost(
    cad: Cad, postgres_url: str, database_url: str, engine: Engine, a_poller: Poller, watch: Watch
) -> None:
    for number in range(1000, 1010):
        cad.write(number, updated=NOON)
    name = database_url.rpartition("/")[2]

    def shut_in_the_middle(_connection: Connection, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith("INSERT INTO cad_record") and kept(engine) == 3:
            on_server(postgres_url, f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
            on_server(postgres_url, TERMINATE.format(name))

    event.listen(engine, "before_cursor_execute", shut_in_the_middle)
    with capture_logs() as logs:
        assert [a_poller.turn(RUNS) for _ in range(3)] == [1, 2, 4]
        event.remove(engine, "before_cursor_execute", shut_in_the_middle)
        on_server(postgres_url, f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
        assert (kept(engine), kept(engine, "cad_feed")) == (3, 0)
        assert a_poller.turn(RUNS) == 5
    assert [line["event"] for line in logs] == ["polling is held up; trying again", "polling goes on"]
    row = feed_row(engine)
    assert (kept(engine), row.taken, row.read_until, row.trouble) == (10, 10, NOON, None)


def test_a_query_may_hold_colons_casts_and_per_cent_signs(
    cad: Cad, engine: Engine, ottawa: Agency, watch: Watch, start: Start
) -> None:
    query = """
    SELECT *, ':since' AS said, '{1,2,3}'::int[] AS list, (ARRAY[1, 2, 3])[1:2] AS part -- not :since
    FROM calls WHERE type_initial LIKE 'NOI%' AND updated >= :since AND to_char(updated, 'HH24:MI') <> '' /* :so */;
    """
    one = start(polled(ottawa, query=query))
    cad.write(1001, updated=NOON)
    cad.write(1002, updated=NOON, type_initial="THEFT")
    one.once(RUNS)
    assert set(facts_of(engine)) == {"ottawa-1001"}


def test_headings_in_capitals_are_found(cad: Cad, engine: Engine, ottawa: Agency, start: Start) -> None:
    columns = [f'{name} AS "{name.upper()}"' for name in (*COLUMNS, "phone", "updated")]
    one = start(polled(ottawa, query=f"SELECT {', '.join(columns)} FROM calls WHERE updated >= :since"))  # noqa: S608
    cad.write(1001, updated=NOON)
    one.once(RUNS)
    assert set(facts_of(engine)) == {"ottawa-1001"}


def test_a_server_that_accepts_and_never_answers_is_noticed_and_given_up(
    engine: Engine, keyring: Keyring, agency: Agency, watch: Watch
) -> None:
    """By the thread that watches: the one that waits cannot say so."""
    before = set(threading.enumerate())
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"postgresql+psycopg://cad@127.0.0.1:{silent.getsockname()[1]}/cad"
        with pytest.raises(Stuck, match="has not answered for 1 s"):
            serve(poller(url, engine, keyring, agency, watch, patience=0.1), is_stopping=lambda: False)
        assert feed_row(engine).trouble == "CAD's database does not answer"
    for thread in set(threading.enumerate()) - before:
        thread.join(10)
    with warnings.catch_warnings():  # the connection that was never finished: where it is given up the process ends
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


def test_sigterm_ends_it_at_once_even_while_cads_database_is_slow(
    tmp_path: Path, cad: Cad, cad_url: str, database_url: str
) -> None:
    folder = tmp_path / "ottawa"
    shutil.copytree(AGENCIES / "ottawa", folder)
    mapping = yaml.safe_load((folder / "cad.yaml").read_text())
    mapping["columns"] |= {"phone": "phone", "updated": "updated"}
    del mapping["columns"]["language"]
    query = "SELECT calls.*, pg_sleep(20) FROM calls WHERE updated >= :since"
    mapping["poll"] = {"query": query, "since": "offset", "every": "1 s", "overlap": "5 min"}
    (folder / "cad.yaml").write_text(yaml.safe_dump(mapping))
    cad.write(1001, updated=datetime.now(UTC))
    process = subprocess.Popen(
        [python(), "-m", "cli.main", "cad", "poll"],
        cwd=AGENCIES.parent,
        env=child_environment(
            KEYS
            | {
                "DATABASE_URL": database_url,
                "COMMUNITYCONNECT_CAD_DATABASE_URL": cad_url,
                "COMMUNITYCONNECT_AGENCY": str(folder),
            }
        ),
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        while not sleeps(cad):
            assert process.poll() is None
            time.sleep(0.05)
        process.terminate()
        _, said = process.communicate(timeout=2.5)
    finally:
        process.kill()
    assert process.returncode == 0
    assert [json.loads(line)["event"] for line in said.splitlines()] == ["poll ready", "poll stopped"]


def sleeps(cad: Cad) -> bool:
    asked = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()"
    with cad.engine.connect() as connection:
        return bool(connection.execute(text(asked)).scalar_one())


@pytest.mark.parametrize(
    ("changes", "mapping", "wanted"),
    [
        ({}, None, "COMMUNITYCONNECT_CAD_DATABASE_URL is not set: the address of CAD's database"),
        (
            {"COMMUNITYCONNECT_CAD_DATABASE_URL": "nowhere"},
            None,
            "COMMUNITYCONNECT_CAD_DATABASE_URL is no address of a database; write it as in "
            "postgresql+psycopg://user:password@host:5432/name",
        ),
        (
            {"COMMUNITYCONNECT_CAD_DATABASE_URL": "mssql+pyodbc://reader:secret@cad/Reporting_System"},
            None,
            "COMMUNITYCONNECT_CAD_DATABASE_URL needs a driver that is not installed, pyodbc: see docs/cad-view.md",
        ),
        ({}, "", "cad.yaml: poll is missing: the query that reads the view; see docs/cad-view.md"),
        ({}, "DELETE FROM calls", "cad.yaml: poll.query is no statement that reads; it begins with SELECT or WITH"),
        (
            {},
            "SELECT * FROM calls WHERE updated >= :since",
            "cad.yaml: poll.query asks for rows since an update time, and columns.updated names none",
        ),
    ],
)
def test_what_is_missing_is_said_in_one_line(
    changes: dict[str, str], mapping: str | None, wanted: str, tmp_path: Path, ottawa: Agency
) -> None:
    cad = ottawa.cad
    if mapping != "":
        rule = PollRule(query=mapping or "SELECT * FROM calls", every=seconds(5), overlap=minutes(5))
        cad = cad.model_copy(update={"poll": rule})
    agency = ottawa.model_copy(update={"cad": cad})
    folder = Path("somewhere")
    with pytest.raises((SettingsError, AgencyError)) as error:
        view_of(agency, Settings.model_validate({"COMMUNITYCONNECT_AGENCY": folder} | changes))
    assert str(error.value).removeprefix("somewhere/") == wanted
