"""What was answered, counted: a small cube of counts, cut by context, and the figures that pages show of it.

Each answer stands in a cell of at least `survey.cut.FEWEST` that share all that is stored of their calls (R7), so
whatever is cut here, and any difference of two cuts, is about whole cells: that many surveys or more. Of one question
fewer of them may have answered: see docs/decisions/0030-figures-of-few.md.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Final

from insights.counts import Counts
from insights.wilson import Share, share
from survey.questions import Question, QuestionKind

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


@dataclass(frozen=True, kw_only=True)
class Figure:
    """What was answered to one question. `base`: those who chose an answer that says something (not "does not apply").

    `favourable` and `unfavourable` of a scale; `options`: the share of the base that chose each. `None` where the base
    is too small to be shown: then nothing else is, either. Nor is it where all answered alike: whoever knows that
    somebody answered would know what.
    """

    question: str
    base: int | None
    favourable: Share | None = None
    unfavourable: Share | None = None
    options: Mapping[str, Share] = field(default_factory=dict)
    are_alike: bool = False


_ANSWERED: Final = "*"
_SURVEYS: Final = ""


@dataclass(frozen=True, kw_only=True)
class Cube:
    """Counts by context (`BY`): surveys that were sent; of each question those who chose anything at all, and each
    option: of a question with several answers each of them."""

    counts: Counts

    def cut(self, wanted: Wanted) -> "Cube":
        """Only those answers."""
        equal = {name: getattr(wanted, name) for name in BY if name != "week"}
        return Cube(counts=self.counts.cut(equal, between=("week", wanted.first_week, wanted.last_week)))

    def by_week_and_language(self) -> dict[tuple[str, str], int]:
        """How many surveys were sent."""
        found: dict[tuple[str, str], int] = {}
        for week in self.counts.by("week"):
            of_week = Cube(counts=self.counts.cut({"week": week}))
            found |= {(week, language): some.total for language, some in of_week.by("language").items()}
        return found

    def by(self, name: str) -> dict[str, "Answered"]:
        """What was answered, for each value of one part of the context, in order."""
        return {value: Answered(found) for value, found in self.counts.by(name).items()}

    def all(self) -> "Answered":
        """What was answered, by all of them."""
        return Answered(self.counts.total())

    @property
    def total(self) -> int:
        """Surveys that were sent."""
        return self.all().total

    def figure(self, question: Question, *, at_least: int) -> Figure:
        """What was answered to a question; nothing where fewer than `at_least` people did."""
        return self.all().figure(question, at_least=at_least)


class Answered:
    """What some people answered, counted."""

    def __init__(self, counted: Mapping[str, int]) -> None:
        self._counted = counted

    @property
    def total(self) -> int:
        """Surveys that were sent."""
        return self._counted.get(_SURVEYS, 0)

    def base(self, question: Question) -> int:
        """How many said something in answer to it."""
        if question.kind is QuestionKind.MULTI_CHOICE:
            return self._of(question, _ANSWERED)
        return sum(self._of(question, option) for option in telling(question))

    def figure(self, question: Question, *, at_least: int) -> Figure:
        """As `Cube.figure`."""
        base = self.base(question)
        if base < at_least:
            return Figure(question=question.id, base=None if base else 0)
        chosen = {option: self._of(question, option) for option in telling(question)}
        if set(chosen.values()) <= {0, base}:
            return Figure(question=question.id, base=None, are_alike=True)
        is_scale = question.kind is QuestionKind.SCALE
        return Figure(
            question=question.id,
            base=base,
            favourable=share(sum(chosen[mark] for mark in FAVOURABLE), base) if is_scale else None,
            unfavourable=share(sum(chosen[mark] for mark in UNFAVOURABLE), base) if is_scale else None,
            options={option: found for option, n in chosen.items() if (found := share(n, base)) is not None},
        )

    def _of(self, question: Question, option: str) -> int:
        return self._counted.get(f"{question.id}:{option}", 0)


def counted_as(question: str, option: str) -> str:
    """The kind of such a count. `option` empty: who chose anything at all; `question`, too: surveys."""
    return f"{question}:{option or _ANSWERED}" if question else _SURVEYS


def telling(question: Question) -> list[str]:
    """The options that say something of what is asked."""
    is_scale = question.kind is QuestionKind.SCALE
    return [option.id for option in question.options if not is_scale or option.id in _NUMBERED]


def cube_of(rows: Iterable[tuple[About, Mapping[str, str | Sequence[str]], int]]) -> Cube:
    """The cube of answers, each with its context and how many gave just these."""
    return Cube(counts=Counts.of(BY, _counted(rows)))


def _counted(
    rows: Iterable[tuple[About, Mapping[str, str | Sequence[str]], int]],
) -> Iterator[tuple[tuple[str, ...], str, int]]:
    for about, given, times in rows:
        context = (about.week, about.language, about.priority, about.group, about.area, about.wait)
        yield context, _SURVEYS, times
        for question, answer in given.items():
            yield context, counted_as(question, ""), times
            for option in [answer] if isinstance(answer, str) else answer:
                yield context, counted_as(question, option), times
