"""Stop and go: what staff switch off waits, from the commit on; what is released goes once or has expired."""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime, timedelta

import pytest
from temporalio.exceptions import ApplicationError

from activities.stop_and_go import EVERYTHING, Mode, scope_of_call, scope_of_kind, scope_of_type
from calls.contracts import Kind, LedgerState, SendText
from tests.activities.desk import NUMBER, Desk
from tests.builders import NOON, hours, minutes
from web.staff.switches import Switches

OTHER = "+13435550117"
AREA_CODES = (613, 343, 819, 873, 416)
STAFF = {"by": "the duty inspector", "why": "a test"}
SCOPES = [EVERYTHING, scope_of_kind(Kind.CONFIRMATION), scope_of_type("noise"), scope_of_call("ottawa-1001")]


@pytest.fixture
def switches(desk: Desk) -> Switches:
    return Switches(engine=desk.engine, keyring=desk.keyring)


@pytest.mark.parametrize("scope", SCOPES)
def test_what_is_stopped_waits_and_goes_once_when_it_is_released(desk: Desk, switches: Switches, scope: str) -> None:
    desk.call()
    assert switches.stop(scope, **STAFF)
    for _ in range(3):
        with pytest.raises(ApplicationError, match=f"switched off: {scope}") as not_now:
            desk.send()
    assert not_now.value.next_retry_delay == timedelta(seconds=20)
    assert desk.phones.bodies(NUMBER) == []
    assert switches.go(scope, **STAFF)
    for _ in range(2):
        desk.send()
    assert len(desk.phones.bodies(NUMBER)) == 1


@pytest.mark.parametrize(
    "scope", [scope_of_kind(Kind.DELAY), scope_of_type("theft"), scope_of_call("ottawa-1002"), "type:", "kind:"]
)
def test_what_is_not_stopped_goes(desk: Desk, switches: Switches, scope: str) -> None:
    desk.call()
    switches.stop(scope, **STAFF)
    desk.send()
    assert len(desk.phones.bodies(NUMBER)) == 1


def test_r5_what_is_no_longer_true_when_it_is_released_has_expired_for_good(desk: Desk, switches: Switches) -> None:
    desk.call()
    switches.stop(EVERYTHING, **STAFF)
    with pytest.raises(ApplicationError):
        desk.send()
    desk.at(NOON + hours(2))
    switches.go(EVERYTHING, **STAFF)
    desk.send()
    assert (desk.row().state, desk.phones.bodies(NUMBER)) == ("expired", [])


def test_r1_what_may_not_be_texted_is_suppressed_stopped_or_not(desk: Desk, switches: Switches) -> None:
    desk.call(version=2, safety_flag=True)
    switches.stop(EVERYTHING, **STAFF)
    desk.send(desk.order(version=1))
    assert (desk.row().state, desk.row().rule) == ("suppressed", "safety flag")


def test_two_stops_are_two_and_each_has_its_own_release(desk: Desk, switches: Switches) -> None:
    desk.call()
    switches.stop(EVERYTHING, **STAFF)
    switches.stop(scope_of_kind(Kind.CONFIRMATION), **STAFF)
    assert not switches.stop(EVERYTHING, by="somebody else", why="later")
    switches.go(EVERYTHING, **STAFF)
    with pytest.raises(ApplicationError, match="kind:confirmation"):
        desk.send()
    assert not switches.go(EVERYTHING, **STAFF)
    [stopped] = switches.state().stopped
    assert (stopped.scope, stopped.by, stopped.why) == ("kind:confirmation", "the duty inspector", "a test")


@pytest.mark.parametrize("count", [150, pytest.param(500, marks=pytest.mark.deep)])
def test_no_post_begins_more_than_two_seconds_after_the_commit_of_a_stop(
    desk: Desk, switches: Switches, count: int
) -> None:
    """A slow carrier, and many texts due at once; when they are released half of them are no longer true."""
    for cad_id in range(count):
        desk.call(str(cad_id), number=f"+1{AREA_CODES[cad_id // 100]}5550{100 + cad_id % 100}")
    orders = [desk.order(cad_id=str(cad_id)) for cad_id in range(count)]
    orders[1::2] = [order.model_copy(update={"expires_at": NOON + minutes(20)}) for order in orders[1::2]]
    desk.phones.misbehave({"what": "slow_answer", "seconds": 0.3})

    def send(order: SendText) -> None:
        with suppress(ApplicationError):
            desk.send(order)

    with ThreadPoolExecutor(8) as pool:
        sending = pool.map(send, orders)
        wait_for_the_first(desk)
        switches.stop(EVERYTHING, **STAFF)
        stopped = datetime.now().astimezone()
        list(sending)
    begun = [datetime.fromisoformat(post["arrived"]) for post in desk.phones.posts()]
    assert 0 < len(begun) < count
    assert max(begun) < stopped + timedelta(seconds=2)
    desk.phones.misbehave()
    desk.at(NOON + minutes(30))
    switches.go(EVERYTHING, **STAFF)
    for order in orders:
        desk.send(order)
    states = [desk.row(order).state for order in orders]
    assert states[0::2] == ["accepted"] * (count // 2)
    assert set(states[1::2]) == {"accepted", "expired"}
    assert len(desk.phones.posts()) == states.count("accepted")
    assert all(len(phone["messages"]) == 1 for phone in desk.phones.all())


def wait_for_the_first(desk: Desk) -> None:
    for _ in range(500):
        if any(phone["messages"] for phone in desk.phones.all()):
            return
        time.sleep(0.02)
    raise AssertionError("no text in ten seconds")


def test_a_type_that_has_moved_to_another_group_is_stopped_under_both_names(desk: Desk, switches: Switches) -> None:
    """Its group was read when the record came; the folder has changed since, and staff know it by the new name."""
    desk.call(call_type_code="NOISE", call_type_group="property")
    for group in ("property", "noise"):
        switches.stop(scope_of_type(group), **STAFF)
        with pytest.raises(ApplicationError, match=f"switched off: type:{group}"):
            desk.send()
        switches.go(scope_of_type(group), **STAFF)
    desk.send()
    assert len(desk.phones.bodies(NUMBER)) == 1


class TestModes:
    def test_two_pilots_that_are_set_at_once_do_not_become_one(self, switches: Switches) -> None:
        numbers = [[f"+1613555010{n}"] for n in range(8)]
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda pilot: switches.set_mode(Mode.PILOT, **STAFF, pilot=pilot), numbers))
        assert switches.state().pilot_phones == 1

    def test_a_service_is_live_until_somebody_says_otherwise(self, switches: Switches) -> None:
        assert switches.state().mode is Mode.LIVE

    def test_in_shadow_it_is_written_down_and_nobody_is_texted(self, desk: Desk, switches: Switches) -> None:
        desk.call()
        switches.set_mode(Mode.SHADOW, **STAFF)
        outcome = desk.send()
        assert outcome.record is not None
        assert outcome.record.state is LedgerState.ACCEPTED  # the call's life goes on as if it were
        assert (desk.row().state, desk.row().rule) == ("suppressed", "shadow")
        assert desk.phones.bodies(NUMBER) == []

    @pytest.mark.parametrize("kind", [Kind.DELAY, Kind.SURVEY])
    def test_a_call_that_began_in_shadow_stays_there(self, desk: Desk, switches: Switches, kind: Kind) -> None:
        """Nobody is told of a delay, or asked, who was never told that the call was received."""
        desk.call(cleared_at=NOON - hours(5)) if kind is Kind.SURVEY else desk.call()
        switches.set_mode(Mode.SHADOW, **STAFF)
        desk.send()
        switches.set_mode(Mode.LIVE, **STAFF)
        desk.send(desk.order(kind))
        row = desk.row(desk.order(kind))
        assert (row.state, row.rule, row.reason) == ("suppressed", "shadow", "the confirmation was not sent, in shadow")
        assert desk.phones.bodies(NUMBER) == []

    def test_in_a_pilot_its_phones_are_texted_and_no_others(self, desk: Desk, switches: Switches) -> None:
        desk.call("1")
        desk.call("2", number=OTHER)
        switches.set_mode(Mode.PILOT, **STAFF, pilot=[OTHER])
        for cad_id in ("1", "2"):
            desk.send(desk.order(cad_id=cad_id))
        assert (desk.phones.bodies(NUMBER), len(desk.phones.bodies(OTHER))) == ([], 1)
        assert desk.row(desk.order(cad_id="1")).reason == "the phone is not one of the pilot's"

    def test_the_last_word_counts(self, desk: Desk, switches: Switches) -> None:
        for mode in (Mode.SHADOW, Mode.PILOT, Mode.LIVE):
            switches.set_mode(mode, by="the inspector", why=f"now {mode}")
        state = switches.state()
        assert (state.mode, state.mode_by, state.mode_why) == (Mode.LIVE, "the inspector", "now live")
        desk.call()
        desk.at(NOON + minutes(4))
        desk.send()
        assert len(desk.phones.bodies(NUMBER)) == 1
