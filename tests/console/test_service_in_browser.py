"""The service and the numbers in a real browser: every task in both languages, on a phone and at a desk, light and
dark, by the keyboard, and without scripts."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from activities.line import Line
from activities.stop_and_go import Mode
from tests.console.browsing import LANGUAGES, SCREENS, THEMES, assert_well_made, seat
from tests.console.served import Served
from tests.console.test_numbers import NUMBER, OTHER, blocked, opt_outs, phone_says
from tests.console.test_service import due, state
from tests.web.browsing import chromium
from web.staff.access.roles import Role
from web.staff.numbers.blocked import Why
from web.staff.switches import Switches

SAYS = {
    "stop": {"en": "Stop everything", "fr": "Tout arrêter"},
    "yes": {"en": "Yes, stop everything", "fr": "Oui, tout arrêter"},
    "stopped": {"en": "Everything is stopped", "fr": "Tout est arrêté"},
    "start": {"en": "Start again Everything", "fr": "Reprendre Tout"},
    "yes_start": {"en": "Yes, start everything again", "fr": "Oui, tout reprendre"},
    "part": {"en": "Stop this type", "fr": "Arrêter ce type"},
    "type": {"en": "Calls of type: Noise", "fr": "Appels de type : Bruit"},
    "mode": {"en": "Change the mode", "fr": "Changer de mode"},
    "set": {"en": "Set this mode", "fr": "Choisir ce mode"},
    "pilot": {"en": "Pilot: only", "fr": "Projet pilote : seuls"},
    "history": {"en": "History of switches", "fr": "Historique des interrupteurs"},
    "opt_out": {"en": "No more texts to this number", "fr": "Plus de textos à ce numéro"},
    "block": {"en": "Do not text this number", "fr": "Ne pas texter ce numéro"},
    "find": {"en": "Look it up", "fr": "Chercher"},
    "remove": {"en": "Take it off the list", "fr": "Retirer de la liste"},
    "end": {"en": "End the opt-out", "fr": "Mettre fin au désabonnement"},
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


every_screen = [(language, screen, theme) for language in LANGUAGES for screen in SCREENS for theme in THEMES]


@pytest.mark.parametrize(("language", "screen", "theme"), every_screen)
def test_everything_is_stopped_and_started_again(
    site: Served, browser: Browser, language: str, screen: str, theme: str
) -> None:
    for n in range(3):
        due(site, str(n))
    Line(engine=site.engine, sender=site.agency.identity.sender, segments_per_second=1).close(because="HTTP 401")
    says = {key: said[language] for key, said in SAYS.items()}
    with seat(browser, site, Role.SUPERVISOR, language=language, screen=screen, theme=theme) as page:
        page.goto(site.address + "/service")
        assert_well_made(page)
        page.get_by_role("link", name=says["stop"]).click()
        assert_well_made(page)
        page.locator("#why").fill("wrong words / mots erronés")
        page.get_by_role("button", name=says["yes"]).click()
        expect(page.locator("#standing")).to_contain_text(says["stopped"])
        assert_well_made(page)
        assert [stop.scope for stop in state(site).stopped] == ["everything"]
        page.get_by_role("link", name=says["start"]).click()
        assert_well_made(page)
        page.locator("#why").fill("mended / réparé")
        page.get_by_role("button", name=says["yes_start"]).click()
        expect(page.locator("#standing")).not_to_contain_text(says["stopped"])
        assert state(site).stopped == []
        page.get_by_role("link", name=says["history"]).click()
        assert_well_made(page)


@pytest.mark.parametrize(("language", "screen", "theme"), every_screen)
def test_a_part_is_stopped_and_the_mode_is_set(
    site: Served, browser: Browser, language: str, screen: str, theme: str
) -> None:
    says = {key: said[language] for key, said in SAYS.items()}
    with seat(browser, site, Role.ADMINISTRATOR, language=language, screen=screen, theme=theme) as page:
        page.goto(site.address + "/service")
        page.locator("#type").select_option("type:noise")
        page.get_by_role("button", name=says["part"]).click()
        page.locator("#why").fill("x")
        page.keyboard.press("Enter")
        expect(page.locator("#service-now")).to_contain_text(says["type"])
        page.get_by_role("link", name=says["mode"]).click()
        assert_well_made(page)
        page.locator("#mode-pilot").check()
        page.locator("#why").fill("two weeks")
        page.get_by_role("button", name=says["set"]).click()  # without phones
        assert_well_made(page)
        expect(page.get_by_role("alert")).to_be_visible()
        page.locator("#phones").fill("613-555-0142\n613-555-0143")
        page.get_by_role("button", name=says["set"]).click()
        expect(page.locator("#standing")).to_contain_text(says["pilot"])
        assert_well_made(page)
        assert (state(site).mode, state(site).pilot_phones) == (Mode.PILOT, 2)


@pytest.mark.parametrize(("language", "screen", "theme"), every_screen)
def test_numbers_are_entered_looked_up_and_taken_off(
    site: Served, browser: Browser, language: str, screen: str, theme: str
) -> None:
    phone_says(site, "STOP", OTHER)
    blocked(site).add(OTHER, why=Why.LOBBY)
    says = {key: said[language] for key, said in SAYS.items()}
    with seat(browser, site, Role.SUPERVISOR, language=language, screen=screen, theme=theme) as page:
        page.goto(site.address + "/numbers")
        assert_well_made(page)
        page.locator("#opt-out-number").fill("613-555-0142")
        page.get_by_role("button", name=says["opt_out"]).click()
        expect(page.locator(".well")).to_be_visible()
        page.locator("#block-number").fill("1")
        page.get_by_role("button", name=says["block"]).click()
        expect(page.get_by_role("alert")).to_be_visible()
        assert_well_made(page)
        page.locator("#block-number").fill("613-555-0142")
        page.get_by_role("button", name=says["block"]).click()
        assert (blocked(site).find(NUMBER) is not None, opt_outs(site).count()) == (True, 2)
        page.locator("#find-number").fill("613-555-0142")
        page.locator("main").get_by_role("button", name=says["find"]).click()
        assert_well_made(page)
        page.get_by_role("link", name=says["remove"]).click()
        assert_well_made(page)
        page.locator("#why").fill("moved")
        page.get_by_role("button", name=says["remove"]).click()
        assert blocked(site).find(NUMBER) is None
        for path in ("/numbers/blocked", "/numbers/opt-outs", f"/numbers/opt-outs/{stop_of(site, OTHER)}"):
            page.goto(site.address + path)
            assert_well_made(page)
        page.goto(f"{site.address}/numbers/opt-outs/{stop_of(site, NUMBER)}")
        assert_well_made(page)
        page.locator("#theirs").check()
        page.locator("#why").fill("asked")
        page.get_by_role("button", name=says["end"]).click()
        expect(page.locator(".well")).to_be_visible()
        assert [entry.number for entry in opt_outs(site).page().entries] == [OTHER]


def stop_of(site: Served, number: str) -> int:
    return opt_outs(site).of_number(number)[0].id


def test_everything_is_stopped_by_the_keyboard_alone_and_without_scripts(site: Served, browser: Browser) -> None:
    with seat(browser, site, Role.OPERATOR, scripts=False) as page:
        page.goto(site.address + "/service")
        tab_to(page, "#stop-everything")
        page.keyboard.press("Enter")
        page.wait_for_url("**/service/stop?scope=everything")
        tab_to(page, "#why")
        page.keyboard.type("at three in the morning")
        page.keyboard.press("Enter")
        page.wait_for_url("**/service?said=stopped")
    assert [stop.why for stop in state(site).stopped] == ["at three in the morning"]


def tab_to(page: Page, selector: str) -> None:
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.locator(selector).evaluate("one => one === document.activeElement"):
            return
    raise AssertionError(f"{selector} is not reached by the keyboard")


def test_what_somebody_else_stops_appears_without_a_reload(site: Served, browser: Browser) -> None:
    with seat(browser, site, Role.ANALYST) as page:
        page.goto(site.address + "/service")
        expect(page.locator("#service-now")).to_contain_text("Nothing is stopped")
        Switches(engine=site.engine, keyring=site.keyring).stop("everything", by="somebody else", why="wrong words")
        expect(page.locator("#standing")).to_contain_text("Everything is stopped", timeout=8000)
        expect(page.locator("#service-now")).to_contain_text("somebody else", timeout=8000)
