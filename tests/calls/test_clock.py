"""One clock: real in production; faster and on another calendar in a demonstration."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from calls.clock import REAL_TIME, Clock
from tests.builders import NOON, hours, minutes

NEW_YORK = datetime(2024, 11, 22, 0, 0, tzinfo=timezone(timedelta(hours=-5)))
SIXTY = Clock(real_origin=NOON, virtual_origin=NEW_YORK, speed=60)

_moments = st.datetimes(datetime(2026, 1, 1), datetime(2026, 3, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds
_clocks = st.builds(
    Clock, real_origin=_moments, virtual_origin=_moments, speed=st.sampled_from([0.5, 1.0, 60.0, 1000.0])
)


@given(_moments)
def test_in_production_it_is_real_time_to_the_microsecond(moment: datetime) -> None:
    assert REAL_TIME.at(moment) == moment


def test_now_is_the_time_of_this_machine() -> None:
    before, now, after = datetime.now(UTC), REAL_TIME.now(), datetime.now(UTC)
    assert before <= now <= after


def test_at_sixty_a_minute_takes_a_second_from_the_origin_on_and_before_it() -> None:
    assert SIXTY.at(NOON) == NEW_YORK
    assert SIXTY.at(NOON + minutes(1)) == NEW_YORK + hours(1)
    assert SIXTY.at(NOON - minutes(1)) == NEW_YORK - hours(1)
    assert SIXTY.real_duration(hours(1)) == minutes(1)


def test_it_tells_utc_whatever_zone_it_was_given() -> None:
    assert SIXTY.at(NOON.astimezone(NEW_YORK.tzinfo)).tzinfo is UTC


def test_no_duration_is_negative_in_reality() -> None:
    assert SIXTY.real_duration(-hours(1)) == timedelta(0)


@given(_clocks, _moments, st.integers(0, 10**6), st.integers(0, 10**6))
def test_it_never_goes_back(clock: Clock, moment: datetime, one: int, other: int) -> None:
    earlier, later = sorted([moment + timedelta(seconds=one), moment + timedelta(seconds=other)])
    assert clock.at(earlier) <= clock.at(later)


@given(_clocks, _moments, st.integers(0, 10**6))
def test_a_timer_of_its_real_duration_ends_when_the_service_says_so(clock: Clock, real: datetime, seconds: int) -> None:
    duration = timedelta(seconds=seconds)
    woken = clock.at(real + clock.real_duration(duration))
    assert abs(woken - (clock.at(real) + duration)) <= timedelta(microseconds=2 * max(1.0, clock.speed))


@given(_clocks, _moments, st.integers(0, 10**6))
def test_after_a_pause_it_goes_on_where_it_stood_at_its_speed(clock: Clock, stopped: datetime, seconds: int) -> None:
    resumed = stopped + timedelta(seconds=seconds)
    again = clock.paused_between(stopped, resumed)
    assert again.at(resumed) == clock.at(stopped)
    assert again.at(resumed + minutes(1)) - again.at(resumed) == minutes(1) * clock.speed


@given(_clocks)
def test_it_travels_as_json(clock: Clock) -> None:
    assert Clock.model_validate_json(clock.model_dump_json()) == clock


@pytest.mark.parametrize("speed", [0, -1, float("nan"), float("inf")])
def test_a_clock_that_stands_or_goes_backwards_is_refused(speed: float) -> None:
    with pytest.raises(ValidationError):
        Clock(speed=speed)


def test_an_origin_without_a_zone_is_refused() -> None:
    with pytest.raises(ValidationError):
        Clock(real_origin=NOON.replace(tzinfo=None))
