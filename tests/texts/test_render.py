import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calls.contracts import Kind
from calls.facts import Language
from tests.texts.test_wording import TEMPLATES, catalogue
from texts.render import LOOK_ALIKES, plain, render
from texts.segments import Encoding
from texts.wording import Piece, Wording, WordingError, parse_wording

FIELDS = {
    "agency": "A",
    "case_number": "26-1",
    "emergency_line": "9-1-1",
    "non_emergency_line": "3-1-1",
    "link": "https://x",
}


@pytest.fixture(scope="module")
def wording() -> Wording:
    french = TEMPLATES | {Piece.START_REPLY: "bienvenue", Piece.CONFIRMATION_SURVEY_LINE: "sondage à l’été"}
    return parse_wording({Language.ENGLISH: catalogue(), Language.FRENCH: catalogue(french)})


def test_a_known_language_is_used_alone(wording: Wording) -> None:
    text = render(wording, Kind.CONFIRMATION, Language.FRENCH, FIELDS)
    assert (text.body, text.language, text.segments, text.encoding) == ("A 26-1 9-1-1", "fr", 1, Encoding.GSM7)


def test_r10_without_a_language_both_are_sent_english_first(wording: Wording) -> None:
    text = render(wording, Piece.START_REPLY, None, FIELDS)
    assert (text.body, text.language) == ("welcome\n\nbienvenue", "en+fr")


def test_the_survey_is_announced_only_when_surveys_are_on(wording: Wording) -> None:
    assert render(wording, Kind.CONFIRMATION, Language.FRENCH, FIELDS, announce_survey=True).body.endswith(
        " sondage à l'été"
    )
    assert "survey" not in render(wording, Kind.CONFIRMATION, Language.ENGLISH, FIELDS).body
    assert "survey" not in render(wording, Kind.DELAY, Language.ENGLISH, FIELDS, announce_survey=True).body


def test_a_field_that_is_not_given_is_an_error_and_a_field_is_never_a_template(wording: Wording) -> None:
    with pytest.raises(WordingError, match="case_number"):
        render(wording, Kind.DELAY, Language.ENGLISH, {"emergency_line": "9-1-1"})
    assert "{link}" in render(wording, Kind.DELAY, Language.ENGLISH, FIELDS | {"case_number": "{link}"}).body


def test_typography_gives_way_and_letters_stay() -> None:
    assert plain("« L’été » – à l’hôtel…\u00a0reçu") == "\"L'été\" - à l'hôtel... reçu"
    assert plain("10\u202f000 e\u0301te\u0301") == "10 000 été"
    assert "oe" not in plain("cœur")


@given(st.text(max_size=200))
def test_no_letter_is_ever_changed(text: str) -> None:
    def letters(of: str) -> str:
        return "".join(char for char in unicodedata.normalize("NFC", of) if unicodedata.category(char)[0] in "LN")

    assert letters(plain(text)) == letters(text)
    assert plain(plain(text)) == plain(text)


def test_the_table_holds_no_letters_and_its_answers_are_cheap() -> None:
    for char, instead in LOOK_ALIKES.items():
        assert unicodedata.category(char)[0] not in "LMN"
        assert instead.isascii()
