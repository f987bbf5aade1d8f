"""The survey as a resident meets it: Chromium on a phone and on a desk, both languages, light and dark."""

from collections.abc import Iterator
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.web.served import Residents

_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
_RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}

Scheme = Literal["light", "dark"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=_ARGUMENTS)
        yield browser
        browser.close()


def assert_accessible(page: Page) -> None:
    results = Axe().run(page, options=_RULES)
    assert results.violations_count == 0, results.generate_report()
    width = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert width == 0, "the page scrolls sideways"


def test_a_resident_answers_in_french_on_a_phone(residents: Residents, browser: Browser) -> None:
    link = f"{residents.address}/s/{residents.invite(language='fr')}"
    page = browser.new_page(viewport={"width": 390, "height": 844}, java_script_enabled=False)

    page.goto(link)
    expect(page.get_by_role("heading", level=1)).to_have_text("Votre avis sur notre service")
    page.get_by_role("group", name="Dans l’ensemble").get_by_label("Très élevé").check()
    expect(page.get_by_role("group", name="a écouté ce que j’avais à dire")).to_have_count(0)
    page.get_by_label("Oui, par téléphone").check()
    page.get_by_role("group", name="a écouté ce que j’avais à dire").get_by_label("D’accord", exact=True).check()
    page.get_by_label("Avez-vous autre chose à nous dire?").fill("Très bon accueil, rappelez-moi au 613-555-0100")
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("How did we do?")
    expect(page.get_by_label("Very satisfied")).to_be_checked()
    page.get_by_role("button", name="Français").click()
    page.get_by_role("button", name="Envoyer mes réponses").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Merci")
    expect(page.get_by_text("Composez le 9-1-1").first).to_be_visible()
    assert page.url == f"{residents.address}/thank-you?lang=fr"
    (held,) = residents.held()
    assert held.answers == {
        "Q1": "5",
        "Q6": "by_phone",
        "Q8": "4",
    }
    assert held.comment == "Très bon accueil, rappelez-moi au [phone]"

    page.goto(link)
    expect(page.get_by_role("heading", level=1)).to_have_text("Les réponses sont déjà envoyées")
    expect(page.get_by_role("heading", level=2)).to_have_text("These answers are already in")
    page.close()


def test_a_resident_answers_with_the_keyboard_alone(residents: Residents, browser: Browser) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.goto(f"{residents.address}/s/{residents.invite(language='en')}")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.get_by_label("Very dissatisfied").focus()
    page.keyboard.press("Space")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_label("Dissatisfied", exact=True)).to_be_checked()
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", level=1)).to_have_text("Thank you")
    (held,) = residents.held()
    assert held.answers == {"Q1": "2"}

    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text("These answers are already in")
    page.close()


def test_a_mistake_takes_the_focus_and_leads_to_its_question(residents: Residents, browser: Browser) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 844})
    page.goto(f"{residents.address}/s/{residents.invite(language='en')}")
    page.get_by_role("button", name="Send my answers").click()

    alert = page.get_by_role("alert")
    expect(alert).to_be_focused()
    expect(alert).to_contain_text("You have not answered any question yet")
    assert_accessible(page)
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["en", "fr"])
def test_every_page_is_accessible_at_every_width(
    residents: Residents, browser: Browser, language: str, scheme: Scheme
) -> None:
    context = browser.new_context(color_scheme=scheme)
    page = context.new_page()
    survey = f"/s/{residents.invite()}?lang={language}"
    for width, height in ((320, 640), (1280, 800)):
        page.set_viewport_size({"width": width, "height": height})
        for path in (survey, f"/?lang={language}", f"/thank-you?lang={language}", f"/s/unknown?lang={language}"):
            page.goto(residents.address + path)
            assert page.locator("html").get_attribute("lang") == language
            assert_accessible(page)
        page.goto(residents.address + survey)
        page.locator("[name=Q6][value=in_person]").check()
        expect(page.locator("#Q9")).to_be_visible()
        assert_accessible(page)
        small = page.locator("main label, main button:not(.first), header a, header button:not(.first)").evaluate_all(
            "all => all.filter(one => one.getClientRects().length && one.getBoundingClientRect().height < 24).length"
        )
        assert small == 0, "a target is smaller than 24 pixels"
    context.close()
