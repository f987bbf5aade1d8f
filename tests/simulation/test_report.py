"""The page on a simulation, as those who decide meet it: read, on a phone and on a desk, in both languages."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright

from calls.contracts import Kind, LedgerState
from calls.eligibility import Rule, decide
from calls.facts import CancelReason, Language, Source
from local.simulation.files import write_all
from local.simulation.outcome import SegmentPrice, Simulation
from local.simulation.read_out import LEFT_OUT
from local.simulation.report import Phrases, report
from local.simulation.summary import summarize
from local.simulation.words import FRENCH, NAMES, UNITS, WORDS
from policy.agency import load_agency
from tests.builders import some_facts
from tests.simulation.test_summary import (
    NOON,
    a_call,
    a_made_up_simulation,
    a_simulation,
    a_text,
    held,
    sent_at,
    silent,
)

_ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
_RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
_ENGLISH, _FRENCH = Phrases(Language.ENGLISH), Phrases(Language.FRENCH)

Scheme = Literal["light", "dark"]


def page_of(simulation: Simulation) -> str:
    return report(simulation, summarize(simulation))


def in_one_language(simulation: Simulation, language: str = "en") -> str:
    """What that part of the page says, without the tags."""
    part = page_of(simulation).split(f'<div class="in-{language}" lang="{language}">')[1].split('<div class="in-')[0]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", part)).replace("&#39;", "'")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=_ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of the page on a simulation that has everything."""
    return _address(replace(a_made_up_simulation(), tells=frozenset({"cleared"})), tmp_path_factory.mktemp("busy"))


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> str:
    return _address(a_simulation([], segment_price=None), tmp_path_factory.mktemp("empty"))


def _address(simulation: Simulation, folder: Path) -> str:
    write_all(simulation, folder)
    return (folder / "report.html").as_uri()


# What it says


def test_the_first_sentence_says_it_all_in_both_languages() -> None:
    simulation = a_simulation([a_call("1"), silent("2", Rule.PRIORITY)] * 1500, [a_text("1")] * 2)
    assert "Of 3,000 calls, 1,500 would have been texted: 2 texts, 4 segments." in in_one_language(simulation)
    french = "Sur 3 000 appels, des textos seraient partis pour 1 500 : 2 textos, 4 segments."
    assert french in in_one_language(simulation, "fr")


def test_where_nobody_would_have_been_texted_it_says_so() -> None:
    simulation = a_simulation([silent("2", Rule.PRIORITY)])
    assert "Of 1 call, none would have been texted." in in_one_language(simulation)
    assert "Sur 1 appel, aucun texto ne serait parti." in in_one_language(simulation, "fr")


def test_what_the_policy_does_not_know_comes_before_everything_else() -> None:
    calls = [silent("1", Rule.UNKNOWN_TYPE, unknown_code="DRONE"), a_call("2")]
    said = in_one_language(a_simulation(calls))
    codes = said.index("1 call carried a code that nobody has decided about")
    assert codes < said.index("DRONE call type 1") < said.index("No log tells") < said.index("Calls by decision")
    assert "carried a code" not in in_one_language(a_simulation())


@pytest.mark.parametrize(
    ("step", "english"),
    [
        ("dispatched", "the delay notices shown here are therefore the most that could be sent"),
        ("arrived", "that wait cannot be shown"),
        ("cleared", "no survey link is shown"),
        ("call_ended", "timed from the receipt"),
        ("language", "in English and in French"),
        ("disposition", "duplicates, tests and cancelled calls"),
    ],
)
def test_a_step_that_the_log_does_not_tell_is_said_with_what_follows(step: str, english: str) -> None:
    simulation = a_simulation()
    assert english not in in_one_language(simulation)
    assert english in in_one_language(replace(simulation, tells=simulation.tells - {step}))


def test_calls_that_were_texted_and_then_silenced_are_not_hidden() -> None:
    calls = [silent("1", Rule.LATCH, "the call was once: in progress", first_rule=Rule.ALL_MET), a_call("2")]
    simulation = a_simulation(calls, [a_text("1")])
    said = in_one_language(simulation)
    assert "Texted at first, then silenced by a change of the call: 1 call." in said
    assert "May be texted, yet had no text: 1 call." in said
    assert "silenced for ever: 1" in said


def test_the_price_is_said_to_be_an_assumption() -> None:
    price = SegmentPrice(amount=Decimal("0.0079"), currency="USD")
    said = in_one_language(a_simulation(texts=[a_text()] * 100, segment_price=price))
    assert "At US$0.0079 a segment, 200 segments would cost US$1.58. The price is an assumption" in said
    assert "no cost is shown" in in_one_language(a_simulation(segment_price=None))


def test_late_texts_are_told() -> None:
    late = a_text(sent_at=NOON + timedelta(minutes=3, seconds=90.5))
    assert "More than a second late: 1 text. The latest left 90.5 seconds late." in in_one_language(
        a_simulation(texts=[late])
    )
    assert "Every text left on time." in in_one_language(a_simulation(texts=[a_text()]))


def test_what_was_held_back_is_told_with_its_rule_and_reasons() -> None:
    simulation = a_simulation(
        texts=[held(reason="STOP is in force for this number"), held(outcome="claimed", rule=None)]
    )
    assert "Held back by a rule 1 opted out STOP is in force for this number 1" in in_one_language(simulation)
    french = in_one_language(simulation, "fr")
    assert "Retenu par une règle" in french
    assert "ARRET est en vigueur pour ce numéro" in french


def test_rows_of_the_log_that_need_a_look_are_listed_up_to_a_point() -> None:
    simulation = a_simulation(problems=[f"line {each}: no time" for each in range(100)], rows=500)
    said = in_one_language(simulation)
    assert "Something is to be said about 100 of 500 rows" in said
    assert "line 39: no time" in said
    assert "line 40: no time" not in said
    assert "And 60 more." in said


def test_ids_that_a_spreadsheet_could_run_are_warned_of() -> None:
    assert "would take 2 call ids of this log for a formula" in in_one_language(
        a_simulation([a_call("=1"), a_call("-1")])
    )
    assert "for a formula" not in in_one_language(a_simulation()).replace("like a formula", "")


def test_days_have_a_bar_each_and_beyond_sixty_weeks_have() -> None:
    two_days = a_simulation(texts=sent_at(NOON, NOON + timedelta(days=2)))
    assert "By day" in in_one_language(two_days)
    assert "Jan 16, 2026 0 0" in in_one_language(two_days)
    assert "By day" not in in_one_language(a_simulation(texts=sent_at(NOON)))
    half_a_year = a_simulation(texts=sent_at(NOON, NOON + timedelta(days=180)))
    assert "By week" in in_one_language(half_a_year)
    assert "Jan 12, 2026 1 1 Jan 19, 2026 0 0" in in_one_language(half_a_year)


def test_a_log_with_a_call_of_long_ago_does_not_fill_the_page_with_empty_weeks() -> None:
    moments = [NOON + timedelta(days=7 * each) for each in range(70)]
    said = in_one_language(a_simulation(texts=sent_at(NOON.replace(year=1970), *moments)))
    assert "And 11 more." in said


def test_foreign_text_stays_text() -> None:
    nasty = "<script>alert(1)</script>\"'&"
    simulation = a_simulation(
        [silent(nasty, nasty, nasty, unknown_code=nasty, call_type_group=nasty)],
        [held(rule=nasty, reason=nasty, outcome=nasty, language=nasty)],
        problems=[nasty],
        log_name=nasty,
        policy_version=nasty,
        agency_name={"en": nasty, "fr": nasty},
    )
    assert "<script" not in page_of(simulation)
    assert "{calls}" in in_one_language(a_simulation(log_name="{calls}"))


def test_the_page_stays_small_for_a_year_of_many_codes_reasons_and_problems() -> None:
    simulation = a_made_up_simulation(calls=3000, days=365)
    odd = [
        silent(
            f"odd {each}",
            Rule.UNKNOWN_TYPE,
            "why " * 500,
            unknown_code=f"CODE {each} " + "x" * 500,
            call_type_group=f"g{each}",
        )
        for each in range(500)
    ]
    simulation = replace(simulation, calls=simulation.calls + odd, problems=["what " * 500] * 5000)
    assert len(page_of(simulation).encode()) < 200_000


def test_the_page_needs_nothing_but_itself() -> None:
    page = page_of(a_made_up_simulation(calls=100))
    assert not re.search(r"<script|<link [^>]*stylesheet|https?://|@import|url\(", page)


# Its words


def test_english_and_french_say_the_same() -> None:
    for key, (english, french) in {**WORDS, **NAMES}.items():
        assert english.strip() == english != "", key
        assert french.strip() == french != "", key
        assert sorted(re.findall(r"{\w+}", english)) == sorted(re.findall(r"{\w+}", french)), key
    for english, french in FRENCH.items():
        assert english.count("{}") == french.count("{}"), english
        assert french, english


def test_french_is_set_as_french_is() -> None:
    words = [french for _, french in WORDS.values()] + list(FRENCH.values()) + [name for _, name in NAMES.values()]
    for french in words:
        assert "'" not in french
        assert not re.search(r"\S[:»]|«\S| [;?!]", french), french
    assert _FRENCH("colon", what="a", value="b") == "a\u00a0: b"


def test_every_name_of_the_code_has_a_french_one() -> None:
    ledger = ("opted out", "expired", "refused by the carrier", LEFT_OUT)
    assert [rule for rule in (*Rule, *ledger) if rule not in FRENCH] == []
    assert [kind for kind in Kind if kind not in NAMES] == []
    held_back = (LedgerState.SUPPRESSED, LedgerState.EXPIRED, LedgerState.FAILED)
    assert [state for state in held_back if state not in NAMES] == []


@pytest.mark.parametrize(
    ("changes", "french"),
    [
        ({}, "la personne peut recevoir des textos"),
        ({"in_progress": True}, "l’incident est en cours"),
        ({"safety_flag": True}, "le système de répartition porte une alerte de sécurité"),
        ({"call_type_code": "A, B", "call_type_group": ""}, "la politique ne connaît pas le type d’appel 'A, B'"),
        ({"priority": None, "priority_code": "9"}, "la politique ne connaît pas la priorité '9'"),
        ({"priority": 1}, "priorité 1; les textos sont pour 3, 4"),
        ({"source": None, "source_code": "x"}, "la politique ne connaît pas la provenance 'x'"),
        ({"source": Source.OFFICER}, "provenance de l’appel\u00a0: policière ou policier"),
        ({"latch": "in progress"}, "l’appel a déjà été\u00a0: en cours"),
        ({"cancelled": CancelReason.DUPLICATE}, "selon le système de répartition\u00a0: doublon"),
        (
            {"source_code": None, "case_number": None},
            "le système de répartition n’a pas indiqué la provenance, le numéro de dossier",
        ),
        ({"recipient_version": 0}, "le système de répartition ne donne aucun numéro pour les textos"),
    ],
)
def test_the_reasons_of_the_code_are_said_in_french(changes: dict[str, object], french: str) -> None:
    policy = load_agency(Path("agencies/ottawa")).policy
    reason = decide(some_facts(**changes), policy).reason
    assert _FRENCH.said(reason) == french
    assert _ENGLISH.said(reason) == reason


def test_call_types_have_the_agencys_own_names_in_both_languages() -> None:
    labels = {"break_in": {"en": "Break and enter", "fr": "Introduction par effraction"}}
    simulation = a_simulation([replace(a_call("1"), call_type_group="break_in")], group_labels=labels)
    assert "Break and enter" in in_one_language(simulation)
    assert "Introduction par effraction" in in_one_language(simulation, "fr")


def test_the_agencys_own_reasons_stay_as_they_were_written() -> None:
    assert _FRENCH.said("alarms and other alerts") == "alarms and other alerts"


def test_numbers_are_written_as_each_language_writes_them() -> None:
    assert (_ENGLISH.number(8152), _FRENCH.number(8152)) == ("8,152", "8\u00a0152")
    assert (_ENGLISH.number(4.3, digits=1), _FRENCH.number(4.3, digits=1)) == ("4.3", "4,3")
    assert (_ENGLISH.share(1, 3), _FRENCH.share(1, 3), _ENGLISH.share(0, 0)) == ("33.3%", "33,3\u00a0%", "0.0%")
    assert (_ENGLISH.count("calls", 0), _FRENCH.count("calls", 0)) == ("0\u00a0calls", "0\u00a0appel")
    assert (_ENGLISH.money(Decimal("1234.5"), "CAD"), _FRENCH.money(Decimal("1234.5"), "CAD")) == (
        "$1,234.50",
        "1\u00a0234,50\u00a0$",
    )
    assert (_ENGLISH.moment(NOON), _FRENCH.moment(NOON)) == (
        "Jan 15, 2026 at 12:00",
        "15 janv. 2026 à 12\u00a0h\u00a000",
    )


@pytest.mark.parametrize(
    ("minutes", "said"),
    [(0.0, "0.0 min"), (119.9, "119.9 min"), (120.0, "2.0 h"), (2879.0, "48.0 h"), (4320.0, "3 days"), (None, "–")],
)
def test_a_wait_is_told_in_the_unit_that_a_reader_would_choose(minutes: float | None, said: str) -> None:
    assert _ENGLISH.wait(minutes).replace("\u00a0", " ") == said


def test_every_unit_has_one_and_many_in_both_languages() -> None:
    assert all(all(form for pair in pairs for form in pair) for pairs in UNITS.values())


# In the browser


def assert_accessible(page: Page) -> None:
    results = Axe().run(page, options=_RULES)
    assert results.violations_count == 0, results.generate_report()
    width = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert width == 0, "the page scrolls sideways"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_is_accessible_on_a_phone_and_on_a_desk(
    browser: Browser, busy: str, empty: str, scheme: Scheme
) -> None:
    context = browser.new_context(color_scheme=scheme)
    page = context.new_page()
    for address, width in ((busy, 360), (busy, 1280), (empty, 360)):
        page.set_viewport_size({"width": width, "height": 800})
        page.goto(address)
        page.locator("details").evaluate_all("all => all.forEach(one => { one.open = true })")
        for language in ("English", "Français"):
            page.get_by_text(language, exact=True).click()
            assert_accessible(page)
    context.close()


def test_the_language_changes_without_scripts_by_mouse_and_by_keyboard(browser: Browser, busy: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(busy)
    expect(page.get_by_role("heading", level=1)).to_have_text("What would have been texted")

    page.get_by_text("Français", exact=True).click()
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_have_text("Les textos qui seraient partis")
    assert heading.locator("xpath=ancestor::*[@lang][1]").get_attribute("lang") == "fr"

    page.get_by_role("radio", name="Français").press("ArrowLeft")
    expect(page.get_by_role("heading", level=1)).to_have_text("What would have been texted")
    context.close()


def test_headings_are_in_order_and_every_table_has_a_caption_and_headed_rows(browser: Browser, busy: str) -> None:
    page = browser.new_page()
    page.goto(busy)
    for part in (".in-en", ".in-fr"):
        levels = page.locator(f"main {part} :is(h1, h2, h3)").evaluate_all(
            "all => all.map(one => Number(one.tagName[1]))"
        )
        assert levels[0] == 1
        assert all(after - before <= 1 for before, after in pairwise(levels))
    assert page.locator("table:not(:has(caption))").count() == 0
    assert page.locator("thead th:not([scope=col]), tbody th:not([scope])").count() == 0
    assert page.locator("tbody tr:not(:has(th))").count() == 0
    page.close()


def test_every_figure_of_a_chart_can_be_read_as_text(browser: Browser, busy: str) -> None:
    page = browser.new_page()
    page.goto(busy)
    charts = page.locator(".in-en details")
    assert charts.count() == 2
    charts.first.locator("summary").click()
    expect(charts.first.get_by_role("table", name="By hour of the day").get_by_role("row")).to_have_count(25)
    page.close()


def test_every_link_on_the_page_leads_to_a_place_on_it(browser: Browser, busy: str) -> None:
    page = browser.new_page()
    page.goto(busy)
    missing = page.locator("a").evaluate_all(
        "all => all.map(one => one.getAttribute('href'))"
        ".filter(href => href[0] !== '#' || !document.getElementById(href.slice(1)))"
    )
    assert missing == []
    page.close()
