"""Chromium as residents have it, and what every page must hold there."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

PHONE: Final[ViewportSize] = {"width": 360, "height": 740}
DESK: Final[ViewportSize] = {"width": 1280, "height": 900}
_ARGUMENTS: Final = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
_RULES: Final = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
_TARGETS: Final = "label.option, button:not(.first), header a:not(.skip), footer a, a.send, a.on, textarea"
_SMALL: Final = """all => all.filter(one => one.getClientRects().length)
    .filter(one => one.getBoundingClientRect().height < 44 || one.getBoundingClientRect().width < 44)
    .map(one => one.textContent)"""


@contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=_ARGUMENTS)
        yield browser
        browser.close()


def settle(page: Page) -> None:
    """A click returns when the next page begins to come; only once that is loaded can a script look at it. On a busy
    machine there was no document in between, twice in 5,000 tests."""
    page.wait_for_load_state("load")
    page.locator("html").wait_for(state="attached")


def assert_accessible(page: Page) -> None:
    """axe finds nothing, nothing is wider than the screen, and every target is 44 pixels high and wide."""
    settle(page)
    results = Axe().run(page, options=_RULES)
    assert results.violations_count == 0, results.generate_report()
    assert_fits(page)
    assert page.locator(_TARGETS).evaluate_all(_SMALL) == []


def assert_fits(page: Page) -> None:
    settle(page)
    width = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert width == 0, "the page scrolls sideways"
