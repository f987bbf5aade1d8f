"""A view's values become cells, its `:since` a local time: without a server, and with SQLite's file."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from threading import Event
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from database.encryption import Keyring
from policy.agency import Agency
from policy.cad_columns import CadColumns
from policy.cad_feeds import SinceWritten
from policy.cad_times import CadTimes
from starter.poll import Poller
from starter.poll_rows import RowReader, WrongColumns, as_text, as_view
from starter.poll_since import at_the_earliest, written
from tests.builders import NOON, minutes
from tests.starter.logs import COLUMNS
from tests.starter.views import Watch, facts_of, feed_row, kept, polled, poller

RUNS = Event()
ZONES = ("America/Toronto", "America/St_Johns", "Australia/Lord_Howe", "Europe/Dublin", "Africa/Casablanca", "UTC")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        ("P3 ", "P3 "),
        (True, "true"),
        (False, "false"),
        (3, "3"),
        (3.0, "3"),
        (2.5, "2.5"),
        (float("nan"), "nan"),
        (Decimal("3.00"), "3"),
        (Decimal("1E+2"), "100"),
        (Decimal("3.50"), "3.50"),
        (Decimal("1E-301001"), "1e-301001"),
        (Decimal("7E+301001"), "7e+301001"),
        (Decimal("0E-301001"), "0"),
        (6135550142.0, "6135550142"),
        (datetime(2026, 1, 15, 9, 5, 11), "2026-01-15 09:05:11"),  # noqa: DTZ001
        (datetime(2026, 1, 15, 9, 5, 11, 120_000), "2026-01-15 09:05:11.120000"),  # noqa: DTZ001
        (datetime(2026, 1, 15, 9, 5, tzinfo=timezone(-timedelta(hours=5))), "2026-01-15 09:05:00-05:00"),
        (date(2026, 1, 15), "2026-01-15"),
        (time(9, 5, 11), "09:05:11"),
        (timedelta(hours=9, minutes=5, seconds=11), "09:05:11"),
        (b"\x00", "0"),
        (b"\x01", "1"),
        (memoryview(b"\xab\xcd"), "ABCD"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
    ],
)
def test_a_value_is_written_as_in_a_file(value: object, text: str) -> None:
    assert as_text(value) == text


def columns(**changes: object) -> CadColumns:
    plain = {name: name for name in ("cad_id", "case_number", "priority", "call_type", "source", "received")}
    return CadColumns.model_validate(plain | changes)


def test_a_date_and_a_time_that_stand_apart_may_each_come_as_both() -> None:
    reader = RowReader(
        ["cad_id", "case_number", "priority", "call_type", "source", "DAY", "CLOCK"],
        columns(received=["DAY", "CLOCK"]),
    )
    row = reader.row([1, 1, 4, "NOISE", "phone", datetime(2026, 1, 15), datetime(1900, 1, 1, 9, 5)])  # noqa: DTZ001
    assert (row.cells["DAY"], row.cells["CLOCK"]) == ("2026-01-15", "09:05:00")


def test_a_heading_is_found_to_the_letter_before_all_others() -> None:
    names = ["CAD_ID", "cad_id", "case_number", "priority", "call_type", "source", "Received"]
    row = RowReader(names, columns()).row(["1", "2", "3", "4", "NOISE", "phone", NOON])
    assert (row.cells["cad_id"], row.cells["received"]) == ("2", "2026-01-15 17:00:00+00:00")


def test_two_headings_that_differ_in_capitals_only_are_neither() -> None:
    names = ["CAD_ID", "Cad_Id", "case_number", "priority", "call_type", "source", "received"]
    with pytest.raises(WrongColumns, match="'cad_id' twice"):
        RowReader(names, columns())


def test_rows_that_differ_in_other_columns_only_are_the_same() -> None:
    names = ["cad_id", "case_number", "priority", "call_type", "source", "received", "caller_name"]
    reader = RowReader(names, columns())
    one, other = (reader.row(["1", "1", "4", "NOISE", "phone", NOON, name]) for name in ("A", "B"))
    assert one.mark == other.mark
    assert b"caller_name" not in one.raw()
    assert one.mark != reader.row(["1", "14", "", "NOISE", "phone", NOON, "A"]).mark


@pytest.mark.parametrize(
    ("formats", "cell", "read"),
    [
        (("%m/%d/%Y %H:%M",), "2026-01-15 09:05:11", datetime(2026, 1, 15, 9, 5, 11)),  # noqa: DTZ001
        (("%m/%d/%Y %H:%M",), "01/15/2026 09:05", datetime(2026, 1, 15, 9, 5)),  # noqa: DTZ001
        (("epoch milliseconds",), "1801020300000", datetime(2027, 1, 27, 3, 25, tzinfo=UTC)),
        (("epoch seconds",), "2026-01-15 09:05:11", datetime(2026, 1, 15, 9, 5, 11)),  # noqa: DTZ001
    ],
)
def test_a_view_is_read_in_iso_whatever_format_the_log_has(
    formats: tuple[str, ...], cell: str, read: datetime, ottawa: Agency
) -> None:
    mapping = ottawa.cad.model_copy(update={"times": CadTimes(format=formats)})
    assert as_view(mapping).times.read(cell) == read


MOMENTS = st.datetimes(datetime(2024, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@given(since=MOMENTS, zone=st.sampled_from(ZONES), parts=st.tuples(st.floats(0, 1), st.floats(0, 400)))
def test_no_row_that_was_written_since_has_a_smaller_local_time(
    since: datetime, zone: str, parts: tuple[float, float]
) -> None:
    until = since + timedelta(days=parts[1])
    row = since + (until - since) * parts[0]
    least = written(since, until=until, how=SinceWritten.LOCAL, zone=ZoneInfo(zone))
    assert row.astimezone(ZoneInfo(zone)).replace(tzinfo=None) >= least
    assert since.astimezone(ZoneInfo(zone)).replace(tzinfo=None) - least < timedelta(hours=1, seconds=1)


@given(minute=st.integers(-300, 300), lasts=st.floats(0, 300), part=st.floats(0, 1))
def test_nor_in_the_night_on_which_an_hour_comes_twice(minute: int, lasts: float, part: float) -> None:
    zone = ZoneInfo("America/Toronto")
    since = datetime(2026, 11, 1, 6, 0, tzinfo=UTC) + minutes(minute)
    least = written(since, until=since + minutes(lasts), how=SinceWritten.LOCAL, zone=zone)
    assert (since + minutes(lasts * part)).astimezone(zone).replace(tzinfo=None) >= least


def test_since_is_written_as_the_database_writes_times() -> None:
    moment, zone = NOON + timedelta(milliseconds=300), ZoneInfo("America/Toronto")
    wanted = {
        SinceWritten.LOCAL: "2026-01-15T12:00:00",
        SinceWritten.UTC: "2026-01-15T17:00:00",
        SinceWritten.OFFSET: "2026-01-15T17:00:00+00:00",
    }
    for how, text in wanted.items():
        assert written(moment, until=moment, how=how, zone=zone).isoformat() == text


def test_of_an_hour_that_comes_twice_it_is_read_up_to_the_first() -> None:
    second = datetime(2026, 11, 1, 6, 30, tzinfo=UTC)
    zone = ZoneInfo("America/Toronto")
    assert at_the_earliest(second, how=SinceWritten.LOCAL, zone=zone) == second - timedelta(hours=1)
    assert at_the_earliest(second, how=SinceWritten.UTC, zone=zone) == second
    assert at_the_earliest(NOON, how=SinceWritten.LOCAL, zone=zone) == NOON


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "cad.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"CREATE TABLE calls ({', '.join((*COLUMNS, 'phone', 'updated'))})")
    return path


@pytest.fixture(params=["T", " "])
def separator(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def a_poller(file: Path, engine: Engine, keyring: Keyring, ottawa: Agency) -> Iterator[tuple[Poller, Watch]]:
    agency, watch = polled(ottawa, since=SinceWritten.UTC), Watch()
    agency = agency.model_copy(update={"cad": agency.cad.model_copy(update={"zone": "UTC"})})
    one = poller(f"sqlite:///{file}", engine, keyring, agency, watch)
    yield one, watch
    one.close()


def write(file: Path, cad_id: int, updated: datetime, separator: str) -> None:
    row = (str(cad_id), "4", "NOISE", "phone", *[updated.replace(tzinfo=None).isoformat(sep=separator)] * 2)
    names = "incident_id, priority_native, type_initial, source, received, updated"
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute(f"INSERT INTO calls ({names}) VALUES (?, ?, ?, ?, ?, ?)", row)  # noqa: S608


def test_a_file_of_sqlite_is_a_cads_database_too(
    file: Path, separator: str, engine: Engine, a_poller: tuple[Poller, Watch]
) -> None:
    one, watch = a_poller
    for step in range(5):
        write(file, 1000 + step, watch.time, separator)
        write(file, 2000 + step, watch.time - minutes(5), separator)  # just inside the overlap
        one.once(RUNS)
        watch.time += minutes(7)
        assert kept(engine) == 2 * (step + 1)
    assert facts_of(engine)["ottawa-1000"].received_at == NOON
    assert feed_row(engine).read_until == NOON + minutes(28)


def test_a_file_of_sqlite_is_only_read(file: Path, engine: Engine, a_poller: tuple[Poller, Watch]) -> None:
    one, watch = a_poller
    write(file, 1001, watch.time, " ")
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("ALTER TABLE calls RENAME TO others")
    one.turn(RUNS)
    assert feed_row(engine).trouble == "CAD's database: OperationalError SQLITE_ERROR while running the query"
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("ALTER TABLE others RENAME TO calls")
    one.turn(RUNS)
    assert feed_row(engine).trouble is None
    write(file, 1002, watch.time, " ")  # nothing of ours holds the file
