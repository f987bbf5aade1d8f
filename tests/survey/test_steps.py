"""The way through a survey: whatever pages are turned in whatever order, what counts is what was typed last."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from survey.answers import check_answers
from survey.questions import QuestionKind, Survey, parse_survey
from survey.steps import Page, Place, Way
from tests.survey.test_questions import OTTAWA

SURVEY = parse_survey(OTTAWA)
WAY = Way(SURVEY)
Typed = dict[str, list[str]]

_WORDS = {"en": "x", "fr": "x"}


def after(way: Way, page: Page, form: Typed, typed: Typed) -> Typed:
    return {id_: list(values) for id_, values in way.typed(page, form, typed).items()}


def turned(way: Way, number: int, typed: Typed) -> int | None:
    page = way.after(way.pages[number - 1], typed)
    return None if page is None else page.number


@pytest.mark.parametrize(
    ("answer", "turned_to", "place"),
    [("in_person", 3, Place(step=3, of=4)), ("by_phone", 3, Place(step=3, of=4)), ("no", 4, Place(step=3, of=3))],
)
def test_the_officers_page_is_for_those_who_spoke_with_one(answer: str, turned_to: int, place: Place) -> None:
    typed = {"Q6": [answer]}
    assert turned(WAY, 2, typed) == turned_to
    assert WAY.place(WAY.page(turned_to, typed), typed) == place
    before = WAY.before(WAY.pages[3], typed)
    assert before is not None
    assert before.number == (3 if turned_to == 3 else 2)


def test_a_page_that_is_skipped_gives_way_to_the_one_before() -> None:
    assert WAY.page(3, {}).number == 2
    assert WAY.page(3, {"Q6": ["by_phone"]}).number == 3
    assert [WAY.page(number, {}).number for number in (-1, 0, 99)] == [1, 1, 4]


def test_a_survey_without_steps_has_one_page_with_everything() -> None:
    [page] = Way(SURVEY.model_copy(update={"steps": ()})).pages
    assert (page.number, page.title, page.questions) == (1, None, SURVEY.questions)


def test_a_question_that_is_not_shown_opens_no_page() -> None:
    question: dict[str, Any] = {"kind": QuestionKind.COMMENT, "text": _WORDS}
    survey = SURVEY.model_validate(
        {
            **SURVEY.model_dump(),
            "steps": [{"title": _WORDS, "questions": page} for page in (["Q1"], ["Q2", "Q3"], ["Q4"], ["Q99"])],
            "questions": [
                {"id": "Q1", **question},
                {"id": "Q2", **question, "only_if": {"question": "Q1"}},
                {"id": "Q3", **question},
                {"id": "Q4", **question, "only_if": {"question": "Q2"}},
                {"id": "Q99", **question},
            ],
        }
    )
    way = Way(survey)
    assert way.place(way.pages[0], {}) == Place(step=1, of=4)
    assert way.place(way.pages[1], {}) == Place(step=2, of=3)


def test_who_changes_an_answer_back_finds_what_was_typed_behind_it() -> None:
    typed = WAY.typed(WAY.pages[1], {"Q6": ["by_phone"]}, {})
    typed = WAY.typed(WAY.pages[2], {"Q7": ["5"]}, typed)
    typed = WAY.typed(WAY.pages[1], {"Q6": ["no"]}, typed)
    assert dict(check_answers(SURVEY, typed).values) == {"Q6": "no"}
    typed = WAY.typed(WAY.pages[1], {"Q6": ["by_phone"]}, typed)
    assert dict(check_answers(SURVEY, typed).values) == {"Q6": "by_phone", "Q7": "5"}


def test_what_is_emptied_is_gone_and_what_stands_on_another_page_stays() -> None:
    typed = WAY.typed(WAY.pages[3], {"C1": ["first"], "Q1": ["5"]}, {"Q1": ["1"]})
    assert typed == {"C1": ["first"], "Q1": ["1"]}
    assert WAY.typed(WAY.pages[3], {"C1": ["  "]}, typed) == {"Q1": ["1"]}


def test_consent_to_share_counts_with_a_comment_only() -> None:
    assert dict(check_answers(SURVEY, {"S1": ["yes"]}).values) == {}
    assert check_answers(SURVEY, {"S1": ["yes"], "C1": ["Thanks"]}).values["S1"] == "yes"


@st.composite
def surveys(draw: st.DrawFn) -> Survey:
    """Surveys of any shape: follow-ups of follow-ups, of comments, on their gate's page or far behind it."""
    questions: list[Any] = []
    for number in range(draw(st.integers(2, 9))):
        kind = draw(st.sampled_from([QuestionKind.CHOICE, QuestionKind.MULTI_CHOICE, QuestionKind.COMMENT]))
        question: Any = {"id": f"Q{number}", "kind": kind, "text": _WORDS, "options": []}
        if kind is not QuestionKind.COMMENT:
            question["options"] = [{"id": id_, "text": _WORDS} for id_ in "abc"]
        if draw(st.booleans()) and questions:
            gate: dict[str, Any] = draw(st.sampled_from(questions))
            question["only_if"] = {"question": gate["id"]}
            if draw(st.booleans()) and gate["options"]:
                question["only_if"]["answers"] = draw(st.lists(st.sampled_from("abc"), min_size=1, unique=True))
        questions.append(question)
    last = {"id": "Q99", "kind": QuestionKind.COMMENT, "text": _WORDS}
    cuts = sorted(draw(st.sets(st.integers(1, len(questions) - 1), max_size=4)))
    ids = [question["id"] for question in questions] + ["Q99"]
    pages = [ids[start:end] for start, end in zip([0, *cuts], [*cuts, len(ids)], strict=True)]
    return Survey.model_validate(
        {
            "version": "1",
            "notice": {"authority": _WORDS, "purpose": _WORDS, "contact": _WORDS},
            "complaints": _WORDS,
            "steps": [{"title": _WORDS, "questions": page} for page in pages],
            "questions": [*questions, last],
        }
    )


def sent(draw: st.DrawFn, page: Page, way: Way, typed: Typed) -> Typed:
    """What somebody fills into what the page shows, and into nothing else."""
    form: Typed = {}
    for question in way.shown(page, typed):
        if question.kind is QuestionKind.COMMENT:
            form[question.id] = [draw(st.sampled_from(["", "  ", "words", "call 613-555-0100"]))]
        else:
            most = 3 if question.kind is QuestionKind.MULTI_CHOICE else 1
            form[question.id] = draw(st.lists(st.sampled_from(sorted(question.option_ids)), max_size=most, unique=True))
    return form


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_whatever_pages_are_turned_what_is_submitted_is_what_was_typed_last(data: st.DataObject) -> None:
    survey = data.draw(st.one_of(st.just(SURVEY), surveys()))
    way = Way(survey)
    page = way.pages[0]
    given_: Typed = {}
    last_typed: Typed = {}
    for forward in data.draw(st.lists(st.booleans(), max_size=12)):
        form = data.draw(st.composite(sent)(page, way, given_))
        given_ = after(way, page, form, given_)
        last_typed |= form
        page = (way.after(page, given_) if forward else way.before(page, given_)) or page
        assert way.shown(page, given_), "a page without a question was opened"
        assert way.page(page.number, given_) == page
    assert check_answers(survey, given_) == check_answers(survey, last_typed)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_who_goes_on_to_the_end_sees_every_question_that_is_asked_and_the_steps_counted(data: st.DataObject) -> None:
    survey = data.draw(st.one_of(st.just(SURVEY), surveys()))
    way = Way(survey)
    page: Page | None = way.pages[0]
    given_: Typed = {}
    seen: set[str] = set()
    places: list[Place] = []
    while page is not None:
        places.append(way.place(page, given_))
        seen |= {question.id for question in way.shown(page, given_)}
        given_ = after(way, page, data.draw(st.composite(sent)(page, way, given_)), given_)
        last, page = page, way.after(page, given_)
    assert last == way.pages[-1]
    assert {question.id for question in survey.asked(check_answers(survey, given_).values)} <= seen
    assert [place.step for place in places] == list(range(1, len(places) + 1))
    assert places[-1].of == len(places)
    assert [place.of for place in places] == sorted((place.of for place in places), reverse=True)
