"""Emerging issues in the console: every figure is what the raw rows say, and what people did with an issue is kept."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from math import exp, lgamma, log
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session, select

from calls.issues import State
from database.encryption import Keyring
from database.issues import EmergingIssueRow, IssueStepRow
from policy.agency import Agency
from tests.console.served import Served, Staff, console_site
from tests.console.some_issues import CLOCK, LAST, MORNING, QUESTION, a_city, all_days, answers, steps
from tests.console.tables import tables
from tests.neighbourhoods import AREAS, DAY, City, days, local
from web.staff.access.roles import Role
from web.staff.issues.calls import calls_behind, calls_behind_each
from web.staff.issues.noted import Issues, Wanted

_ID = re.compile(r'href="/issues/(\d+)"')


@pytest.fixture
def site(engine: Engine, keyring: Keyring, ottawa: Agency) -> Iterator[Served]:
    with console_site(engine, keyring, ottawa, clock=CLOCK) as site:
        yield site


@pytest.fixture
def city(site: Served) -> City:
    return a_city(site)


def issue_id(city: City, area: str, group: str) -> int:
    [row] = [row for row in city.issues() if (row.area, row.call_type_group) == (area, group)]
    return row.id or 0


def _series(city: City) -> dict[tuple[str, str], list[int]]:
    """Events of nine weeks by area and group, counted by the database alone."""
    groups = {city.agency.call_types.group_of(code) or "" for code in ("NOISE", "THEFT", "MISCHIEF")}
    return {(area, group): city.weeks(area, group, LAST) for area in AREAS for group in groups}


def _expected_and_p(series: dict[tuple[str, str], list[int]], wanted: tuple[str, str]) -> tuple[float, float]:
    """The method of docs/decisions/0031 once more, with nothing but sums."""
    before = {key: sum(weeks[:8]) for key, weeks in series.items()}
    now = {key: weeks[8] for key, weeks in series.items()}
    rest_now = sum(now.values()) - now[wanted]
    rest_before = sum(before.values()) - before[wanted]
    city = min(max((rest_now + 0.5) / ((rest_before + 4) / 8), 0.25), 4)
    expected = (before[wanted] + 0.5) / 8 * city
    total = sum(before.values())
    by_week = [sum(weeks[n] for weeks in series.values()) for n in range(8)]
    mean = {(key, n): before[key] * by_week[n] / total for key in series for n in range(8)}
    beyond = sum((series[key][n] - of) ** 2 for (key, n), of in mean.items()) - sum(mean.values()) * 7 / 8
    restless = max(0.0, beyond / (sum(of**2 for of in mean.values()) * 7 / 8))
    shape = 1 / (1 / (before[wanted] + 0.5) + restless)
    q = shape / (shape + expected)
    mass = [
        exp(lgamma(shape + k) - lgamma(shape) - lgamma(k + 1) + shape * log(q) + k * log(1 - q))
        for k in range(now[wanted])
    ]
    return expected, 1 - sum(mass)


def test_every_figure_of_the_list_is_what_the_raw_rows_say(site: Served, city: City) -> None:
    [table] = tables(site.staff(Role.ANALYST).get("/issues").text)
    series = _series(city)
    shown = {row[0]: row[2:5] for row in table[1:]}
    assert set(shown) == {"Somerset: Damage to property", "Bay: Noise"}
    for name, key in (("Somerset: Damage to property", ("Somerset", "damage")), ("Bay: Noise", ("Bay", "noise"))):
        expected, p = _expected_and_p(series, key)
        observed = series[key][8]
        assert shown[name] == [str(observed), f"{expected:.1f}", f"{observed / expected:.1f} times"]
        [row] = [row for row in city.issues() if (row.area, row.call_type_group) == key]
        assert row.observed == observed
        assert [row.expected, row.p] == pytest.approx([expected, p])
        assert p < 0.001


def test_what_was_not_told_does_not_stand_out_by_the_same_count(city: City) -> None:
    series = _series(city)
    told = {(row.area, row.call_type_group) for row in city.issues()}
    for key in series:
        assert (_expected_and_p(series, key)[1] < 0.001) == (key in told), key


def test_an_issue_shows_why_in_words_a_chart_and_a_table(site: Served, city: City) -> None:
    page = site.staff(Role.ANALYST).get(f"/issues/{issue_id(city, 'Somerset', 'damage')}").text
    weeks = city.weeks("Somerset", "damage", LAST)
    expected, _ = _expected_and_p(_series(city), ("Somerset", "damage"))
    assert f"{weeks[8]} events in the seven days to Jan 15, 2026" in page
    said = ["fewer than 5" if 0 < week < 5 else str(week) for week in weeks]
    assert f"Events a week: {', '.join(said[:8])}, and {weeks[8]} in the last one" in page
    by_week = tables(page)[0][1:]
    assert [row[1] for row in by_week[:9]] == said
    assert "fewer than 5" in said
    assert [by_week[0][0], by_week[8][0]] == ["Nov 20, 2025", "Jan 15, 2026"]
    assert by_week[9][1] == f"{expected:.1f}"
    assert "Nothing acts by itself" in page
    assert "Calls show who calls" in page


def test_the_calls_behind_it_are_counted_by_day_and_hour_and_none_is_named(site: Served, city: City) -> None:
    page = site.staff(Role.SUPERVISOR).get(f"/issues/{issue_id(city, 'Somerset', 'damage')}").text
    query = text(
        "SELECT CAST(received_at AT TIME ZONE 'America/Toronto' AS date) AS day, "
        "CAST(extract(hour FROM received_at AT TIME ZONE 'America/Toronto') AS int) / 3 AS block, count(*) FROM call "
        "WHERE facts ->> 'area' = 'Somerset' AND facts ->> 'call_type_group' = 'damage' GROUP BY 1, 2"
    )
    with city.engine.connect() as connection:
        counts = {(row[0], row[1]): row[2] for row in connection.execute(query)}
        calls = [row[0] for row in connection.execute(text("SELECT call_id FROM call WHERE facts ->> 'area' = 'Bay'"))]
    grid = [[int(cell) for cell in row[1:]] for row in tables(page)[1][1:]]
    expected = [[counts.get((day, block), 0) for block in range(8)] for day in all_days(LAST)]
    assert [row[:8] for row in grid[:7]] == expected
    assert [row[8] for row in grid[:7]] == [sum(row) for row in expected]
    assert grid[7] == [*(sum(row[block] for row in expected) for block in range(8)), sum(map(sum, expected))]
    assert f"{grid[7][8]} calls of the seven days" in page
    assert grid[7][8] == city.weeks("Somerset", "damage", LAST)[8] + 2  # two more calls about one event
    assert not any(call in page for call in calls)
    assert "26-104233" not in page


def test_who_sees_no_single_call_sees_no_count_of_few_calls_and_none_follows(site: Served, city: City) -> None:
    path = f"/issues/{issue_id(city, 'Somerset', 'damage')}"
    full = [[int(cell) for cell in row[1:]] for row in tables(site.staff(Role.SUPERVISOR).get(path).text)[1][1:]]
    _, by_day, by_hours, *_ = tables(site.staff(Role.ANALYST).get(path).text)
    for shown, truth in ((by_day, [row[8] for row in full[:7]]), (by_hours, full[7][:8])):
        cells = [row[1] for row in shown[1:]]
        assert len(cells) == len(truth)
        assert all(cell == str(count) for cell, count in zip(cells, truth, strict=True) if cell != "not shown")
        assert all(cell == "not shown" for cell, count in zip(cells, truth, strict=True) if 0 < count < 5)
        secret = [count for cell, count in zip(cells, truth, strict=True) if cell == "not shown"]
        assert not secret or (len(secret) > 1 and sum(secret) >= 5)


@pytest.mark.parametrize("night", [date(2026, 3, 8), date(2026, 11, 1)])
def test_the_hours_are_local_ones_on_the_day_of_a_clock_change(site: Served, night: date) -> None:
    city = City(engine=site.engine, keyring=site.keyring, agency=site.agency)
    city.quiet(night, number=75)
    city.calls("Somerset", "GRAFFITI", [local(night, 0), local(night, 4), local(night, 23, 50)])
    city.calls("Somerset", "GRAFFITI", [local(day, 20 + n) for day in days(night - DAY * 6, 6) for n in range(3)])
    city.night(local(night + DAY, 4, 30))
    page = site.staff(Role.SUPERVISOR).get(f"/issues/{issue_id(city, 'Somerset', 'damage')}").text
    row = tables(page)[1][7]
    assert [int(cell) for cell in row[1:]][:2] == [1, 1]
    assert int(row[8]) == 1


def test_an_area_as_a_whole_is_shown_by_kind_of_calls(site: Served) -> None:
    city = City(engine=site.engine, keyring=site.keyring, agency=site.agency)
    city.quiet(LAST, number=75)
    for code in ("NOISE", "THEFT", "MISCHIEF", "TRAFFIC", "PARKING", "GRAFFITI"):
        city.calls("Somerset", code, [local(day, 22) for day in days(LAST - DAY * 6, 7)])
    city.night(local(LAST + DAY, 4, 30))
    page = site.staff(Role.SUPERVISOR).get(f"/issues/{issue_id(city, 'Somerset', '')}").text
    query = text(
        "SELECT facts ->> 'call_type_group', count(*) FILTER (WHERE day > CAST(:last AS date) - 7), count(*) FILTER ("
        "WHERE day <= CAST(:last AS date) - 7 AND day > CAST(:last AS date) - 35) / 4.0 FROM (SELECT facts, "
        "CAST(received_at AT TIME ZONE 'America/Toronto' AS date) AS day FROM call) AS c "
        "WHERE facts ->> 'area' = 'Somerset' GROUP BY 1"
    )
    labels = {name: group.label for name, group in site.agency.policy.eligibility.groups.items()}
    with city.engine.connect() as connection:
        expected = {
            (labels[row[0]]["en"], str(row[1]), f"{float(row[2]):.1f}".removesuffix(".0"))  # type: ignore[index]
            for row in connection.execute(query, {"last": LAST})
        }
    assert {tuple(row) for row in tables(page)[2][1:]} == expected


def test_the_list_is_filtered_by_state_area_and_kind_and_counts_each_state(site: Served, city: City) -> None:
    steps(site, issue_id(city, "Somerset", "damage"), [(State.ANALYSED, None), (State.SET_ASIDE, None)])
    analyst = site.staff(Role.ANALYST)

    def rows(query: str) -> set[str]:
        found = tables(analyst.get(f"/issues{query}").text)
        return {row[0] for row in found[0][1:]} if found else set()

    both = {"Somerset: Damage to property", "Bay: Noise"}
    assert rows("") == {"Bay: Noise"}
    assert rows("?state=") == both
    assert rows("?state=set_aside") == {"Somerset: Damage to property"}
    assert rows("?state=analysed") == set()
    assert rows("?state=&area=Bay") == {"Bay: Noise"}
    assert rows("?state=&group=damage") == {"Somerset: Damage to property"}
    assert rows("?state=&group=whole") == set()
    counts = dict(re.findall(r">([\w ]+) <strong>(\d+)</strong>", analyst.get("/issues").text))
    assert counts == {
        "Open": "1",
        "identified": "1",
        "analysed": "0",
        "response under way": "0",
        "evaluated": "0",
        "set aside": "1",
    }
    assert analyst.get("/issues?state=nonsense").status_code == 400
    assert analyst.get("/issues?area=%00").status_code == 400


def test_a_long_list_has_pages_and_every_issue_is_on_one(site: Served, city: City) -> None:
    with Session(site.engine) as session, session.begin():
        for number in range(120):
            day = LAST - DAY * (8 + number)
            session.add(
                EmergingIssueRow(
                    agency="ottawa",
                    area="River",
                    call_type_group="theft",
                    first_day=day,
                    last_day=day,
                    observed=9,
                    expected=1.5,
                    p=0.0001,
                    weeks=[1] * 8 + [9],
                )
            )
    analyst, seen, path = site.staff(Role.ANALYST), list[str](), "/issues"
    while path:
        page = analyst.get(path).text
        found = _ID.findall(page)
        assert len(found) <= 50
        seen += found
        older = re.search(r'href="(/issues\?[^"]*before=\d+)"', page)
        path = older[1].replace("&amp;", "&") if older else ""
    assert len(seen) == len(set(seen)) == 122


def test_a_step_is_kept_with_who_and_when_and_the_newest_is_the_state(site: Served, city: City) -> None:
    id_ = issue_id(city, "Bay", "noise")
    supervisor = site.staff(Role.SUPERVISOR)
    assert supervisor.post(f"/issues/{id_}/steps", state="analysed", note="By day, near the school").status_code == 303
    with Session(site.engine) as session:
        step = session.exec(select(IssueStepRow)).one()
    assert (step.state, step.note, step.by, step.useful) == (
        "analysed",
        "By day, near the school",
        "Demo supervisor",
        None,
    )
    answer = supervisor.post(
        f"/issues/{id_}/steps", state="evaluated", note="Quiet again", useful="yes", after=str(step.id)
    )
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/issues/{id_}?said=step")
    page = supervisor.get(f"/issues/{id_}?said=step").text
    assert "It is written down." in page
    assert page.index("Quiet again") < page.index("By day, near the school")
    assert "evaluated</span></h1>" in page
    entry = [entry for entry in site.audit() if entry.act == "work_on_issues"][-1]
    assert (entry.about, entry.detail) == (str(id_), {"state": "evaluated"})


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"state": "analysed", "note": "  "}, "Write what was found or done."),
        ({"state": "analysed"}, "Write what was found or done."),
        ({"state": "analysed", "note": "x" * 1001}, "The note is longer than 1000 characters."),
        ({"state": "nonsense", "note": "x"}, "Choose a state."),
        ({"state": "evaluated", "note": "x"}, "Say whether it was worth telling."),
    ],
)
def test_a_step_that_lacks_something_is_not_kept_and_what_is_lacking_is_said(
    site: Served, city: City, fields: dict[str, str], said: str
) -> None:
    answer = site.staff(Role.SUPERVISOR).post(f"/issues/{issue_id(city, 'Bay', 'noise')}/steps", **fields)
    assert answer.status_code == 400
    assert said in answer.text
    with Session(site.engine) as session:
        assert session.exec(select(IssueStepRow)).all() == []


def test_of_two_who_write_at_the_same_time_the_second_reads_the_first_before(site: Served, city: City) -> None:
    id_ = issue_id(city, "Bay", "noise")
    steps(site, id_, [(State.ANALYSED, None)])
    answer = site.staff(Role.SUPERVISOR).post(f"/issues/{id_}/steps", state="set_aside", note="Nothing in it", after="")
    assert answer.status_code == 409
    assert "Somebody else has written something down meanwhile." in answer.text
    assert "Nothing in it</textarea>" in answer.text
    assert "What was analysed." in answer.text


def test_an_analyst_reads_and_writes_nothing(site: Served, city: City) -> None:
    path = f"/issues/{issue_id(city, 'Bay', 'noise')}"
    analyst = site.staff(Role.ANALYST)
    assert "<textarea" not in analyst.get(path).text
    assert analyst.post(path + "/steps", state="analysed", note="x").status_code == 403


@pytest.mark.parametrize("path", ["/issues/999", "/issues/brief/Nowhere", "/issues/999/steps"])
def test_what_there_is_not_is_not_found(site: Served, city: City, path: str) -> None:
    supervisor = site.staff(Role.SUPERVISOR)
    answer = supervisor.post(path) if path.endswith("steps") else supervisor.get(path)
    assert answer.status_code == 404


def test_another_agencys_issues_are_not_there(site: Served, city: City) -> None:
    with Session(site.engine) as session, session.begin():
        row = session.get_one(EmergingIssueRow, issue_id(city, "Bay", "noise"))
        row.agency = "elsewhere"
        id_ = row.id
    supervisor = site.staff(Role.SUPERVISOR)
    assert supervisor.get(f"/issues/{id_}").status_code == 404
    assert "Bay: Noise" not in supervisor.get("/issues?state=").text


def _said(staff: Staff, path: str) -> list[list[str]]:
    """The rows of the answers; none where they are not shown."""
    return next((table[1:] for table in tables(staff.get(path).text) if table[0] == ["Answer", "People", "Share"]), [])


def test_answers_about_recurring_problems_are_those_of_the_area_and_of_the_last_half_year(
    site: Served, city: City
) -> None:
    answers(site, "Bay", {("noise",): 12, ("noise", "driving"): 7, ("theft",): 6})
    answers(site, "Bay", {("drugs",): 40}, month="2025-06")
    answers(site, "River", {("theft",): 50})
    answers(site, None, {("theft",): 50})
    analyst = site.staff(Role.ANALYST)
    query = text(
        "SELECT sum(count) FROM survey_area_count "
        "WHERE area = 'Bay' AND month >= '2025-07' AND question = :q AND option = :o"
    )
    with site.engine.connect() as connection:
        counts = {
            option: connection.execute(query, {"q": QUESTION, "o": option}).scalar_one()
            for option in ("noise", "driving", "theft")
        }
    assert counts == {"noise": 19, "driving": 7, "theft": 6}
    for path in (f"/issues/{issue_id(city, 'Bay', 'noise')}", "/issues/brief/Bay"):
        rows = _said(analyst, path)
        assert rows[:3] == [
            ["Noise", "19", "76%"],
            ["Speeding or unsafe driving", "7", "28%"],
            ["Theft of or from vehicles or bicycles", "6", "24%"],
        ]
        assert {tuple(row[1:]) for row in rows[3:]} == {("0", "0%")}
        assert "Bay: 25 people’s answers since July 2025" in analyst.get(path).text


def test_r7_no_page_shows_what_fewer_than_five_people_answered_or_did_not(site: Served, city: City) -> None:
    answers(site, "Bay", {("noise",): 4})
    answers(site, "River", {("noise",): 3})
    answers(site, "Somerset", {("noise",): 9, ("noise", "theft"): 4, ("drugs",): 2, ("vandalism",): 30})
    analyst = site.staff(Role.ANALYST)
    for path in (f"/issues/{issue_id(city, 'Bay', 'noise')}", "/issues/brief/Bay"):
        assert _said(analyst, path) == []
        assert "Not shown: fewer than 5 people of the area have answered" in analyst.get(path).text
    rows = _said(analyst, "/issues/brief/Somerset")
    assert {tuple(row[1:]) for row in rows} == {("30", "67%"), ("13", "29%"), ("0", "0%"), ("not shown",)}
    assert {row[0] for row in rows if row[1] == "not shown"} == {
        "Theft of or from vehicles or bicycles",
        "Drug use or dealing",
    }


def test_the_brief_has_the_open_issues_of_its_area_with_when_most_calls_come(site: Served, city: City) -> None:
    id_ = issue_id(city, "Somerset", "damage")
    steps(site, id_, [(State.RESPONSE, None)])
    analyst = site.staff(Role.ANALYST)
    page = analyst.get("/issues/brief/Somerset").text
    assert "18 events in the seven days to Jan 15, 2026" in page
    assert "Most calls: 21–24 h (16 of 20)." in page
    assert "What was response." in page
    assert "Nothing acts by itself" in page
    assert "Noise" not in page
    steps(site, id_, [(State.EVALUATED, True)])
    assert "Nothing is open in this area." in analyst.get("/issues/brief/Somerset").text


def test_a_brief_counts_the_calls_of_each_issue_whether_they_are_read_together_or_not(site: Served, city: City) -> None:
    found = Issues(site.engine, "ottawa").page(Wanted(area="Somerset")).issues
    old = [replace(issue, last_day=issue.last_day - DAY * ago) for issue in found for ago in (0, 3, 20)]
    one_by_one = [calls_behind(site.engine, site.agency, issue) for issue in old]
    assert calls_behind_each(site.engine, site.agency, "Somerset", old) == one_by_one
    far = [*old, replace(old[0], last_day=LAST - DAY * 64)]
    one_by_one.append(calls_behind(site.engine, site.agency, far[-1]))
    assert calls_behind_each(site.engine, site.agency, "Somerset", far) == one_by_one
    assert len({behind.total for behind in one_by_one}) >= 3


def test_whoever_sets_the_thresholds_sees_how_often_it_was_worth_telling(site: Served, city: City) -> None:
    verdicts = [State.EVALUATED] * 5 + [State.SET_ASIDE, State.ANALYSED]
    with Session(site.engine) as session, session.begin():
        for number in range(7):
            day = LAST - DAY * (8 + number)
            row = EmergingIssueRow(
                agency="ottawa",
                area="River",
                call_type_group="theft" if number % 2 else "",
                first_day=day,
                last_day=day,
                observed=9,
                expected=1.5,
                p=0.0001,
                weeks=[1] * 8 + [9],
            )
            session.add(row)
            session.flush()
            useful = number < 3 if verdicts[number] is State.EVALUATED else None
            for state, verdict in ((State.EVALUATED, True), (verdicts[number], useful)):  # the newest counts
                session.add(IssueStepRow(issue_id=row.id or 0, state=state, useful=verdict, note="x", by="S. Tremblay"))
                session.flush()
        session.add(
            EmergingIssueRow(
                agency="ottawa",
                area="River",
                call_type_group="noise",
                first_day=LAST - DAY * 400,
                last_day=LAST - DAY * 400,
                observed=9,
                expected=1.5,
                p=0.0001,
                weeks=[1] * 8 + [9],
            )
        )
    [table] = tables(site.staff(Role.ADMINISTRATOR).get("/thresholds").text)
    rows = {row[0]: row[1:] for row in table[1:]}
    assert rows["All kinds"] == ["9", "3", "2", "1", "3", "60% (95 times in 100 between 23% and 88%)"]
    assert rows["all calls of the area"][:5] == ["4", "2", "1", "0", "1"]
    assert rows["Theft"][:5] == ["3", "1", "1", "1", "0"]
    assert rows["Noise"] == ["1", "0", "0", "0", "1", "None is evaluated yet."]
    for column in range(5):
        assert int(rows["All kinds"][column]) == sum(int(rows[name][column]) for name in rows if name != "All kinds")


def test_a_night_that_was_not_looked_at_is_said(site: Served, engine: Engine) -> None:
    analyst = site.staff(Role.ANALYST)
    assert "No night was looked at yet." in analyst.get("/issues").text
    city = a_city(site)
    assert "Looked at up to and including Jan 15, 2026." in analyst.get("/issues").text
    with Session(city.engine) as session, session.begin():
        session.execute(text("UPDATE emerging_run SET day = :day"), {"day": LAST - DAY * 2})
    assert MORNING.date() - (LAST - DAY * 2) == DAY * 3
    assert "Nobody has looked since Jan 13, 2026" in analyst.get("/issues").text


def test_r10_every_page_is_there_in_french(site: Served, city: City) -> None:
    supervisor = site.staff(Role.SUPERVISOR)
    supervisor.get("/language/fr")
    page = supervisor.get("/issues").text
    assert "Bay : Bruit" in page
    assert "4,7" in page
    assert "3,8 fois" in page
    one = supervisor.get(f"/issues/{issue_id(city, 'Bay', 'noise')}").text
    assert "18 événements dans les sept jours jusqu’au 15 janv. 2026" in one
    assert "Rien n’agit de lui-même" in one


def test_the_list_can_be_narrowed_to_months_in_which_something_was_told(site: Served) -> None:
    told = {  # the second one from December into January
        "October": (date(2025, 10, 31), date(2025, 10, 31)),
        "December": (date(2025, 12, 30), date(2026, 1, 2)),
        "January": (date(2026, 1, 5), date(2026, 1, 9)),
    }
    figures: Any = {"observed": 9, "expected": 1.5, "p": 0.0001, "weeks": [1] * 8 + [9]}
    with Session(site.engine) as session, session.begin():
        for area, (first, last) in told.items():
            place: Any = {"agency": "ottawa", "area": area, "call_type_group": "noise"}
            session.add(EmergingIssueRow(**place, **figures, first_day=first, last_day=last))
    analyst = site.staff(Role.ANALYST)
    for asked, expected in {
        "": {"October", "December", "January"},
        "from=2025-11": {"December", "January"},
        "to=2025-12": {"October", "December"},
        "from=2026-01": {"December", "January"},
        "from=2025-11&to=2025-11": set(),
        "from=2025-12&to=2025-12": {"December"},
    }.items():
        page = analyst.get(f"/issues?state=&{asked}").text
        assert set(re.findall(r'<th scope="row"><a href="/issues/\d+">([^:<]+):', page)) == expected
    options = re.findall(r'<option value="(\d{4}-\d\d)"', page)
    assert options == ["2026-01", "2025-12", "2025-11", "2025-10"] * 2
    assert analyst.get("/issues?from=2026-13").status_code == 400
