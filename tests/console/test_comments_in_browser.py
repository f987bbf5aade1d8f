"""What residents wrote, in a real browser: every task in both languages, on a phone and at a desk, light and dark, by
the keyboard, and without scripts."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import Engine

from database.encryption import Keyring
from policy.agency import Agency
from tests.builders import NOON
from tests.console.browsing import LANGUAGES, SCREENS, THEMES, assert_well_made, seat
from tests.console.served import Served, console_site
from tests.console.test_comments import rows, ten_said, town_of, wrote
from tests.survey.month import with_members
from tests.web.browsing import chromium
from web.staff.access.roles import Role

SAYS = {
    "seen": {"en": "Seen", "fr": "Vu"},
    "kept": {"en": "Kept as seen.", "fr": "Noté comme vu."},
    "masked": {"en": "The words are masked.", "fr": "Les mots sont masqués."},
    "mask": {"en": "Mask the marked words", "fr": "Masquer les mots marqués"},
    "name": {"en": "[name]", "fr": "[nom]"},
    "share": {"en": "Approve and share", "fr": "Approuver et partager"},
    "shared": {"en": "Approved and shared.", "fr": "Approuvé et partagé."},
    "moved": {"en": "This comment has moved", "fr": "Ce commentaire a changé de place"},
    "noise": {"en": "Noise", "fr": "Bruit"},
    "show": {"en": "Show", "fr": "Afficher"},
    "january": {"en": "January 2026", "fr": "janvier 2026"},
    "interval": {"en": "40% (95% interval: 17% to 69%)", "fr": "40 % (intervalle de 95 % : de 17 % à 69 %)"},
    "few": {"en": "fewer than 10", "fr": "moins de 10"},
    "nothing": {"en": "There is nothing to show for this key.", "fr": "Il n’y a rien à afficher pour cette clé."},
}
LONG = (
    "L'agente Marie Tremblay était très gentille, mais le bruit du 12, rue Elgin continue chaque nuit. "
    "Call me at 613-555-0123 if you need more. " + "Anticonstitutionnellement " * 6
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def members(engine: Engine, keyring: Keyring, ottawa: Agency) -> Iterator[Served]:
    with console_site(engine, keyring, with_members(ottawa)) as site:
        yield site


every_screen = [(language, screen, theme) for language in LANGUAGES for screen in SCREENS for theme in THEMES]


def picture(page: Page, name: str, *of: str) -> None:
    """Where a folder for pictures is named."""
    folder = os.environ.get("PICTURES_OF_COMMENTS")
    if folder:
        page.screenshot(path=Path(folder) / f"{'-'.join((name, *of))}.png", full_page=True)


@pytest.mark.parametrize(("language", "screen", "theme"), every_screen)
def test_comments_are_reviewed_and_read(site: Served, browser: Browser, language: str, screen: str, theme: str) -> None:
    wrote(site, "he has a gun", LONG, "Thank you")
    wrote(site, "Only for summaries", share=False)
    town_of(site).night(NOON)
    wrote(site, "il a un couteau", others=0)
    says = {key: said[language] for key, said in SAYS.items()}
    with seat(browser, site, Role.REVIEWER, language=language, screen=screen, theme=theme) as page:
        page.goto(site.address + "/comments")
        assert_well_made(page)
        picture(page, "list", language, screen, theme)
        for _ in range(2):
            panel = page.locator(".panel.urgent").first
            panel.locator("select").select_option("handed_on")
            panel.get_by_role("button", name=says["seen"]).click()
            expect(page.locator("main").get_by_role("status")).to_contain_text(says["kept"])
        expect(page.locator(".panel.urgent")).to_have_count(0)
        assert_well_made(page)
        page.locator("li", has_text="Tremblay").get_by_role("link").click()
        assert_well_made(page)
        expect(page.locator(".topics").get_by_label(says["noise"])).to_be_checked()
        page.locator("label.word", has_text="Marie").locator("input").check()
        page.locator("label.word", has_text="Tremblay").locator("input").focus()
        page.keyboard.press("Space")
        picture(page, "one", language, screen, theme)
        page.get_by_role("button", name=says["mask"]).click()
        expect(page.locator("main").get_by_role("status")).to_contain_text(says["masked"])
        expect(page.locator(".words")).to_contain_text(says["name"])
        expect(page.locator(".words")).not_to_contain_text("Tremblay")
        address = page.url
        page.get_by_role("button", name=says["share"]).click()
        expect(page.locator("main").get_by_role("status")).to_contain_text(says["shared"])
        assert_well_made(page)
        town_of(site).night(NOON.replace(day=NOON.day + 1))
        page.goto(address)
        expect(page.get_by_role("heading", level=1)).to_have_text(says["moved"])
        assert_well_made(page)
        page.goto(site.address + "/comments?state=approved")
        assert_well_made(page)
    assert [row.shared for row in rows(site)].count(True) == 1
    with seat(browser, site, Role.SUPERVISOR, language=language, screen=screen, theme=theme) as page:
        page.goto(site.address + "/comments/shared")
        expect(page.locator("h2")).to_have_text(says["january"])
        expect(page.locator("blockquote")).to_have_count(1)
        expect(page.locator("blockquote")).to_contain_text(says["name"])
        expect(page.locator("nav [aria-current=page]")).to_have_count(1)
        assert_well_made(page)
        picture(page, "shared", language, screen, theme)


@pytest.mark.parametrize(("language", "screen", "theme"), every_screen)
def test_a_members_feedback_is_looked_up(
    members: Served, browser: Browser, language: str, screen: str, theme: str
) -> None:
    ten_said(members, "B-4417")
    says = {key: said[language] for key, said in SAYS.items()}
    with seat(browser, members, Role.SUPERVISOR, language=language, screen=screen, theme=theme) as page:
        page.goto(members.address + "/members")
        assert_well_made(page)
        page.locator("#role").select_option("officer")
        page.locator("#key").fill("B-4417")
        page.get_by_role("button", name=says["show"], exact=True).click()
        for what in ("january", "interval", "few", "name"):
            expect(page.locator("main")).to_contain_text(says[what])
        assert page.url.endswith("/members")
        assert_well_made(page)
        picture(page, "members", language, screen, theme)
        page.locator("#key").fill("nobody")
        page.get_by_role("button", name=says["show"], exact=True).click()
        expect(page.locator("main").get_by_role("status")).to_contain_text(says["nothing"])
        assert_well_made(page)


def test_all_of_it_works_without_scripts(site: Served, browser: Browser) -> None:
    wrote(site, "Thank you Marie")
    town_of(site).night(NOON)
    with seat(browser, site, Role.REVIEWER, scripts=False) as page:
        page.goto(site.address + "/comments")
        page.get_by_role("link", name="Review the comment").click()
        page.locator("label.word", has_text="Marie").locator("input").check()
        page.get_by_role("button", name="Approve and share").click()
        expect(page.locator("main").get_by_role("status")).to_contain_text("Approved and shared.")
    [row] = rows(site)
    assert row.shared
    assert site.keyring.decrypt(row.comment_encrypted) == "Thank you [name]"
