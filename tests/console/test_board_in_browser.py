"""The board in Chromium: live without reloading, in both languages, on phone and desk, light and dark, accessible."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlmodel import Session

from calls.contracts import Kind, LedgerState
from database.feeds import CadFeedRow
from database.line import LineRow
from database.tables import InboundMessageRow, real_now
from tests.console.board_calls import NUMBER, Desk, a_year_of_calls
from tests.console.browsing import LANGUAGES, SCREENS, THEMES, assert_well_made, seat
from tests.console.served import Served
from tests.local.boxes import until
from tests.web.browsing import chromium
from web.staff.access.roles import Role
from web.staff.switches import Switches

SOON = 12_000


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def desk(site: Served) -> Desk:
    return Desk(site.engine, site.keyring, site.agency)


def the_row(page: Page, cad_id: str = "1001") -> str:
    return f"tr:has(#call-ottawa-{cad_id})"


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_call_appears_moves_through_its_stages_and_a_trouble_is_shown_without_reloading(
    site: Served, browser: Browser, desk: Desk, language: str
) -> None:
    said = {
        "en": (
            "Waiting for the confirmation",
            "Waiting for an officer",
            "Officer dispatched",
            "Cleared, survey to come",
            "this resident was not given the case number",
            "Nothing needs a person now.",
        ),
        "fr": (
            "En attente de la confirmation",
            "En attente d’un agent",
            "Agent dépêché",
            "Terminé, sondage à venir",
            "ce résident n’a pas reçu le numéro de dossier",
            "Rien ne demande une personne en ce moment.",
        ),
    }[language]
    with seat(browser, site, Role.OPERATOR, language=language) as page:
        page.goto(site.address + "/calls")
        page.evaluate("window.same = true")
        expect(page.locator("#calls .notice")).to_be_visible()
        expect(page.locator("#trouble-count")).to_have_text(said[5])
        call = desk.call(minutes_ago=7)
        row = page.locator(the_row(page))
        expect(row).to_contain_text(said[0], timeout=SOON)
        expect(row).to_contain_text(re.compile("[67] min"))  # counted in whole minutes of the clock
        desk.text(call, Kind.CONFIRMATION, LedgerState.SENT)
        expect(row).to_contain_text(said[1], timeout=SOON)
        desk.change_text(
            call, Kind.CONFIRMATION, state=LedgerState.UNDELIVERED, error_code=30003, updated_real=real_now()
        )
        expect(page.locator("#troubles")).to_contain_text(said[4], timeout=SOON)
        expect(row.locator(".tag.alert")).to_be_visible(timeout=SOON)
        page.locator(f"#troubles a[href='/calls/{call}']").wait_for()
        desk.tell("1001", dispatched_at=1)
        expect(row).to_contain_text(said[2], timeout=SOON)
        desk.tell("1001", cleared_at=0, disposition="RTF", outcome="ordinary")
        expect(row).to_contain_text(said[3], timeout=SOON)
        expect(page.locator("#stage-cleared strong")).to_have_text("1")
        Switches(engine=site.engine, keyring=site.keyring).stop(f"call:{call}", by="Demo", why="a test")
        expect(page.locator("#stage-held strong")).to_have_text("1", timeout=SOON)
        desk.change_call(call, ended_reason="the survey was offered")
        expect(row).to_have_count(0, timeout=SOON)
        assert page.evaluate("window.same"), "the page was reloaded"


def everything_goes_wrong(site: Served, desk: Desk) -> None:
    """One of each trouble."""
    troubles: tuple[tuple[Kind, dict[str, Any]], ...] = (
        (Kind.DELAY, {"state": "undelivered", "error_code": 30003}),
        (Kind.CONFIRMATION, {"state": "undelivered", "error_code": 30006}),
        (Kind.DELAY, {"state": "unknown", "first_sending_real": real_now()}),
        (Kind.CONFIRMATION, {"state": "expired", "reason": "it would no longer be true or useful"}),
    )
    for number, (kind, text) in enumerate(troubles, start=1):
        call = desk.call(str(number), minutes_ago=5 + number)
        if kind is Kind.DELAY:
            desk.text(call, Kind.CONFIRMATION)
        desk.text(call, kind, **text)
    desk.call("7", call_type_code="ZOMBIES", call_type_group="")
    desk.change_call(desk.call("8"), trouble="overdue: confirmation", trouble_since_real=real_now())
    Switches(engine=site.engine, keyring=site.keyring).stop("kind:survey", by="Demo", why="too many complaints")
    long_ago = real_now() - timedelta(hours=30)
    with Session(site.engine) as session, session.begin():
        session.add(CadFeedRow(feed="county", way="push", last_record_real=long_ago, since_real=long_ago))
        session.add(
            LineRow(sender=site.agency.identity.sender, closed_since_real=real_now(), closed_because="the account")
        )
        session.add(
            InboundMessageRow(
                provider_sid="SM1", phone_hash=site.keyring.phone_hash(NUMBER), sender="", keyword="wrong number",
                body_encrypted="", received_at=real_now(),
            )
        )  # fmt: skip


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_with_every_trouble_at_once_the_board_is_accessible_and_shows_no_number(
    site: Served, browser: Browser, desk: Desk, language: str, screen: str, theme: str
) -> None:
    everything_goes_wrong(site, desk)
    with seat(browser, site, Role.OPERATOR, language=language, theme=theme, screen=screen) as page:
        for path in ("/calls", "/calls?stage=all&person=1&sort=due", "/attention", "/calls?area=nowhere"):
            page.goto(site.address + path)
            assert_well_made(page)
            assert not re.search(r"613.{0,2}555", page.content())
        page.goto(site.address + "/calls")
        shown = page.locator("#troubles h2").evaluate_all("all => all.map(one => one.id)")
        assert shown == [
            "line_closed", "switched_off", "feed", "stuck", "unknown_outcome", "wrong_number", "landline",
            "undelivered", "expired", "unknown_code",
        ]  # fmt: skip


def test_without_scripts_pages_and_filters_work_and_hold_a_hundred_calls(site: Served, browser: Browser) -> None:
    a_year_of_calls(site.engine, open_calls=250, calls=260, now=real_now() - timedelta(minutes=4))
    with seat(browser, site, Role.OPERATOR, scripts=False) as page:
        page.goto(site.address + "/calls?stage=all")
        seen = []
        for _ in range(3):
            seen += page.locator("tbody th").all_text_contents()
            if page.locator("#page-after").count():
                page.locator("#page-after").click()
        assert len(seen) == len(set(seen)) == 250
        page.select_option("#priority", "3")
        page.locator("form.filters button").click()
        assert page.url.endswith("stage=all&priority=3&type=&area=&sort=waiting")
        assert page.locator("caption").text_content() == "Calls 1 to 83 of 83"


def test_what_has_the_focus_keeps_it_while_the_board_changes(site: Served, browser: Browser, desk: Desk) -> None:
    desk.call("1", minutes_ago=9)
    with seat(browser, site, Role.OPERATOR) as page:
        page.goto(site.address + "/calls")
        page.locator("#call-ottawa-1").focus()
        desk.call("2", minutes_ago=1)
        page.locator("#call-ottawa-2").wait_for(timeout=SOON)
        assert page.evaluate("document.activeElement.id") == "call-ottawa-1"


def test_a_page_that_has_not_changed_is_not_sent_again(site: Served, desk: Desk) -> None:
    call = desk.call()
    operator = site.staff(Role.OPERATOR)
    for _ in range(3):  # at the turn of a minute the waiting times are others
        tag = operator.get("/calls?stage=all").headers["ETag"]
        again = operator.get("/calls?stage=all", headers={"If-None-Match": tag, "X-Live": "1"})
        if again.status_code == 304:
            break
    assert (again.status_code, again.text) == (304, "")
    assert site.staff(Role.OPERATOR).get("/calls", headers={"If-None-Match": tag}).status_code == 200
    desk.change_call(call, trouble="overdue: confirmation")
    until(lambda: operator.get("/calls?stage=all", headers={"If-None-Match": tag}).status_code == 200, seconds=10)
