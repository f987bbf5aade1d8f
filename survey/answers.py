"""From posted form values to checked answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from survey.masking import mask
from survey.questions import Question, QuestionKind, Survey

COMMENT_LENGTH: Final = 1000

Answer = str | list[str]


class Problem(StrEnum):
    """What is wrong with one posted value. The pages have the words for it in each language."""

    UNKNOWN_OPTION = "unknown option"
    COMMENT_TOO_LONG = "comment too long"
    NOT_ALONE = "not alone"
    """"No such problem" beside a problem. It is asked, not guessed, which of the two was meant: one tap mends it, and
    nobody's word is dropped without being told."""


@dataclass(frozen=True, kw_only=True)
class Answers:
    """What was answered, by question id; empty items are left out. `problems` has the questions to be looked at again.

    `values` is ready to be stored: comments are masked.
    """

    values: Mapping[str, Answer]
    problems: Mapping[str, Problem]


def check_answers(survey: Survey, form: Mapping[str, Sequence[str]]) -> Answers:
    """The answers in a posted form. Nothing is required; ids that the survey does not have are dropped, and so is what
    was answered before an earlier answer was changed to one that skips the question.
    """
    values: dict[str, Answer] = {}
    problems: dict[str, Problem] = {}
    for question in survey.questions:
        posted = [value for value in form.get(question.id, ()) if value.strip()]
        if not posted:
            continue
        answer = _comment(posted[-1]) if question.kind is QuestionKind.COMMENT else _choice(question, posted)
        if isinstance(answer, Problem):
            problems[question.id] = answer
        else:
            values[question.id] = answer
    asked = {question.id for question in survey.asked(values)}
    return Answers(
        values={id_: value for id_, value in values.items() if id_ in asked},
        problems={id_: problem for id_, problem in problems.items() if id_ in asked},
    )


def _comment(posted: str) -> Answer | Problem:
    # Browsers send a line's end as two characters and count it as one. PostgreSQL's JSON holds no NUL.
    comment = posted.replace("\r\n", "\n").replace("\0", "").strip()
    return Problem.COMMENT_TOO_LONG if len(comment) > COMMENT_LENGTH else mask(comment)


def _choice(question: Question, posted: Sequence[str]) -> Answer | Problem:
    if not question.option_ids.issuperset(posted):
        return Problem.UNKNOWN_OPTION
    if question.alone_beside_others(posted):
        return Problem.NOT_ALONE
    if question.kind is QuestionKind.MULTI_CHOICE:
        return [option.id for option in question.options if option.id in posted]
    return posted[-1]
