"""Open data in a browser: for everybody, by day and by night; and decided about by keyboard."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import Engine

from database.encryption import Keyring
from insights.open_data.quarters import Quarter
from local.generated.open_quarters import demonstration_areas
from policy.agency import Agency
from tests.console.browsing import LANGUAGES, SCREENS, THEMES, assert_well_made, seat
from tests.console.served import Served, console_site
from tests.public.made_bundles import prepared
from tests.web.browsing import chromium
from web.staff.access.roles import Role


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def site(engine: Engine, keyring: Keyring, ottawa: Agency, tmp_path: Path) -> Iterator[Served]:
    with console_site(engine, keyring, ottawa, open_data=tmp_path / "public") as site:
        prepared(engine, ottawa, Quarter(2026, 2), demonstration_areas(wards=2))
        yield site


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("screen", SCREENS)
def test_every_page_is_for_everybody(browser: Browser, site: Served, screen: str, language: str, theme: str) -> None:
    with seat(browser, site, Role.SUPERVISOR, language=language, theme=theme, screen=screen) as page:
        page.goto(site.address + "/open-data")
        assert_well_made(page)
        page.goto(site.address + "/open-data/2026-q2-v1")
        page.locator("details").evaluate_all("all => all.forEach(one => { one.open = true })")
        assert_well_made(page)


def test_a_quarter_is_looked_at_approved_and_published_by_keyboard(browser: Browser, site: Served) -> None:
    with seat(browser, site, Role.SUPERVISOR, scripts=False) as page:
        page.goto(site.address + "/open-data")
        for link in ("April to June 2026", "See the public pages as they would be", "Ward 2"):
            page.get_by_role("link", name=link, exact=True).focus()
            with page.expect_navigation():
                page.keyboard.press("Enter")
        expect(page.get_by_text("April to June 2026 is not public yet")).to_be_visible()
        assert page.locator("header").evaluate("one => getComputedStyle(one).backgroundColor") == "rgb(18, 64, 107)"
        page.goto(site.address + "/open-data/2026-q2-v1")
        page.get_by_label("Why").focus()
        page.keyboard.type("Looked at each page")
        page.keyboard.press("Tab")
        with page.expect_navigation():
            page.keyboard.press("Enter")
        expect(page.get_by_role("status").get_by_text("It is approved.")).to_be_visible()
        page.get_by_role("button", name="Publish").focus()
        with page.expect_navigation():
            page.keyboard.press("Enter")
        expect(page.get_by_text("It is public from now on.")).to_be_visible()
