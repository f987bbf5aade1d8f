"""The monthly report in a browser: on a phone and at a desk, in both languages, by day and by night, and on paper."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from database.encryption import Keyring
from database.engine import connect
from policy.agency import Agency
from tests.console.browsing import LANGUAGES, SCREENS, THEMES, assert_well_made, seat
from tests.console.report_rows import Rows, clock_for
from tests.console.served import Served, console_site
from tests.servers import create_database, drop_database
from tests.web.browsing import chromium
from web.staff.access.roles import Role

SHEETS = 8


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def months(postgres_url: str, migrated_template: str, keyring: Keyring, ottawa: Agency) -> Iterator[Served]:
    clock = clock_for(datetime.now(UTC))
    engine = connect(create_database(postgres_url, "report_browser", template=migrated_template))
    Rows(engine, clock).write(calls=300)
    with console_site(engine, keyring, ottawa, clock=clock) as site:
        yield site
    engine.dispose()
    drop_database(postgres_url, "report_browser")


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("screen", SCREENS)
def test_the_report_is_for_everybody(
    browser: Browser, months: Served, tmp_path: Path, screen: str, language: str, theme: str
) -> None:
    with seat(browser, months, Role.ANALYST, language=language, theme=theme, screen=screen) as page:
        page.goto(months.address + "/report/2026-11")
        assert_well_made(page)
        assert page.locator("section.sheet").count() == SHEETS
        page.goto(months.address + "/report")
        assert_well_made(page)
        page.screenshot(path=tmp_path / f"{screen}-{language}-{theme}.png", full_page=True)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_on_paper_every_section_is_a_sheet_of_a4(
    browser: Browser, months: Served, tmp_path: Path, language: str, theme: str
) -> None:
    with seat(browser, months, Role.ADMINISTRATOR, language=language, theme=theme) as page:
        page.goto(months.address + "/report/2026-10")
        pdf = page.pdf(path=tmp_path / f"{language}-{theme}.pdf", prefer_css_page_size=True, print_background=True)
        assert len(re.findall(rb"/Type\s*/Page\b", pdf)) == SHEETS
        sizes = {tuple(float(n) for n in box.split()) for box in re.findall(rb"/MediaBox\s*\[([^\]]+)\]", pdf)}
        assert {(round(right), round(top)) for _, _, right, top in sizes} == {(595, 842)}
        page.emulate_media(media="print")
        assert not page.get_by_role("link", name=re.compile("CSV")).is_visible()
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


def test_another_month_is_chosen_by_keyboard_and_the_file_is_of_the_month_that_is_shown(
    browser: Browser, months: Served
) -> None:
    with seat(browser, months, Role.SUPERVISOR) as page:
        page.goto(months.address + "/report")
        page.get_by_text("Other months").focus()
        page.keyboard.press("Enter")
        page.get_by_role("link", name="September 2026").focus()
        page.keyboard.press("Enter")
        page.wait_for_url("**/report/2026-09")
        with page.expect_download() as download:
            page.get_by_role("link", name="Figures as a file").click()
        assert download.value.suggested_filename == "report-2026-09.csv"
