"""R10: every word of the console in both languages, with the same fields."""

import re

import pytest

from web.staff.console.words import all_pages, phrases

_FIELD = re.compile(r"\{(\w+)\}")


@pytest.mark.parametrize("page", all_pages())
def test_every_phrase_says_the_same_in_both_languages(page: str) -> None:
    for key, phrase in phrases(page).items():
        assert all([phrase.en.strip(), phrase.fr.strip()]), key
        assert sorted(_FIELD.findall(phrase.en)) == sorted(_FIELD.findall(phrase.fr)), key
