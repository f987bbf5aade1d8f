"""Webhooks while the database makes them wait: an answer in time, and what was not done in time not done at all."""

import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import timedelta
from uuid import uuid4

import pytest
import requests
from sqlalchemy import Connection, Engine, func, select, text

from calls.contracts import LedgerState
from database.encryption import Keyring
from database.engine import connect
from database.tables import InboundMessageRow, TextRow
from tests.conftest import FIGURES
from tests.web.served import ACCOUNT, RESIDENT, Residents, residents_site
from web.residents.agency import ResidentAgency

# What the webhooks promise, and a second for a busy machine.
REPORT_WITHIN, TEXT_WITHIN = timedelta(seconds=1 + 1), timedelta(seconds=3 + 1)
AT_ONCE = 60


@contextmanager
def in_the_way(engine: Engine) -> Iterator[Connection]:
    """A transaction that keeps its locks until the block ends."""
    with engine.connect() as connection, connection.begin():
        yield connection


def waited(answer: requests.Response, *, most: timedelta) -> bool:
    return answer.elapsed > timedelta(seconds=0.5) and answer.elapsed < most


@pytest.mark.parametrize("lock", ["SELECT 1 FROM text FOR UPDATE", "LOCK TABLE text IN ACCESS EXCLUSIVE MODE"])
def test_a_report_that_must_wait_for_a_lock_is_answered_503_and_counts_when_it_comes_again(
    residents: Residents, lock: str
) -> None:
    text_id = residents.add_text()
    with in_the_way(residents.engine) as connection:
        connection.execute(text(lock))
        answer = residents.report(text_id, "delivered")
    assert answer.status_code == 503
    assert waited(answer, most=REPORT_WITHIN)
    assert residents.ledger(text_id).state == LedgerState.SENDING

    assert residents.report(text_id, "delivered").status_code == 204
    assert residents.ledger(text_id).state == LedgerState.DELIVERED


@pytest.mark.parametrize("is_whole_table", [False, True])
def test_r6_a_text_that_must_wait_is_answered_503_and_obeyed_and_answered_when_it_comes_again(
    residents: Residents, is_whole_table: bool
) -> None:
    """A text of which half had been stored would count as taken in, and be obeyed or answered never."""
    number = f"inbound {residents.keyring.phone_hash(RESIDENT)}"
    with in_the_way(residents.engine) as connection:
        if is_whole_table:
            connection.execute(text("LOCK TABLE opt_out IN ACCESS EXCLUSIVE MODE"))
        else:
            connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(number, 0))))
        answer = residents.text("ARRET", sid="SM1")
    assert answer.status_code == 503
    assert waited(answer, most=TEXT_WITHIN)
    assert residents.rows(InboundMessageRow) == []
    assert residents.rows(TextRow) == []

    assert "plus de textos" in residents.text("ARRET", sid="SM1").text


def test_r6_a_text_waits_longer_than_a_report(residents: Residents, database_url: str) -> None:
    """Where Twilio is not set up to try again, an ARRET that is answered 503 is lost."""
    with ThreadPoolExecutor(1) as pool, in_the_way(residents.engine) as connection:
        connection.execute(text("LOCK TABLE inbound_message, text IN ACCESS EXCLUSIVE MODE"))
        answer = pool.submit(residents.text, "ARRET")
        wait_until_somebody_waits_for_a_lock(database_url)
        assert residents.report(uuid4(), "delivered").status_code == 503
        connection.rollback()
        assert answer.result().status_code == 200


def test_more_reports_than_there_are_threads_are_all_answered_and_a_caller_hears_us_at_once(
    residents: Residents, database_url: str, record_property: Callable[[str, object], None]
) -> None:
    text_id = residents.add_text()
    with ThreadPoolExecutor(AT_ONCE) as pool, in_the_way(residents.engine) as connection:
        connection.execute(text("LOCK TABLE text IN ACCESS EXCLUSIVE MODE"))
        reports = [pool.submit(residents.report, text_id, "delivered") for _ in range(AT_ONCE)]
        wait_until_somebody_waits_for_a_lock(database_url)
        call = residents.webhook("/twilio/voice", {"CallSid": "CA1", "From": "anonymous", "AccountSid": ACCOUNT})
        answers = [report.result() for report in reports]
    assert call.status_code == 200
    assert call.elapsed < timedelta(seconds=1)
    assert {answer.status_code for answer in answers} == {503}
    slowest = max(answer.elapsed for answer in answers)
    assert slowest < REPORT_WITHIN
    figures = f"{AT_ONCE} reports at once 503 within {slowest.total_seconds():.2f} s, "
    figures += f"a call meanwhile answered in {call.elapsed.total_seconds() * 1000:.0f} ms"
    record_property(FIGURES, f"webhooks while the ledger is locked: {figures}")
    assert residents.report(text_id, "delivered").status_code == 204


def test_a_database_that_takes_the_connection_and_never_speaks_is_not_waited_for(
    keyring: Keyring, agency: ResidentAgency
) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as mute:
        engine = connect(f"postgresql+psycopg://nobody@127.0.0.1:{mute.getsockname()[1]}/none")
        with residents_site(engine, keyring, agency) as site:
            answer = site.text("STOP")
            assert (answer.status_code, answer.text) == (503, "")
            assert waited(answer, most=TEXT_WITHIN)


def wait_until_somebody_waits_for_a_lock(database_url: str) -> None:
    """Asked over a connection of its own: the web's may all be waiting."""
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    give_up = time.monotonic() + 10
    engine = connect(database_url, pool_size=1)
    with engine.connect() as connection:
        while not connection.execute(waiting).scalar_one():
            connection.rollback()
            assert time.monotonic() < give_up, "nobody waits"
            time.sleep(0.01)
    engine.dispose()
