"""What a survey asks, in both languages, as its agency's `survey.yaml` says."""

from collections.abc import Collection, Iterable, Mapping
from enum import StrEnum
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from calls.facts import Language

_Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class SurveyError(Exception):
    """The survey cannot be used; the message names the place and what is wrong, in one line."""


class _ErrorAt(ValueError):  # noqa: N818 - it is one
    """What contradicts, and where inside the survey."""

    def __init__(self, message: str, *, place: tuple[str | int, ...]) -> None:
        super().__init__(message)
        self.place = place


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Localized(_Value):
    """The same thing said in every language (R10)."""

    en: _Words
    fr: _Words

    def in_language(self, language: Language) -> str:
        return {Language.ENGLISH: self.en, Language.FRENCH: self.fr}[language]


class QuestionKind(StrEnum):
    """How a question is answered."""

    SCALE = "scale"
    """One of `1` (least) to `5` (most), or one of the options without a number."""
    CHOICE = "choice"
    MULTI_CHOICE = "multi-choice"
    COMMENT = "comment"


class Option(_Value):
    """One answer to choose. Its id stands in the stored answers and never changes its meaning."""

    id: Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{1,32}$")]
    text: Localized
    alone: Annotated[bool, Field(strict=False)] = False
    """Of a multi-choice, one that says no to all others, such as "No such problem": it is chosen without them."""


class Condition(_Value):
    """The question is asked only of those who answered an earlier one with one of these options; where none is named,
    of those who answered it at all.
    """

    question: str
    answers: Annotated[tuple[str, ...], Field(min_length=1, strict=False)] = ()

    def holds(self, given: str | list[str] | None) -> bool:
        chosen = {given} if isinstance(given, str) else set(given or ())
        return bool(chosen & set(self.answers)) if self.answers else bool(chosen)


class Question(_Value):
    """One question; answering it is never required. Its id never changes its meaning either."""

    id: Annotated[str, StringConstraints(pattern=r"^[A-Z][0-9]{1,2}$")]
    kind: Annotated[QuestionKind, Field(strict=False)]
    text: Localized
    hint: Localized | None = None
    options: Annotated[tuple[Option, ...], Field(strict=False)] = ()
    only_if: Condition | None = None
    default: str | None = None
    """The option of a choice that the page has chosen already. It counts when the page is sent with it."""

    @property
    def option_ids(self) -> frozenset[str]:
        return frozenset(option.id for option in self.options)

    def alone_beside_others(self, chosen: Collection[str]) -> Option | None:
        """The chosen option that cannot go with another, where another is chosen, too."""
        return next((one for one in self.options if one.alone and one.id in chosen and len(set(chosen)) > 1), None)

    @model_validator(mode="after")
    def _options_fit_the_kind(self) -> "Question":
        ids = [option.id for option in self.options]
        if len(set(ids)) < len(ids):
            raise ValueError(f"{self.id} has two options with one id")
        if self.kind is QuestionKind.COMMENT and ids:
            raise ValueError(f"{self.id} is a comment and has options")
        if self.kind is not QuestionKind.COMMENT and len(ids) < 2:
            raise ValueError(f"{self.id} has fewer than two options")
        if self.kind is QuestionKind.SCALE and [id_ for id_ in ids if id_.isdigit()] != ["1", "2", "3", "4", "5"]:
            raise ValueError(f"{self.id} is a scale: its numbered options are 1 to 5 in order")
        return self

    @model_validator(mode="after")
    def _alone_among_many(self) -> "Question":
        for index, option in enumerate(self.options):
            if option.alone and self.kind is not QuestionKind.MULTI_CHOICE:
                place = ("options", index, "alone")
                raise _ErrorAt(f"{self.id} takes one answer only, so each of its options is alone", place=place)
        return self

    @model_validator(mode="after")
    def _default_is_an_option(self) -> "Question":
        if self.default is None:
            return self
        if self.kind is not QuestionKind.CHOICE:
            raise _ErrorAt(f"{self.id} is not a choice and has a default", place=("default",))
        if self.default not in self.option_ids:
            raise _ErrorAt(f"{self.id} has no option {self.default!r}", place=("default",))
        return self


class Step(_Value):
    """One page of the survey."""

    title: Localized
    questions: Annotated[tuple[str, ...], Field(min_length=1, strict=False)]
    """By id, in the order in which they stand on the page."""


class Notice(_Value):
    """The notice of collection that the law asks for, shown before the first question."""

    authority: Localized
    purpose: Localized
    contact: Localized
    """Who answers questions about the collection: title, address or phone."""


class Role(StrEnum):
    """A member of the service who had to do with the call, as CAD tells it."""

    CALL_TAKER = "call_taker"
    OFFICER = "officer"


_Ids = Annotated[tuple[str, ...], Field(strict=False)]


class MembersFeedback(_Value):
    """Which questions are about the call taker, and which about the officer: their answers are kept for these two, and
    nowhere else. Where it is left out, nothing is kept of who they were."""

    call_taker: _Ids = ()
    officer: _Ids = ()

    def of(self, role: Role) -> tuple[str, ...]:
        return {Role.CALL_TAKER: self.call_taker, Role.OFFICER: self.officer}[role]

    @property
    def roles(self) -> tuple[Role, ...]:
        """Those about whom something is asked."""
        return tuple(role for role in Role if self.of(role))

    @property
    def ids(self) -> frozenset[str]:
        """All questions about members."""
        return frozenset(self.call_taker) | frozenset(self.officer)


class Survey(_Value):
    """A survey. A change of its questions is a new `version`, which stands in every response."""

    version: Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z.-]{1,32}$")]
    notice: Notice
    complaints: Localized
    """Where to complain: the survey is not the place."""
    steps: Annotated[tuple[Step, ...], Field(min_length=1, strict=False)] = ()
    """Which questions stand on which page, in order. None: all on one."""
    members_feedback: MembersFeedback | None = None
    questions: Annotated[tuple[Question, ...], Field(min_length=1, strict=False)]

    @model_validator(mode="after")
    def _conditions_look_back(self) -> "Survey":
        earlier: dict[str, Question] = {}
        for index, question in enumerate(self.questions):
            if question.id in earlier:
                raise _ErrorAt(f"{question.id} is there twice", place=("questions", index, "id"))
            if question.only_if is not None and (wrong := _contradiction(question.id, question.only_if, earlier)):
                raise _ErrorAt(wrong, place=("questions", index, "only_if"))
            earlier[question.id] = question
        return self

    @model_validator(mode="after")
    def _steps_hold_every_question_once(self) -> "Survey":
        questions = {question.id: question for question in self.questions}
        placed: set[str] = set()
        for index, step in enumerate(self.steps):
            for row, id_ in enumerate(step.questions):
                if wrong := _misplaced(id_, questions, placed):
                    raise _ErrorAt(wrong, place=("steps", index, "questions", row))
                placed.add(id_)
        if self.steps:
            missing = [id_ for id_ in questions if id_ not in placed]
            if missing:
                raise _ErrorAt(f"{missing[0]} stands on no step", place=("steps",))
            if all(questions[id_].only_if for id_ in self.steps[-1].questions):
                what = "every question of the last step depends on another; its page, with the button that sends, has "
                raise _ErrorAt(f"{what}to be there for everybody", place=("steps", len(self.steps) - 1))
        return self

    @model_validator(mode="after")
    def _members_questions_stand_apart(self) -> "Survey":
        asks = self.members_feedback
        if asks is None:
            return self
        if not asks.ids:
            raise _ErrorAt("names no question", place=("members_feedback",))
        for role in asks.roles:
            if wrong := _not_apart(role, asks, self.questions):
                raise _ErrorAt(wrong, place=("members_feedback", role.value))
        return self

    def asked(self, answers: Mapping[str, str | list[str]]) -> Iterable[Question]:
        """The questions that are asked of somebody who gave these answers, in order (skip logic)."""
        shown: set[str] = set()
        for question in self.questions:
            condition = question.only_if
            if condition is not None and not (
                condition.question in shown and condition.holds(answers.get(condition.question))
            ):
                continue
            shown.add(question.id)
            yield question


def parse_survey(text: str) -> Survey:
    """The survey from the text of its YAML file.

    Raises:
        SurveyError: it is not YAML, a language or another part is missing, or a part is unknown or contradicts another.
    """
    try:
        return Survey.model_validate(yaml.safe_load(text))
    except yaml.YAMLError as error:
        raise SurveyError(f"not YAML: {' '.join(str(error).split())}") from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "survey"
        raise SurveyError(f"{place}: {first['msg']}") from None


def _contradiction(asking: str, condition: Condition, earlier: dict[str, Question]) -> str | None:
    gate = earlier.get(condition.question)
    if gate is None:
        return f"{asking} depends on {condition.question}, which does not come before it"
    if condition.answers and gate.kind not in {QuestionKind.CHOICE, QuestionKind.MULTI_CHOICE}:
        return f"{asking} depends on {gate.id}, which is not a choice"
    unknown = sorted(set(condition.answers) - gate.option_ids)
    if unknown:
        return f"{asking} depends on the answer {unknown[0]!r}, which {gate.id} does not have"
    return None


def _misplaced(id_: str, questions: Mapping[str, Question], placed: set[str]) -> str | None:
    question = questions.get(id_)
    if question is None:
        return f"there is no question {id_!r}"
    if id_ in placed:
        return f"{id_} stands on the steps twice"
    if question.only_if is not None and question.only_if.question not in placed:
        return f"{id_} stands before {question.only_if.question}, on which it depends"
    return None


def _not_apart(role: Role, asks: MembersFeedback, questions: Iterable[Question]) -> str | None:
    """Whether somebody was asked a question tells what was answered to the one that it depends on: of those two, both
    are about the same member, or neither is about any."""
    listed, known = asks.of(role), {question.id: question for question in questions}
    for id_ in listed:
        if id_ not in known:
            return f"there is no question {id_!r}"
        if known[id_].kind is QuestionKind.COMMENT:
            return f"{id_} is a comment, which is kept apart from the answers"
        if listed.count(id_) > 1 or [id_ in asks.of(other) for other in Role].count(True) > 1:
            return f"{id_} stands there twice"
    for question in known.values():
        gate = question.only_if.question if question.only_if else None
        if gate is not None and (gate in listed) != (question.id in listed):
            one, other = (question.id, gate) if question.id in listed else (gate, question.id)
            return f"{one} is there and {other} is not; {question.id} depends on {gate}, so both are, or neither"
    return None
