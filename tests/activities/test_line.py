"""The line: rate, order, and what closes it, for all workers together."""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlmodel import Session, col, select, update
from temporalio.exceptions import ApplicationError

from activities.line import Line, NotYet, Place, Turn
from calls.contracts import Kind
from calls.facts import Language
from database.line import LineClosureRow, LinePlaceRow, LineRow
from database.tables import InboundMessageRow, TextRow, real_now
from tests.activities.desk import Desk
from tests.builders import NOON, minutes
from web.staff.numbers.carrier_stops import CarrierStops


def number_of(cad_id: int) -> str:
    return f"+16135550{100 + cad_id}"


def put_down(desk: Desk, count: int) -> None:
    for cad_id in range(count):
        desk.call(str(cad_id), number=number_of(cad_id))


def send(desk: Desk, cad_id: int, kind: Kind = Kind.CONFIRMATION) -> None:
    """As Temporal would: again and again until it is done."""
    for _ in range(50):
        try:
            desk.send(desk.order(kind, cad_id=str(cad_id)))
        except ApplicationError:
            time.sleep(0.05)
            continue
        return


def arrivals(desk: Desk) -> Sequence[tuple[datetime, dict[str, Any]]]:
    """Every text with the moment at which the carrier got it, in that order."""
    messages = [message for phone in desk.phones.all() for message in phone["messages"]]
    return sorted(((datetime.fromisoformat(m["created"]), m) for m in messages), key=lambda arrival: arrival[0])


def change_line(desk: Desk, **values: object) -> None:
    with Session(desk.engine) as session, session.begin():
        line = session.exec(select(LineRow)).one()
        for name, value in values.items():
            setattr(line, name, value)
        session.add(line)


def line_of(desk: Desk) -> LineRow:
    with Session(desk.engine) as session:
        return session.exec(select(LineRow)).one()


def test_all_workers_together_send_no_more_segments_than_the_number_may(desk: Desk) -> None:
    rate, count = 20, 12
    desk.at_rate(rate)
    put_down(desk, count)
    with ThreadPoolExecutor(6) as workers:
        list(workers.map(lambda cad_id: send(desk, cad_id), range(count)))
    sent = [(when, int(message["segments"])) for when, message in arrivals(desk)]
    assert len(sent) == count
    most = max(segments for _, segments in sent)
    for first in range(count):
        for last in range(first, count):
            seconds = (sent[last][0] - sent[first][0]).total_seconds()
            # Half a second more: the way from the line to the carrier is not always equally long.
            assert sum(segments for _, segments in sent[first : last + 1]) <= (seconds + 1.5) * rate + most


def test_of_what_waits_the_more_urgent_kind_goes_first_whoever_came_first(desk: Desk) -> None:
    desk.at_rate(5)
    kinds = [Kind.SURVEY, Kind.SURVEY, Kind.DELAY, Kind.DELAY, Kind.CONFIRMATION, Kind.CONFIRMATION]
    put_down(desk, len(kinds))
    line = Line(engine=desk.engine, sender=desk.agency.identity.sender, segments_per_second=5)
    line.pause(seconds=2)
    with ThreadPoolExecutor(len(kinds)) as workers:
        for cad_id, kind in enumerate(kinds):
            workers.submit(send, desk, cad_id, kind)
            time.sleep(0.1)  # they come in this order, the least urgent first
    order = {message["to"]: place for place, (_, message) in enumerate(arrivals(desk))}
    went = sorted(range(len(kinds)), key=lambda cad_id: order[number_of(cad_id)])
    assert [kinds[cad_id] for cad_id in went] == [
        *[Kind.CONFIRMATION] * 2,
        *[Kind.DELAY] * 2,
        *[Kind.SURVEY] * 2,
    ]


def a_place(*, priority: int, due: int = 0, segments: int = 2) -> Place:
    return Place(text_id=uuid4(), priority=priority, due_at=NOON + minutes(due), segments=segments)


class TestPlaces:
    """Whose turn it is, asked of the database directly."""

    def take(self, desk: Desk, place: Place, *, rate: float | None = 10) -> Turn | NotYet:
        line = Line(engine=desk.engine, sender=desk.agency.identity.sender, segments_per_second=rate)
        with Session(desk.engine) as session, session.begin():
            return line.take(session, place)

    def test_among_equals_the_one_that_was_due_first_goes_first(self, desk: Desk) -> None:
        self.take(desk, a_place(priority=2, segments=15))  # the line is taken for half a second and more
        late, early = a_place(priority=2, due=2), a_place(priority=2, due=1)
        assert isinstance(self.take(desk, late), NotYet)
        assert isinstance(self.take(desk, early), NotYet)
        change_line(desk, free_at_real=real_now())
        assert isinstance(self.take(desk, late), NotYet)
        assert isinstance(self.take(desk, early), Turn)
        change_line(desk, free_at_real=real_now())
        assert isinstance(self.take(desk, late), Turn)

    def test_the_place_of_one_who_has_gone_away_is_nobodys_after_three_seconds(self, desk: Desk) -> None:
        self.take(desk, a_place(priority=2, segments=15))
        assert isinstance(self.take(desk, a_place(priority=2)), NotYet)  # whose worker dies
        other = a_place(priority=4)
        change_line(desk, free_at_real=real_now())
        assert isinstance(self.take(desk, other), NotYet)
        end = time.monotonic() + 4
        while isinstance(turn := self.take(desk, other), NotYet):
            assert time.monotonic() < end
            time.sleep(0.1)
        assert isinstance(turn, Turn)

    def test_a_turn_that_is_far_away_is_not_waited_for_in_hand(self, desk: Desk) -> None:
        Line(engine=desk.engine, sender=desk.agency.identity.sender, segments_per_second=10).pause(seconds=60)
        with pytest.raises(Exception, match="busy"):
            self.take(desk, a_place(priority=1))

    def test_two_whose_places_have_grown_old_do_not_wait_for_each_other(self, desk: Desk) -> None:
        """Chaos, seed 10: each had deleted its own place and waited for the line; who got it swept the other's."""
        self.take(desk, a_place(priority=2, segments=60))  # the line is taken for five seconds
        waiting = [a_place(priority=2, due=due) for due in range(4)]
        assert all(isinstance(self.take(desk, place), NotYet) for place in waiting)
        with Session(desk.engine) as session, session.begin():
            session.execute(update(LinePlaceRow).values(until_real=real_now() - timedelta(seconds=10)))
        with ThreadPoolExecutor(len(waiting)) as workers:
            with Session(desk.engine) as session, session.begin():
                session.exec(select(LineRow).with_for_update()).one()
                takes = [workers.submit(self.take, desk, place) for place in waiting]
                time.sleep(0.3)
            assert all(isinstance(take.result(), NotYet) for take in takes)

    def test_a_text_that_is_ordered_anew_does_not_wait_for_its_own_old_place(self, desk: Desk) -> None:
        """With a later due time: else the one between the two and it would wait for each other."""
        self.take(desk, a_place(priority=2, segments=15))
        first, between = a_place(priority=2, due=1), a_place(priority=2, due=2)
        for place in (first, between, replace(first, due_at=NOON + minutes(3))):
            assert isinstance(self.take(desk, place), NotYet)
        change_line(desk, free_at_real=real_now())
        assert isinstance(self.take(desk, between), Turn)

    def test_an_old_place_that_somebody_has_in_hand_is_not_waited_for(self, desk: Desk) -> None:
        self.take(desk, a_place(priority=2, segments=60))
        assert isinstance(self.take(desk, a_place(priority=2)), NotYet)
        with Session(desk.engine) as session, session.begin():
            session.execute(update(LinePlaceRow).values(until_real=real_now() - timedelta(seconds=10)))
        with Session(desk.engine) as session, session.begin():
            session.exec(select(LinePlaceRow).with_for_update()).one()
            assert isinstance(self.take(desk, a_place(priority=2)), NotYet)

    def test_who_waits_does_not_keep_the_line_from_the_one_whose_turn_it_is(self, desk: Desk) -> None:
        """Nor does it wait itself for whoever has the line."""
        self.take(desk, a_place(priority=2, segments=60))
        with Session(desk.engine) as session, session.begin():
            session.exec(select(LineRow).with_for_update()).one()
            began = time.monotonic()
            assert isinstance(self.take(desk, a_place(priority=2)), NotYet)
            assert time.monotonic() - began < 1

    def test_without_a_rate_nobody_waits(self, desk: Desk) -> None:
        assert all(isinstance(self.take(desk, a_place(priority=4), rate=None), Turn) for _ in range(50))


class TestAClosedLine:
    """Nothing can be sent to anyone until a person mends the account (configuration)."""

    def close(self, desk: Desk) -> None:
        put_down(desk, 3)
        right = desk.services.carrier
        desk.services = replace(desk.services, carrier=desk.phones.client(auth_token="wrong"))
        with pytest.raises(ApplicationError, match="401"):
            desk.send(desk.order(cad_id="0"))
        desk.services = replace(desk.services, carrier=right)

    def test_the_others_do_not_even_try(self, desk: Desk) -> None:
        self.close(desk)
        [line] = CarrierStops(engine=desk.engine, sender=desk.agency.identity.sender, version="").closed_lines()
        assert line.why == "HTTP 401, code 20003"
        for cad_id in ("0", "1", "2"):
            with pytest.raises(ApplicationError, match="the line is closed") as closed:
                desk.send(desk.order(cad_id=cad_id))
            delay = closed.value.next_retry_delay
            assert delay is not None
            assert timedelta(seconds=30) <= delay <= timedelta(seconds=60)
        assert arrivals(desk) == []

    def test_when_it_is_mended_one_gets_through_and_then_all(self, desk: Desk) -> None:
        self.close(desk)
        change_line(desk, try_again_real=real_now())
        desk.send(desk.order(cad_id="1"))
        assert line_of(desk).closed_since_real is None
        for cad_id in ("0", "2"):
            desk.send(desk.order(cad_id=cad_id))
        assert [message["to"] for _, message in arrivals(desk)] == [number_of(1), number_of(0), number_of(2)]

    def test_only_one_tries_at_a_time(self, desk: Desk) -> None:
        self.close(desk)
        change_line(desk, try_again_real=real_now())
        desk.phones.misbehave({"what": "slow_answer", "seconds": 1, "next": 1})
        with ThreadPoolExecutor(1) as worker:
            tries = worker.submit(desk.send, desk.order(cad_id="0"))
            while not arrivals(desk):
                time.sleep(0.02)
            with pytest.raises(ApplicationError, match="the line is closed"):
                desk.send(desk.order(cad_id="1"))
            tries.result()

    def test_r5_what_waits_too_long_at_it_expires(self, desk: Desk) -> None:
        self.close(desk)
        desk.at(NOON + minutes(70))
        desk.send(desk.order(cad_id="0"))
        assert desk.row(desk.order(cad_id="0")).state == "expired"


def test_a_busy_carrier_is_left_alone_by_everybody(desk: Desk) -> None:
    put_down(desk, 2)
    desk.phones.misbehave({"what": "too_many_requests", "next": 1, "seconds": 30})
    for cad_id in ("0", "1"):
        with pytest.raises(ApplicationError, match="busy"):
            desk.send(desk.order(cad_id=cad_id))
    change_line(desk, free_at_real=real_now())
    with suppress(ApplicationError):
        desk.send(desk.order(cad_id="1"))
    assert [message["to"] for _, message in arrivals(desk)] == [number_of(1)]


class TestWordsThatGoToNobody:
    """The carrier refuses the words, or networks filter them: more of the same would only harm (content)."""

    def filtered(self, desk: Desk, phones: int, **values: object) -> None:
        """So many confirmations of today's wording that were filtered."""
        for cad_id in range(50, 50 + phones):
            desk.call(str(cad_id), number=number_of(cad_id))
            desk.send(desk.order(cad_id=str(cad_id)))
            with Session(desk.engine) as session, session.begin():
                row = session.exec(select(TextRow).where(col(TextRow.call_id) == f"ottawa-{cad_id}")).one()
                for name, value in {"state": "undelivered", "error_code": 30007, **values}.items():
                    setattr(row, name, value)
                session.add(row)

    def is_stopped(self, desk: Desk, kind: Kind = Kind.CONFIRMATION, *, language: Language | None = None) -> bool:
        """Does a new call's text wait because of its words?"""
        cad_id = f"new-{desk.rows()}"
        desk.call(cad_id, number=number_of(1), language=language)
        try:
            desk.send(desk.order(kind, cad_id=cad_id))
        except ApplicationError as error:
            return "these words" in str(error)
        return False

    def test_words_that_the_carrier_refuses_wait_until_they_are_changed(self, desk: Desk) -> None:
        put_down(desk, 2)
        desk.phones.misbehave({"what": "refused", "code": 21617, "next": 1})
        for cad_id in ("0", "1"):  # the second is not even tried
            with pytest.raises(ApplicationError, match="refuse"):
                desk.send(desk.order(cad_id=cad_id))
        assert len(desk.phones.posts()) == 1
        wording = replace(desk.agency.wording, version="mended")
        desk.agency = desk.agency.model_copy(update={"wording": wording})
        desk.services = replace(desk.services, agency=desk.agency)
        for cad_id in ("0", "1"):
            desk.send(desk.order(cad_id=cad_id))
        assert len(arrivals(desk)) == 2

    def test_words_that_networks_filter_on_three_phones_in_a_day_are_stopped(self, desk: Desk) -> None:
        self.filtered(desk, 2)
        assert not self.is_stopped(desk)
        self.filtered(desk, 3)
        assert self.is_stopped(desk)

    def test_three_in_a_month_are_no_reason(self, desk: Desk) -> None:
        self.filtered(desk, 2, updated_real=real_now() - timedelta(days=9))
        self.filtered(desk, 1)
        assert not self.is_stopped(desk)

    def test_other_kinds_and_languages_go(self, desk: Desk) -> None:
        self.filtered(desk, 3)
        assert not self.is_stopped(desk, language=Language.FRENCH)
        assert not self.is_stopped(desk, Kind.DELAY)

    def test_staff_release_them(self, desk: Desk) -> None:
        self.filtered(desk, 3)
        assert self.is_stopped(desk)
        stops = CarrierStops(
            engine=desk.engine, sender=desk.agency.identity.sender, version=desk.agency.wording.version
        )
        [stopped] = stops.wordings()
        assert (stopped.kind, stopped.language) == ("confirmation", "en+fr")
        stops.release(stopped, by="the duty inspector", why="the carrier says it was a mistake")
        assert stops.wordings() == []
        assert not self.is_stopped(desk)

    def test_words_that_staff_release_go_though_the_text_that_was_refused_is_tried_again(self, desk: Desk) -> None:
        put_down(desk, 2)
        desk.phones.misbehave({"what": "refused", "code": 21617, "next": 1})
        for _ in range(2):
            with pytest.raises(ApplicationError, match="refuse"):
                desk.send(desk.order(cad_id="0"))
        self.release(desk)
        for cad_id in ("0", "1"):
            desk.send(desk.order(cad_id=cad_id))
        assert len(arrivals(desk)) == 2

    def test_nor_does_its_expiry_stop_them_again(self, desk: Desk) -> None:
        put_down(desk, 1)
        desk.phones.misbehave({"what": "refused", "code": 21617, "next": 1})
        with pytest.raises(ApplicationError, match="refuse"):
            desk.send(desk.order(cad_id="0"))
        self.release(desk)
        desk.at(NOON + minutes(64))
        desk.send(desk.order(cad_id="0"))
        assert (desk.row(desk.order(cad_id="0")).state, desk.row(desk.order(cad_id="0")).error_code) == (
            "expired",
            21617,
        )
        assert not self.is_stopped(desk)

    def release(self, desk: Desk) -> None:
        stops = CarrierStops(
            engine=desk.engine, sender=desk.agency.identity.sender, version=desk.agency.wording.version
        )
        [stopped] = stops.wordings()
        stops.release(stopped, by="the duty inspector", why="the carrier says it was a mistake")


def test_a_country_that_is_not_switched_on_waits_and_the_others_go(desk: Desk) -> None:
    put_down(desk, 2)
    desk.phones.misbehave({"what": "refused", "code": 21408, "status": 403, "next": 1, "numbers": [number_of(0)]})
    with pytest.raises(ApplicationError, match="country"):
        desk.send(desk.order(cad_id="0"))
    desk.send(desk.order(cad_id="1"))
    desk.send(desk.order(cad_id="0"))
    assert len(arrivals(desk)) == 2


class TestStopAtTheCarrier:
    """21610: the number is stopped at the carrier, and we never heard of it (R6)."""

    def refuse(self, desk: Desk) -> None:
        desk.call("0", number=number_of(0))
        desk.phones.misbehave({"what": "refused", "code": 21610, "next": 1})
        desk.send(desk.order(cad_id="0"))
        assert (desk.row(desk.order(cad_id="0")).state, desk.row(desk.order(cad_id="0")).rule) == (
            "suppressed",
            "opted out",
        )

    def says_start(self, desk: Desk) -> datetime:
        """When."""
        started = desk.services.clock.now()
        with Session(desk.engine) as session, session.begin():
            session.add(
                InboundMessageRow(
                    provider_sid="SM1",
                    phone_hash=desk.keyring.phone_hash(number_of(0)),
                    sender=desk.agency.identity.sender,
                    keyword="start",
                    body_encrypted="",
                    received_at=started,
                )
            )
        return started

    def test_r6_no_later_call_of_the_number_is_texted(self, desk: Desk) -> None:
        self.refuse(desk)
        desk.call("1", number=number_of(0))
        desk.send(desk.order(cad_id="1"))
        assert desk.row(desk.order(cad_id="1")).rule == "opted out"
        assert len(desk.phones.posts()) == 1

    def test_r6_start_brings_back_no_earlier_call(self, desk: Desk) -> None:
        self.refuse(desk)
        started = self.says_start(desk)
        desk.call("1", number=number_of(0), received_at=started - timedelta(minutes=1))
        desk.send(desk.order(cad_id="1"))
        assert desk.row(desk.order(cad_id="1")).rule == "opted out"

    def test_r6_until_start_before_the_call(self, desk: Desk) -> None:
        self.refuse(desk)
        started = self.says_start(desk)
        desk.call("1", number=number_of(0), received_at=started + timedelta(seconds=1))
        desk.send(desk.order(cad_id="1"))
        assert len(arrivals(desk)) == 1


def test_when_the_line_was_closed_and_how_long_is_kept(desk: Desk) -> None:
    line = Line(engine=desk.engine, sender="+16135550100", segments_per_second=None)
    other = Line(engine=desk.engine, sender="+16135550101", segments_per_second=None)
    other.close(because="HTTP 401")
    began = real_now()
    for _ in range(2):  # a closed line that is closed again is closed once
        line.close(because="HTTP 401")
    line.open()
    line.open()
    line.close(because="21606")
    with Session(desk.engine) as session:
        rows = session.exec(select(LineClosureRow).order_by(col(LineClosureRow.id))).all()
    assert [(row.sender, row.because, row.opened_real is None) for row in rows] == [
        ("+16135550101", "HTTP 401", True),
        ("+16135550100", "HTTP 401", False),
        ("+16135550100", "21606", True),
    ]
    closed = rows[1]
    assert closed.opened_real is not None
    assert began - timedelta(seconds=1) < closed.closed_real < closed.opened_real < rows[2].closed_real
