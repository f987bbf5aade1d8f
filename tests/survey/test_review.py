"""What a person masks is gone, and nothing else is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from survey.review import Mask, marks, masked, words_of


@pytest.mark.parametrize(
    ("comment", "places", "mask", "left"),
    [
        ("Thank you officer Tremblay!", {3}, Mask.NAME, "Thank you officer [name]!"),
        ("Marie Tremblay, of Elgin Street, was kind", {0, 1}, Mask.NAME, "[name], of Elgin Street, was kind"),
        ("at 12 Elgin Street.\nThanks", {1, 2, 3}, Mask.PLACE, "at [place].\nThanks"),
        ("Paul, Marie and I", {0, 1}, Mask.NAME, "[name], [name] and I"),
        ("« Paul »", {0, 1, 2}, Mask.NAME, "[name]"),
        ("one  two", {7}, Mask.DETAIL, "one  two"),
        ("...", {0}, Mask.DETAIL, "[detail]"),
    ],
)
def test_marked_words_are_masked_those_side_by_side_together(
    comment: str, places: set[int], mask: Mask, left: str
) -> None:
    assert masked(comment, places, mask) == left


@given(st.text(max_size=120), st.sets(st.integers(0, 40)))
def test_no_marked_word_is_left_and_every_other_one_is(comment: str, places: set[int]) -> None:
    words = words_of(comment)
    left = masked(comment, places, Mask.NAME)
    kept = [word for place, word in enumerate(words) if place not in places]
    assert [word for word in words_of(left) if not word.startswith(Mask.NAME)] == [
        word for word in kept if not word.startswith(Mask.NAME)
    ]
    if not places & set(range(len(words))):
        assert left == comment


def test_of_a_form_only_numbers_count() -> None:
    assert marks(["0", "12", "x", "-1", "²", "9999999"]) == {0, 12}
