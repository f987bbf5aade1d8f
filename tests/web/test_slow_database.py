"""Webhooks while the database makes them wait: an answer in time, and what was not done in time not done at all."""

import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from uuid import uuid4

import pytest
import requests
from sqlalchemy import Engine, func, select, text

from calls.contracts import LedgerState
from database.encryption import Keyring
from database.engine import connect
from database.tables import InboundMessageRow, OptOutRow, TextRow, real_now
from tests.conftest import FIGURES
from tests.web.in_the_way import in_the_way, wait_for_lock_waits
from tests.web.served import ACCOUNT, OURS, RESIDENT, Residents, residents_site
from web.residents.agency import ResidentAgency
from web.residents.webhooks import AS_TWILIO_WANTS_IT
from web.serving.in_time import Deadline, transaction

# What the webhooks promise, and a second for a busy machine.
REPORT_WITHIN, TEXT_WITHIN = timedelta(seconds=1 + 1), timedelta(seconds=3 + 1)
AT_ONCE = 60


@pytest.fixture
def residents(engine: Engine, keyring: Keyring, agency: ResidentAgency) -> Iterator[Residents]:
    """As the command serves it."""
    with residents_site(engine, keyring, agency, within=AS_TWILIO_WANTS_IT) as site:
        yield site


def waited(answer: requests.Response, *, most: timedelta) -> bool:
    return answer.elapsed > timedelta(seconds=0.5) and answer.elapsed < most


@pytest.mark.parametrize("is_known", [False, True])
@pytest.mark.parametrize("lock", ["SELECT 1 FROM text FOR UPDATE", "LOCK TABLE text IN ACCESS EXCLUSIVE MODE"])
def test_a_report_that_must_wait_for_a_lock_is_answered_503_and_counts_when_it_comes_again(
    residents: Residents, database_url: str, lock: str, *, is_known: bool
) -> None:
    """`is_known`: the ledger knows the message, so that one statement is all."""
    state = LedgerState.ACCEPTED if is_known else LedgerState.SENDING
    known = {"provider_sid": "SM" + "1" * 32, "settled_at": real_now()} if is_known else {}
    text_id = residents.add_text(state=state, **known)
    with in_the_way(residents.engine) as connection:
        connection.execute(text(lock))
        answer = residents.report(text_id, "delivered")
        wait_for_lock_waits(database_url, some=False, seconds=3)  # nobody holds a connection for an answer long given
    assert answer.status_code == 503
    assert waited(answer, most=REPORT_WITHIN)
    assert residents.ledger(text_id).state == state

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
        wait_for_lock_waits(database_url, some=True)
        assert residents.report(uuid4(), "delivered").status_code == 503
        connection.rollback()
        assert answer.result().status_code == 200


def test_what_is_slow_in_many_small_steps_is_rolled_back_as_well(residents: Residents) -> None:
    values = {"provider_sid": "SM1", "phone_hash": "", "sender": OURS, "keyword": "", "body_encrypted": ""}

    def store_slowly() -> None:
        with transaction(residents.engine, Deadline(time.monotonic() + 0.5)) as session:
            session.add(InboundMessageRow.model_validate({**values, "received_at": real_now()}))
            session.flush()
            for _ in range(3):
                session.execute(select(func.pg_sleep(0.2)))

    with pytest.raises(TimeoutError):
        store_slowly()
    assert residents.rows(InboundMessageRow) == []


def test_more_requests_than_there_are_threads_are_all_answered_and_a_caller_hears_us_at_once(
    residents: Residents, database_url: str, record_property: Callable[[str, object], None]
) -> None:
    """Half of them are pages of surveys, which have threads of their own and wait longer."""
    text_id, survey = residents.add_text(), f"{residents.address}/s/{residents.invite()}"
    with ThreadPoolExecutor(2 * AT_ONCE) as pool, in_the_way(residents.engine) as connection:
        connection.execute(text("LOCK TABLE text, survey_invitation IN ACCESS EXCLUSIVE MODE"))
        pages = [pool.submit(requests.get, survey, timeout=30) for _ in range(AT_ONCE)]
        reports = [pool.submit(residents.report, text_id, "delivered") for _ in range(AT_ONCE)]
        answers = [report.result() for report in reports]
        assert not any(page.done() for page in pages)
        call = residents.webhook("/twilio/voice", {"CallSid": "CA1", "From": "anonymous", "AccountSid": ACCOUNT})
        connection.rollback()
        assert {page.result().status_code for page in pages} == {200}
    assert call.status_code == 200
    assert call.elapsed < timedelta(seconds=1)
    assert {answer.status_code for answer in answers} == {503}
    slowest = max(answer.elapsed for answer in answers)
    assert slowest < TEXT_WITHIN  # so many at once take a busy machine a while
    figures = f"{AT_ONCE} reports at once 503 within {slowest.total_seconds():.2f} s, "
    figures += f"a call meanwhile answered in {call.elapsed.total_seconds() * 1000:.0f} ms"
    record_property(FIGURES, f"webhooks while the ledger is locked: {figures}")
    assert residents.report(text_id, "delivered").status_code == 204


def test_r6_a_stop_gets_through_while_pages_of_surveys_hang(residents: Residents) -> None:
    survey = f"{residents.address}/s/{residents.invite()}"
    with ThreadPoolExecutor(AT_ONCE) as pool, in_the_way(residents.engine) as connection:
        connection.execute(text("LOCK TABLE survey_invitation IN ACCESS EXCLUSIVE MODE"))
        pages = [pool.submit(requests.get, survey, timeout=30) for _ in range(AT_ONCE)]
        answer = residents.deliver("ARRET")
        assert not any(page.done() for page in pages)
        connection.rollback()
    assert answer.status_code == 200
    assert residents.rows(OptOutRow)[0].ended_at is None


def test_a_database_that_takes_the_connection_and_never_speaks_is_not_waited_for(
    keyring: Keyring, agency: ResidentAgency
) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as mute:
        engine = connect(f"postgresql+psycopg://nobody@127.0.0.1:{mute.getsockname()[1]}/none")
        with residents_site(engine, keyring, agency, within=AS_TWILIO_WANTS_IT) as site:
            answer = site.text("STOP")
            assert (answer.status_code, answer.text) == (503, "")
            assert waited(answer, most=TEXT_WITHIN)
