import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from survey.questions import SurveyError, parse_survey
from tests.web.served import AGENCIES

TEMPLATE = AGENCIES.parent / "policy" / "template" / "survey.yaml"
OTTAWA = (AGENCIES / "ottawa" / "survey.yaml").read_text()


def changed(path: str, value: object) -> str:
    """Ottawa's survey with one place changed; `...` removes it."""
    survey: Any = copy.deepcopy(yaml.safe_load(OTTAWA))
    *way, last = [int(part) if part.isdigit() else part for part in path.split(".")]
    place = survey
    for part in way:
        place = place[part]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return yaml.safe_dump(copy.deepcopy(survey))


@pytest.mark.parametrize(
    "folder", [*sorted(AGENCIES.glob("*/survey.yaml")), TEMPLATE], ids=lambda path: path.parent.name
)
def test_the_questions_of_every_agency_and_their_pages(folder: Path) -> None:
    survey = parse_survey(folder.read_text())
    ids = ["Q1", "Q2", "Q3", "Q4", "Q5", "Q6", "Q7", "Q8", "Q9", "Q10", "C1", "S1"]
    assert [question.id for question in survey.questions] == ids
    pages = [["Q1", "Q2", "Q3"], ["Q4", "Q5", "Q6"], ["Q7", "Q8", "Q9"], ["Q10", "C1", "S1"]]
    assert [list(step.questions) for step in survey.steps] == pages


@pytest.mark.parametrize(
    "folder", [*sorted(AGENCIES.glob("*/survey.yaml")), TEMPLATE], ids=lambda path: path.parent.name
)
def test_no_such_problem_says_no_to_all_others_in_every_agency(folder: Path) -> None:
    survey = parse_survey(folder.read_text())
    assert [(one.id, option.id) for one in survey.questions for option in one.options if option.alone] == [
        ("Q10", "none")
    ]


def test_only_summaries_are_agreed_to_unless_somebody_says_more() -> None:
    consent = parse_survey(OTTAWA).questions[-1]
    assert consent.default == "summaries"
    assert consent.option_ids == {"yes", "summaries"}


def test_the_officers_questions_are_asked_of_those_who_spoke_with_one() -> None:
    survey = parse_survey(OTTAWA)
    for answer, asked in (("in_person", True), ("by_phone", True), ("no", False), ("not_sure", False), (None, False)):
        ids = [question.id for question in survey.asked({"Q6": answer} if answer else {})]
        assert ("Q8" in ids) is asked
        assert {"Q1", "C1"} <= set(ids)


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("questions.0.text.fr", ..., "questions.0.text.fr: Field required"),
        ("questions.0.text.fr", "  ", "questions.0.text.fr"),
        ("notice.purpose.en", ..., "notice.purpose.en"),
        ("notice", ..., "notice: Field required"),
        ("questions.1.options.2.text.en", ..., "questions.1.options.2.text.en"),
        ("questions.0.kind", "stars", "questions.0.kind"),
        ("questions.0.colour", "blue", "questions.0.colour"),
        ("questions.0.id", "Q2", "Q2 is there twice"),
        ("questions.0.options.0.id", "9", "Q1 is a scale"),
        ("questions.5.options.0.id", "no", "Q6 has two options with one id"),
        ("questions.6.only_if.question", "Q9", "Q7 depends on Q9, which does not come before it"),
        ("questions.6.only_if.question", "Q5", "Q7 depends on Q5, which is not a choice"),
        ("questions.6.only_if.answers", ["maybe"], "Q7 depends on the answer 'maybe', which Q6 does not have"),
        ("questions.10.options", [{"id": "a", "text": {"en": "a", "fr": "a"}}], "C1 is a comment and has options"),
        ("questions.11.only_if.answers", [], "questions.11.only_if.answers"),
        ("questions.11.only_if.answers", ["yes"], "S1 depends on C1, which is not a choice"),
        ("questions.11.default", "no", "S1 has no option 'no'"),
        ("questions.0.default", "1", "Q1 is not a choice and has a default"),
        ("questions.5.options.0.alone", True, "Q6 takes one answer only"),
        ("questions.9.options.0.alone", "perhaps", "questions.9.options.0.alone"),
        ("steps.0.title.fr", ..., "steps.0.title.fr: Field required"),
        ("steps.0.questions.2", "Q2", "Q2 stands on the steps twice"),
        ("steps.0.questions", ["Q1", "Q2"], "Q3 stands on no step"),
        ("steps.2.questions.0", "Q77", "there is no question 'Q77'"),
        ("steps.1.questions", ["Q7", "Q4", "Q5", "Q6"], "Q7 stands before Q6, on which it depends"),
        ("steps.1.questions", [], "steps.1.questions"),
        ("steps", [], "steps"),
        ("questions", [], "questions"),
    ],
)
def test_r10_what_is_missing_unknown_or_contradictory_is_refused(path: str, value: object, message: str) -> None:
    with pytest.raises(SurveyError) as error:
        parse_survey(changed(path, value))
    assert message in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("text", ["", "{", "- a", "a: b", "!!python/object:os.system x"])
def test_what_is_no_survey_is_refused(text: str) -> None:
    with pytest.raises(SurveyError):
        parse_survey(text)


def test_the_last_page_is_there_for_everybody_since_its_button_sends() -> None:
    questions = ["Q4", "Q5", "Q6", "Q10", "C1", "S1"]
    steps = [
        {"title": {"en": "a", "fr": "a"}, "questions": ids}
        for ids in (["Q1", "Q2", "Q3"], questions, ["Q7", "Q8", "Q9"])
    ]
    with pytest.raises(SurveyError, match="every question of the last step depends on another"):
        parse_survey(changed("steps", steps))
