"""Whoever writes a line, it is one object of JSON, with its call, and nothing personal in it."""

import io
import json
import logging
import sys
import threading
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError

from tests.log_lines import logged_lines

NUMBER = "+1 (613) 555-0142"


class Written:
    def __init__(self, stream: io.StringIO) -> None:
        self.stream = stream

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.stream.getvalue().splitlines()]


@pytest.fixture
def written() -> Iterator[Written]:
    with logged_lines(service="tests") as stream:
        yield Written(stream)


@pytest.mark.parametrize(
    "name", ["uvicorn.error", "temporalio.activity", "temporalio.core", "sqlalchemy.pool", "twilio.http_client", "root"]
)
def test_r3_every_librarys_lines_go_through_the_net(written: Written, name: str) -> None:
    logging.getLogger(name).error("to %s, see /s/aB3xY9", NUMBER, extra={"To": NUMBER})
    [line] = written.lines()
    assert (line["event"], line["logger"], line["level"]) == ("to [number], see /s/[token]", name, "error")
    assert "0142" not in written.stream.getvalue()


def test_r3_the_carriers_library_says_nothing_of_its_requests(written: Written) -> None:
    logging.getLogger("twilio.http_client").info("Body: %s", "Anne")
    assert written.lines() == []


def test_r3_an_error_of_sql_says_its_code_and_not_what_was_written(written: Written, engine: Engine) -> None:
    statement = text("INSERT INTO pilot_number VALUES (:hash, :phone, now())")
    values = {"hash": "Anne Shirley", "phone": NUMBER}
    try:
        with engine.begin() as connection:
            connection.execute(statement, values)
            connection.execute(statement, values)
    except IntegrityError as error:
        said = str(error)
        structlog.get_logger().exception("a fault")
        logging.getLogger("temporalio.activity").warning("Completing activity as failed", exc_info=True)
    assert [line["exception"].splitlines()[0] for line in written.lines()] == [
        "sqlalchemy.exc.IntegrityError (23505)"
    ] * 2
    assert "Anne Shirley" in said  # PostgreSQL's detail repeats it, parameters hidden or not
    assert "Anne" not in written.stream.getvalue()


def test_r3_what_nobody_caught_is_a_line_like_any_other(written: Written) -> None:
    def fail() -> None:
        raise ValueError(f"cannot text {NUMBER}")

    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    try:
        fail()
    except ValueError as error:
        sys.excepthook(ValueError, error, error.__traceback__)
    assert [(line["level"], line["event"]) for line in written.lines()] == [("critical", "nobody caught this")] * 2
    assert "0142" not in written.stream.getvalue()


def test_what_python_warns_of_is_a_line_like_any_other(written: Written) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn(f"deprecated: {NUMBER}", stacklevel=1)
    [line] = written.lines()
    assert line["logger"] == "py.warnings"
    assert "[number]" in line["event"]


def test_a_line_says_whose_call_it_is_whoever_writes_it(written: Written) -> None:
    with structlog.contextvars.bound_contextvars(call_id="ottawa-26-1340285"):
        structlog.get_logger().info("ours")
        logging.getLogger("sqlalchemy.pool").warning("a library's")
    info = {"workflow_id": "call-ottawa-26-1340285", "attempt": 1}
    logging.getLogger("temporalio.activity").warning("Temporal's", extra={"temporal_activity": info})
    assert [line["call_id"] for line in written.lines()] == ["ottawa-26-1340285"] * 3
