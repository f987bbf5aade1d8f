"""The public page as a doubtful resident meets it: Chromium, phone and desk, both languages, light and dark."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Literal

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import Engine

from database.encryption import Keyring
from tests.web.browsing import assert_accessible, chromium
from tests.web.served import Residents, north_bay, residents_site

Scheme = Literal["light", "dark"]
WORDS = {
    "en": ("Code", "Check the code", "Yes, this code is from a text that we sent."),
    "fr": ("Code", "Vérifier le code", "Oui, ce code vient d’un texto que nous avons envoyé."),
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def site(engine: Engine, keyring: Keyring) -> Iterator[Residents]:
    with residents_site(engine, keyring, north_bay()) as site:
        yield site


def test_a_doubtful_resident_checks_a_code_without_scripts_and_in_both_languages(
    site: Residents, browser: Browser
) -> None:
    code = site.add_coded_text()
    context = browser.new_context(viewport={"width": 390, "height": 844}, java_script_enabled=False, locale="en-CA")
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{site.address}/was-it-you")
    page.get_by_label("Code", exact=True).fill(f"{code[:3]} {code[3:]}".lower())
    page.get_by_role("button", name="Check the code").click()
    expect(page.get_by_role("status")).to_have_text(WORDS["en"][2])
    page.get_by_role("button", name="Français").click()
    expect(page.get_by_role("status")).to_have_text(WORDS["fr"][2])
    expect(page.get_by_label("Code", exact=True)).to_have_value(code)

    page.get_by_label("Code", exact=True).fill("26-104233")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("Cela ressemble à un numéro de dossier")
    expect(page.get_by_label("Code", exact=True)).to_have_value("")
    page.get_by_role("link", name="English").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Text messages from us")

    assert not [url for url in asked if code.lower() in url.lower() or not url.startswith(site.address)]
    assert context.cookies() == []
    context.close()


def test_the_answer_takes_the_focus_and_the_keyboard_is_enough(site: Residents, browser: Browser) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.goto(f"{site.address}/?lang=en")
    page.get_by_label("Code", exact=True).focus()
    page.keyboard.type("7K3M9X")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_be_focused()
    expect(page.get_by_role("alert")).to_contain_text("Do not tap the link in the text. Call 705-555-0101.")
    page.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_page_is_accessible_in_all_its_states(
    site: Residents, browser: Browser, language: str, theme: Scheme
) -> None:
    code = site.add_coded_text()
    label, button, _ = WORDS[language]
    context = browser.new_context(color_scheme=theme)
    page = context.new_page()
    for width, height in ((320, 640), (1280, 800)):
        page.set_viewport_size({"width": width, "height": height})
        page.goto(f"{site.address}/?lang={language}")
        assert_accessible(page)
        for typed in (code, "7K3M9X", "613-555-0142", ""):
            page.get_by_label(label, exact=True).fill(typed)
            page.get_by_role("button", name=button).click()
            expect(page.locator("#said")).to_be_focused()
            assert page.locator("html").get_attribute("lang") == language
            assert_accessible(page)
    for number in range(110):  # somebody else behind the same address
        site.http.post(f"{site.address}/was-it-you", data={"code": f"X{number:05}"}, timeout=10)
    page.get_by_label(label, exact=True).fill("X99999")
    page.get_by_role("button", name=button).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(
        "Please wait a moment" if language == "en" else "Veuillez patienter un peu"
    )
    assert_accessible(page)
    context.close()


class Forger(BaseHTTPRequestHandler):
    """A page elsewhere with a form that posts to ours."""

    target = ""

    def do_GET(self) -> None:
        form = (
            f'<form method="post" action="{self.target}"><input name="Q1" value="1"><button>Win a prize</button></form>'
        )
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(form.encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Quiet."""


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])  # another site, and one beside ours
def test_a_foreign_page_cannot_post_a_survey(site: Residents, browser: Browser, host: str) -> None:
    token = site.invite()
    forger = HTTPServer(("127.0.0.1", 0), type("It", (Forger,), {"target": f"{site.address}/s/{token}"}))
    thread = threading.Thread(target=forger.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        page = browser.new_page()
        page.goto(f"http://{host}:{forger.server_port}/")
        with page.expect_navigation() as navigation:
            page.get_by_role("button", name="Win a prize").click()
        assert navigation.value is not None
        assert navigation.value.status == 403
        expect(page.get_by_role("heading", level=1)).to_have_text("We cannot accept this")
        assert_accessible(page)
        page.close()
    finally:
        forger.shutdown()
        thread.join()
        forger.server_close()
