"""Chromium as staff have it, and what every page of the console must hold there."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.console.served import Served
from tests.web.browsing import DESK, PHONE, assert_fits, settle
from web.staff.access.roles import Role
from web.staff.console.pages import LANGUAGE_COOKIE, THEME_COOKIE

SCREENS: Final = {"phone": PHONE, "desk": DESK}
LANGUAGES: Final = ("en", "fr")
THEMES: Final = ("light", "dark")
_RULES: Final = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


@contextmanager
def seat(
    browser: Browser,
    site: Served,
    role: Role,
    *,
    language: str = "en",
    theme: str = "light",
    screen: str = "desk",
    scripts: bool = True,
) -> Iterator[Page]:
    """Somebody of this role, signed in, at a screen of their own."""
    context = browser.new_context(viewport=SCREENS[screen], java_script_enabled=scripts)
    host = urlsplit(site.address).hostname or ""
    cookies = {cookie.name: cookie.value or "" for cookie in site.staff(role).http.cookies}
    cookies |= {LANGUAGE_COOKIE: language, THEME_COOKIE: theme}
    context.add_cookies(
        [{"name": name, "value": value, "domain": host, "path": "/"} for name, value in cookies.items()]
    )
    page = context.new_page()
    try:
        yield page
    finally:
        context.close()


def assert_well_made(page: Page) -> None:
    """axe finds nothing, and nothing is wider than the screen."""
    settle(page)
    results = Axe().run(page, options=_RULES)
    assert results.violations_count == 0, f"{page.url}\n{results.generate_report()}"
    assert_fits(page)
