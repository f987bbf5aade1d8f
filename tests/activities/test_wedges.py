"""What could stop the texts for long, or for good: a worker that stands still, a clock that jumps, a row that stays."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from uuid import uuid4

import pytest
from sqlalchemy import Engine, update
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, col, select
from temporalio.exceptions import ApplicationError

from activities.carrier_client import CarrierClient
from activities.line import Line, NotYet, Place, Turn
from calls.contracts import Kind
from database.engine import GIVES_UP_IDLE_AFTER_SECONDS
from database.line import LinePlaceRow, LineRow
from database.tables import TextRow, real_now
from tests.activities.desk import NUMBER, Desk, some_attempt
from tests.builders import NOON, minutes
from web.staff.numbers.carrier_stops import CarrierStops

HOUR = timedelta(hours=1)


def the_line(desk: Desk, *, rate: float = 10) -> Line:
    return Line(engine=desk.engine, sender=desk.agency.identity.sender, segments_per_second=rate)


def a_place(*, priority: int = 2) -> Place:
    return Place(text_id=uuid4(), priority=priority, due_at=NOON, segments=2)


def take(desk: Desk, place: Place) -> Turn | NotYet:
    with Session(desk.engine) as session, session.begin():
        return the_line(desk).take(session, place)


def change_line(desk: Desk, **values: object) -> None:
    with Session(desk.engine) as session, session.begin():
        session.execute(update(LineRow).values(**values))


def test_a_worker_that_stands_still_with_the_line_in_hand_does_not_keep_the_others_from_it(
    desk: Desk, engine: Engine
) -> None:
    """A process that is stopped, or cut off from the database, in the middle of its turn."""
    still = Session(engine)
    the_line(desk).take(still, a_place())  # and never commits
    end = time.monotonic() + GIVES_UP_IDLE_AFTER_SECONDS + 5
    while True:
        try:
            assert isinstance(take(desk, a_place()), Turn | NotYet)
            break
        except DBAPIError:  # the lock was not to be had within five seconds
            assert time.monotonic() < end
    with pytest.raises(DBAPIError):  # its turn was never written down: it must not go on to the POST
        still.commit()
    still.close()


class TestTheDatabasesClockGoesBack:
    """By an hour: another server took over, or somebody set it right."""

    def test_the_line_is_not_taken_until_then(self, desk: Desk) -> None:
        take(desk, a_place())
        change_line(desk, free_at_real=real_now() + HOUR)
        assert isinstance(take(desk, a_place()), Turn)

    def test_a_closed_line_is_tried_all_the_same(self, desk: Desk) -> None:
        the_line(desk).close(because="HTTP 401")
        change_line(desk, closed_since_real=real_now() + HOUR, try_again_real=real_now() + HOUR)
        assert take(desk, a_place()) == Turn(tries_closed_line=True)

    def test_places_of_the_time_before_are_nobodys(self, desk: Desk) -> None:
        take(desk, a_place())
        the_line(desk).pause(seconds=1)
        for _ in range(20):
            assert isinstance(take(desk, a_place(priority=1)), NotYet)
        with Session(desk.engine) as session, session.begin():
            session.execute(update(LinePlaceRow).values(until_real=real_now() + HOUR))
        change_line(desk, free_at_real=real_now())
        assert isinstance(take(desk, a_place(priority=4)), Turn)


def test_a_text_that_others_overtake_for_ever_goes_back_to_the_queue_in_time(desk: Desk) -> None:
    """Each time it is asked its turn is near, and it never comes: the lease would end in a worker's hand."""
    desk.at_rate(10)
    desk.call(cleared_at=NOON)
    take(desk, a_place())
    first, end = a_place(priority=1), time.monotonic() + 14
    the_line(desk).pause(seconds=2)
    take(desk, first)
    with ThreadPoolExecutor(1) as worker:
        waits = worker.submit(desk.send, desk.order(Kind.SURVEY))
        while not waits.done() and time.monotonic() < end:
            the_line(desk).pause(seconds=2)  # longer than this thread may stand still on a busy machine
            take(desk, first)
            time.sleep(0.2)
        in_time = waits.done()
        with Session(desk.engine) as session, session.begin():
            session.execute(update(TextRow).values(attempt_id=uuid4()))  # ends it, where it waits still
        with pytest.raises(ApplicationError, match="the line is busy"):
            waits.result()
    assert in_time


def test_a_turn_that_comes_after_a_long_wait_for_the_line_is_not_used_up_by_a_check_that_is_too_old(
    desk: Desk, engine: Engine
) -> None:
    desk.at_rate(10)
    desk.call()
    take(desk, a_place())
    change_line(desk, free_at_real=real_now() - HOUR)
    with Session(engine) as other, ThreadPoolExecutor(1) as worker:
        other.exec(select(LineRow).with_for_update()).one()
        sends = worker.submit(desk.send)
        time.sleep(2.5)  # as long as the line is in another's hand
        other.rollback()
        with pytest.raises(ApplicationError, match="too old when its turn came"):
            sends.result()
    assert desk.row().first_sending_real is None
    with Session(engine) as session:
        assert session.exec(select(LineRow)).one().free_at_real < real_now() - minutes(30)


class TestWordsThatStaffRelease:
    """A text that was refused for its words is tried again and again: its own row must not stop them anew."""

    def refuse(self, desk: Desk) -> CarrierStops:
        desk.call()
        desk.phones.misbehave({"what": "refused", "code": 21617, "next": 1})
        with pytest.raises(ApplicationError, match="refuses these words"):
            desk.send()
        return CarrierStops(engine=desk.engine, sender=desk.agency.identity.sender, version=desk.agency.wording.version)

    def release(self, stops: CarrierStops) -> None:
        [stopped] = stops.wordings()
        stops.release(stopped, by="the duty inspector", why="mended at the carrier")

    def test_the_text_that_was_refused_goes_too(self, desk: Desk) -> None:
        stops = self.refuse(desk)
        self.release(stops)
        desk.send()
        assert len(desk.phones.bodies(NUMBER)) == 1

    def test_one_that_expires_after_the_release_does_not_stop_them_again(self, desk: Desk) -> None:
        stops = self.refuse(desk)
        self.release(stops)
        desk.at(NOON + minutes(90))
        desk.send()
        assert (desk.row().state, desk.row().error_code) == ("expired", 21617)
        assert stops.wordings() == []

    def test_words_that_are_refused_again_are_stopped_again(self, desk: Desk) -> None:
        stops = self.refuse(desk)
        self.release(stops)
        self.refuse(desk)
        assert len(stops.wordings()) == 1


def test_r2_a_text_in_doubt_is_looked_for_under_the_number_that_it_went_from(desk: Desk) -> None:
    """The agency has another number now: the list of that one does not have it."""
    desk.call()
    desk.phones.misbehave({"what": "lose_answer", "next": 1})
    with pytest.raises(ApplicationError, match="lost"):
        desk.send()
    long_ago = real_now() - timedelta(minutes=10)
    desk.change_row({"sending_real": long_ago, "first_sending_real": long_ago, "lease_until_real": long_ago})
    identity = desk.agency.identity.model_copy(update={"sender": "+16135550199"})
    desk.agency = desk.agency.model_copy(update={"identity": identity})
    desk.services = replace(desk.services, agency=desk.agency)
    outcome = desk.send()
    assert outcome.record is not None
    assert desk.row().reason == "found in the carrier's list"
    assert len(desk.phones.bodies(NUMBER)) == 1


class _NoTwilio(BaseHTTPRequestHandler):
    """A proxy that lets nothing through."""

    def do_POST(self) -> None:
        body = b"<h1>Method not allowed here</h1>"
        self.send_response(405)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def test_r2_what_somebody_else_than_twilio_refuses_is_not_lost(desk: Desk) -> None:
    desk.call()
    right = desk.services.carrier
    with HTTPServer(("127.0.0.1", 0), _NoTwilio) as proxy, ThreadPoolExecutor(1) as thread:
        thread.submit(proxy.handle_request)
        address = f"http://127.0.0.1:{proxy.server_port}"
        wrong = CarrierClient(account_sid="AC1", auth_token="x", address=address, timeout_seconds=2)
        desk.services = replace(desk.services, carrier=wrong)
        with pytest.raises(ApplicationError, match="405"):
            desk.send()
    change_line(desk, try_again_real=real_now())
    desk.services = replace(desk.services, carrier=right)
    desk.send()
    assert len(desk.phones.bodies(NUMBER)) == 1


def in_doubt(desk: Desk) -> None:
    """Its confirmation may have been sent, long ago; the carrier has it not."""
    desk.call()
    desk.send()
    desk.phones.forget()
    desk.change_row(some_attempt())


def test_a_text_in_doubt_of_a_call_that_is_held_expires_though_something_overtook_it(desk: Desk) -> None:
    """Else it would be tried every twenty seconds for as long as nobody releases the call."""
    in_doubt(desk)
    desk.call(version=2, held=True, cleared_at=NOON + minutes(2))
    desk.at(NOON + minutes(90))
    outcome = desk.send(desk.order(version=1))
    assert outcome.record is not None
    assert desk.row().state == "expired"


def test_r2_a_confirmation_that_was_in_doubt_is_not_lost_where_the_caller_hung_up_later_than_we_knew(
    desk: Desk,
) -> None:
    """It is not due at this moment, and will be: nothing has overtaken it."""
    in_doubt(desk)
    desk.call(version=2, call_ended_at=NOON + minutes(3))
    with pytest.raises(ApplicationError, match="falls due again"):
        desk.send(desk.order(version=1))
    desk.at(NOON + minutes(20))
    desk.send(desk.order(version=1))
    assert len(desk.phones.bodies(NUMBER)) == 1


def test_of_delay_notices_no_more_go_out_than_the_cap_whatever_the_workflow_was_told(desk: Desk) -> None:
    """One that had expired, said the ledger, is on the phone after all, said the carrier later."""
    at_most = desk.policy.timetable.delay.at_most
    desk.call()
    with Session(desk.engine) as session, session.begin():
        for sequence in range(1, at_most + 1):
            session.add(
                TextRow(
                    call_id="ottawa-1001",
                    kind="delay",
                    sequence=sequence,
                    state="delivered",
                    policy_version="p",
                    due_at=NOON,
                    expires_at=NOON,
                    settled_at=NOON,
                )
            )
    one_more = desk.order(Kind.DELAY)
    one_more = one_more.model_copy(update={"key": one_more.key.model_copy(update={"sequence": at_most + 1})})
    outcome = desk.send(one_more)
    assert outcome.rule == "delay notices"
    assert desk.phones.bodies(NUMBER) == []
    with Session(desk.engine) as session:
        last = session.exec(select(TextRow).where(col(TextRow.sequence) == at_most + 1)).one()
    assert last.state == "suppressed"
