"""Every page within 300 ms with a year of a city: 274,075 calls and a million texts.

All such tests stand in this file: one process makes the year, once.
"""

import functools
import itertools
import re
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine, event, text

from calls.clock import REAL_TIME
from calls.facts import CallFacts
from calls.merge import Stamped
from database.encryption import Keyring
from insights.months import Month
from policy.agency import Agency
from tests.conftest import FIGURES
from tests.console.served import Served, Staff
from tests.console.year import CALLS, FICTIONAL, FILLED, Stopwatch, Year
from tests.console.year_issues import some_issues
from tests.neighbourhoods import City
from web.staff.access.roles import Role
from web.staff.all_texts import Place
from web.staff.report.month import MonthReader
from web.staff.report.running_cost import RunningCost

# The year alone takes a minute or more, and a figure wants a machine to itself.
pytestmark = [pytest.mark.deep, pytest.mark.timeout(900)]


def test_the_year_is_one_that_the_service_could_have_written(year: Year) -> None:
    with year.engine.connect() as connection:
        counts = {
            table: connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()  # noqa: S608
            for table in ("call", "text", "inbound_message", "opt_out", "survey_invitation", "audit_entry")
        }
        assert counts["call"] == CALLS
        assert 950_000 <= counts["text"] <= 1_050_000
        assert min(counts.values()) > 1000
        open_ones = "SELECT count(*) FROM call WHERE ended_reason IS NULL"
        assert connection.execute(text(open_ones)).scalar_one() == 90
        for row in connection.execute(text("SELECT * FROM call TABLESAMPLE SYSTEM (1) REPEATABLE (7)")):
            facts = CallFacts.model_validate(row.facts)
            assert facts.model_dump(mode="json").keys() == row.facts.keys()
            assert (facts.case_number, facts.received_at) == (row.case_number, row.received_at)
            assert (facts.recipient_version, facts.latch) == (row.recipient_version, row.latch)
            assert [Stamped.model_validate(stamped) for stamped in row.merged.values()]


_SELECTIONS = {
    "the last week": "",
    "the whole year": "from=",
    "a rare state": "from=&state=unknown",
    "held back, of one kind": "from=&state=suppressed&kind=survey",
    "a rule": "from=&rule=landline",
    "an error": "from=&error=30003",
    "few of a million": "from=&kind=auto_reply&language=fr",
    "none of a million": "from=&state=delivered&language=none",
}


@pytest.mark.parametrize("selection", _SELECTIONS)
def test_the_list_of_all_texts_is_there_at_once(year_site: Served, p95_of: Stopwatch, selection: str) -> None:
    staff = year_site.staff(Role.SUPERVISOR)
    path = f"/texts?{_SELECTIONS[selection]}"
    assert staff.get(path).status_code == 200
    p95_of(lambda: staff.get(path), what=f"all texts, {selection}")


@pytest.mark.parametrize("asked", ["from=", "from=&state=delivered", "from=&rule=opted+out"])
def test_a_page_far_back_is_there_as_quickly_as_the_first(
    year: Year, year_site: Served, p95_of: Stopwatch, asked: str
) -> None:
    staff = year_site.staff(Role.OPERATOR)
    place = Place(due_at=year.ends - timedelta(days=360), text_id=UUID(int=0))
    path = f"/texts?{asked}&{urlencode({'before': str(place)})}"
    assert staff.get(path).text.count("<tr>") == 101
    p95_of(lambda: staff.get(path), what=f"all texts, 360 days back, {asked}")


@pytest.mark.parametrize(
    "asked", ["", "act=see_call", "act=set_mode", "who=oidc:staff-7&act=stop_call", "act=set_mode&before=9000"]
)
def test_the_audit_log_is_there_at_once(year_site: Served, p95_of: Stopwatch, asked: str) -> None:
    staff = year_site.staff(Role.SUPERVISOR)
    p95_of(lambda: staff.get(f"/audit?{asked}"), what=f"the audit log, {asked or 'all'}")


def test_the_audit_log_is_searched_by_an_index_whatever_is_asked(year: Year) -> None:
    with year.engine.connect() as connection:
        for condition in (
            "act = 'set_mode'",
            "subject = 'oidc:staff-7'",
            "about = 'ottawa-y7'",
            "act = 'x' AND id < 9",
        ):
            query = f"EXPLAIN SELECT * FROM audit_entry WHERE {condition} ORDER BY id DESC LIMIT 101"  # noqa: S608
            plan = "\n".join(connection.execute(text(query)).scalars())
            assert "Index Scan" in plan, plan
            assert "Seq Scan" not in plan, plan


def test_a_month_is_exported_as_it_is_while_little_of_it_is_in_memory(
    year: Year, year_site: Served, record_property: Callable[[str, object], None]
) -> None:
    first = (year.ends - timedelta(days=60)).date()
    last = first + timedelta(days=30)
    began = time.perf_counter()
    tracemalloc.start()
    staff = year_site.staff(Role.SUPERVISOR)
    with staff.get(f"/texts.csv?from={first}&to={last}", stream=True) as answer:
        lines = answer.iter_lines()
        next(lines)
        heading_after = time.perf_counter() - began
        # A line's two signs may come in two pieces: then this reader makes an empty line of the second.
        exported = [hash(line) for line in lines if line]
    took = time.perf_counter() - began
    peak = tracemalloc.get_traced_memory()[1] / 2**20
    tracemalloc.stop()
    expected = [hash(line) for line in _as_it_should_be(year, first, last)]
    assert len(expected) > 70_000
    assert exported == expected
    said = f"{len(exported)} texts exported in {took:.1f} s ({len(exported) / took:.0f} a second), the first after "
    record_property(FIGURES, f"{said}{heading_after * 1000:.0f} ms; at most {peak:.0f} MB in memory, reader included")
    assert peak < 40


def _as_it_should_be(year: Year, first: date, last: date) -> Iterator[bytes]:
    """The same by SQL alone."""
    query = text(
        "SELECT due_at, kind, sequence, language, state, text.rule, error_code, segments, first_sending_real, "
        "settled_at, CASE WHEN state = 'delivered' THEN text.updated_real END, text.policy_version, "
        "wording_version, case_number "
        "FROM text LEFT JOIN call USING (call_id) "
        "WHERE due_at >= CAST(:first AS timestamp) AT TIME ZONE 'America/Toronto' "
        "AND due_at < (CAST(:last AS timestamp) + interval '1 day') AT TIME ZONE 'America/Toronto' "
        "ORDER BY due_at DESC, id DESC"
    )
    zone = ZoneInfo("America/Toronto")
    with year.engine.connect() as connection:
        for row in connection.execute(query, {"first": first, "last": last}):
            cells = (
                cell.astimezone(zone).isoformat(timespec="seconds") if isinstance(cell, datetime) else cell
                for cell in row
            )
            yield ",".join("" if cell is None else str(cell) for cell in cells).encode()


def test_a_call_opens_and_is_found_quickly(year_site: Served, year: Year, p95_of: Stopwatch) -> None:
    operator = year_site.staff(Role.OPERATOR)
    token = operator.token()
    calls, cases = _some(year, "call_id"), _some(year, "case_number")
    p95_of(lambda: _opened(operator, f"/calls/{next(calls)}"), what="a call's page")
    p95_of(lambda: _found(operator, token, next(cases)), what="search by case number")
    numbers = itertools.cycle(FICTIONAL)  # each has some fifty calls
    p95_of(lambda: _found(operator, token, next(numbers)), what="search by a phone number with many calls")


def test_no_query_of_a_call_or_a_search_reads_a_whole_table(year_site: Served, year: Year) -> None:
    """By PostgreSQL's own plans, of every statement that the pages ask."""
    operator = year_site.staff(Role.SUPERVISOR)
    token = operator.token()
    with year.engine.connect() as connection:
        has_all = (
            "SELECT call_id FROM call WHERE phone_encrypted IS NOT NULL AND ended_reason IS NULL "
            "AND EXISTS (SELECT FROM text WHERE text.call_id = call.call_id AND text.phone_hash IS NOT NULL) LIMIT 1"
        )
        call_id = connection.execute(text(has_all)).scalar_one()
    with asked_of(year.engine) as asked:
        _opened(operator, f"/calls/{call_id}")
        _found(operator, token, FICTIONAL[0])
        _found(operator, token, "26-104233")
    plans = [plan for statement, values in asked for plan in _plan(year.engine, statement, values)]
    assert len(asked) > 15
    read_whole = [line for line in plans if "Seq Scan on" in line]
    assert [line for line in read_whole if any(f"on {table}" in line for table in FILLED)] == []


def _opened(staff: Staff, path: str) -> None:
    assert staff.get(path).status_code == 200


def _found(staff: Staff, token: str, wanted: str) -> None:
    answer = staff.http.post(staff.address + "/find", data={"form_token": token, "wanted": wanted}, timeout=10)
    assert answer.status_code == 200


def _some(year: Year, column: str) -> Iterator[str]:
    some = f"SELECT {column} FROM call TABLESAMPLE SYSTEM (0.5) REPEATABLE (7) WHERE {column} IS NOT NULL LIMIT 200"  # noqa: S608
    with year.engine.connect() as connection:
        return itertools.cycle(connection.execute(text(some)).scalars().all())


@contextmanager
def asked_of(engine: Engine) -> Iterator[list[tuple[str, Any]]]:
    """Every question that is put to the database meanwhile."""
    asked: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, values: Any, *_: Any) -> None:
        if statement.startswith("SELECT") and threading.current_thread().name not in _BESIDE:
            asked.append((statement, values))

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(engine, "before_cursor_execute", note)


_BESIDE = ("board", "read ahead")
"""Threads that keep fresh what pages show."""


def _plan(engine: Engine, statement: str, values: Any) -> list[str]:
    with engine.connect() as connection:
        return [row[0] for row in connection.exec_driver_sql(f"EXPLAIN {statement}", values)]


def test_emerging_issues_are_there_at_once(year: Year, year_site: Served, p95_of: Stopwatch) -> None:
    """With the year's calls looked at, some hundred issues from earlier, and a year of answers."""
    last = some_issues(year)
    analyst = year_site.staff(Role.ANALYST)
    page = analyst.get("/issues?state=").text
    ids = re.findall(r'href="/issues/(\d+)"', page)
    assert len(ids) == 50
    group, whole = last
    for what, path in (
        ("those that are open", "/issues"),
        ("all", "/issues?state="),
        ("all of an area", "/issues?state=&area=Bay"),
        ("all of a group and some months", f"/issues?state=&group=noise&from={year.ends - timedelta(days=90):%Y-%m}"),
        ("the thresholds", "/thresholds"),
        ("a brief", "/issues/brief/Bay"),
        ("one of a group", f"/issues/{group}"),
        ("one of an area as a whole", f"/issues/{whole}"),
    ):
        assert analyst.get(path).status_code == 200
        p95_of(functools.partial(analyst.get, path), what=f"emerging issues, {what}")


def test_a_night_with_a_year_of_calls_is_looked_at_in_seconds(
    year: Year, keyring: Keyring, ottawa: Agency, record_property: Callable[[str, object], None]
) -> None:
    city = City(engine=year.engine, keyring=keyring, agency=ottawa)
    began = time.perf_counter()
    done = city.night(year.ends)
    took = time.perf_counter() - began
    record_property(FIGURES, f"emerging issues: seven days of a year of calls looked at in {took:.1f} s")
    assert done.days == 7
    assert took < 30


def test_the_monthly_report_is_there_at_once_and_counted_in_reasonable_time(
    year: Year, year_site: Served, p95_of: Stopwatch, ottawa: Agency, record_property: Callable[[str, object], None]
) -> None:
    staff = year_site.staff(Role.ANALYST)
    began = time.perf_counter()
    _opened(staff, "/report")
    record_property(
        FIGURES, f"the monthly report, the first look of all: {(time.perf_counter() - began) * 1000:.0f} ms"
    )
    some = [f"{year.ends - timedelta(days=30 * ago):%Y-%m}" for ago in range(11)]
    for month in some:  # the background, or this, counts each once
        _opened(staff, f"/report/{month}")
    months = itertools.cycle(some)
    p95_of(lambda: _opened(staff, f"/report/{next(months)}"), what="the monthly report")
    p95_of(lambda: _opened(staff, f"/report/{year.ends:%Y-%m}.csv"), what="the running month as a file")
    p95_of(lambda: _opened(staff, f"/report/{next(months)}.csv"), what="a month as a file")
    reader = MonthReader(engine=year.engine, agency=ottawa, clock=REAL_TIME)
    busy = Month.of(year.ends - timedelta(days=60), ZoneInfo("America/Toronto"))
    p95_of(lambda: reader.read(busy), 12, what="a whole month, counted out of the tables", most_ms=5000)
    cost = RunningCost(engine=year.engine, agency=ottawa, clock=REAL_TIME)
    p95_of(cost.ask, 12, what="the running month's cost, once a minute", most_ms=2000)
