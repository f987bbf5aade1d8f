"""The portal in a browser, from the disk as from a server, with scripts off: for everybody, by day and by night."""

import threading
from collections.abc import Iterator, Sequence
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.public.portal import Portal
from tests.web.browsing import DESK, PHONE, assert_accessible, chromium

SCREENS = {"phone": PHONE, "desk": DESK}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("screen", ["phone", "desk"])
def test_the_pages_are_for_everybody(browser: Browser, portal: Portal, screen: str, language: str, theme: str) -> None:
    quarter = portal.quarters[-1]
    pages = ("index", "downloads", f"{quarter}/ward-02", f"{quarter}/question-q1")
    with browser.new_context(viewport=SCREENS[screen], color_scheme=theme) as context:  # type: ignore[arg-type]
        _look_at(context.new_page(), [portal.site / language / f"{page}.html" for page in pages])


@pytest.mark.deep
@pytest.mark.timeout(900)
@pytest.mark.parametrize(("folder", "screen"), [("en", "phone"), ("fr", "desk")])
def test_every_page_there_is_is_for_everybody(browser: Browser, portal: Portal, folder: str, screen: str) -> None:
    with browser.new_context(viewport=SCREENS[screen]) as context:
        _look_at(context.new_page(), sorted((portal.site / folder).rglob("*.html")))


def _look_at(page: Page, paths: Sequence[Path]) -> None:
    for path in paths:
        page.goto(f"file://{path}")
        page.locator("details").evaluate_all("all => all.forEach(one => { one.open = true })")
        assert_accessible(page)


def _without_scripts(browser: Browser) -> BrowserContext:
    return browser.new_context(viewport=DESK, java_script_enabled=False)


def _goes_from_the_door_to_a_figure(page: Page, portal: Portal, door: str) -> None:
    """By keyboard alone, to the figures of an area and of a question, and to the same page in French."""
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.goto(door)
    _follow(page, "English")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # past the menu
    expect(page).to_have_url(f"{door.removesuffix('index.html')}en/index.html#content")
    _follow(page, "Ward 2")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Ward 2")
    _follow(page, "Overall, how satisfied are you with how police handled your call?")
    _follow(page, "Earlier: January to March 2026")
    _follow(page, "Français")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Dans l’ensemble")
    expect(page).to_have_url(f"{door.removesuffix('index.html')}fr/{portal.quarters[-2]}/question-q1.html")
    page.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(page.locator("[data-table=quarter_column]")).to_be_visible()
    assert complaints == [], "the pages' own policy forbids nothing that they need"


def _follow(page: Page, name: str) -> None:
    page.get_by_role("link", name=name, exact=True).first.focus()
    with page.expect_navigation():
        page.keyboard.press("Enter")


def test_by_keyboard_from_the_disk_without_scripts(browser: Browser, portal: Portal) -> None:
    with _without_scripts(browser) as context:
        _goes_from_the_door_to_a_figure(context.new_page(), portal, f"file://{portal.site}/index.html")


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name
        pass


def test_under_any_path_of_a_plain_server(browser: Browser, portal: Portal) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(portal.site.parent)))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        with _without_scripts(browser) as context:
            page = context.new_page()
            asked: list[str] = []
            page.on("request", lambda request: asked.append(request.url))
            door = f"http://127.0.0.1:{server.server_port}/site/index.html"
            _goes_from_the_door_to_a_figure(page, portal, door)
            assert all(url.startswith(door.removesuffix("index.html")) for url in asked)
            ground = page.locator("header").evaluate("header => getComputedStyle(header).backgroundColor")
            assert ground == "rgb(18, 64, 107)", "the style sheet is there"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_on_paper_the_figures_stand_alone(browser: Browser, portal: Portal) -> None:
    with _without_scripts(browser) as context:
        page = context.new_page()
        page.emulate_media(media="print", color_scheme="dark")
        page.goto(f"file://{portal.site}/en/{portal.quarters[-1]}/ward-02.html")
        expect(page.locator("header nav")).to_be_hidden()
        expect(page.locator("table.answers").first).to_be_visible()
        assert page.locator("body").evaluate("body => getComputedStyle(body).color") == "rgb(0, 0, 0)"
        assert page.locator("body").evaluate("body => getComputedStyle(body).backgroundColor") == "rgb(255, 255, 255)"
