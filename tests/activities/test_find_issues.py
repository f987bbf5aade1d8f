"""Emerging issues on PostgreSQL: each day looked at once, on the agency's own calendar, and nothing told twice."""

import threading
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine, event, func
from sqlmodel import Session, select
from structlog.testing import capture_logs

from activities.find_issues import days_to_look_at
from calls.issues import LookedAt
from database.encryption import Keyring
from database.issues import FINDING, EmergingRunRow
from policy.agency import Agency
from tests.neighbourhoods import DAY, ZONE, City, days, local

LAST = date(2026, 1, 15)
MORNING = local(LAST + DAY, 4, 30)
SPRING, FALL = date(2026, 3, 8), date(2026, 11, 1)


@pytest.fixture
def city(engine: Engine, keyring: Keyring, ottawa: Agency) -> City:
    return City(engine=engine, keyring=keyring, agency=ottawa)


def outbreak(city: City, first: date, number: int, *, each_day: int = 2, code: str = "NOISE") -> None:
    """In Somerset, at hours that are apart from all others."""
    for day in days(first, number):
        city.calls("Somerset", code, [local(day, 20 + place) for place in range(each_day)])


def test_more_than_was_to_be_expected_is_told_with_what_was_there_and_what_was_expected(city: City) -> None:
    city.quiet(LAST)
    outbreak(city, LAST - DAY * 6, 7)
    assert city.night(MORNING).days == 7
    row, whole = city.issues()
    assert (row.area, row.call_type_group, row.last_day) == ("Somerset", "noise", LAST)
    assert list(row.weeks) == city.weeks("Somerset", "noise", LAST)
    assert row.observed == row.weeks[-1] >= 17
    assert 3 < row.expected < 4.5
    assert row.p < 0.001
    assert (whole.area, whole.call_type_group) == ("Somerset", "")
    assert list(whole.weeks) == city.weeks("Somerset", "", LAST)


def test_of_quiet_weeks_nothing_is_told(city: City) -> None:
    city.quiet(LAST)
    assert city.night(MORNING) == LookedAt(days=7)
    assert city.issues() == []


def test_an_area_as_a_whole_is_told_where_no_group_stands_out_alone(city: City) -> None:
    city.quiet(LAST)
    for code in ("NOISE", "THEFT", "MISCHIEF", "TRAFFIC", "PARKING", "GRAFFITI"):
        outbreak(city, LAST - DAY * 6, 7, each_day=1, code=code)
    city.night(MORNING)
    whole = [row for row in city.issues() if not row.call_type_group]
    assert [(row.area, list(row.weeks)) for row in whole] == [("Somerset", city.weeks("Somerset", "", LAST))]


def test_a_series_that_is_told_again_within_a_week_is_the_same_issue_with_newer_figures(city: City) -> None:
    city.quiet(LAST + DAY * 30, number=100)
    outbreak(city, LAST - DAY * 6, 9)
    city.night(MORNING)
    first, *_ = city.issues()
    assert city.night(MORNING + DAY * 2) == LookedAt(days=2, told=0, again=4)
    row, *_ = city.issues()
    assert (row.id, row.first_day, row.last_day) == (first.id, first.first_day, LAST + DAY * 2)
    assert list(row.weeks) == city.weeks("Somerset", "noise", LAST + DAY * 2) != list(first.weeks)


@pytest.mark.parametrize(("quiet_days", "issues"), [(7, 1), (8, 2)])
def test_seven_days_later_it_is_the_same_and_eight_days_later_a_new_one(
    city: City, quiet_days: int, issues: int
) -> None:
    """One day of many calls stands out for the seven days that have it in their week."""
    city.quiet(LAST + DAY * 30, number=100)
    for day in (LAST, LAST + DAY * (6 + quiet_days)):
        city.calls("Somerset", "NOISE", [local(day, 15, 40) + timedelta(minutes=31 * n) for n in range(12)])
    for number in range(6 + quiet_days + 1):
        city.night(MORNING + DAY * number)
    [*firsts] = [(row.first_day, row.last_day) for row in city.issues() if row.call_type_group]
    expected = [(LAST, LAST + DAY * 6), (LAST + DAY * (6 + quiet_days),) * 2]
    assert firsts == ([(LAST, LAST + DAY * (6 + quiet_days))] if issues == 1 else expected)


def test_nights_that_were_missed_are_made_good_once_and_in_order(city: City) -> None:
    city.quiet(LAST + DAY * 30, number=100)
    outbreak(city, LAST - DAY, 4)
    city.night(MORNING)
    assert city.night(MORNING + DAY * 4).days == 4
    made_good = city.told()
    assert city.night(MORNING + DAY * 4) == LookedAt()
    assert city.told() == made_good

    night_by_night = City(engine=city.engine, keyring=city.keyring, agency=city.agency)
    with Session(city.engine) as session, session.begin():
        session.execute(EmergingRunRow.metadata.tables["emerging_issue"].delete())
        session.execute(EmergingRunRow.metadata.tables["emerging_run"].delete())
    for number in range(5):
        night_by_night.night(MORNING + DAY * number)
    assert city.told() == made_good


def test_of_a_month_without_a_run_the_last_seven_days_are_looked_at(city: City) -> None:
    city.quiet(LAST + DAY * 30, number=100)
    city.night(MORNING)
    assert city.night(MORNING + DAY * 30).days == 7


def test_a_day_is_looked_at_when_three_hours_have_passed_since_its_end(city: City) -> None:
    city.quiet(LAST + DAY)
    assert city.night(local(LAST + DAY, 2, 59)).days == 7
    assert city.night(local(LAST + DAY, 2, 59)).days == 0
    assert city.night(local(LAST + DAY, 3)).days == 1


@pytest.mark.parametrize("night", [SPRING, FALL])
def test_on_the_nights_of_the_clock_changes_every_day_is_looked_at_once(night: date) -> None:
    """Asked every quarter of an hour of real time, through the night."""
    last, looked_at = night - DAY * 2, []
    now = local(night - DAY, 12).astimezone(ZoneInfo("UTC"))
    for _ in range(4 * 48):
        for day in days_to_look_at(now, zone=ZONE, last=last):
            looked_at.append((day, now.astimezone(ZONE).replace(tzinfo=None)))
            last = day
        now += timedelta(minutes=15)
    assert looked_at == [
        (night - DAY, datetime.combine(night, time(3))),
        (night, datetime.combine(night + DAY, time(3))),
    ]


@pytest.mark.parametrize(("night", "hours"), [(SPRING, 23), (FALL, 25)])
def test_the_day_of_a_clock_change_has_all_of_its_hours_and_none_of_its_neighbours(
    city: City, night: date, hours: int
) -> None:
    """A call an hour and a half from the ends of the day; the hour that comes twice has its calls from both."""
    city.quiet(night, number=75)
    begins, ends = local(night, 0), local(night + DAY, 0)
    assert ends.timestamp() - begins.timestamp() == hours * 3600
    utc = begins.astimezone(ZoneInfo("UTC"))
    city.calls("Somerset", "GRAFFITI", [utc + timedelta(minutes=60 * n) for n in range(hours)])
    city.calls("Somerset", "GRAFFITI", [utc - timedelta(minutes=60), utc + timedelta(minutes=60 * hours)])
    city.night(local(night + DAY, 4, 30))
    [row] = [row for row in city.issues() if row.call_type_group == "damage"]
    in_week = city.events_by_day("Somerset", "damage")
    assert in_week[night] >= hours
    assert row.observed == row.weeks[-1] == sum(in_week.get(night - DAY * n, 0) for n in range(7))
    assert list(row.weeks) == city.weeks("Somerset", "damage", night)


def test_the_hour_that_comes_twice_is_two_hours_to_the_events(city: City) -> None:
    """Half past one, and half past one an hour later: an hour apart, though the clock shows the same."""
    city.quiet(FALL, number=75)
    city.calls("Somerset", "GRAFFITI", [local(FALL, 1, 30), local(FALL, 1, 30, fold=1)])
    outbreak(city, FALL - DAY * 6, 6, code="GRAFFITI")
    city.night(local(FALL + DAY, 4, 30))
    [row] = [row for row in city.issues() if row.call_type_group == "damage"]
    assert list(row.weeks) == city.weeks("Somerset", "damage", FALL)
    assert city.events_by_day("Somerset", "damage")[FALL] >= 2


def test_one_loud_party_is_no_issue(city: City) -> None:
    city.quiet(LAST)
    city.calls("Somerset", "NOISE", [local(LAST, 19) + timedelta(minutes=10 * n) for n in range(25)])
    city.night(MORNING)
    assert city.issues() == []


@pytest.mark.parametrize(
    "facts",
    [
        {"cancelled": "duplicate"},
        {"cancelled": "merged"},
        {"cancelled": "test"},
        {"latch": "sensitive call type"},
        {"code": "DOMESTIC"},
        {"code": "A CODE THAT NOBODY KNOWS"},
        {"area": None},
    ],
)
def test_what_does_not_count_is_not_told(city: City, facts: dict[str, str]) -> None:
    city.quiet(LAST)
    changed = dict(facts)
    area, code = changed.pop("area", "Somerset"), changed.pop("code", "GRAFFITI")
    at = [local(day, 20 + hour) for day in days(LAST - DAY * 6, 7) for hour in (0, 2)]
    city.calls(area, code, at, **changed)
    city.night(MORNING)
    assert city.issues() == []


@pytest.mark.parametrize("facts", [{"cancelled": "cancelled"}, {"cancelled": "transferred"}, {"source": "officer"}])
def test_what_counts_is_told_whoever_may_be_texted(city: City, facts: dict[str, str]) -> None:
    city.quiet(LAST)
    at = [local(day, 20 + hour) for day in days(LAST - DAY * 6, 7) for hour in (0, 2)]
    city.calls("Somerset", "GRAFFITI", at, **facts)
    city.night(MORNING)
    assert {row.call_type_group for row in city.issues()} >= {"damage"}


def test_in_the_first_weeks_of_a_service_nothing_is_told(city: City) -> None:
    """Else everything would be new, everywhere."""
    city.quiet(LAST, number=20)
    with capture_logs() as logs:
        assert city.night(MORNING) == LookedAt(days=7)
    assert city.issues() == []
    assert any(entry["event"].startswith("too little is known") for entry in logs)


def test_the_folder_decides_how_unlikely_and_how_many(city: City, ottawa: Agency) -> None:
    city.quiet(LAST)
    outbreak(city, LAST - DAY * 6, 7)
    for changed in ({"at_least": 50}, {"likelihood": 1e-9}):
        city.agency = ottawa.model_copy(update={"issues": ottawa.issues.model_copy(update=changed)})
        city.night(MORNING)
        assert city.issues() == []
        with Session(city.engine) as session, session.begin():
            session.execute(EmergingRunRow.metadata.tables["emerging_run"].delete())
    city.agency = ottawa
    assert city.night(MORNING).told == 2


def test_while_one_looks_another_does_nothing(city: City) -> None:
    city.quiet(LAST)
    outbreak(city, LAST - DAY * 6, 7)
    with Session(city.engine) as session, session.begin():
        session.execute(select(func.pg_advisory_xact_lock(FINDING)))
        assert city.night(MORNING) == LookedAt()
    assert city.night(MORNING).told == 2


def test_two_at_the_same_time_tell_it_once(city: City) -> None:
    city.quiet(LAST)
    outbreak(city, LAST - DAY * 6, 7)
    both = [threading.Thread(target=city.night, args=(MORNING,)) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert [row.call_type_group for row in city.issues()] == ["noise", ""]


def test_a_run_that_dies_on_the_way_leaves_nothing_and_the_next_one_tells_it(city: City) -> None:
    city.quiet(LAST)
    outbreak(city, LAST - DAY * 6, 7)

    def dies(*arguments: object) -> None:
        if str(arguments[2]).startswith("INSERT INTO emerging_run"):
            raise KeyboardInterrupt

    event.listen(city.engine, "before_cursor_execute", dies)
    with pytest.raises(KeyboardInterrupt):
        city.night(MORNING)
    event.remove(city.engine, "before_cursor_execute", dies)
    assert city.issues() == []
    done = city.night(MORNING)
    assert (done.days, done.told) == (7, 2)


def test_another_agencys_calls_and_days_are_its_own(city: City, new_york: Agency) -> None:
    city.quiet(LAST)
    other = City(engine=city.engine, keyring=city.keyring, agency=new_york, numbers=iter(range(90_000, 99_999)))
    at = [local(day, 20 + hour) for day in days(LAST - DAY * 6, 7) for hour in (0, 2)]
    other.calls("Somerset", "GRAFFITI", at)
    assert city.night(MORNING) == LookedAt(days=7)
    assert other.night(MORNING).days == 7
    assert city.issues() == []


def test_a_clock_that_has_gone_back_does_not_silence_it_for_ever(city: City) -> None:
    city.quiet(LAST)
    with Session(city.engine) as session, session.begin():
        session.add(EmergingRunRow(agency="ottawa", day=date(2036, 1, 1)))
    assert city.night(MORNING).days == 7
