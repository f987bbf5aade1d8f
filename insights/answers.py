"""What was answered, counted: a small cube of counts, cut by context, and the figures that pages show of it.

Each answer stands in a cell of at least `survey.cut.FEWEST` that share all that is stored of their calls (R7), so
whatever is cut here, and any difference of two cuts of one week, is about that many answers or more.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Final

from insights.wilson import Share, share
from survey.questions import Question, QuestionKind, Survey

FAVOURABLE: Final = frozenset({"4", "5"})
UNFAVOURABLE: Final = frozenset({"1", "2"})
_NUMBERED: Final = frozenset("12345")
NOT_TOLD: Final = ""
"""Of an answer whose context was coarsened, or of a call of which CAD did not tell it."""


@dataclass(frozen=True, kw_only=True)
class About:
    """What is stored of an answer's call, as texts; empty: not told."""

    week: str = NOT_TOLD
    language: str = NOT_TOLD
    priority: str = NOT_TOLD
    group: str = NOT_TOLD
    area: str = NOT_TOLD
    wait: str = NOT_TOLD


BY: Final = tuple(field.name for field in fields(About))
"""By what answers can be told apart."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which answers: `None` is any. Weeks are ISO weeks, both included."""

    first_week: str | None = None
    last_week: str | None = None
    language: str | None = None
    priority: str | None = None
    group: str | None = None
    area: str | None = None
    wait: str | None = None

    def takes(self, about: About) -> bool:
        """Is this one of them?"""
        if self.first_week is not None and about.week < self.first_week:
            return False
        if self.last_week is not None and about.week > self.last_week:
            return False
        return all(
            getattr(self, name) is None or getattr(self, name) == getattr(about, name) for name in BY if name != "week"
        )


@dataclass(frozen=True, kw_only=True)
class Figure:
    """What was answered to one question. `base`: those who chose an answer that says something (not "does not apply").

    `favourable` and `unfavourable` of a scale; `options`: the share of the base that chose each. `None` where the base
    is too small to be shown: then nothing else is, either.
    """

    question: str
    base: int | None
    favourable: Share | None = None
    unfavourable: Share | None = None
    options: Mapping[str, Share] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Cube:
    """Counts by context. `surveys`: answers sent; `answers`: by question and option; `answered`: those who chose
    anything of a question at all, of a question with several answers each once."""

    surveys: Mapping[About, int]
    answers: Mapping[tuple[About, str, str], int]
    answered: Mapping[tuple[About, str], int]

    def cut(self, wanted: Wanted) -> "Cube":
        """Only those answers."""
        return Cube(
            surveys={about: count for about, count in self.surveys.items() if wanted.takes(about)},
            answers={key: count for key, count in self.answers.items() if wanted.takes(key[0])},
            answered={key: count for key, count in self.answered.items() if wanted.takes(key[0])},
        )

    def by(self, name: str) -> dict[str, "Cube"]:
        """A cube for each value of one part of the context, in order."""
        values = sorted({getattr(about, name) for about in self.surveys})
        parts: dict[str, Cube] = {}
        for value in values:
            parts[value] = Cube(
                surveys={about: n for about, n in self.surveys.items() if getattr(about, name) == value},
                answers={key: n for key, n in self.answers.items() if getattr(key[0], name) == value},
                answered={key: n for key, n in self.answered.items() if getattr(key[0], name) == value},
            )
        return parts

    @property
    def total(self) -> int:
        """Surveys that were sent."""
        return sum(self.surveys.values())

    def figure(self, question: Question, *, at_least: int) -> Figure:
        """What was answered to a question; nothing where fewer than `at_least` people did."""
        chosen: Counter[str] = Counter()
        for (_, id_, option), count in self.answers.items():
            if id_ == question.id:
                chosen[option] += count
        if question.kind is QuestionKind.SCALE:
            chosen = Counter({option: count for option, count in chosen.items() if option in _NUMBERED})
        base = (
            sum(count for (_, id_), count in self.answered.items() if id_ == question.id)
            if question.kind is QuestionKind.MULTI_CHOICE
            else chosen.total()
        )
        if base < at_least:
            return Figure(question=question.id, base=None if base else 0)
        is_scale = question.kind is QuestionKind.SCALE
        return Figure(
            question=question.id,
            base=base,
            favourable=share(_of(chosen, FAVOURABLE), base) if is_scale else None,
            unfavourable=share(_of(chosen, UNFAVOURABLE), base) if is_scale else None,
            options={
                option.id: found
                for option in question.options
                if (not is_scale or option.id in _NUMBERED) and (found := share(chosen[option.id], base)) is not None
            },
        )


def cube_of(rows: Iterable[tuple[About, Mapping[str, str | Sequence[str]]]]) -> Cube:
    """The cube of single answers, each with its context: what the database counts by itself, and tests by this."""
    surveys: Counter[About] = Counter()
    answers: Counter[tuple[About, str, str]] = Counter()
    answered: Counter[tuple[About, str]] = Counter()
    for about, given in rows:
        surveys[about] += 1
        for question, answer in given.items():
            options = [answer] if isinstance(answer, str) else list(answer)
            answered[about, question] += 1
            for option in options:
                answers[about, question, option] += 1
    return Cube(surveys=surveys, answers=answers, answered=answered)


def without_weeks(about: About) -> About:
    """The same, of any week."""
    return replace(about, week=NOT_TOLD)


def closed_questions(survey: Survey) -> list[Question]:
    """Those with answers to choose, but for what is only about the comment."""
    comments = {question.id for question in survey.questions if question.kind is QuestionKind.COMMENT}
    return [
        question
        for question in survey.questions
        if question.id not in comments and (question.only_if is None or question.only_if.question not in comments)
    ]


def _of(chosen: Counter[str], options: Iterable[str]) -> int:
    return sum(chosen[option] for option in options)
