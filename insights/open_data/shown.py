"""The protected cells of a quarter, and what is told of each area: sums of them and nothing else (decision 0035)."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from insights import protect
from insights.open_data.counted import ANSWERED, CallCounts, QuarterCounts
from insights.open_data.measures import Measure
from insights.open_data.places import CITY, Cell, Map, Plan, plan_of
from insights.open_data.quarters import Quarter
from survey.areas import closed_questions
from survey.questions import Question, QuestionKind, Survey

Known = Mapping[int, Mapping[str, int]]
"""Calls of a public list, by priority and area."""


@dataclass(frozen=True, kw_only=True)
class Rules:
    """By what a quarter is protected. `secret`: whoever has it can tell how a cell was rounded."""

    base: int
    least_calls: int
    least_calls_survey: int
    secret: bytes


@dataclass(frozen=True, kw_only=True)
class Told:
    """What is told of one area, priority and measure, or answer. `None`: nothing, it is told with others."""

    figure: int | None
    is_empty: bool = False


class Shown:
    """Figures of one quarter. `known`: of an earlier version of it, so that this one tells of the same cells."""

    def __init__(
        self,
        counts: QuarterCounts,
        *,
        map_: Map,
        quarter: Quarter,
        priorities: Iterable[int],
        survey: Survey,
        rules: Rules,
        known: Known | None = None,
    ) -> None:
        self.map = map_
        self.priorities = tuple(sorted(priorities))
        self.questions = tuple(closed_questions(survey))
        self._name = f"{map_.id}|{quarter}"
        self._rules = rules
        self._counts = counts
        self.listed = _known(counts, map_, self.priorities)
        self.known = known or self.listed
        self.plans: Mapping[int, Plan] = {
            priority: plan_of(map_, self.known.get(priority, {}), least=rules.least_calls)
            for priority in self.priorities
        }
        self.survey_plan = plan_of(map_, _all(self.known), least=rules.least_calls_survey)

    @cached_property
    def calls(self) -> Mapping[tuple[int, Cell], Mapping[Measure, int]]:
        """Of each cell of calls what is published."""
        by_area: dict[tuple[int, str], list[CallCounts]] = defaultdict(list)
        for (code, priority), found in self._counts.calls.items():
            by_area[priority, self.map.of_code(code)].append(found)
        return {
            (priority, cell): self._cell(priority, cell, [one for at in cell.of for one in by_area[priority, at]])
            for priority, plan in self.plans.items()
            for cell in plan.cells
        }

    def _cell(self, priority: int, cell: Cell, counts: Sequence[CallCounts]) -> dict[Measure, int]:
        # One draw for all measures: of equal counts none is rounded otherwise, and what lies within another is never
        # shown as more.
        name, listed = f"calls|{priority}|{cell.name}", sum(one.known for one in counts)

        def rounded(count: int) -> int:
            return self._rounded(name, count, at_most=listed, before=cell.calls)

        times = range(max((len(one.told) for one in counts), default=0))
        told = [rounded(sum(one.told[n] for one in counts if n < len(one.told))) for n in times]
        return {
            Measure.CALLS_ELIGIBLE: rounded(sum(one.eligible for one in counts)),
            Measure.CONFIRMATIONS_SENT: rounded(sum(one.sent for one in counts)),
            Measure.CONFIRMATIONS_DELIVERED: rounded(sum(one.delivered for one in counts)),
            Measure.CALLS_DELAYED: told[0] if told else 0,
            Measure.DELAY_NOTICES: sum(told),
            Measure.SURVEY_INVITATIONS: rounded(sum(one.invited for one in counts)),
        }

    def of_calls(self, at: str, priority: int | None, measure: Measure) -> Told:
        """`priority` `None`: of all."""
        wanted = self.priorities if priority is None else (priority,)
        plans = [(one, self.plans[one]) for one in wanted if at not in self.plans[one].empty]
        if not plans:
            return Told(figure=None, is_empty=True)
        if any(at not in plan.told for _, plan in plans):
            return Told(figure=None)
        return Told(figure=sum(self.calls[one, cell][measure] for one, plan in plans for cell in plan.sums[at]))

    @property
    def base(self) -> int:
        return self._rules.base

    @cached_property
    def opt_outs(self) -> int:
        return self._rounded("opt-outs", self._counts.opt_outs)

    @cached_property
    def answers(self) -> Mapping[tuple[str, str], int]:
        """Of the city, by question and option."""
        return self._answers("answers", self._counts.answers)

    @cached_property
    def by_area(self) -> Mapping[Cell, Mapping[tuple[str, str], int]]:
        """Of the sample, by cell."""
        found: dict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
        for (code, question, option), count in self._counts.by_area.items():
            found[self.map.of_code(code)][question, option] += count
        return {
            cell: self._answers(f"sample|{cell.name}", sum((found[at] for at in sorted(cell.of)), Counter()))
            for cell in self.survey_plan.cells
        }

    def of_survey(self, at: str, question: Question, option: str) -> int | None:
        """How many chose the option, or answered at all (`ANSWERED`). `None`: the area is not told."""
        if at == CITY:
            return self._figure(self.answers, question, option)
        cells = self.survey_plan.sums.get(at)
        return None if cells is None else sum(self._figure(self.by_area[cell], question, option) for cell in cells)

    @property
    def had_survey(self) -> bool:
        """By what is published: that one caller in a quarter was sent a survey is told to nobody."""
        return any(told[Measure.SURVEY_INVITATIONS] for told in self.calls.values()) or self.surveys > 0

    @property
    def surveys(self) -> int:
        """With an answer to the first question."""
        return self._figure(self.answers, self.questions[0], ANSWERED) if self.questions else 0

    def _figure(self, shown: Mapping[tuple[str, str], int], question: Question, option: str) -> int:
        if option == ANSWERED and question.kind is not QuestionKind.MULTI_CHOICE:
            return sum(shown[question.id, one.id] for one in question.options)
        return shown[question.id, option]

    def _answers(self, name: str, counts: Mapping[tuple[str, str], int]) -> dict[tuple[str, str], int]:
        """Of a question with one answer each option has its own draw: their sum is right on average, and it is the
        number of those who answered. Of one with several that is a count of its own."""
        shown: dict[tuple[str, str], int] = {}
        for question in self.questions:
            if question.kind is QuestionKind.MULTI_CHOICE:
                of_all = f"{name}|{question.id}"
                answered = self._rounded(of_all, counts.get((question.id, ANSWERED), 0))
                shown[question.id, ANSWERED] = answered
                for one in question.options:
                    shown[question.id, one.id] = self._rounded(of_all, counts.get((question.id, one.id), 0))
            else:
                for one in question.options:
                    count = counts.get((question.id, one.id), 0)
                    shown[question.id, one.id] = self._rounded(f"{name}|{question.id}|{one.id}", count)
        return shown

    def _rounded(self, name: str, count: int, *, at_most: int | None = None, before: int | None = None) -> int:
        cell = protect.Cell(name=f"{self._name}|{name}", count=count, at_most=at_most, at_most_before=before)
        return protect.rounded(cell, base=self._rules.base, secret=self._rules.secret)


def percent(part: int, whole: int) -> int:
    """A whole number, half up: of published figures, so that everybody comes to the same."""
    return (200 * part + whole) // (2 * whole)


def _known(counts: QuarterCounts, map_: Map, priorities: Iterable[int]) -> Known:
    known: dict[int, Counter[str]] = {priority: Counter() for priority in priorities}
    for (code, priority), found in counts.calls.items():
        if priority in known:
            known[priority][map_.of_code(code)] += found.known
    return {priority: dict(found) for priority, found in known.items()}


def _all(known: Known) -> dict[str, int]:
    total: Counter[str] = Counter()
    for found in known.values():
        total.update(found)
    return dict(total)


BY_ALL: Final = "ALL"
"""`PRIORITY`: of all."""
