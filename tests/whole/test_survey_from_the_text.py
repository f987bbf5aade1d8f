"""From the text on the phone to the answer: the carrier's phone in a browser, its link tapped, the survey sent once."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from sqlmodel import Session, select

from database.surveys import HeldAnswerRow, SurveyDraftRow
from tests.web.browsing import PHONE, chromium
from tests.whole.conftest import BEGINS
from tests.whole.town import Town, running_town

CALLER = "+16135550128"


@pytest.fixture
def town_of_its_own(ottawa_with_numbers: Path) -> Iterator[Town]:
    with running_town(ottawa_with_numbers, speed=600, begins=BEGINS) as town:
        yield town


def test_a_text_arrives_its_link_is_tapped_and_the_survey_is_answered_in_two_languages_and_sent_once(
    town_of_its_own: Town,
) -> None:
    town, at = town_of_its_own, town_of_its_own.local
    call = {"incident_id": "28", "priority_native": "4", "source": "phone", "type_initial": "NOISE", "language": "fr"}
    town.play(call | {"phone": CALLER, "received": at(5), "dispatched": at(20), "first_closed": at(40)})
    town.wait_for("the survey's text", lambda: any("/s/" in text for text in town.texts(CALLER)))
    with chromium() as browser:
        page = browser.new_context(viewport=PHONE, java_script_enabled=False).new_page()
        tap_the_link(town, page)
        expect(page.get_by_role("heading", level=1)).to_have_text("Votre avis sur notre service")
        page.get_by_role("group", name="Dans l’ensemble").get_by_label("Très élevé").check()
        page.get_by_role("button", name="Suivant").last.click()
        page.get_by_role("button", name="English").click()
        page.get_by_label("No", exact=True).check()
        page.get_by_role("button", name="Next").last.click()
        page.context.close()

        page = browser.new_context(viewport=PHONE, java_script_enabled=False).new_page()
        tap_the_link(town, page)
        page.get_by_role("button", name="Send my answers").last.click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Thank you")
        tap_the_link(town, page)
        expect(page.get_by_text("These answers are already in")).to_be_visible()
    with Session(town.engine) as session:
        assert len(session.exec(select(HeldAnswerRow)).all()) == 1
        assert session.exec(select(SurveyDraftRow)).all() == []


def tap_the_link(town: Town, page: Page) -> None:
    """On the page of the phone, as whoever holds it does."""
    page.goto(f"{town.box.phones_url}/phones/{CALLER.removeprefix('+')}")
    href = page.locator("a[href*='/s/']").last.get_attribute("href")
    assert href is not None
    page.goto(href)
