"""Answers counted by area: one of each survey at most, ten together, whatever was answered."""

from collections import Counter
from collections.abc import Sequence
from random import Random

import pytest

from policy.agency import Agency
from survey.answers import Answer
from survey.areas import (
    AT_MOST_ONE_IN,
    FEWEST_COUNTED,
    LONGEST,
    NO_AREAS_AFTER,
    AreaPiece,
    Place,
    closed_questions,
    counted,
    pieces_of,
)
from survey.held import Context, HeldAnswer
from survey.questions import Survey
from tests.survey.month import with_members

WEEK = "2026-W03"
ALL: dict[str, Answer] = {
    **{f"Q{number}": "5" for number in range(1, 10)},
    "Q6": "in_person",
    "Q10": ["noise", "theft"],
}


@pytest.fixture
def survey(ottawa: Agency) -> Survey:
    return ottawa.survey


def held(area: str | None = "Rideau", answers: dict[str, Answer] | None = None) -> HeldAnswer:
    return HeldAnswer(
        agency="ottawa",
        survey_version="2026-2",
        language="fr",
        week="2026-W02",
        answers=ALL if answers is None else answers,
        comment="Merci",
        context=Context(priority=4, call_type_group="noise", area=area, delay_band="no officer", channel="text"),
    )


def pieces(count: int, *, question: str = "Q1", week: str = WEEK, **told: object) -> list[AreaPiece]:
    """Marks from 1 to 5, in turn."""
    return [
        AreaPiece.model_validate(
            {
                "agency": "ottawa",
                "week": week,
                "area": "Rideau",
                "area_version": "",
                "survey_version": "2026-2",
                "question": question,
                "answer": str(number % 5 + 1),
                **told,
            }
        )
        for number in range(count)
    ]


def place(question: str = "", option: str = "", area: str = "Rideau") -> Place:
    return Place(area, "", "2026-2", question, option)


def test_r7_a_survey_leaves_one_of_its_answers_each_as_likely_as_the_others(survey: Survey) -> None:
    chance = Random(1)
    drawn = Counter(one.question for _ in range(5000) for one in pieces_of(held(), survey, week=WEEK, chance=chance))
    assert drawn.total() == 5000
    assert drawn.keys() == {question.id for question in closed_questions(survey)}
    assert max(drawn.values()) < 600 > 400 < min(drawn.values())


def test_a_piece_says_area_and_answer_and_nothing_else_of_the_call(survey: Survey) -> None:
    (piece,) = pieces_of(held(answers={}), survey, week=WEEK, chance=Random(1))
    assert piece.model_dump() == {
        "agency": "ottawa",
        "week": WEEK,
        "area": "Rideau",
        "area_version": "",
        "survey_version": "2026-2",
        "question": piece.question,
        "answer": None,
    }


def test_r7_whether_there_is_a_piece_and_how_long_it_is_does_not_depend_on_what_was_answered(survey: Survey) -> None:
    def lengths(answers: dict[str, Answer]) -> list[int]:
        chance = Random(2)
        return [
            len(one.as_text().encode())
            for _ in range(100)
            for one in pieces_of(held(answers=answers), survey, week=WEEK, chance=chance)
        ]

    everything: Answer = [option.id for option in closed_questions(survey)[-1].options]
    assert lengths({}) == lengths(ALL | {"Q10": everything})
    assert len(set(lengths(ALL))) == 1


def test_an_answer_without_an_area_leaves_nothing(survey: Survey) -> None:
    assert pieces_of(held(area=None), survey, week=WEEK, chance=Random(1)) == []


def test_what_is_said_of_members_is_never_drawn(ottawa: Agency) -> None:
    chance = Random(1)
    survey = with_members(ottawa).survey
    drawn = {one.question for _ in range(500) for one in pieces_of(held(), survey, week=WEEK, chance=chance)}
    assert drawn == {"Q1", "Q4", "Q5", "Q10"}


def test_r7_of_a_short_survey_no_question_is_drawn_more_often_than_one_time_in_five(survey: Survey) -> None:
    short = survey.model_copy(update={"questions": survey.questions[:2], "steps": ()})
    chance = Random(1)
    drawn = Counter(one.question for _ in range(5000) for one in pieces_of(held(), short, week=WEEK, chance=chance))
    assert AT_MOST_ONE_IN == 5
    assert 900 < drawn["Q1"] < 1100 > drawn["Q2"] > 900


def test_ten_answers_of_one_area_to_one_question_are_counted_together_and_nine_wait() -> None:
    nine, ten = pieces(FEWEST_COUNTED - 1, question="Q2"), pieces(FEWEST_COUNTED)
    counting = counted([*nine, *ten], week=WEEK)
    assert counting.counts == {
        place(): 10,
        place("Q1"): 10,
        **{place("Q1", str(mark)): 2 for mark in range(1, 6)},
    }
    assert counting.waits == nine


def test_r7_those_who_left_the_question_out_do_not_make_the_ten_full_but_are_counted_with_them() -> None:
    silent = pieces(7, answer=None)
    assert counted([*pieces(9), *silent], week=WEEK).counts == {}
    counting = counted([*pieces(10), *silent], week=WEEK)
    assert (counting.counts[place()], counting.counts[place("Q1")], counting.waits) == (17, 10, [])


@pytest.mark.parametrize("other", [{"area": "Kanata"}, {"area_version": "2027"}, {"survey_version": "2027-1"}])
def test_other_areas_maps_and_surveys_are_counted_apart(other: dict[str, str]) -> None:
    assert counted([*pieces(5), *pieces(5, **other)], week=WEEK).counts == {}


def test_of_a_question_with_several_answers_each_is_counted_and_the_base_is_of_people() -> None:
    counting = counted(pieces(10, question="Q10", answer=["noise", "theft"]), week=WEEK)
    assert counting.counts == {
        place(): 10,
        place("Q10"): 10,
        place("Q10", "noise"): 10,
        place("Q10", "theft"): 10,
    }


def test_what_finds_no_ten_is_counted_without_its_area_after_half_a_year_and_deleted_after_a_year() -> None:
    def of_two_areas(week: str) -> Sequence[AreaPiece]:
        return [*pieces(6, week=week, area_version="2026"), *pieces(6, week=week, area="Kanata")]

    assert (NO_AREAS_AFTER, LONGEST) == (26, 52)
    assert counted(of_two_areas("2026-W03"), week="2026-W29").counts == {}
    assert counted(of_two_areas("2026-W03"), week="2026-W30").counts[place("Q1", area="")] == 12
    alone = counted(pieces(6), week="2026-W30")
    assert ([one.area for one in alone.waits], alone.dropped) == ([""] * 6, 0)
    gone = counted(pieces(6, week="2025-W01"), week="2026-W02")
    assert (gone.counts, gone.waits, gone.dropped) == ({}, [], 6)
