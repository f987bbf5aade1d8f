"""Emerging issues: told early, and not every other day. On made-up cities whose outbreaks are known."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from math import exp, lgamma, log
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from insights.emerging import SPAN_DAYS, WEEK, Series, Thresholds, Told, events_of, likelihoods, restlessness, signals
from tests.insights.city import AREAS, GROUPS, a_city

NOON = datetime(2026, 1, 15, 17, 0, tzinfo=UTC)
YEARS = 8
THRESHOLDS = Thresholds()
_QUIET_AFTER = 7


def _stands_out(by_day: NDArray[np.int64]) -> NDArray[np.bool_]:
    observed, _, p = likelihoods(by_day)
    found: NDArray[np.bool_] = (p < THRESHOLDS.p) & (observed >= THRESHOLDS.at_least)
    return found


def _areas(by_day: NDArray[np.int64]) -> NDArray[np.int64]:
    areas: NDArray[np.int64] = by_day.reshape(AREAS, GROUPS, -1).sum(axis=1)
    return areas


def test_in_eight_years_without_an_outbreak_at_most_three_are_told_in_a_week(
    record_property: Callable[[str, object], None],
) -> None:
    told, weeks = 0, 0.0
    for year in range(YEARS):
        city = a_city(year, days=SPAN_DAYS + 365)
        for by_day in (city.by_day, _areas(city.by_day)):
            last = np.full(by_day.shape[0], -100)
            for end in range(SPAN_DAYS, by_day.shape[1] + 1):
                found = _stands_out(by_day[:, end - SPAN_DAYS : end])
                told += int((found & (end - last > _QUIET_AFTER)).sum())
                last[found] = end
        weeks += 365 / 7
    record_property("figures", f"emerging issues: {told / weeks:.2f} false alarms a week in {YEARS} years")
    assert told / weeks <= 3


@pytest.mark.parametrize(("extra", "at_least"), [("two each day", 0.95), ("two on average", 0.9)])
def test_two_calls_a_day_more_in_a_small_series_are_told_within_a_week_95_times_in_100(
    extra: str, at_least: float, record_property: Callable[[str, object], None]
) -> None:
    draw, found, planted = np.random.default_rng(7), 0, 0
    for year in range(YEARS):
        city = a_city(100 + year, days=SPAN_DAYS + 365)
        small = np.flatnonzero((city.rates >= 0.2) & (city.rates < 0.6))
        for series in draw.choice(small, size=60, replace=False):
            begins = int(draw.integers(SPAN_DAYS, city.by_day.shape[1] - WEEK))
            with_it = city.by_day[:, begins - SPAN_DAYS : begins + WEEK].copy()
            with_it[series, SPAN_DAYS:] += 2 if extra == "two each day" else draw.poisson(2.0, size=WEEK)
            planted += 1
            found += any(_stands_out(with_it[:, day : day + SPAN_DAYS])[series] for day in range(1, WEEK + 1))
    record_property("figures", f"emerging issues, {extra} more: {found} of {planted} outbreaks told within a week")
    assert found / planted >= at_least


def test_the_likelihood_is_the_negative_binomial_one_counted_by_hand() -> None:
    by_day = np.zeros((3, SPAN_DAYS), dtype=np.int64)
    by_day[0, :-WEEK:7], by_day[0, -WEEK:] = 1, 1
    by_day[1, ::1], by_day[2, ::7] = 2, 1  # every week is like the other: no restlessness
    assert restlessness(by_day) == 0
    observed, expected, p = likelihoods(by_day)
    before = int(by_day[0, :-WEEK].sum())
    now, earlier = int(by_day[1:, -WEEK:].sum()), int(by_day[1:, :-WEEK].sum())
    city = (now + 0.5) / ((earlier + 4) / 8)
    r, q = before + 0.5, 8 / (8 + city)
    mass = [
        exp(lgamma(r + k) - lgamma(r) - lgamma(k + 1) + r * log(q) + k * log(1 - q)) for k in range(int(observed[0]))
    ]
    assert expected[0] == pytest.approx(r / 8 * city)
    assert p[0] == pytest.approx(1 - sum(mass))


def test_rates_that_change_from_week_to_week_are_not_told_as_often() -> None:
    calm = np.random.default_rng(1).poisson(5.0, size=(50, SPAN_DAYS))
    weeks = np.repeat(np.random.default_rng(2).gamma(8, 1 / 8, size=(50, 9)), WEEK, axis=1)
    restless = np.random.default_rng(3).poisson(5.0 * weeks)
    assert restlessness(calm) < 0.01
    assert 0.08 < restlessness(restless) < 0.17  # 1/8 was drawn


def test_a_storm_over_the_whole_city_is_no_issue_of_any_neighbourhood() -> None:
    city = a_city(3, days=SPAN_DAYS)
    by_day = city.by_day.copy()
    by_day[:, -WEEK:] = np.random.default_rng(4).poisson(city.rates[:, None] * 2.0, size=(city.rates.size, WEEK))
    assert int(_stands_out(by_day).sum()) <= 5


def test_a_signal_says_what_was_there_and_what_was_to_be_expected() -> None:
    quiet = [1, 0, 0, 1, 0, 0, 0] * 8
    counts = {
        Series("Somerset", "noise"): [*quiet, 3, 3, 2, 3, 3, 2, 3],
        Series("Somerset", "theft"): [*quiet, 1, 0, 0, 1, 0, 0, 0],
        Series("Kanata", "noise"): [*quiet, 1, 0, 0, 1, 0, 0, 0],
    }
    first = signals(counts, last_day=date(2026, 3, 1), thresholds=THRESHOLDS)[0]
    assert (first.series, first.observed, first.weeks) == (Series("Somerset", "noise"), 19, (*[2] * 8, 19))
    assert 1.5 < first.expected < 2.5
    assert first.times > 7


def test_of_nothing_nothing_is_told() -> None:
    assert signals({}, last_day=date(2026, 3, 1), thresholds=THRESHOLDS) == []
    assert signals({Series("a", "b"): [0] * SPAN_DAYS}, last_day=date(2026, 3, 1), thresholds=THRESHOLDS) == []


NINE_WEEKS = timedelta(days=SPAN_DAYS)
a_call = st.tuples(st.sampled_from("ab"), st.sampled_from("xy"), st.integers(0, 3000))


def at(calls: list[tuple[str, str, int]]) -> list[Told]:
    """Minutes after noon."""
    return [Told(area=area, group=group, at=NOON + timedelta(minutes=minute)) for area, group, minute in calls]


def test_many_calls_about_one_party_are_one_event() -> None:
    party = [Told(area="Somerset", group="noise", at=NOON + timedelta(minutes=20 * i)) for i in range(9)]
    other = Told(area="Kanata", group="noise", at=NOON + timedelta(minutes=5))
    later = Told(area="Somerset", group="noise", at=NOON + timedelta(hours=5))
    assert events_of([*party, other, later], within=NINE_WEEKS) == [party[0], other, later]


@given(st.lists(a_call, max_size=40), st.randoms())
def test_events_do_not_depend_on_the_order_in_which_calls_come(
    calls: list[tuple[str, str, int]], chance: Random
) -> None:
    mixed = chance.sample(calls, len(calls))
    assert events_of(at(mixed), within=NINE_WEEKS) == events_of(at(calls), within=NINE_WEEKS)


@given(st.lists(a_call, max_size=30), st.data())
def test_the_same_event_told_again_is_no_other_event(calls: list[tuple[str, str, int]], data: st.DataObject) -> None:
    """Nor does a call of another area or group change an event."""
    again = data.draw(st.lists(st.sampled_from(calls), max_size=10)) if calls else []
    events = events_of(at(calls), within=NINE_WEEKS)
    assert events_of(at([*calls, *again]), within=NINE_WEEKS) == events
    elsewhere = at([("c", "x", minute) for _, _, minute in calls])
    assert [one for one in events_of([*at(calls), *elsewhere], within=NINE_WEEKS) if one.area != "c"] == events


@pytest.mark.parametrize("a_day", [1, 6, 20, 60, 150])
def test_twice_as_many_calls_are_more_events_however_busy_an_area_is(a_day: int) -> None:
    """With half an hour for all, sixty calls a day would be one long event, and twice as many fewer events."""
    draw = np.random.default_rng(a_day)
    minutes = np.concatenate([draw.random(a_day * 56) * 56, 56 + draw.random(2 * a_day * WEEK) * WEEK]) * 24 * 60
    calls = [Told(area="Bay", group="noise", at=NOON + timedelta(minutes=float(minute))) for minute in minutes]
    weeks = [0] * 9
    for event in events_of(calls, within=NINE_WEEKS):
        weeks[(event.at - NOON) // timedelta(days=WEEK)] += 1
    assert weeks[8] > 1.4 * sum(weeks[:8]) / 8
