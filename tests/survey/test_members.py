"""What is said of members: apart from the rest, one row for each, and nothing until ten have said something."""

import pytest
from pydantic import ValidationError

from policy.agency import Agency
from survey.answers import Answer
from survey.cut import FEWEST
from survey.members import FEWEST_TOGETHER, LONGEST, NOBODYS_AFTER, HeldFeedback, batches, feedback_in
from survey.questions import MembersFeedback, Role, Survey
from tests.survey.month import with_members

TAKER, OFFICER = Role.CALL_TAKER, Role.OFFICER
ANSWERS: dict[str, Answer] = {"Q1": "4", "Q2": "5", "Q6": "in_person", "Q7": "1", "Q10": ["noise"]}


@pytest.fixture
def survey(ottawa: Agency) -> Survey:
    return with_members(ottawa).survey


def given(survey: Survey, keys: dict[Role, str], comment: str | None = None) -> list[HeldFeedback]:
    return feedback_in(survey, ANSWERS, keys=keys, comment=comment, agency="ottawa", week="2026-W03", language="en")


def held(count: int, *, key: str | None = "a", role: Role = OFFICER, week: str = "2026-W03") -> list[HeldFeedback]:
    return [
        HeldFeedback(agency="ottawa", week=week, role=role, key=key, scores={"Q7": str(number % 5 + 1)})
        for number in range(count)
    ]


def comments(count: int, language: str, *, key: str | None = "a") -> list[HeldFeedback]:
    return [
        HeldFeedback(agency="ottawa", week="2026-W03", role=OFFICER, key=key, language=language, comment=None)
        for _ in range(count)
    ]


def test_two_members_in_one_call_get_what_is_said_of_each_and_no_more(survey: Survey) -> None:
    taker, officer, _ = given(survey, {TAKER: "t", OFFICER: "o"})
    assert (taker.role, taker.key, taker.scores) == (TAKER, "t", {"Q2": "5"})
    assert (officer.role, officer.key, officer.scores) == (OFFICER, "o", {"Q6": "in_person", "Q7": "1"})


def test_a_comment_goes_to_one_of_them_and_apart_from_the_marks(survey: Survey) -> None:
    for keys, reader in (({TAKER: "t", OFFICER: "o"}, OFFICER), ({TAKER: "t"}, TAKER)):
        items = given(survey, keys, comment="Thank you")
        with_words = [one for one in items if one.comment is not None]
        assert [(one.role, one.key, one.scores, one.comment) for one in with_words] == [
            (reader, keys[reader], None, "Thank you")
        ]


def test_without_a_key_marks_are_nobodys_and_a_comment_is_given_to_nobody(survey: Survey) -> None:
    items = given(survey, {}, comment="Thank you")
    assert [(one.role, one.key, one.comment) for one in items] == [(TAKER, None, None), (OFFICER, None, None)]


def test_r7_how_many_rows_there_are_depends_on_the_call_and_not_on_what_was_answered(survey: Survey) -> None:
    def kinds(answers: dict[str, Answer], comment: str | None) -> list[tuple[Role, bool, int]]:
        items = feedback_in(
            survey,
            answers,
            keys={TAKER: "t", OFFICER: "o"},
            comment=comment,
            agency="ottawa",
            week="2026-W03",
            language="en",
        )
        return [(one.role, one.scores is None, len(one.as_text().encode())) for one in items]

    assert kinds({}, None) == kinds(ANSWERS, "é" * 1000)


def test_nothing_is_made_where_the_folder_does_not_ask_for_it(ottawa: Agency) -> None:
    assert ottawa.survey.members_feedback is None
    assert given(ottawa.survey, {TAKER: "t", OFFICER: "o"}, comment="Thank you") == []


def test_ten_of_one_member_are_written_together_and_nine_wait() -> None:
    nine, ten = held(FEWEST_TOGETHER - 1), held(FEWEST_TOGETHER, key="b")
    parting = batches([*nine, *ten], week="2026-W03")
    assert list(parting.ready) == ten
    assert list(parting.waits) == nine


def test_one_key_in_two_roles_is_two_members() -> None:
    parting = batches([*held(5), *held(5, role=TAKER)], week="2026-W03")
    assert (len(parting.ready), len(parting.waits)) == (0, 10)


def test_r7_a_comment_is_written_when_a_whole_cell_has_answered_in_its_language_for_the_words_tell_it() -> None:
    parting = batches([*comments(FEWEST, "en"), *comments(FEWEST - 1, "fr")], week="2026-W03")
    assert [one.language for one in parting.ready] == ["en"] * FEWEST
    assert [one.language for one in parting.waits] == ["fr"] * (FEWEST - 1)


def test_what_finds_no_ten_is_nobodys_after_half_a_year_and_is_deleted_after_a_year() -> None:
    old = [*held(6, key="a"), *held(6, key="b")]
    assert batches(old, week="2026-W29").ready == []
    assert NOBODYS_AFTER == 26
    parting = batches(old, week="2026-W30")
    assert [one.key for one in parting.ready] == [None] * 12
    alone = batches(held(6), week="2026-W30")
    assert [one.key for one in alone.waits] == [None] * 6
    assert LONGEST == 52
    gone = batches(held(6, week="2025-W01"), week="2026-W02")
    assert (len(gone.ready), len(gone.waits), gone.dropped) == (0, 0, 6)


@pytest.mark.parametrize(
    ("asks", "says"),
    [
        ({"officer": ["Q77"]}, "there is no question 'Q77'"),
        ({"officer": ["C1"]}, "C1 is a comment"),
        ({"call_taker": ["Q2"], "officer": ["Q2"]}, "Q2 stands there twice"),
        ({"call_taker": ["Q2", "Q2"]}, "Q2 stands there twice"),
        ({"officer": ["Q7", "Q8", "Q9"]}, "Q7 is there and Q6 is not; Q7 depends on Q6"),
        ({"officer": ["Q6", "Q7", "Q8"]}, "Q6 is there and Q9 is not; Q9 depends on Q6"),
        ({"officer": ["S1"]}, "S1 is there and C1 is not"),
        ({}, "names no question"),
    ],
)
def test_r7_questions_about_members_stand_apart_from_all_others(ottawa: Agency, asks: object, says: str) -> None:
    """Else whether somebody was asked would tell, among the other answers, what was said among these."""
    with pytest.raises(ValidationError, match=says):
        Survey.model_validate({**ottawa.survey.model_dump(exclude_unset=True), "members_feedback": asks})


def test_questions_with_all_that_depend_on_them_may_stand_there(ottawa: Agency) -> None:
    asks = {"call_taker": ["Q2", "Q3"], "officer": ["Q6", "Q7", "Q8", "Q9"]}
    survey = Survey.model_validate({**ottawa.survey.model_dump(exclude_unset=True), "members_feedback": asks})
    assert survey.members_feedback == MembersFeedback(call_taker=("Q2", "Q3"), officer=("Q6", "Q7", "Q8", "Q9"))
    assert survey.members_feedback.roles == (TAKER, OFFICER)
