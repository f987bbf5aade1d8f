"""What an area's people answered: nothing that few of them said, or did not say, alone or by subtraction."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insights.answers import counted_as
from insights.neighbourhood import Answered
from insights.neighbourhood import counted as counted_by_area
from insights.nine_weeks import HEIGHT, nine_weeks
from survey.questions import Localized, Option, Question, QuestionKind

AT_LEAST = 5
WORDS = Localized(en="x", fr="x")
QUESTION = Question(
    id="Q10",
    kind=QuestionKind.MULTI_CHOICE,
    text=WORDS,
    options=tuple(Option(id=id_, text=WORDS, alone=id_ == "none") for id_ in ("noise", "theft", "none")),
)


def counted(answers: Sequence[tuple[str, str | Sequence[str], int]]) -> Answered:
    """`answers`: area, what was chosen, and how many chose just that."""
    kinds: dict[str, Counter[str]] = defaultdict(Counter)
    for area, chosen, times in answers:
        for option in ("", *([chosen] if isinstance(chosen, str) else chosen)):
            kinds[area][counted_as(QUESTION.id, option)] += times
    return counted_by_area(kinds, QUESTION)


ANSWERS = (("noise",), ("theft",), ("noise", "theft"), ("none",))


def test_each_is_counted_once_for_each_answer_and_once_among_those_who_answered() -> None:
    said = counted([("Bay", ["noise", "theft"], 6), ("Bay", "noise", 7), ("Bay", ["none"], 8)]).of(
        "Bay", QUESTION, at_least=AT_LEAST
    )
    assert said is not None
    assert (said.answered, dict(said.chose)) == (21, {"noise": 13, "theft": 6, "none": 8})


@pytest.mark.parametrize("answers", [[], [("Bay", ["noise"], 4)]])
def test_of_an_area_where_few_have_answered_nothing_is_said(answers: list[tuple[str, list[str], int]]) -> None:
    others = [("River", ["noise"], 3), ("Somerset", ["noise"], 30), ("Capital", ["noise"], 50)]
    assert counted([*answers, *others]).of("Bay", QUESTION, at_least=AT_LEAST) is None


def test_an_area_is_silent_where_its_number_would_tell_that_of_the_only_small_one() -> None:
    answered = counted([("Bay", ["noise"], 4), ("River", ["noise"], 9), ("Somerset", ["noise"], 30)])
    assert answered.of("River", QUESTION, at_least=AT_LEAST) is None
    assert answered.of("Somerset", QUESTION, at_least=AT_LEAST) is not None


def test_no_such_problem_is_not_said_where_the_rest_would_tell_of_few() -> None:
    """17 of 22 have a problem, 15 of them graffiti: two have another one."""
    said = counted([("Bay", ["theft"], 15), ("Bay", ["noise"], 2), ("Bay", ["none"], 5)]).of(
        "Bay", QUESTION, at_least=AT_LEAST
    )
    assert said is not None
    assert dict(said.chose) == {"theft": 15, "noise": None, "none": None}


@given(st.lists(st.integers(0, 12), min_size=4, max_size=4))
def test_no_figure_and_no_difference_of_two_is_of_one_to_four_people(numbers: list[int]) -> None:
    said = counted([("Bay", list(chosen), n) for chosen, n in zip(ANSWERS, numbers, strict=True)]).of(
        "Bay", QUESTION, at_least=AT_LEAST
    )
    if said is None:
        assert sum(numbers) < AT_LEAST
        return
    shown = {option: count for option, count in said.chose.items() if count is not None}
    people = {
        option: {n for n, chosen in enumerate(ANSWERS) if option in chosen} for option in ("noise", "theft", "none")
    }
    for option, count in shown.items():
        assert count == sum(numbers[n] for n in people[option])
        for few in (count, said.answered - count):
            assert few == 0 or few >= AT_LEAST
    for one, other in combinations(shown, 2):
        if not people[one] & people[other]:  # the difference of what is left is a number of people
            left = said.answered - shown[one] - shown[other]
            assert left == 0 or left >= AT_LEAST


def test_bars_are_as_high_as_they_are_many_and_the_line_is_at_what_was_expected() -> None:
    chart = nine_weeks([20, 0, 40, 20, 20, 20, 20, 20, 80], 40.0, at_least=AT_LEAST)
    heights = [bar.height for bar in chart.bars]
    assert heights[1] == 0
    assert heights[2] == pytest.approx(2 * heights[0])
    assert heights[8] == pytest.approx(4 * heights[0]) == max(heights)
    assert HEIGHT - chart.expected_y == pytest.approx(heights[2])
    assert [bar.is_last for bar in chart.bars] == [False] * 8 + [True]
    assert all(one.x + one.width < other.x for one, other in zip(chart.bars, chart.bars[1:], strict=False))


def test_the_line_stands_above_the_bar_where_more_was_expected() -> None:
    chart = nine_weeks([0] * 9, 3.0, at_least=AT_LEAST)
    assert 0 < chart.expected_y < HEIGHT


def test_weeks_of_few_events_all_look_alike() -> None:
    chart = nine_weeks([1, 2, 3, 4, 0, 5, 1, 2, 19], 2.0, at_least=AT_LEAST)
    assert len({chart.bars[place].height for place in (0, 1, 2, 3, 6, 7)}) == 1
    assert chart.said("few") == ["few", "few", "few", "few", "0", "5", "few", "few", "19"]
