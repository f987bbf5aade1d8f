"""Emerging issues in a browser: for everybody, by day and by night; and the brief on one printed page."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import Engine
from sqlmodel import Session

from calls.issues import State
from database.encryption import Keyring
from database.issues import EmergingIssueRow
from policy.agency import Agency
from tests.console.browsing import LANGUAGES, SCREENS, THEMES, assert_well_made, seat
from tests.console.served import Served, console_site
from tests.console.some_issues import CLOCK, LAST, a_city, answers, steps
from tests.web.browsing import chromium
from web.staff.access.roles import Role

_PAGES_OF_PDF = re.compile(rb"/Type\s*/Page\b(?!s)")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def site(engine: Engine, keyring: Keyring, ottawa: Agency) -> Iterator[Served]:
    with console_site(engine, keyring, ottawa, clock=CLOCK) as site:
        a_city(site)
        answers(site, "Somerset", {("noise",): 9, ("noise", "vandalism"): 6, ("drugs",): 2})
        yield site


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("screen", SCREENS)
def test_every_page_is_for_everybody(browser: Browser, site: Served, screen: str, language: str, theme: str) -> None:
    steps(site, 2, [(State.ANALYSED, None), (State.EVALUATED, False)])
    with seat(browser, site, Role.SUPERVISOR, language=language, theme=theme, screen=screen) as page:
        for path in ("/issues?state=", "/issues/1", "/issues/2", "/issues/brief/Somerset", "/thresholds"):
            page.goto(site.address + path)
            assert_well_made(page)
        page.goto(site.address + "/issues/1")
        page.locator("summary").click()
        page.locator("form.stacked button").evaluate("button => button.form.noValidate = true")
        page.locator("form.stacked button").click()
        expect(page.get_by_role("alert")).to_be_visible()
        assert_well_made(page)


def test_an_issue_is_worked_on_by_keyboard(browser: Browser, site: Served) -> None:
    with seat(browser, site, Role.SUPERVISOR, scripts=False) as page:
        page.goto(site.address + "/issues")
        page.get_by_role("link", name="Bay: Noise").focus()
        page.keyboard.press("Enter")
        page.get_by_label("State from now on").focus()
        page.keyboard.type("evaluated")
        page.keyboard.press("Tab")
        page.keyboard.press("Space")
        page.get_by_label("What was found or done").focus()
        page.keyboard.type("Works on the school; until Friday")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        expect(page.get_by_text("It is written down.")).to_be_visible()
        first = page.locator("ol.steps li").first
        expect(first).to_contain_text("evaluated worth telling Demo supervisor")
        expect(first).to_contain_text("Works on the school; until Friday")


def test_what_was_written_is_still_there_where_something_is_lacking(browser: Browser, site: Served) -> None:
    with seat(browser, site, Role.SUPERVISOR) as page:
        page.goto(site.address + "/issues/1")
        page.get_by_label("State from now on").select_option("evaluated")
        page.get_by_label("What was found or done").fill("Two lines\nof a note")
        page.get_by_role("button", name="Write it down").click()
        expect(page.get_by_role("alert")).to_contain_text("Say whether it was worth telling.")
        assert page.get_by_label("What was found or done").input_value() == "Two lines\nof a note"
        assert page.get_by_label("State from now on").input_value() == "evaluated"
        page.get_by_role("alert").get_by_role("link").click()
        expect(page.get_by_label("worth telling", exact=True)).to_be_in_viewport()


def test_a_note_as_long_as_the_field_allows_is_taken_with_its_lines(browser: Browser, site: Served) -> None:
    with seat(browser, site, Role.SUPERVISOR) as page:
        page.goto(site.address + "/issues/1")
        page.get_by_label("What was found or done").fill("line\n" * 200)
        page.get_by_role("button", name="Write it down").click()
        expect(page.get_by_text("It is written down.")).to_be_visible()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("paper", ["Letter", "A4"])
def test_a_full_brief_is_one_printed_page(browser: Browser, site: Served, language: str, paper: str) -> None:
    """More issues than fit, each with the longest note."""
    with Session(site.engine) as session, session.begin():
        for number, group in enumerate(("theft", "traffic", "collision", "break_in", "", "animal")):
            row = EmergingIssueRow(
                agency="ottawa",
                area="Somerset",
                call_type_group=group,
                first_day=LAST,
                last_day=LAST,
                observed=9 + number,
                expected=1.5,
                p=0.0001,
                weeks=[1] * 8 + [9 + number],
            )
            session.add(row)
    for id_ in range(2, 9):
        steps(site, id_, [(State.RESPONSE, None)], note="Patrols on foot by night, and lamps. " * 27)
    with seat(browser, site, Role.ANALYST, language=language, theme="dark") as page:
        page.goto(site.address + "/issues/brief/Somerset")
        assert page.locator("article").count() == 4
        expect(page.locator("article").first).to_contain_text("…")
        pdf = page.pdf(format=paper)
        assert len(_PAGES_OF_PDF.findall(pdf)) == 1
        page.goto(site.address + "/issues?state=")
        assert len(_PAGES_OF_PDF.findall(page.pdf(format=paper, scale=2))) > 1  # the count can count
