"""The list of all texts in a browser: on a phone and at a desk, in both languages, by day and by night."""

import csv
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.console.browsing import LANGUAGES, SCREENS, THEMES, assert_well_made, seat
from tests.console.ledger import CASE, Ledger
from tests.console.served import Served
from tests.web.browsing import chromium
from web.staff.access.roles import Role


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("screen", SCREENS)
def test_the_list_is_for_everybody(browser: Browser, site: Served, screen: str, language: str, theme: str) -> None:
    Ledger(site).of_every_kind()
    with seat(browser, site, Role.SUPERVISOR, language=language, theme=theme, screen=screen) as page:
        page.goto(site.address + "/texts")
        assert_well_made(page)
        page.goto(site.address + "/texts?kind=survey&state=delivered&rule=landline&error=30008")
        assert_well_made(page)


def _count(page: Page) -> int:
    return page.locator("tbody tr").count()


def test_the_filters_work_by_keyboard_and_stay_as_they_were_set(browser: Browser, site: Served) -> None:
    Ledger(site).of_every_kind()
    with seat(browser, site, Role.OPERATOR) as page:
        page.goto(site.address + "/texts")
        page.get_by_label("Kind").focus()
        page.keyboard.type("Delay")
        page.get_by_role("button", name="Show").focus()
        page.keyboard.press("Enter")
        page.wait_for_url("**kind=delay*")
        assert _count(page) == 3
        assert page.get_by_label("Kind").input_value() == "delay"
        page.get_by_role("link", name="expired 1").click()
        assert _count(page) == 1
        assert page.get_by_label("What became of it").input_value() == "expired"
        page.get_by_role("link", name=CASE).click()
        assert page.url.endswith("/calls/ottawa-1")


def test_the_selection_is_downloaded_as_it_stands(browser: Browser, site: Served) -> None:
    Ledger(site).of_every_kind()
    with seat(browser, site, Role.SUPERVISOR) as page:
        page.goto(site.address + "/texts?kind=delay&from=")
        with page.expect_download() as download:
            page.get_by_role("link", name="Export this selection").click()
        assert download.value.suggested_filename == "texts.csv"
        with download.value.path().open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
        assert [row["kind"] for row in rows] == ["delay"] * 3
        assert {row["case_number"] for row in rows} == {CASE}


def test_whoever_may_not_export_is_not_offered_it(browser: Browser, site: Served) -> None:
    with seat(browser, site, Role.OPERATOR) as page:
        page.goto(site.address + "/texts")
        assert page.get_by_role("link", name="Export").count() == 0
