"""The attack on the survey's figures: those of the city, and the sample by area, which is a part of them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from insights.open_data.attack_calls import NotASum
from insights.open_data.intervals import Interval, Target, box, intervals_of, together
from insights.open_data.measures import Measure
from insights.open_data.places import CITY, plan_of
from insights.open_data.program import Program
from insights.open_data.quarters import Quarter
from insights.open_data.released import Released
from insights.open_data.shown import BY_ALL
from insights.protect import LEAST_WIDTH
from survey.questions import Question, QuestionKind

if TYPE_CHECKING:
    from insights.open_data.attack import World

_ALL = 1e7
"""More than anybody asks."""


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """A question in one place: `options`, and `answered`, who answered it at all, as a sum of unknowns."""

    options: Mapping[str, int]
    answered: Mapping[int, float]


class AnswersAttack:
    """`invited`: the most that may have been sent a survey, by quarter. `with_links`: what is counted by area up to a
    quarter's end is among the answers up to it."""

    def __init__(self, world: "World", *, invited: Mapping[Quarter, float], with_links: bool) -> None:
        self._world = world
        self._invited = invited
        self._with_links = with_links
        self._program = Program()
        self._targets: list[Target] = []
        self._so_far: dict[tuple[str, str], dict[int, float]] = defaultdict(dict)

    def add(self, quarter: Quarter, versions: Sequence[Released]) -> None:
        """All versions of one quarter; quarters in order."""
        if not any(one.answers for one in versions):
            return
        for one in versions:
            _refuse_others(one, self._world)
        city = self._of_place(quarter, versions, CITY, [])
        self._gates(city)
        most = self._most(quarter)
        for asked in city.values():
            if most < _ALL:
                self._program.at_most(asked.answered, most)
        samples = self._samples(quarter, versions)
        if self._with_links:
            self._link(city, samples)

    def intervals(self) -> list[Interval]:
        """Of every cell.

        Raises:
            CannotBe: nothing fits.
        """
        return intervals_of(self._targets, self._program, table="survey_results")

    def _most(self, quarter: Quarter) -> float:
        """So many may have been asked, and may have answered in the quarter."""
        return sum(self._invited[one] for one in (quarter, quarter.before) if one in self._invited)

    def _samples(self, quarter: Quarter, versions: Sequence[Released]) -> list[dict[str, _Asked]]:
        calls: dict[str, int] = defaultdict(int)
        for by_area in self._world.calls[quarter].values():
            for at, number in by_area.items():
                calls[at] += number
        plan = plan_of(self._world.map, calls, least=self._world.least_calls_survey)
        found = []
        for cell in plan.cells:
            if cell.at != CITY:  # of the city's own rest nothing is told
                parts = [part for part in self._world.map.parts[cell.at] if part in plan.told]
                found.append(self._of_place(quarter, versions, cell.at, parts))
        return found

    def _of_place(
        self, quarter: Quarter, versions: Sequence[Released], at: str, parts: Sequence[str]
    ) -> dict[str, _Asked]:
        """`parts`: those that are told apart; what is left is looked at."""
        found: dict[str, _Asked] = {}
        for question in self._world.questions:
            with_it = [one for one in versions if (at, question.id) in one.answers]
            if not with_it:
                continue
            boxes = [_boxes(one, at, parts, question) for one in with_it]
            both = {name: together([one[name] for one in boxes if name in one]) for name in boxes[-1]}
            kept = {name: fits or boxes[-1][name] for name, fits in both.items()}
            found[question.id] = self._question(quarter, at, parts, question, kept)
            if question.kind is QuestionKind.MULTI_CHOICE and _is_told(with_it[-1], at, parts, question):
                self._one_draw(with_it[-1], at, parts, question, found[question.id])
        return found

    def _one_draw(self, one: Released, at: str, parts: Sequence[str], question: Question, asked: _Asked) -> None:
        """All of it was rounded by one draw: what is `beyond` a multiple or less was rounded down, everything else up.
        So a count is `beyond` more than is shown at most, and less than a base below that."""
        program, base = self._program, one.base
        beyond = program.unknown(0, base - 1)
        for name, shown in _figures(one, at, parts, question).items():
            count = asked.options[name] if name else next(iter(asked.answered))
            program.at_most({count: 1, beyond: -1}, shown)
            program.at_most({beyond: 1, count: -1}, base - 1 - shown)

    def _question(
        self,
        quarter: Quarter,
        at: str,
        parts: Sequence[str],
        question: Question,
        boxes: Mapping[str, tuple[float, float]],
    ) -> _Asked:
        program, place = self._program, self._world.map.places[at]
        where = f"{'rest of ' if parts else ''}{place.level} {place.id}"
        # Where all the calls of a city are fewer, everybody knows that no more people can have answered.
        needed = min(LEAST_WIDTH, self._most(quarter))
        options: dict[str, int] = {}
        for name, of in boxes.items():
            options[name] = program.unknown(*of)
            what = f"{question.id} {name or 'answered'}"
            self._targets.append(Target(at=options[name], quarter=quarter, place=where, what=what, needed=needed))
        if question.kind is not QuestionKind.MULTI_CHOICE:
            return _Asked(options=options, answered=dict.fromkeys(options.values(), 1.0))
        answered = options.pop("")
        for name, one in options.items():
            program.at_most({one: 1, answered: -1})
            for alone in question.options:
                if alone.alone and alone.id in options and alone.id != name:
                    program.at_most({one: 1, options[alone.id]: 1, answered: -1})
        program.at_most({answered: 1, **dict.fromkeys(options.values(), -1.0)})
        return _Asked(options=options, answered={answered: 1.0})

    def _gates(self, city: Mapping[str, _Asked]) -> None:
        for question in self._world.questions:
            gate = question.only_if
            if gate is None or question.id not in city or gate.question not in city:
                continue
            before = city[gate.question]
            if not set(gate.answers) <= set(before.options):
                continue
            let_in = {before.options[one]: 1.0 for one in gate.answers} if gate.answers else before.answered
            self._program.at_most({**city[question.id].answered, **{one: -by for one, by in let_in.items()}})

    def _link(self, city: Mapping[str, _Asked], samples: Sequence[Mapping[str, _Asked]]) -> None:
        for question, asked in city.items():
            for option, at in asked.options.items():
                terms = self._so_far[question, option]
                terms[at] = -1.0
                of_samples = [one[question].options for one in samples if question in one]
                terms.update({one[option]: 1.0 for one in of_samples if option in one})
                if samples:
                    self._program.at_most(dict(terms))


def _boxes(one: Released, at: str, parts: Sequence[str], question: Question) -> dict[str, tuple[float, float]]:
    """What each option may be; with an empty name, of a question with several answers, who answered it. Where nothing
    is told, so few answered that all of them together are shown as one base at most."""
    told, base = one.answers[at, question.id], one.base
    is_multi = question.kind is QuestionKind.MULTI_CHOICE
    # An option that the survey did not have yet, or has no more, is nowhere told.
    names = [option.id for option in question.options if option.id in told] + ([""] if is_multi else [])
    if not _is_told(one, at, parts, question):
        return dict.fromkeys(names, (0.0, 2.0 * base - 1)) if not parts else dict.fromkeys(names, (0.0, _ALL))
    shown = _figures(one, at, parts, question)
    return {name: box(shown[name], base=base, at_most=_ALL) for name in names}


def _is_told(one: Released, at: str, parts: Sequence[str], question: Question) -> bool:
    return all(one.answered.get((place, question.id)) for place in (at, *parts))


def _figures(one: Released, at: str, parts: Sequence[str], question: Question) -> dict[str, int]:
    """What is shown of each option; with an empty name, of a question with several answers, who answered it."""
    told = one.answers[at, question.id]
    shown = {
        option.id: told[option.id] - sum(one.answers[part, question.id][option.id] for part in parts)
        for option in question.options
        if option.id in told
    }
    if question.kind is QuestionKind.MULTI_CHOICE:
        shown[""] = one.answered[at, question.id] - sum(one.answered[part, question.id] for part in parts)
    return shown


def _refuse_others(one: Released, world: "World") -> None:
    """Who answered a question with one answer is the sum of its options; who answered at all, of the first question."""
    for (at, id_), told in one.answers.items():
        question = next((known for known in world.questions if known.id == id_), None)
        answered = one.answered[at, id_]
        is_sum = question is None or question.kind is QuestionKind.MULTI_CHOICE or answered in {0, sum(told.values())}
        if not is_sum or any(figure % one.base for figure in (*told.values(), answered)):
            raise NotASum(f"{one.quarter} v{one.version}: {at} {id_}")
    surveys = one.activity.get((CITY, BY_ALL, Measure.SURVEY_RESPONSES), 0)
    first = one.answered.get((CITY, world.questions[0].id), 0) if world.questions else 0
    if surveys != first and first:
        raise NotASum(f"{one.quarter} v{one.version}: {Measure.SURVEY_RESPONSES}")
