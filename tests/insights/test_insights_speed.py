"""Every page of what residents say within 300 ms with a year of it: 274,075 calls, some 40,000 answers, and 15,000
comments. Emerging issues and the monthly report: tests/console/test_speed.py."""

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Final

import pytest

from database.encryption import Keyring
from database.engine import connect
from policy.agency import Agency
from survey.questions import Role as OfCall
from tests.conftest import FIGURES
from tests.console.served import Served, Staff, console_site
from tests.console.year import Stopwatch
from tests.insights.addresses import addresses_of
from tests.insights.comments_of_a_year import fill_comments
from tests.insights.quarter import Quarter, fill
from tests.servers import create_database, drop_database
from tests.survey.month import with_members
from web.staff.access.roles import Role
from web.staff.console.insights_charts import ANSWER_CHARTS, REACH_CHARTS
from web.staff.figures.own_feedback import member_hashes

pytestmark = [pytest.mark.deep, pytest.mark.timeout(900)]

YEAR: Final = 4.0
BADGE: Final = "4711"
TIMES: Final = 40


@dataclass(frozen=True, kw_only=True)
class AnsweredYear:
    """A console over a year of answers, of an agency that asks about members, too."""

    site: Served
    year: Quarter
    made_in: float


@pytest.fixture(scope="module")
def answered(postgres_url: str, migrated_template: str, keyring: Keyring, ottawa: Agency) -> Iterator[AnsweredYear]:
    began = time.perf_counter()
    engine = connect(create_database(postgres_url, "answered_year", template=migrated_template))
    agency = with_members(ottawa)
    year = fill(engine, agency, scale=YEAR)
    (member,) = member_hashes(keyring, agency, role=OfCall.OFFICER, key=BADGE)
    fill_comments(engine, keyring, agency=agency.key, member=member)
    with console_site(engine, keyring, agency) as site:
        yield AnsweredYear(site=site, year=year, made_in=time.perf_counter() - began)
    engine.dispose()
    drop_database(postgres_url, "answered_year")


@pytest.fixture
def p95_of(answered: AnsweredYear, record_property: Callable[[str, object], None]) -> Stopwatch:
    return Stopwatch(record_property, answered.site.engine)


def _opened(staff: Staff, addresses: Iterator[str]) -> None:
    answer = staff.get(next(addresses))
    assert answer.status_code == 200, answer.url


def test_every_page_chart_and_file_of_the_insights_comes_within_300_ms(
    answered: AnsweredYear, p95_of: Stopwatch, record_property: Callable[[str, object], None]
) -> None:
    year = answered.year
    record_property(FIGURES, f"a year: {year.calls} calls, {year.answers} answers, {answered.made_in:.0f} s")
    assert year.answers > 40_000
    staff = answered.site.staff(Role.ANALYST)
    for path in ("/insights", "/insights/reach"):
        began = time.perf_counter()
        _opened(staff, iter([path]))
        record_property(FIGURES, f"{path}: {time.perf_counter() - began:.1f} s when it is asked for the first time")
    for path in (
        *("/insights", "/insights.csv", "/insights-codebook.csv", "/insights/reach", "/insights/reach.csv"),
        *("/insights/topics", "/insights/topics.csv"),
        *(f"/insights/charts/{name}" for name in ANSWER_CHARTS),
        *(f"/insights/reach/charts/{name}" for name in REACH_CHARTS),
    ):
        addresses = addresses_of(path, "&theme=dark" if path.endswith("week.svg") else "")
        p95_of(lambda: _opened(staff, addresses), times=TIMES, what=path)  # noqa: B023 - asked before the next path


def test_every_page_of_comments_comes_within_300_ms(answered: AnsweredYear, p95_of: Stopwatch) -> None:
    reviewer, operator = answered.site.staff(Role.REVIEWER), answered.site.staff(Role.OPERATOR)
    page = reviewer.get("/comments").text
    links = re.findall(r'href="(/comments/one/[^"]+)"', page)
    assert len(links) > 40
    months = re.findall(r'<option value="(2026-\d\d)"', operator.get("/comments/shared").text)
    assert len(months) == 9
    chance = Random(3)
    for staff, what, paths in (
        (reviewer, "comments to review", ["/comments"]),
        (reviewer, "comments approved", ["/comments?state=approved"]),
        (reviewer, "comments declined", ["/comments?state=declined"]),
        (reviewer, "one comment", links),
        (operator, "shared comments of a month", [f"/comments/shared?month={month}" for month in months]),
    ):
        addresses = (chance.choice(paths) for _ in range(TIMES + 1))
        p95_of(lambda: _opened(staff, addresses), times=TIMES, what=what)  # noqa: B023 - asked before the next path


def test_what_is_said_of_a_member_comes_within_300_ms(answered: AnsweredYear, p95_of: Stopwatch) -> None:
    supervisor = answered.site.staff(Role.SUPERVISOR)
    fields = {"form_token": supervisor.token(), "role": OfCall.OFFICER.value, "key": BADGE}

    def ask() -> None:
        answer = supervisor.http.post(supervisor.address + "/members", data=fields, timeout=10)
        assert answer.text.count("<section") > 5

    p95_of(lambda: _opened(supervisor, iter(["/members"])), times=TIMES, what="members, the form")
    p95_of(ask, times=TIMES, what="members, one of a thousand")
