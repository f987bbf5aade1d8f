"""The insights in a browser: both languages, phone and desk, light and dark, without scripts, and with a keyboard."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page
from sqlmodel import Session

from database.surveys import SurveyCommentRow
from tests.console.browsing import LANGUAGES, SCREENS, THEMES, assert_well_made, seat
from tests.insights.conftest import City
from tests.web.browsing import chromium
from web.staff.access.roles import Role

pytestmark = pytest.mark.parametrize("city", ["small"], indirect=True)

PATHS = (
    "/insights",
    "/insights?question=Q10&language=fr",
    "/insights?area=Nowhere",
    "/insights/reach",
    "/insights/topics",
)
_PICTURES = "all => all.map(one => [one.complete, one.naturalWidth, one.alt])"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module", autouse=True)
def _comments(city: City) -> None:
    """Approved ones, of two months."""
    with Session(city.engine) as session, session.begin():
        for number in range(40):
            session.add(
                SurveyCommentRow(
                    agency="ottawa",
                    week=f"2026-W{30 + number % 8}",
                    language="en",
                    comment_encrypted="x",
                    reviewed=True,
                    decision="approved",
                    topics=["noise", "theft"] if number % 3 else ["waiting"],
                )
            )


def opened(page: Page, city: City, path: str) -> None:
    page.goto(city.site.address + path)
    # Charts far down the page are fetched when they come near; here all are wanted at once.
    page.evaluate("document.querySelectorAll('img').forEach(one => { one.loading = 'eager' })")
    page.evaluate("Promise.all([...document.images].map(one => one.decode().catch(() => null)))")


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("screen", sorted(SCREENS))
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_can_be_used_by_everybody(
    browser: Browser, city: City, language: str, screen: str, theme: str
) -> None:
    with seat(browser, city.site, Role.ANALYST, language=language, theme=theme, screen=screen) as page:
        for path in PATHS:
            opened(page, city, path)
            page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
            assert_well_made(page)
            for complete, width, alt in page.locator("img").evaluate_all(_PICTURES):
                assert complete, (path, alt)
                assert width > 300, (path, alt)
                assert alt.strip(), path


def test_a_chart_is_dark_where_the_page_is(browser: Browser, city: City) -> None:
    for theme, scheme, drawn in (("dark", "light", "dark"), ("auto", "dark", "dark"), ("auto", "light", "light")):
        with seat(browser, city.site, Role.ANALYST, theme=theme) as page:
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            opened(page, city, "/insights")
            shown = page.locator("img").first.evaluate("one => one.currentSrc")
            assert shown.endswith(f"theme={drawn}"), (theme, scheme)


def test_somebody_filters_and_looks_behind_a_chart_with_the_keyboard_and_without_scripts(
    browser: Browser, city: City
) -> None:
    with seat(browser, city.site, Role.SUPERVISOR, scripts=False) as page:
        page.goto(city.site.address + "/insights")
        page.get_by_label("Language", exact=True).focus()
        page.keyboard.type("French")
        page.get_by_role("button", name="Show").press("Enter")
        assert "language=fr" in page.url
        assert page.get_by_label("Language", exact=True).input_value() == "fr"
        behind = page.locator("summary").nth(1)
        behind.focus()
        behind.press("Enter")
        assert page.locator("details[open] table").count() >= 1
        page.get_by_role("link", name="Q5", exact=True).click()
        assert "language=fr" in page.url
        assert page.get_by_role("heading", level=2).last.inner_text().startswith("In detail: Considering the type")
