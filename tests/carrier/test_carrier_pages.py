"""The pages on which people read the phones."""

import re
import time
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import requests
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect, sync_playwright

from local.carrier.app import PAGE_HEADERS
from local.carrier.clock import REAL, Clock, clock_from
from local.carrier.network import Network
from local.carrier.reading import Reading
from local.carrier.wording import WORDINGS, WORDS, wanted
from tests.carrier.carrier_box import PHONE, SENDER, Carrier, Service, eventually, running_carrier

THREAD = "/phones/16135550142"
CHROMIUM = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking")
QUIET = ("--disable-component-update", "--disable-sync")


def page(carrier: Carrier, path: str, **headers: str) -> requests.Response:
    return requests.get(carrier.url + path, headers=headers, timeout=5)


def test_the_overview_shows_the_newest_conversation_first(carrier: Carrier) -> None:
    messages = carrier.client().messages
    for phone in ("+16135550142", "+16135550143", "+16135550144", "+16135550142"):
        messages.create(to=phone, from_=SENDER, body=f"for {phone}")
    shown = re.findall(r'class="number">([^<]+)<', page(carrier, "/").text)
    assert shown == ["613-555-0142", "613-555-0144", "613-555-0143"]


def test_the_overview_finds_a_number_by_a_part_of_it_and_offers_to_open_a_new_one(carrier: Carrier) -> None:
    carrier.client().messages.create(to=PHONE, from_=SENDER, body="x")
    assert "613-555-0142" in page(carrier, "/?number=0142").text
    assert "613-555-0142" not in page(carrier, "/?number=0143").text
    assert 'href="/phones/14165550111"' in page(carrier, "/?number=(416) 555-0111").text


def test_an_overview_of_many_phones_is_short_and_quick(carrier: Carrier) -> None:
    messages = carrier.client().messages
    for number in range(60):
        messages.create(to=f"+1613555{100 + number:04d}", from_=SENDER, body="x")
    started = time.monotonic()
    text = page(carrier, "/", **{"Accept-Language": "en"}).text
    assert time.monotonic() - started < 0.5
    assert text.count('class="number"') == 50
    assert "The latest 50 of 60 phones" in text


def test_what_people_write_is_shown_and_never_run(carrier: Carrier) -> None:
    nasty = "<script>alert(1)</script> \"'& https://example.ca/s/a?b=1&c=<x>."
    carrier.client().messages.create(to=PHONE, from_=SENDER, body=nasty)
    carrier.text(nasty)
    for path in (THREAD, "/"):
        text = page(carrier, path).text
        assert "<script>alert" not in text
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert page(carrier, THREAD).text.count('href="https://example.ca/s/a?b=1&amp;c="') == 2


def test_links_open_without_telling_where_they_were(carrier: Carrier) -> None:
    carrier.client().messages.create(to=PHONE, from_=SENDER, body="Sondage : https://example.ca/s/k3J. Merci")
    text = page(carrier, THREAD).text
    assert '<a href="https://example.ca/s/k3J" target="_blank" rel="noopener noreferrer">' in text


def test_pages_allow_nothing_from_elsewhere(carrier: Carrier) -> None:
    for path in ("/", THREAD, "/static/phones.js", "/fragments/phones"):
        answer = page(carrier, path)
        assert answer.status_code == 200
        assert {name: answer.headers[name] for name in PAGE_HEADERS} == PAGE_HEADERS
        assert not re.findall(r'(?:src|href|action)="(?!/|#)', answer.text)
    assert page(carrier, "/docs").status_code == 404


def test_another_sites_page_cannot_text_from_a_phone(carrier: Carrier) -> None:
    answer = requests.post(
        f"{carrier.url}{THREAD}/texts", data={"text": "x"}, headers={"Sec-Fetch-Site": "cross-site"}, timeout=5
    )
    assert answer.status_code == 403
    assert carrier.texts() == []


def test_the_language_is_the_browsers_until_another_is_chosen(carrier: Carrier) -> None:
    assert '<html lang="fr">' in page(carrier, "/", **{"Accept-Language": "fr-CA,fr;q=0.9,en;q=0.8"}).text
    assert '<html lang="en">' in page(carrier, "/", **{"Accept-Language": "de, en;q=0.5, fr;q=0.3"}).text
    with requests.Session() as browser:
        browser.headers["Accept-Language"] = "en"
        assert "Ceci est un simulateur" in browser.get(f"{carrier.url}/?lang=fr", timeout=5).text
        assert "Ceci est un simulateur" in browser.get(f"{carrier.url}{THREAD}", timeout=5).text
    assert wanted(asked="", remembered="", accepted="x;q=y, *").language == "en"


def test_every_word_is_in_both_languages_with_the_same_parts() -> None:
    for key, (english, french) in WORDS.items():
        assert english, key
        assert french, key
        assert re.findall(r"{\w+}", english) == re.findall(r"{\w+}", french), key


def test_a_page_asks_again_and_is_told_when_nothing_is_new(carrier: Carrier) -> None:
    first = page(carrier, "/fragments" + THREAD)
    assert page(carrier, "/fragments" + THREAD, **{"If-None-Match": first.headers["ETag"]}).status_code == 304
    carrier.client().messages.create(to=PHONE, from_=SENDER, body="news")
    again = page(carrier, "/fragments" + THREAD, **{"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 200
    assert "news" in again.text


def test_a_form_works_without_scripts(carrier: Carrier, service: Service) -> None:
    service.twiml = '<Response><Say language="fr-CA">Bonjour</Say></Response>'
    carrier.client().messages.create(to=PHONE, from_=SENDER, body="x")
    sent = requests.post(f"{carrier.url}{THREAD}/texts", data={"text": "one\r\ntwo"}, timeout=5)
    assert sent.url == carrier.url + THREAD  # sent back to the thread
    assert carrier.texts()[-1]["body"] == "one\ntwo"
    requests.post(f"{carrier.url}{THREAD}/calls", timeout=5)
    eventually(lambda: '<dd lang="fr-CA">Bonjour</dd>' in page(carrier, THREAD).text)
    empty = requests.post(f"{carrier.url}{THREAD}/texts", data={"text": " "}, timeout=5)
    assert (empty.status_code, len(carrier.texts())) == (422, 3)


@pytest.mark.parametrize("path", ["/phones/12", "/phones/abc", "/fragments/phones/0"])
def test_a_path_that_is_no_number_is_not_found(carrier: Carrier, path: str) -> None:
    assert page(carrier, path).status_code == 404


def test_the_service_clock_is_told_when_given() -> None:
    clock = clock_from(
        '{"real_origin": "2026-11-22T12:00:00+00:00", "virtual_origin": "2026-11-01T01:30:00-04:00",'
        ' "speed": 60, "zone": "America/Toronto"}'
    )
    minute_later = datetime(2026, 11, 22, 12, 1, tzinfo=UTC).timestamp()
    assert clock.local(minute_later).isoformat() == "2026-11-01T01:30:00-05:00"  # the hour that comes twice
    assert clock.is_virtual
    assert clock_from("") is REAL
    with pytest.raises(ValueError, match="offset"):
        clock_from('{"real_origin": "2026-11-22", "virtual_origin": "2026-11-22", "speed": 1, "zone": "UTC"}')


def clock_after(pause: timedelta) -> Clock:
    """At eight on a July morning now, had it not been stopped for so long."""
    zone = ZoneInfo("America/Toronto")
    eight = datetime(2026, 7, 14, 8, tzinfo=zone)
    return Clock(real_origin=datetime.now(UTC) + pause, virtual_origin=eight, speed=1, zone=zone)


def shown_texts(carrier: Carrier) -> list[tuple[str, ...]]:
    """Text, moment to the minute and time of each."""
    bubble = r'<p class="text">([^<]*)</p>\s*<p class="meta"[^>]*><time datetime="(.{16})[^"]*">([^<]*)</time>'
    return re.findall(bubble, page(carrier, THREAD, **{"Accept-Language": "en"}).text)


def test_texts_keep_the_time_they_were_shown_with_when_the_clock_has_been_stopped_meanwhile(
    service: Service, tmp_path: Path
) -> None:
    with running_carrier(service, tmp_path / "phones.db", clock=clock_after(timedelta())) as carrier:
        carrier.text("before")
        before = shown_texts(carrier)
        created = carrier.texts()[0]["created"]
    assert before == [("before", "2026-07-14T08:00", "8:00\u202fa.m.")]
    with running_carrier(service, tmp_path / "phones.db", clock=clock_after(timedelta(hours=1))) as carrier:
        assert shown_texts(carrier) == before
        assert "8:00\u202fa.m." in page(carrier, "/fragments/phones", **{"Accept-Language": "en"}).text
        assert carrier.texts()[0]["created"] == created
        carrier.text("after")
        assert shown_texts(carrier) == [*before, ("after", "2026-07-14T07:00", "7:00\u202fa.m.")]  # as they arrived


def test_a_day_that_comes_again_because_the_clock_was_set_back_is_another_part_of_the_page(tmp_path: Path) -> None:
    for pause in (timedelta(), timedelta(days=1), timedelta()):
        network = Network(tmp_path / "phones.db", clock=clock_after(pause))
        network.add(kind="text", direction="inbound", phone=PHONE, sender=SENDER, body="x", status="received")
        entries = network.conversation(PHONE, limit=3)
        network.close()
    bubbles = Reading(WORDINGS["en"], clock_after(timedelta())).thread(entries)
    assert [bubble.moment for bubble in bubbles if bubble.look == "day"] == ["2026-07-14", "2026-07-13", "2026-07-14"]
    assert len({bubble.id for bubble in bubbles}) == len(bubbles)


class Shape(HTMLParser):
    """Checks that what was opened is closed."""

    VOID = frozenset(("meta", "link", "img", "input", "br", "path"))

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """`<path/>` opens and closes."""

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_pages_are_well_formed(carrier: Carrier) -> None:
    carrier.text("STOP")
    carrier.call()
    for path in ("/", THREAD, "/?number=4165550111", "/phones/12"):
        shape = Shape()
        shape.feed(page(carrier, path).text)
        assert shape.open == []


def test_a_reply_typed_in_a_browser_appears_by_itself_and_the_page_is_accessible(
    carrier: Carrier, service: Service
) -> None:
    service.twiml = "<Response><Message>Nobody reads this number.</Message></Response>"
    carrier.client().messages.create(to=PHONE, from_=SENDER, body="We received your call. https://example.ca/s/1")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=[*CHROMIUM, *QUIET])
        tab = browser.new_page(locale="en-CA", viewport={"width": 390, "height": 844})
        troubles: list[str] = []
        tab.on("console", lambda message: troubles.append(message.text))
        tab.on("pageerror", lambda error: troubles.append(str(error)))
        tab.goto(carrier.url + THREAD)
        tab.get_by_label("Text message").fill("Is anybody <b>coming</b>?")
        tab.get_by_label("Text message").press("Enter")
        expect(tab.locator(".mine")).to_contain_text("Is anybody <b>coming</b>?")
        expect(tab.locator(".theirs")).to_have_count(2)
        expect(tab.locator(".theirs").last).to_contain_text("Nobody reads this number.")
        expect(tab.locator(".theirs").last).to_contain_text("Delivered")
        expect(tab.get_by_label("Text message")).to_have_value("")
        for path in (THREAD, "/"):
            tab.goto(carrier.url + path)
            # A text that has just arrived fades in: half transparent, its colours would be others.
            tab.evaluate("Promise.all(document.getAnimations().map(each => each.finished))")
            found = Axe().run(tab)
            assert found.violations_count == 0, found.generate_report()
        assert troubles == []
        browser.close()
