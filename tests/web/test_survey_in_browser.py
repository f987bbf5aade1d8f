"""The survey as a resident meets it: Chromium on a phone and on a desk, both languages, light and dark."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, Request, expect
from sqlalchemy import Engine, event
from sqlalchemy.exc import OperationalError

from database.encryption import Keyring
from database.surveys import SurveyDraftRow
from tests.conftest import FIGURES
from tests.web.browsing import DESK, PHONE, assert_accessible, assert_fits, chromium
from tests.web.served import Residents, residents_site
from tests.web.tour import choose, next_page, tour
from web.residents.agency import ResidentAgency

Scheme = Literal["light", "dark"]
_STATES = 17


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.mark.parametrize("scripts", [False, True], ids=["without JavaScript", "with JavaScript"])
def test_a_resident_begins_in_french_goes_on_in_english_and_ends_on_another_phone(
    residents: Residents, browser: Browser, scripts: bool
) -> None:
    link = f"{residents.address}/s/{residents.invite(language='fr')}"

    def phone() -> Page:
        return browser.new_context(viewport=PHONE, java_script_enabled=scripts).new_page()

    page = phone()
    page.goto(link)
    expect(page.get_by_role("heading", level=1)).to_have_text("Votre avis sur notre service")
    page.get_by_role("group", name="Dans l’ensemble").get_by_label("Très élevé").check()
    page.get_by_role("button", name="Suivant").last.click()
    expect(page.get_by_text("Étape 2 sur 4")).to_be_visible()
    page.get_by_label("Oui, par téléphone").check()
    page.get_by_role("button", name="English").click()
    expect(page.get_by_text("Step 2 of 4")).to_be_visible()
    expect(page.get_by_label("Yes, by phone")).to_be_checked()
    page.get_by_role("button", name="Next").last.click()
    page.get_by_role("group", name="listened to what I had to say").get_by_label("Agree", exact=True).check()
    page.get_by_role("button", name="Back").click()
    expect(page.get_by_label("Yes, by phone")).to_be_checked()
    page.context.close()

    page = phone()
    page.goto(link)
    expect(page.get_by_text("Step 2 of 4")).to_be_visible()
    page.get_by_role("button", name="Next").last.click()
    expect(page.get_by_role("group", name="listened").get_by_label("Agree", exact=True)).to_be_checked()
    page.get_by_role("button", name="Next").last.click()
    page.get_by_label("Noise").check()
    page.get_by_label("Is there anything you want to tell us?").fill("Very kind, call me at 613-555-0100")
    expect(page.get_by_label("No, use it in summaries only")).to_be_checked()
    page.get_by_role("button", name="Send my answers").last.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Thank you")
    assert page.url == f"{residents.address}/thank-you?lang=en"

    (held,) = residents.held()
    assert held.answers == {"Q1": "5", "Q6": "by_phone", "Q8": "4", "Q10": ["noise"]}
    assert (held.comment, held.may_share, held.language) == ("Very kind, call me at [phone]", False, "en")
    assert residents.rows(SurveyDraftRow) == []

    page.go_back()  # and send it again
    expect(page.get_by_role("heading", level=1)).to_have_text("These answers are already in")
    page.goto(link)
    expect(page.get_by_role("heading", level=1)).to_have_text("Les réponses sont déjà envoyées")
    expect(page.get_by_role("heading", level=2)).to_have_text("These answers are already in")
    assert len(residents.held()) == 1
    page.context.close()


def test_the_browsers_own_way_back_leads_to_the_page_before(residents: Residents, browser: Browser) -> None:
    page = browser.new_page(viewport=PHONE)
    page.goto(f"{residents.address}/s/{residents.invite(language='en')}")
    choose(page, "Q1", "3")
    next_page(page)
    choose(page, "Q6", "no")
    next_page(page)
    expect(page.get_by_text("Step 3 of 3")).to_be_visible()
    page.go_back()
    expect(page.get_by_text("Step 2 of 4")).to_be_visible()
    expect(page.get_by_label("No", exact=True)).to_be_checked()
    page.go_back()
    expect(page.get_by_text("Step 1 of 4")).to_be_visible()
    page.close()


def test_a_resident_answers_with_the_keyboard_alone(residents: Residents, browser: Browser) -> None:
    page = browser.new_page(viewport=DESK)
    page.goto(f"{residents.address}/s/{residents.invite(language='en')}")

    def tab_to(reached: Callable[[], bool]) -> None:
        for _ in range(40):
            page.keyboard.press("Tab")
            assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none" or page.evaluate(
                "getComputedStyle(document.activeElement.closest('.option')).outlineStyle !== 'none'"
            ), "nobody sees where the focus is"
            if reached():
                return
        raise AssertionError("the keyboard does not get there")

    def is_at(selector: str) -> Callable[[], bool]:
        return lambda: bool(page.evaluate("one => document.activeElement.matches(one)", selector))

    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    tab_to(is_at("[name=Q1]"))
    page.keyboard.press("Space")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_label("Dissatisfied", exact=True)).to_be_checked()
    tab_to(is_at(".send"))
    page.keyboard.press("Enter")
    expect(page.get_by_text("Step 2 of 4")).to_be_visible()
    tab_to(is_at("[name=Q6]"))
    for _ in range(2):  # to "No", from the first of the options
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")  # goes on, and does not change the language
    expect(page.get_by_text("Step 3 of 3")).to_be_visible()
    tab_to(is_at("[name=Q10]"))
    page.keyboard.press("Space")
    tab_to(is_at("#C1"))
    page.keyboard.type("Thank you")
    tab_to(is_at(".back"))
    page.keyboard.press("Enter")
    expect(page.get_by_text("Step 2 of 4")).to_be_visible()
    tab_to(is_at(".send"))
    page.keyboard.press("Enter")
    expect(page.locator("#C1")).to_have_value("Thank you")
    tab_to(is_at(".send"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Thank you")
    (held,) = residents.held()
    assert (held.answers, held.comment) == ({"Q1": "2", "Q6": "no", "Q10": ["driving"]}, "Thank you")
    page.close()


def test_a_mistake_takes_the_focus_and_leads_to_its_question(residents: Residents, browser: Browser) -> None:
    page = browser.new_page(viewport=PHONE)
    for state in tour(residents, page, "en"):
        if state == "comment-too-long":
            expect(page.get_by_role("alert")).to_be_focused()
            expect(page).to_have_title("Error: Your neighbourhood and your comment, Step 4 of 4 – Ottawa Police")
            page.get_by_role("alert").get_by_role("link").click()
            expect(page.locator("#C1")).to_be_focused()
            expect(page.locator("#C1")).to_have_accessible_description(re.compile("Please shorten your comment"))
        if state == "nothing-answered":
            expect(page.get_by_role("alert")).to_be_focused()
            expect(page.get_by_role("alert")).to_contain_text("You have not answered any question, which is fine.")
    page.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("language", ["en", "fr"])
def test_every_page_and_state_is_accessible_on_a_phone_and_on_a_desk(
    residents: Residents, browser: Browser, language: str, theme: Scheme
) -> None:
    context = browser.new_context(color_scheme=theme, viewport=PHONE)
    page = context.new_page()
    states = []
    for state in tour(residents, page, language):
        states.append(state)
        assert page.locator("html").get_attribute("lang") == language
        assert_accessible(page)
        page.set_viewport_size(DESK)
        assert_accessible(page)
        page.set_viewport_size(PHONE)
    assert len(set(states)) == _STATES
    context.close()


@pytest.mark.parametrize("language", ["en", "fr"])
def test_nothing_scrolls_sideways_on_the_smallest_screen_zoomed_in_from_the_right_or_on_paper(
    residents: Residents, browser: Browser, language: str
) -> None:
    """320 pixels are also a desk's 1280 at 400 %."""
    page = browser.new_page(viewport={"width": 320, "height": 225})
    for _ in tour(residents, page, language):
        assert_fits(page)
        page.evaluate("document.documentElement.dir = 'rtl'")
        assert_fits(page)
        page.evaluate("document.documentElement.style.fontSize = '200%'")  # letters twice as large, on top
        assert_fits(page)
        page.evaluate("document.documentElement.dir = 'ltr'")
        assert_fits(page)
        page.evaluate("document.documentElement.style.fontSize = ''")
        page.emulate_media(media="print")
        assert_fits(page)
        assert page.locator("main button:visible, .switch:visible").count() == 0
        page.emulate_media(media="screen")
    page.close()


def test_a_page_weighs_little_asks_nobody_else_and_tells_nobody_where_it_came_from(
    residents: Residents, browser: Browser, record_property: Callable[[str, object], None]
) -> None:
    context = browser.new_context(viewport=PHONE)
    page = context.new_page()
    requests: list[Request] = []
    page.on("request", lambda request: requests.append(request))
    sizes: dict[str, int] = {}
    parts: set[str] = set()
    for state in tour(residents, page, "fr"):
        page.wait_for_load_state("networkidle")
        sizes[state] = len(page.content().encode())
        assert all(request.url.startswith(residents.address) for request in requests)
        assert not any(request.all_headers().get("referer") for request in requests)
        parts |= {request.url for request in requests if "/static/" in request.url}
        requests.clear()
    assert context.cookies() == []
    heaviest = max(sizes, key=lambda state: sizes[state])
    total = sizes[heaviest] + sum(len(residents.http.get(part, timeout=10).content) for part in parts)
    record_property(FIGURES, f"survey: the heaviest page ({heaviest}) has {total / 1000:.1f} kB with style and icon")
    assert total < 50_000
    context.close()


def test_a_survey_without_steps_is_one_page_whose_follow_ups_wait_for_their_gate(
    engine: Engine, keyring: Keyring, agency: ResidentAgency, browser: Browser
) -> None:
    one_page = replace(agency, survey=agency.survey.model_copy(update={"steps": ()}))
    with residents_site(engine, keyring, one_page) as site:
        page = browser.new_page(viewport=PHONE)
        page.goto(f"{site.address}/s/{site.invite(language='en')}")
        assert_accessible(page)
        expect(page.get_by_text("Step")).to_have_count(0)
        expect(page.locator("#Q9")).to_be_hidden()
        choose(page, "Q6", "in_person")
        expect(page.locator("#Q9")).to_be_visible()
        choose(page, "Q9", "5")
        assert_accessible(page)
        next_page(page)
        expect(page.get_by_role("heading", level=1)).to_have_text("Thank you")
        assert site.held()[0].answers == {"Q6": "in_person", "Q9": "5"}
        page.close()


def test_what_was_typed_outlives_a_database_that_is_away(
    residents: Residents, engine: Engine, browser: Browser
) -> None:
    def away(*_: object) -> None:
        raise OperationalError("", {}, Exception())

    page = browser.new_page(viewport=PHONE)
    page.goto(f"{residents.address}/s/{residents.invite(language='en')}?step=4&lang=fr")
    words = 'First line\n"second" <b>line</b> & the rest'
    page.locator("#C1").fill(words)
    choose(page, "Q10", "noise")
    choose(page, "Q10", "drugs")
    event.listen(engine, "before_cursor_execute", away)
    try:
        next_page(page)
        expect(page.get_by_role("heading", level=1)).to_have_text("Pas encore envoyé")
        assert_accessible(page)
        page.get_by_role("button", name="Réessayer").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Pas encore envoyé")
    finally:
        event.remove(engine, "before_cursor_execute", away)
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Merci")
    (held,) = residents.held()
    assert (held.answers, held.comment) == ({"Q10": ["noise", "drugs"]}, words)
    page.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_mistake_with_an_urgent_comment_can_be_read_and_called_from(
    residents: Residents, browser: Browser, theme: Scheme
) -> None:
    page = browser.new_page(viewport=PHONE, color_scheme=theme)
    page.goto(f"{residents.address}/s/{residents.invite(language='en')}?step=4")
    page.locator("#C1").evaluate("one => { one.removeAttribute('maxlength'); one.value = 'a gun ' + 'x'.repeat(1000) }")
    next_page(page)
    expect(page.get_by_role("alert").get_by_role("link", name="Call 9-1-1")).to_be_visible()
    assert_accessible(page)
    page.close()


def test_nothing_beside_the_form_leads_away_from_what_is_being_typed(residents: Residents, browser: Browser) -> None:
    """The browser's way back would lead to the page as it was saved: nothing of it is kept on the phone."""
    page = browser.new_page(viewport=PHONE)
    page.goto(f"{residents.address}/s/{residents.invite(language='en')}?step=4")
    page.locator("#C1").fill("typed and not sent")
    for link in page.get_by_role("link").all():
        link.evaluate("one => one.click()")
    expect(page.locator("#C1")).to_have_value("typed and not sent")
    page.close()
