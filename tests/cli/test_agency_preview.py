"""What those who decide about wording are shown: in the terminal, on a page, and in the table of the docs."""

import re
import shutil
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect, sync_playwright
from typer.testing import CliRunner

from calls.facts import Language
from cli.main import app
from cli.preview.page import page
from cli.preview.shown import texts_shown
from cli.preview.table import table
from cli.preview.words import _WORDS, Words
from policy.agency import load_agency
from tests.web.served import AGENCIES

_ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
_RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
DOCUMENT = Path(__file__).parents[2] / "docs" / "texts-of-ottawa.md"
OTTAWA = load_agency(AGENCIES / "ottawa")
Scheme = Literal["light", "dark"]


@pytest.fixture
def dear(tmp_path: Path) -> Path:
    """Ottawa's folder with two letters that are not in the SMS alphabet, and surveys switched off."""
    folder = Path(shutil.copytree(AGENCIES / "ottawa", tmp_path / "ottawa"))
    french, policy = folder / "texts" / "fr.po", folder / "policy.yaml"
    french.write_text(french.read_text("utf-8").replace("est enregistré", "a été reçu bientôt"), "utf-8")
    policy.write_text(policy.read_text("utf-8").replace("enabled: true", "enabled: false"), "utf-8")
    return folder


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=_ARGUMENTS)
        yield browser
        browser.close()


def shown_in_terminal(folder: Path, *options: str) -> str:
    result = CliRunner().invoke(app, ["agency", "preview", str(folder), *options], env={"COLUMNS": "160"})
    assert result.exit_code == 0, result.output
    return " ".join(re.sub("[│╭╮╰╯─]", " ", result.output).split())


def test_the_table_of_ottawas_texts_in_the_docs_is_true() -> None:
    """To write it anew: communityconnect agency preview agencies/ottawa --table docs/texts-of-ottawa.md"""
    assert table(OTTAWA, folder="agencies/ottawa", file="docs/texts-of-ottawa.md") == DOCUMENT.read_text("utf-8")


def test_every_text_is_shown_in_both_languages_and_in_both_at_once() -> None:
    texts = texts_shown(OTTAWA)
    assert [text.key for text in texts] == [
        *("confirmation", "confirmation, surveys on", "confirmation, surveys on, noise"),
        *("confirmation, surveys on, theft", "delay", "survey", "auto_reply"),
        *("stop_reply", "start_reply", "wrong_number_reply", "voice"),
    ]
    for text in texts:
        english, french, both = text.versions
        assert (english.language, french.language, both.language) == (*Language, None)
        assert both.body == f"{english.body}\n\n{french.body}"
        for shown in text.versions:
            assert "".join(piece for piece, _ in shown.parts) == shown.body
            assert shown.amount == Decimal("0.01") * shown.cost.segments
    assert [text.key for text in texts if not text.is_used] == ["confirmation"]


def test_the_terminal_says_what_a_text_costs_and_what_makes_it_dear(dear: Path) -> None:
    said = shown_in_terminal(AGENCIES / "ottawa")
    assert "2 segments, GSM-7 264 of 306, $0.02" in said
    assert "Reading ease: " in said
    assert "!" not in said
    said = shown_in_terminal(dear)
    assert "UCS-2" in said
    assert "! ç (LATIN SMALL LETTER C WITH CEDILLA), sign 39" in said
    assert "! ô (LATIN SMALL LETTER O WITH CIRCUMFLEX), sign 47" in said


def test_page_and_table_are_written_where_they_are_wanted(tmp_path: Path) -> None:
    out, markdown = tmp_path / "preview.html", tmp_path / "texts.md"
    said = shown_in_terminal(AGENCIES / "ottawa", "--out", str(out), "--table", str(markdown))
    assert f"written: {out}" in said
    assert out.read_text("utf-8") == page(OTTAWA, texts_shown(OTTAWA))
    assert "| en | Ottawa Police: we received your call, case 26-104233." in markdown.read_text("utf-8")


def test_the_page_needs_nothing_else_and_runs_nothing() -> None:
    html = page(OTTAWA, texts_shown(OTTAWA))
    assert "<script" not in html
    assert re.findall(r'(?:src|href)="(?!#|data:)', html) == []
    assert "url(" not in html


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 390, 1280])
@pytest.mark.parametrize("language", list(Language))
def test_the_page_is_for_everybody_on_a_phone_and_on_a_desk(
    browser: Browser, dear: Path, tmp_path: Path, theme: Scheme, width: int, language: Language
) -> None:
    out = tmp_path / "preview.html"
    shown_in_terminal(dear, "--out", str(out))
    tab = browser.new_page(viewport={"width": width, "height": 844}, color_scheme=theme)
    tab.goto(out.as_uri())
    tab.locator(f"#choose-{language}").check(force=True)
    expect(tab.get_by_role("heading", level=1)).to_have_text(Words(language)("title"))
    expect(tab.locator(f".in-{language} mark").first).to_be_visible()
    results = Axe().run(tab, options=_RULES)
    assert results.violations_count == 0, results.generate_report()
    assert tab.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0
    tab.close()


def test_r10_the_previews_own_words_are_in_both_languages_and_written_as_each_is() -> None:
    for english, french in _WORDS.values():
        assert english.strip()
        assert set(re.findall(r"{(\w+)}", english)) == set(re.findall(r"{(\w+)}", french))
        assert re.search(r"[^\u00a0]:|\s[;?!]|« | »", french) is None
