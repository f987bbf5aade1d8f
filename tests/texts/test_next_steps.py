"""A group of call types may have next steps of its own: what to have ready, when to call again."""

import pytest

from calls.contracts import Kind
from calls.facts import Language
from policy.agency import Agency
from tests.texts.test_wording import catalogue
from texts.render import render
from texts.wording import WordingError, parse_wording

FIELDS = {"case_number": "26-1", "emergency_line": "9-1-1", "non_emergency_line": "613-555-0100", "agency": "Police"}
STEPS = '\nmsgid "next steps theft"\nmsgstr "{}"\n'


def test_a_confirmation_of_the_group_says_them_and_no_other_text_does(ottawa: Agency) -> None:
    def body(kind: Kind, group: str | None, language: Language) -> str:
        fields = FIELDS | {"link": "https://texts.example.org/s/x", "minutes": "60", "time": "9:05"}
        return render(ottawa.wording, kind, language, fields, group=group).body

    assert "serial numbers" in body(Kind.CONFIRMATION, "theft", Language.ENGLISH)
    assert "numéros de série" in body(Kind.CONFIRMATION, "theft", Language.FRENCH)
    assert "serial numbers" not in body(Kind.CONFIRMATION, "animal", Language.ENGLISH)
    assert "serial numbers" not in body(Kind.CONFIRMATION, None, Language.ENGLISH)
    assert "serial numbers" not in body(Kind.DELAY, "theft", Language.ENGLISH)


def test_r10_what_one_language_has_the_other_must_have() -> None:
    english = catalogue() + STEPS.format("Have numbers ready.")
    with pytest.raises(WordingError, match="fr: 'next steps theft' is missing, which another language has"):
        parse_wording({Language.ENGLISH: english, Language.FRENCH: catalogue()})


def test_they_may_ask_for_nothing_that_a_call_does_not_give() -> None:
    english, french = (catalogue() + STEPS.format(text) for text in ("Ask {officer}.", "Voyez {officer}."))
    with pytest.raises(WordingError, match=r"asks for \{officer\}; there are: agency, case_number"):
        parse_wording({Language.ENGLISH: english, Language.FRENCH: french})
