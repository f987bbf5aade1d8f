"""What comments are about: every figure of the page and of the file counted again from the rows, by another way."""

import csv
import io
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from random import Random
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from database.encryption import Keyring
from database.surveys import MemberFeedbackRow, SurveyCommentRow, SurveyCutRow
from insights.topics import Topic
from policy.agency import Agency
from tests.console.served import Served, console_site
from tests.console.tables import tables
from web.staff.access.roles import Role

MONTHS = ("2025-12", "2026-01", "2026-02")
LAST_DAY = date(2026, 3, 1)
TOPICS = {"waiting": 0.4, "noise": 0.5, "theft": 0.3, "drugs": 0.06}
Row = dict[str, Any]


@pytest.fixture(scope="module")
def rows() -> list[tuple[str, str, Row]]:
    """Month (by the Thursday of its week), table and row."""
    chance, found = Random(7), []
    for number in range(160):
        day = date(2025, 12, 1) + timedelta(days=chance.randrange(100))
        thursday = day + timedelta(days=3 - day.weekday())
        said: Row = {"topics": [topic for topic, often in TOPICS.items() if chance.random() < often]}
        said["decision"] = chance.choice(("approved", "approved", "approved", "declined", None))
        said["reviewed"] = said["decision"] is not None
        said["agency"] = "elsewhere" if number % 20 == 0 else "ottawa"
        if number % 5 == 0:
            found.append((f"{day:%Y-%m}", "member", said | {"month": f"{day:%Y-%m}", "role": "officer"}))
            continue
        share = said["decision"] == "approved" and chance.random() < 0.7
        said |= {"week": f"{day:%G-W%V}", "language": "en", "may_share": share, "shared": share}
        found.append((f"{thursday:%Y-%m}", "survey", said))
    return found


@pytest.fixture
def site(engine: Engine, keyring: Keyring, ottawa: Agency, rows: list[tuple[str, str, Row]]) -> Iterator[Served]:
    with Session(engine) as session, session.begin():
        session.merge(SurveyCutRow(agency="ottawa", day=LAST_DAY))
        for _, table, row in rows:
            words = keyring.encrypt_without_time("A word")
            of = MemberFeedbackRow if table == "member" else SurveyCommentRow
            session.add(of(**row, comment_encrypted=words))
    with console_site(engine, keyring, ottawa) as site:
        yield site


def truth(rows: list[tuple[str, str, Row]]) -> dict[tuple[str, str], str]:
    """What may be shown, of each month and topic."""
    every: Counter[tuple[str, str]] = Counter()
    shared: Counter[tuple[str, str]] = Counter()
    for month, _, row in rows:
        if row["decision"] == "approved" and row["agency"] == "ottawa":
            for topic in row["topics"]:
                every[month, topic] += 1
                shared[month, topic] += row.get("shared", False)
    found = {}
    for month in MONTHS:
        for topic in Topic:
            count, rest = every[month, topic], every[month, topic] - shared[month, topic]
            found[month, topic.value] = "fewer than 5" if 0 < count < 5 else "not shown" if 0 < rest < 5 else str(count)
    return found


def test_every_figure_of_the_page_and_of_the_file_is_the_one_that_the_rows_give(
    site: Served, rows: list[tuple[str, str, Row]]
) -> None:
    expected = truth(rows)
    assert {"fewer than 5", "not shown"} < set(expected.values())
    assert sum(value.isdecimal() and value != "0" for value in expected.values()) >= 3
    supervisor = site.staff(Role.SUPERVISOR)
    lines = csv.DictReader(io.StringIO(supervisor.get("/insights/topics.csv").text.removeprefix("\ufeff")))
    told = {(line["value"], line["question"]): line["count"] or line["shown"] for line in lines}
    assert told == expected
    *_, every = tables(supervisor.get("/insights/topics").text)
    names = ["December 2025", "January 2026", "February 2026"]
    shown = {row[0]: row[1:] for row in every[1:]}
    assert shown == {
        name: [expected[month, topic.value] for topic in Topic] for name, month in zip(names, MONTHS, strict=True)
    }


def test_months_can_be_chosen_and_of_others_there_is_nothing(site: Served) -> None:
    supervisor = site.staff(Role.SUPERVISOR)
    for asked, expected in {
        "from=2026-01": ["January 2026", "February 2026"],
        "to=2026-01": ["December 2025", "January 2026"],
        "from=2026-01&to=2026-01": ["January 2026"],
        "from=2026-03": ["December 2025", "January 2026", "February 2026"],  # not over: no such choice
    }.items():
        *_, every = tables(supervisor.get(f"/insights/topics?{asked}").text)
        assert [row[0] for row in every[1:]] == expected, asked
    assert "There is no such month" in supervisor.get("/insights/topics?from=2026-02&to=2026-01").text
