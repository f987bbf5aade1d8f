"""What was answered, as pages, charts and exports show it: one question by all that is known of the calls, and all
questions. What is of too few people, and what would give it away, is taken out here, for all of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from insights.answers import BY, Answered, Cube, Figure
from insights.small import Hidden, Sum, hidden
from survey.questions import Question

Shown = int | Hidden
"""A count, or why it is not shown."""
_ALL: Final = ("", "")


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of a table. `base`: how many answered; `figure`: what, where that is shown and anybody did."""

    value: str
    base: Shown
    figure: Figure | None


@dataclass(frozen=True, kw_only=True)
class Broken:
    """One question. `parts[name]`: its lines by one part of the context, in order."""

    question: Question
    whole: Line
    parts: Mapping[str, Sequence[Line]]


def by_question(cube: Cube, questions: Sequence[Question], *, at_least: int) -> list[Line]:
    """A line for each question; `value` is its id."""
    everybody = cube.all()
    return [line_of(question.id, everybody, question, None, at_least) for question in questions]


def broken_down(cube: Cube, question: Question, *, at_least: int) -> Broken:
    """A question by week, language, priority, group of call types, area and wait. All tables have one total: together
    they are looked through for what would give away a figure of few."""
    answered = {(name, value): found for name in BY for value, found in cube.by(name).items()}
    answered[_ALL] = cube.all()
    counts = {key: found.base(question) for key, found in answered.items()}
    alike = {key for key, found in answered.items() if found.figure(question, at_least=at_least).are_alike}
    sums = [Sum(_ALL, [key for key in counts if key[0] == name]) for name in BY]
    why = hidden(counts, sums, at_least=at_least, besides=alike)
    lines = {key: line_of(key[1], found, question, why.get(key), at_least) for key, found in answered.items()}
    return Broken(
        question=question,
        whole=lines[_ALL],
        parts={name: [line for key, line in lines.items() if key[0] == name and key != _ALL] for name in BY},
    )


def line_of(value: str, found: Answered, question: Question, why: Hidden | None, at_least: int) -> Line:
    """A line. `why`: it is not to be shown for the sake of others."""
    figure = found.figure(question, at_least=at_least)
    if why is not None:
        return Line(value=value, base=why, figure=None)
    if figure.base is None:
        return Line(value=value, base=Hidden.WITH_IT if figure.are_alike else Hidden.FEW, figure=None)
    return Line(value=value, base=figure.base, figure=figure if figure.base else None)
