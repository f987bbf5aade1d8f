import unicodedata
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calls.case_numbers import is_fit
from calls.contracts import Kind
from calls.facts import Language
from tests.texts.test_wording import TEMPLATES, catalogue
from texts.fields import LONGEST, clock_time, fit
from texts.render import LOOK_ALIKES, plain, render
from texts.samples import Extent, sample_fields
from texts.segments import Encoding
from texts.wording import ALLOWED, Piece, Wording, WordingError, parse_wording

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


def test_a_field_may_be_said_in_each_languages_own_way(wording: Wording) -> None:
    names = {Language.ENGLISH: {"agency": "Police"}, Language.FRENCH: {"agency": "La police"}}
    text = render(wording, Kind.CONFIRMATION, None, FIELDS, by_language=names)
    assert text.body == "Police 26-1 9-1-1\n\nLa police 26-1 9-1-1"


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("", "is empty"),
        ("  ", "is empty"),
        ("26-1\nCall 613-555-0199 now", "has a character that cannot be printed"),
        ("26-1\u2028Call", "has a character that cannot be printed"),
        ("26\u202e-1", "has a character that cannot be printed"),
        ("26-1\x00", "has a character that cannot be printed"),
        ("9" * 31, "has 31 signs; at most 30 may stand in a text"),
    ],
)
def test_a_value_that_would_break_the_text_out_of_its_frame_is_an_error_that_does_not_repeat_it(
    wording: Wording, value: str, says: str
) -> None:
    with pytest.raises(WordingError) as error:
        render(wording, Kind.DELAY, Language.ENGLISH, FIELDS | {"case_number": value})
    assert str(error.value) == f"en: 'delay': {{case_number}} {says}"


def test_a_local_time_is_written_as_its_language_writes_it() -> None:
    moment = datetime(2026, 1, 14, 9, 5, tzinfo=ZoneInfo("America/Toronto"))
    today, tomorrow = moment.date(), date(2026, 1, 15)
    assert clock_time(moment, Language.ENGLISH, on=today) == "09:05"
    assert clock_time(moment, Language.FRENCH, on=today) == "9 h 05"
    assert clock_time(moment, Language.ENGLISH, on=tomorrow) == "09:05 on 2026-01-14"
    assert clock_time(moment, Language.FRENCH, on=tomorrow) == "9 h 05 le 2026-01-14"


@pytest.mark.parametrize("extent", list(Extent))
@pytest.mark.parametrize("language", list(Language))
def test_samples_have_every_field_and_each_may_stand_in_a_text(language: Language, extent: Extent) -> None:
    fields = sample_fields(language, extent)
    assert {*fields, "agency", "emergency_line", "non_emergency_line"} == frozenset().union(*ALLOWED.values())
    for name, value in fields.items():
        assert fit(name, value) == value
    assert is_fit(fields["case_number"])
    longest = {name: len(value) for name, value in fields.items() if name in {"case_number", "link"}}
    assert extent is not Extent.LONGEST or longest == {name: LONGEST[name] for name in longest}
