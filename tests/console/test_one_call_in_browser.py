"""The page of one call as an operator has it: every task by keyboard, in both languages, on every screen."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from calls.contracts import Kind
from calls.facts import Language
from tests.activities.desk import NUMBER
from tests.console.a_call import CALL, CASE, CadAndDesk, cad, desk, noon_site, the_phones
from tests.console.browsing import LANGUAGES, SCREENS, THEMES, assert_well_made, seat
from tests.console.served import Served
from tests.web.browsing import chromium
from web.staff.access.roles import Role
from web.staff.console.words import words

__all__ = ["cad", "desk", "noon_site", "the_phones"]

PAGE = f"/calls/{CALL}"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


def a_long_story(cad: CadAndDesk) -> None:
    """A call with something of everything."""
    cad.receives(language=Language.ENGLISH)
    cad.texts()
    cad.replies(6, "Quand arrivez-vous? C’est urgent.")
    cad.replies(7, None, keyword="help")
    cad.says(8, dispatched_at=8)
    cad.says(9, requeued_at=9, priority_code="3", priority=3)
    cad.texts(Kind.DELAY, due=9)
    cad.change_texts(state="undelivered", error_code=30003)


def act(page: Page, t: dict[str, str], name: str) -> None:
    """By keyboard alone."""
    button = page.get_by_role("button", name=t[name], exact=True)
    button.focus()
    page.keyboard.press("Enter")


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_operator_finds_a_call_and_does_every_task_by_keyboard(
    cad: CadAndDesk, noon_site: Served, browser: Browser, language: str
) -> None:
    t = dict(words("call", Language(language)))
    cad.receives(language=Language.ENGLISH)
    with seat(browser, noon_site, Role.OPERATOR, language=language) as page:
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"{noon_site.address}/find")
        page.get_by_role("search").get_by_label(t["seek"]).fill("613-555-0142")
        page.keyboard.press("Enter")
        page.get_by_role("link", name=CASE).focus()
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text(f"{t['call']} {CASE}")

        page.locator("#why-hold").fill("to look at it")
        act(page, t, "hold")
        expect(page.locator("main").get_by_role("status").first).to_have_text(t["said_held"])
        page.locator("#why-release").fill("it is fine")
        act(page, t, "release")
        expect(page.locator("main").get_by_role("status").first).to_have_text(t["said_released"])
        page.locator("#language").select_option("fr")
        act(page, t, "change_language")
        expect(page.locator("main").get_by_role("status").first).to_have_text(t["said_language"])
        page.locator("#block-why").select_option("shelter")
        act(page, t, "block")
        expect(page.locator("main").get_by_role("status").first).to_have_text(t["said_blocked"])
        page.locator("#why-stop").fill("the caller asks for it")
        act(page, t, "stop")
        expect(page.locator("main").get_by_role("status").first).to_have_text(t["said_stopped"])
        expect(page.locator("#actions form")).to_have_count(0)
    assert not [url for url in asked if "0142" in url]


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_call_and_a_search_are_well_made_on_every_screen(
    cad: CadAndDesk, noon_site: Served, browser: Browser, language: str, screen: str, theme: str, tmp_path: Path
) -> None:
    a_long_story(cad)
    with seat(browser, noon_site, Role.SUPERVISOR, language=language, theme=theme, screen=screen) as page:
        page.goto(noon_site.address + PAGE)
        assert_well_made(page)
        page.screenshot(path=tmp_path / f"call-{screen}-{language}-{theme}.png", full_page=True)
        page.locator("#why-hold").fill("to look at it")
        page.get_by_role("button", name=words("call", Language(language))["hold"], exact=True).click()
        assert_well_made(page)
        page.goto(noon_site.address + "/find")
        page.locator("#wanted").fill("613-555-0142")
        page.keyboard.press("Enter")
        expect(page.get_by_role("link", name=CASE)).to_be_visible()
        assert_well_made(page)
        page.screenshot(path=tmp_path / f"find-{screen}-{language}-{theme}.png", full_page=True)


def test_a_call_that_is_over_says_so_and_offers_nothing(cad: CadAndDesk, noon_site: Served, browser: Browser) -> None:
    a_long_story(cad)
    cad.ends()
    with seat(browser, noon_site, Role.OPERATOR) as page:
        page.goto(noon_site.address + PAGE)
        expect(page.locator("#actions form")).to_have_count(0)
        expect(page.locator("#actions")).to_contain_text("This call is over")
        assert_well_made(page)


def test_what_happens_meanwhile_appears_by_itself_and_what_is_being_typed_stays(
    cad: CadAndDesk, noon_site: Served, browser: Browser
) -> None:
    cad.receives()
    with seat(browser, noon_site, Role.OPERATOR) as page:
        page.goto(noon_site.address + PAGE)
        page.locator("#why-stop").fill("half a rea")
        cad.texts()
        cad.says(9, dispatched_at=9)
        expect(page.locator("#story")).to_contain_text("received your call", timeout=10_000)
        expect(page.locator("#now")).to_contain_text("An officer has the call", timeout=10_000)
        expect(page.locator("#live-status")).to_have_text("Up to date")
        expect(page.locator("#why-stop")).to_have_value("half a rea")
    assert len(cad.desk.phones.bodies(NUMBER)) == 1


def test_without_scripts_everything_can_be_done_as_well(cad: CadAndDesk, noon_site: Served, browser: Browser) -> None:
    cad.receives()
    with seat(browser, noon_site, Role.OPERATOR, scripts=False) as page:
        page.goto(noon_site.address + PAGE)
        page.locator("#why-hold").fill("to look at it")
        page.get_by_role("button", name="Hold the texts", exact=True).click()
        expect(page.locator("main").get_by_role("status").first).to_have_text("The texts are held from now on.")
