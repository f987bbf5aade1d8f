import pytest

from calls.facts import Language
from texts.readability import reading_ease


@pytest.mark.parametrize(
    ("text", "ease"),
    [
        ("The cat sat on the mat.", 100),  # 206.835 - 1.015 * 6 - 84.6 = 116
        ("A survey.", 78),  # 206.835 - 1.015 * 2 - 84.6 * 3 / 2
        ("The survey is very voluntary.", 33),  # 206.835 - 1.015 * 5 - 84.6 * 10 / 5
        ("Notwithstanding administrative considerations, interdepartmental prioritization necessitates delay.", 0),
    ],
)
def test_english_is_judged_by_flesch(text: str, ease: int) -> None:
    assert reading_ease(text, Language.ENGLISH) == ease


@pytest.mark.parametrize(
    ("text", "ease"),
    [
        ("Le chat dort.", 100),  # 207 - 1.015 * 3 - 73.6 = 130
        ("Votre appel urgent.", 81),  # 207 - 1.015 * 3 - 73.6 * 5 / 3
        ("Un dossier enregistré.", 32),  # 207 - 1.015 * 3 - 73.6 * 7 / 3
    ],
)
def test_french_is_judged_by_kandel_and_moles(text: str, ease: int) -> None:
    assert reading_ease(text, Language.FRENCH) == ease


def test_numbers_and_links_say_nothing_about_how_it_reads() -> None:
    plain = reading_ease("Call us about your case.", Language.ENGLISH)
    assert (
        reading_ease("Call us 613-236-1222 about https://texts.example.org/s/012 your case 26-1.", Language.ENGLISH)
        == plain
    )
    assert reading_ease("9-1-1", Language.FRENCH) == 100


def test_longer_sentences_read_less_easily() -> None:
    short = reading_ease("We received your call. We respond as soon as we can.", Language.ENGLISH)
    assert reading_ease("We received your call and we respond as soon as we can.", Language.ENGLISH) < short
