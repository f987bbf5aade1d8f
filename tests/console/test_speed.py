"""Every page within 300 ms with a year of a city: 274,075 calls and a million texts.

All such tests stand in this file: one process makes the year, once.
"""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, event, text

from calls.facts import CallFacts
from calls.merge import Stamped
from tests.console.served import Served, Staff
from tests.console.year import CALLS, FICTIONAL, FILLED, Stopwatch, Year
from web.staff.access.roles import Role


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
        if statement.startswith("SELECT"):
            asked.append((statement, values))

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(engine, "before_cursor_execute", note)


def _plan(engine: Engine, statement: str, values: Any) -> list[str]:
    with engine.connect() as connection:
        return [row[0] for row in connection.exec_driver_sql(f"EXPLAIN {statement}", values)]
