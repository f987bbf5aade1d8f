"""A whole generated year of priority 3 and 4, measured as the real logs were."""

from array import array
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import pairwise
from math import ceil

import pytest

from calls.policy import TypeRule
from local.generated.days import LOW, counts_by_day
from local.generated.kinds import TEST_CALL
from local.generated.lives import Life
from local.generated.mix import GeneratedCall, generated_calls
from policy.agency import Agency
from policy.call_types import GroupInFile
from tests.generated.recipes import TORONTO, recipe

YEAR = recipe(first_day=date(2026, 1, 1), days=365)

# Alexandria, minutes from receipt, p50 / p90 / p99; priority 0: both together.
REFERENCE = {
    ("dispatched", 3): (13, 75, 426),
    ("dispatched", 4): (21, 167, 1_259),
    ("dispatched", 0): (18.6, 138, 1_169),
    ("arrived", 3): (23, 90, 381),
    ("arrived", 4): (33, 188, 1_306),
    ("arrived", 0): (30, 165, 1_207),
    ("first_closed", 3): (55, 199, 508),
    ("first_closed", 4): (76, 322, 683),
    ("first_closed", 0): (68, 294, 663),
}
MAXIMA = {"dispatched": (3_347, 6_979), "arrived": (3_602, 7_182), "first_closed": (977, 2_162)}
STEPS = ("dispatched", "arrived", "first_closed")


@dataclass(kw_only=True)
class Year:
    """What was counted; the calls themselves are not kept."""

    calls: Counter[int] = field(default_factory=Counter)
    by_day: Counter[date] = field(default_factory=Counter)
    by_hour: Counter[int] = field(default_factory=Counter)
    waits: dict[tuple[str, int], "array[float]"] = field(default_factory=dict)
    lengths: "array[float]" = field(default_factory=lambda: array("d"))
    lags: "array[float]" = field(default_factory=lambda: array("d"))
    seen: Counter[str] = field(default_factory=Counter)
    types: Counter[tuple[str, str, bool]] = field(default_factory=Counter)
    languages: Counter[str] = field(default_factory=Counter)
    areas: Counter[str] = field(default_factory=Counter)
    out_of_order: list[Life] = field(default_factory=list)

    def share(self, what: str, *, of: str | None = None) -> float:
        return self.seen[what] / (self.calls.total() if of is None else self.seen[of])


@pytest.fixture(scope="session")
def year() -> Year:
    counted = Year()
    for call in generated_calls(YEAR, TORONTO, LOW):
        _count(counted, call)
    return counted


def _count(year: Year, call: GeneratedCall) -> None:
    life = call.life
    received = datetime.fromtimestamp(life.received, TORONTO)
    year.calls[call.priority] += 1
    year.by_day[received.date()] += 1
    year.by_hour[received.hour] += 1
    year.areas[call.area] += 1
    year.types[call.type_initial, call.type_final, call.is_residents] += 1
    if call.is_residents:
        year.languages[call.language] += 1
    for step in STEPS:
        moment: int | None = getattr(life, step)
        if moment is not None:
            for priority in (call.priority, 0):
                waits = year.waits.setdefault((step, priority), array("d"))
                waits.append((moment - life.received) / 60)
    if life.call_ended is not None:
        year.lengths.append((life.call_ended - life.received) / 60)
    if life.reopened_at is not None and life.first_closed is not None:
        year.lags.append((life.reopened_at - life.first_closed) / 60)
    year.seen.update(name for name, holds in OBSERVED.items() if holds(call))
    if not _in_order(life):
        year.out_of_order.append(life)


def _closed_first(life: Life) -> bool:
    return life.first_closed is not None and life.dispatched is not None and life.first_closed < life.dispatched


def _before(first: int | None, second: int | None) -> bool:
    return first is not None and second is not None and first < second


def _in_order(life: Life) -> bool:
    """Who was closed first was reopened before the dispatch; all others go straight from receipt to close."""
    sent = (life.dispatched, life.acked, life.enroute, life.arrived)
    closed_first = _closed_first(life)
    steps = (
        (life.received, life.first_closed, life.reopened_at, *sent)
        if closed_first
        else (life.received, life.queued, *sent, life.first_closed, life.reopened_at)
    )
    moments = [moment for moment in steps if moment is not None]
    ends = [moment for moment in (life.arrived, life.reopened_at, life.dispatched) if moment is not None]
    final_is_last = life.final_closed in (None, life.first_closed) or life.final_closed > max(ends)
    return moments == sorted(moments) and final_is_last and (life.reopened_at is not None or not closed_first)


OBSERVED: dict[str, Callable[[GeneratedCall], bool]] = {
    "resident": lambda call: call.is_residents,
    "phoned": lambda call: call.life.call_ended is not None,
    "queued during the call": lambda call: _before(call.life.queued, call.life.call_ended),
    "dispatched during the call": lambda call: _before(call.life.dispatched, call.life.call_ended),
    "never dispatched": lambda call: call.life.dispatched is None,
    "no arrival": lambda call: call.life.arrived is None,
    "closed first": lambda call: _closed_first(call.life),
    "never closed": lambda call: call.life.first_closed is None,
    "reopened": lambda call: call.life.reopened_at is not None,
    "no final close": lambda call: call.life.final_closed is None,
    "stale final close": lambda call: _before(call.life.final_closed, call.life.reopened_at),
    "unit cleared before arrival": lambda call: _before(call.life.first_unit_cleared, call.life.arrived),
    "cancelled or double": lambda call: call.disposition in ("CAN", "DUP", "CAN,NR"),
    "double": lambda call: call.disposition == "DUP",
    "test": lambda call: call.disposition == "TEST",
}


def quantile(values: "array[float]", share: float) -> float:
    """The smallest of `values` that at least `share` of them do not exceed."""
    return sorted(values)[max(ceil(share * len(values)), 1) - 1]


def test_a_year_has_exactly_ottawas_calls(year: Year) -> None:
    assert year.calls == {3: 62_795, 4: 211_280}


def test_days_differ_and_sunday_is_lightest(year: Year) -> None:
    assert len(year.by_day) == 365
    days = sorted(year.by_day.values())
    assert days[182] == pytest.approx(751, rel=0.05)
    assert 751 * 0.5 < days[0] < 751 * 0.8
    assert 751 * 1.2 < days[-1] < 751 * 1.7  # Alexandria's fullest: 76 of 45
    weekdays = [sum(calls for day, calls in year.by_day.items() if day.weekday() == of) for of in range(7)]
    assert min(weekdays) == weekdays[6]


def test_most_calls_come_by_day_as_measured(year: Year) -> None:
    total = year.calls.total()
    assert sum(year.by_hour[hour] for hour in range(7, 22)) / total == pytest.approx(0.86, abs=0.005)
    assert max(year.by_hour.values()) / total == pytest.approx(0.082, abs=0.002)


@pytest.mark.parametrize(("step", "priority"), REFERENCE)
def test_waits_lie_within_ten_percent_of_the_measured_ones(year: Year, step: str, priority: int) -> None:
    waits = year.waits[step, priority]
    measured = [quantile(waits, share) for share in (0.5, 0.9, 0.99)]
    assert measured == pytest.approx(REFERENCE[step, priority], rel=0.10)


@pytest.mark.parametrize("step", STEPS)
def test_nobody_waits_longer_than_the_longest_that_was_measured(year: Year, step: str) -> None:
    for priority, longest in zip(LOW, MAXIMA[step], strict=True):
        assert longest * 0.9 < max(year.waits[step, priority]) < longest * 1.01 + 1


@pytest.mark.parametrize(
    ("minutes", "share"), [(5, 0.80), (15, 0.55), (30, 0.38), (60, 0.24), (120, 0.12), (240, 0.05)]
)
def test_as_many_still_wait_as_measured(year: Year, minutes: int, share: float) -> None:
    waits = year.waits["dispatched", 0]
    assert sum(wait > minutes for wait in waits) / len(waits) == pytest.approx(share, abs=0.012)


def test_steps_come_in_their_order(year: Year) -> None:
    assert year.out_of_order == []


@pytest.mark.parametrize(
    ("what", "of", "share"),
    [
        ("resident", None, 0.89),
        ("queued during the call", "phoned", 0.95),
        ("dispatched during the call", "phoned", 0.126),
        ("never dispatched", None, 0.057),
        ("no arrival", None, 0.21),
        ("closed first", None, 0.025),
        ("never closed", None, 0.001),
        ("reopened", None, 0.055),
        ("no final close", None, 0.083),
        ("stale final close", "reopened", 39 / 474),
        ("unit cleared before arrival", None, 0.043),
        ("cancelled or double", None, 0.021),
        ("double", None, 0.0021),
    ],
)
def test_what_goes_otherwise_does_so_as_often_as_measured(year: Year, what: str, of: str | None, share: float) -> None:
    assert year.share(what, of=of) == pytest.approx(share, rel=0.15)


def test_test_calls_are_as_rare_as_measured(year: Year) -> None:
    assert year.share("test") == pytest.approx(14 / 18_989, rel=0.25)  # some 200 a year: chance alone is 7 %


def test_reopenings_come_as_late_as_measured(year: Year) -> None:
    assert quantile(year.lags, 0.5) == pytest.approx(5.6 * 60, rel=0.10)
    assert quantile(year.lags, 0.9) == pytest.approx(22 * 60, rel=0.10)
    assert 5 * 1_440 < max(year.lags) <= 6.2 * 1_440
    assert sum(lag > 60 for lag in year.lags) / year.calls.total() == pytest.approx(0.038, rel=0.10)


def test_telephone_calls_are_as_long_as_measured(year: Year) -> None:
    assert [quantile(year.lengths, share) for share in (0.5, 0.9, 0.99)] == pytest.approx([2.6, 10, 35], rel=0.05)


@dataclass(frozen=True, kw_only=True)
class Reading:
    """Residents' calls of a pair of types as Ottawa's folder reads them; `None`: it does not know the type."""

    first: GroupInFile | None
    last: GroupInFile | None
    calls: int


@pytest.fixture(scope="session")
def readings(year: Year, ottawa: Agency) -> list[Reading]:
    def group(code: str) -> GroupInFile | None:
        name = ottawa.call_types.group_of(code)
        return None if name is None else ottawa.call_types.groups[name]

    return [
        Reading(first=group(first), last=group(last), calls=calls)
        for (first, last, is_residents), calls in year.types.items()
        if is_residents
    ]


def _share(readings: list[Reading], holds: Callable[[Reading], bool]) -> float:
    return sum(each.calls for each in readings if holds(each)) / sum(each.calls for each in readings)


def test_ottawas_folder_reads_all_but_a_few_types(year: Year, ottawa: Agency) -> None:
    unknown: Counter[str] = Counter()
    for (code, _, _), calls in year.types.items():
        if ottawa.call_types.group_of(code) is None:
            unknown[code] += calls
    assert 0.005 < unknown.total() / year.calls.total() < 0.0105
    assert unknown.keys() >= {"WARRANT CHECK", "TELETYPE", TEST_CALL}


def test_as_many_residents_calls_get_no_text_by_their_type_as_measured(readings: list[Reading]) -> None:
    silent = _share(readings, lambda each: each.first is not None and each.first.rule is not TypeRule.ALLOWED)
    assert silent == pytest.approx((62 + 16 + 6 + 7 + 56 + 14 + 34) / 5_605, rel=0.10)
    assert _share(readings, lambda each: each.first is not None and each.first.rule is TypeRule.ALLOWED) > 0.94


def test_every_allowed_group_occurs(readings: list[Reading], ottawa: Agency) -> None:
    allowed = [group for group in ottawa.call_types.groups.values() if group.rule is TypeRule.ALLOWED]
    assert [group.reason for group in allowed if all(each.first != group for each in readings)] == []


def test_a_few_calls_turn_sensitive_at_the_end(readings: list[Reading]) -> None:
    def turned(each: Reading) -> bool:
        rules = [None if group is None else group.rule for group in (each.first, each.last)]
        return rules[0] is not TypeRule.SENSITIVE and rules[1] is TypeRule.SENSITIVE

    assert _share(readings, turned) == pytest.approx(0.0035, rel=0.15)


def test_languages_and_wards_are_mixed_as_assumed(year: Year) -> None:
    shares = {language: calls / year.languages.total() for language, calls in year.languages.items()}
    assert shares == pytest.approx({"EN": 0.75, "FR": 0.15, "": 0.10}, abs=0.005)
    assert len(year.areas) == 24


@pytest.mark.parametrize("first_day", [date(2024, 1, 1), date(2023, 3, 1), date(2027, 7, 1)])
def test_a_leap_year_has_as_many_calls_as_another(first_day: date) -> None:
    counts = counts_by_day(recipe(first_day=first_day, days=366))
    assert [sum(count[priority] for count in counts) for priority in LOW] == [62_795, 211_280]


def test_low_calls_are_a_third_of_all() -> None:
    counts = counts_by_day(YEAR)
    assert sum(sum(count[priority] for priority in LOW) for count in counts) == 274_075
    assert sum(sum(count.values()) for count in counts) == pytest.approx(365 * 2_275, rel=0.005)


def test_no_two_days_in_a_row_are_equal_by_accident_of_the_seed() -> None:
    counts = counts_by_day(YEAR)
    assert sum(one == next_one for one, next_one in pairwise(counts)) < 5
