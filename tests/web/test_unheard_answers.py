"""Answers to texts that came in, of which the carrier heard nothing, or nobody knows (R2): what the ledger says then,
and that whoever writes again is answered. Found by chaos: seeds 4, 6, 9 and 12."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import requests
from sqlalchemy import Engine, text
from sqlmodel import Session

from activities.stop_and_go import EVERYTHING
from calls.clock import REAL_TIME
from calls.contracts import UNHEARD, LedgerState
from database.encryption import Keyring
from database.tables import SwitchRow, TextRow, real_now
from tests.web.in_the_way import in_the_way, wait_for_lock_waits
from tests.web.served import ORIGIN, Residents, replies_in, residents_site, said
from texts.wording import Piece
from web.residents.agency import ResidentAgency, Site
from web.residents.replies import Reply, heard, unheard
from web.residents.webhooks import AS_TWILIO_WANTS_IT, Within
from web.serving.in_time import Deadline

AGAIN = "SM" + "7" * 32


@pytest.fixture
def residents(engine: Engine, keyring: Keyring, agency: ResidentAgency) -> Iterator[Residents]:
    """As the command serves it."""
    with residents_site(engine, keyring, agency, within=AS_TWILIO_WANTS_IT) as site:
        yield site


def test_r2_an_answer_that_nobody_waited_for_is_not_said_to_be_out_and_whoever_writes_again_is_answered(
    residents: Residents, database_url: str
) -> None:
    """Chaos, seed 9: the site stood still for longer than the carrier waits. HELP was unanswered for an hour."""
    nobody_waits_for_the_answer_to("HELP", residents, database_url)
    (row,) = until_it_is(residents, LedgerState.EXPIRED)
    assert (row.rule, row.reason) == (UNHEARD, Piece.AUTO_REPLY)

    (answer,) = said(residents.text("HELP"))

    assert "nobody reads" in answer
    assert sorted(row.state for row in residents.rows(TextRow)) == [LedgerState.ACCEPTED, LedgerState.EXPIRED]
    assert said(residents.text("HELP")) == []


def test_r2_a_text_that_is_delivered_again_is_answered_once_where_nobody_waited_for_the_first_answer(
    residents: Residents, database_url: str
) -> None:
    nobody_waits_for_the_answer_to("ARRET", residents, database_url)
    (unheard,) = until_it_is(residents, LedgerState.EXPIRED)

    (answer,) = said(residents.text("ARRET", sid=AGAIN))

    (row,) = residents.rows(TextRow)
    assert (row.id, row.state, row.rule, row.reason) == (unheard.id, LedgerState.ACCEPTED, None, Piece.STOP_REPLY)
    assert residents.keyring.decrypt(row.body_encrypted or "") == answer
    assert said(residents.text("ARRET", sid=AGAIN)) == []


@pytest.mark.parametrize(("first", "then"), [("START", "ARRET"), ("ARRET", "START")])
def test_r6_an_answer_to_start_or_stop_is_not_given_again_once_the_other_has_come(
    residents: Residents, database_url: str, first: str, then: str
) -> None:
    if first == "START":
        residents.text("ARRET")
    nobody_waits_for_the_answer_to(first, residents, database_url)
    until_it_is(residents, LedgerState.EXPIRED)
    assert len(said(residents.text(then))) == 1

    assert said(residents.text(first, sid=AGAIN)) == []


@pytest.mark.parametrize("since", ["answered meanwhile", "stopped by staff", "sixteen minutes"])
def test_r2_a_text_that_is_delivered_again_is_not_answered_where_the_answer_may_not_be_given_now(
    residents: Residents, database_url: str, since: str
) -> None:
    nobody_waits_for_the_answer_to("HELP", residents, database_url)
    until_it_is(residents, LedgerState.EXPIRED)
    if since == "answered meanwhile":
        assert len(said(residents.text("HELP"))) == 1
    elif since == "stopped by staff":
        with Session(residents.engine) as session, session.begin():
            session.add(SwitchRow(scope=EVERYTHING, stopped_by="the duty inspector", why="a test"))
    else:
        with residents.engine.begin() as connection:
            for column in ("text SET due_at = due_at", "inbound_message SET received_at = received_at"):
                connection.execute(text(f"UPDATE {column} - interval '16 minutes'"))

    assert said(residents.text("HELP", sid=AGAIN)) == []


@pytest.mark.parametrize(("seconds", "answers"), [(5, 0), (16, 1)])
@pytest.mark.parametrize("sid", [AGAIN, None])
def test_r2_an_answer_whose_site_was_killed_before_it_went_out_is_given_when_the_carrier_waits_no_longer(
    residents: Residents, seconds: float, answers: int, sid: str | None
) -> None:
    """Chaos, seed 6: killed between commit and answer. `sid`: the same text again, or another HELP."""
    (text_id,) = replies_in(residents.text("HELP", sid=AGAIN))
    with residents.engine.begin() as connection:
        killed = text("UPDATE text SET state = 'sending', settled_at = NULL, sending_real = :since")
        connection.execute(killed, {"since": real_now() - timedelta(seconds=seconds)})

    assert len(said(residents.text("HELP", sid=sid))) == answers

    states = {row.id: row.state for row in residents.rows(TextRow)}
    is_the_same = answers == 1 and sid == AGAIN
    assert states[text_id] == (LedgerState.ACCEPTED if is_the_same else LedgerState.SENDING)


def test_r2_an_answer_is_not_said_to_be_out_before_it_is(residents: Residents) -> None:
    add_trigger(residents.engine, "BEFORE UPDATE", "PERFORM pg_sleep(2); RETURN NEW;")

    (text_id,) = replies_in(residents.deliver("HELP"))

    assert residents.ledger(text_id).state == LedgerState.SENDING
    residents.until_passed_on(text_id)
    assert residents.ledger(text_id).state == LedgerState.ACCEPTED


def test_r2_what_was_committed_after_503_was_said_is_no_answer_and_is_given_when_the_text_comes_again(
    engine: Engine, keyring: Keyring, agency: ResidentAgency, database_url: str
) -> None:
    """Chaos, seed 4: the commit began in time, and took longer than the answer could wait."""
    with residents_site(engine, keyring, agency, within=Within(inbound=2.0)) as residents:
        add_trigger(engine, "AFTER INSERT", "PERFORM pg_sleep(1.7); RETURN NULL;", is_at_commit=True)
        with ThreadPoolExecutor(1) as pool, in_the_way(engine) as connection:
            connection.execute(text("LOCK TABLE text IN ACCESS EXCLUSIVE MODE"))
            answer = pool.submit(residents.text, "HELP", sid=AGAIN)
            wait_for_lock_waits(database_url, some=True)
            time.sleep(0.4)  # with the commit's 1.7 s it is late, and for the commit's beginning there is time enough
            connection.rollback()
            assert answer.result().status_code == 503
        (row,) = until_it_is(residents, LedgerState.EXPIRED)
        assert row.rule == UNHEARD
        with engine.begin() as connection:
            connection.execute(text("DROP TRIGGER slow ON text"))

        assert len(said(residents.text("HELP", sid=AGAIN))) == 1


@pytest.mark.parametrize("became", [heard, unheard])
def test_r2_what_became_of_the_first_answer_is_not_what_becomes_of_the_second(
    residents: Residents, became: Callable[[Site, Reply, Deadline], None]
) -> None:
    """The first process stood still, and writes it down when the second is about to answer."""
    (text_id,) = replies_in(residents.text("HELP", sid=AGAIN))
    first = Reply(text_id=text_id, body="", begun_real=residents.ledger(text_id).sending_real or real_now())
    with residents.engine.begin() as connection:
        connection.execute(
            text("UPDATE text SET state = 'sending', sending_real = sending_real + interval '20 seconds'")
        )

    site = Site(
        engine=residents.engine, keyring=residents.keyring, agency=residents.agency, clock=REAL_TIME, origin=ORIGIN
    )
    became(site, first, Deadline(time.monotonic() + 3))

    assert residents.ledger(text_id).state == LedgerState.SENDING


def add_trigger(engine: Engine, when: str, does: str, *, is_at_commit: bool = False) -> None:
    kind, late = ("CONSTRAINT", "DEFERRABLE INITIALLY DEFERRED") if is_at_commit else ("", "")
    with engine.begin() as connection:
        connection.execute(text(f"CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN {does} END$$"))
        connection.execute(
            text(f"CREATE {kind} TRIGGER slow {when} ON text {late} FOR EACH ROW EXECUTE FUNCTION slow()")
        )


def nobody_waits_for_the_answer_to(body: str, residents: Residents, database_url: str) -> None:
    """The carrier delivers the text with the id AGAIN, and hangs up while the site waits for its database."""
    with in_the_way(residents.engine) as connection:
        connection.execute(text("LOCK TABLE text IN ACCESS EXCLUSIVE MODE"))
        with pytest.raises(requests.ReadTimeout):
            carrier_that_waits_for(0.5, residents).text(body, sid=AGAIN)
        wait_for_lock_waits(database_url, some=True)


def carrier_that_waits_for(seconds: float, residents: Residents) -> Residents:
    class Impatient(requests.Session):
        def request(self, *args: Any, **options: Any) -> requests.Response:
            return super().request(*args, **{**options, "timeout": seconds})

    return replace(residents, http=Impatient())


def until_it_is(residents: Residents, state: LedgerState) -> list[TextRow]:
    """The rows of the ledger, once one is in that state."""
    give_up = time.monotonic() + 5
    while True:
        rows = residents.rows(TextRow)
        if any(row.state == state for row in rows):
            return rows
        assert time.monotonic() < give_up, rows
        time.sleep(0.01)
