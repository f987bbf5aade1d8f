"""Months by the agency's clocks, the budget at its edge, and the report of what was counted."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insights.budget import course
from insights.counted import Counted, OptOuts, Survey, Terms, Texts
from insights.months import Month
from insights.operations import report
from insights.values import Line

ZONE = ZoneInfo("America/Toronto")
TERMS = Terms(at_least=5, landline=frozenset({30006}), price=Decimal("0.01"), budget=Decimal(20))
NOVEMBER = Month(2026, 11)
SINCE, UNTIL = NOVEMBER.span(ZONE)


@pytest.mark.parametrize(
    ("month", "hours"),
    [(Month(2026, 3), 31 * 24 - 1), (NOVEMBER, 30 * 24 + 1), (Month(2026, 2), 28 * 24), (Month(2026, 12), 31 * 24)],
)
def test_a_month_is_an_hour_shorter_or_longer_where_the_clocks_change(month: Month, hours: int) -> None:
    since, until = month.span(ZONE)
    assert until - since == timedelta(hours=hours)
    for moment in (since, until):
        assert moment.astimezone(ZONE).strftime("%d %H:%M:%S") == "01 00:00:00"


def test_every_moment_lies_in_the_one_month_that_the_clocks_on_the_wall_say() -> None:
    moment = datetime(2026, 1, 1, 5, tzinfo=UTC)
    while moment.year < 2028:
        month = Month.of(moment, ZONE)
        since, until = month.span(ZONE)
        assert since <= moment < until
        assert Month.of(until, ZONE) == month.after
        assert Month.of(since - timedelta.resolution, ZONE) == month.before
        moment += timedelta(hours=1)


def test_every_week_counts_to_one_month() -> None:
    month, mondays = Month(2024, 1), list[date]()
    while month.year < 2030:
        mondays += month.weeks()
        assert all(
            Month((monday + timedelta(3)).year, (monday + timedelta(3)).month) == month for monday in month.weeks()
        )
        month = month.after
    assert all(after - monday == timedelta(weeks=1) for monday, after in pairwise(mondays))


@pytest.mark.parametrize(
    "written", ["2026-13", "2026-00", "26-01", "2026-1", "2026-01-01", "1999-12", "x", "", "２０２６-01"]
)
def test_what_is_no_month_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match="not a month"):
        Month.read(written)


def test_exactly_as_much_as_the_budget_is_no_alarm_and_a_cent_more_is() -> None:
    third = SINCE + (UNTIL - SINCE) / 3
    for cents, alerts in ((1000, False), (1001, True), (999, False)):
        found = course(spent=Decimal(cents) / 100, budget=Decimal(30), since=SINCE, until=UNTIL, now=third)
        assert found.alerts is alerts, cents
        assert not found.is_exceeded
    assert found.forecast == Decimal("29.97")


def test_it_says_when_the_budget_is_used_up() -> None:
    now = SINCE + timedelta(days=10)
    found = course(spent=Decimal(20), budget=Decimal(30), since=SINCE, until=UNTIL, now=now)
    assert found.lasts_until == SINCE + timedelta(days=15)


def test_a_budget_that_is_used_up_alarms_also_on_the_first_day_when_nothing_else_can_be_said() -> None:
    early = SINCE + timedelta(hours=23, minutes=59)
    assert not course(spent=Decimal(29), budget=Decimal(30), since=SINCE, until=UNTIL, now=early).alerts
    assert not course(spent=Decimal(30), budget=Decimal(30), since=SINCE, until=UNTIL, now=early).alerts
    assert course(spent=Decimal("30.01"), budget=Decimal(30), since=SINCE, until=UNTIL, now=early).alerts
    assert course(spent=Decimal(29), budget=Decimal(30), since=SINCE, until=UNTIL, now=SINCE + timedelta(days=1)).alerts


def test_of_a_month_that_is_over_the_forecast_is_what_was_spent() -> None:
    later = UNTIL + timedelta(days=40)
    found = course(spent=Decimal("19.99"), budget=Decimal(20), since=SINCE, until=UNTIL, now=later)
    assert (found.forecast, found.alerts) == (Decimal("19.99"), False)


def _lines(section: str, now: Counted, before: Counted | None = None) -> dict[tuple[str, str], Line]:
    found = report(now, before or Counted(month=now.month.before), TERMS)
    return {(line.figure, line.about): line for line in found[section]}


def test_without_anything_the_report_is_all_noughts() -> None:
    for lines in report(Counted(month=NOVEMBER), Counted(month=NOVEMBER.before), TERMS).values():
        assert all(line.now.number in (0, None) or line.figure == "budget" for line in lines)
        assert all(line.now.share is None for line in lines)


@given(st.integers(0, 40), st.integers(0, 40))
def test_people_are_never_told_apart_from_fewer_than_five(sent: int, answered: int) -> None:
    now = Counted(
        month=NOVEMBER,
        survey=Survey(weeks=NOVEMBER.weeks(), sent=sent, answered=answered),
        opt_outs=OptOuts(stopped=answered, entered=sent),
    )
    (said,) = [line.now for (figure, _), line in _lines("survey", now).items() if figure == "survey_answered"]
    if 0 < answered < 5 or 0 < sent - answered < 5:
        assert said.number is None or answered == 0
    else:
        assert said.number == answered
    assert (said.share is None) == (said.number is None or answered > sent or sent < 5)
    people = {figure: line.now for (figure, _), line in _lines("opt_outs", now).items()}
    for figure, number in (("opted_out_phone", answered), ("opted_out_staff", sent)):
        assert people[figure].number == (None if 0 < number < 5 else number)


def test_a_rule_of_only_one_of_the_months_stands_in_both_as_none() -> None:
    def texts(rule: str) -> Texts:
        return Texts(kind="survey", state="suppressed", rule=rule, error_code=None, texts=7, segments=0)

    now = Counted(month=NOVEMBER, texts=[texts("one survey")])
    before = Counted(month=NOVEMBER.before, texts=[texts("landline")])
    lines = _lines("texts", now, before)
    assert [lines["suppressed_by", rule].now.number for rule in ("one survey", "landline")] == [7, 0]
    assert [lines["suppressed_by", rule].before.number for rule in ("one survey", "landline")] == [0, 7]
    assert lines["suppressed_by", "landline"].change == -1
    assert lines["suppressed_by", "one survey"].change is None
