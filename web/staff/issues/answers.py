"""What people of an area answered about problems that keep happening there, of what is counted by area
(docs/decisions/0033-answers-by-area.md). R7: only where enough of them did."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import Final

from sqlalchemy import Engine

from insights.counts import Counts
from insights.neighbourhood import Said, counted
from policy.agency import Agency
from survey.questions import Question, QuestionKind
from web.staff.figures.answers import read_by_area
from web.staff.nightly import ReadNightly

_HALF_A_YEAR: Final = timedelta(weeks=26)
"""Of answers: a season of trouble, and enough people."""


@dataclass(frozen=True, kw_only=True)
class AreaSaid:
    """`said` is `None` where too few have answered."""

    question: Question
    said: Said | None

    @property
    def by_number(self) -> Sequence[str]:
        """Options, the most often chosen first; what is not shown, in the survey's own order, at the end."""
        chose = {} if self.said is None else self.said.chose
        return sorted(chose, key=lambda option: -(chose[option] or 0))


class AreaAnswers:
    """Counts change in the nightly cut only, and are read once a night, for all areas together."""

    def __init__(self, engine: Engine, agency: Agency, *, at_least: int) -> None:
        self._at_least = at_least
        self._questions = [one for one in agency.survey.questions if one.kind is QuestionKind.MULTI_CHOICE]
        self._kept: ReadNightly[Counts] = ReadNightly(engine, agency.key, partial(read_by_area, agency=agency))

    def of(self, area: str, today: date) -> list[AreaSaid]:
        """One for each question that takes several answers, of the months since `first_month`."""
        counts = self._kept.get()[1].cut({}, between=("month", first_month(today), None)).by("area")
        return [
            AreaSaid(question=one, said=counted(counts, one).of(area, one, at_least=self._at_least))
            for one in self._questions
        ]


def first_month(today: date) -> str:
    """From this month on answers count: for half a year and some days."""
    return f"{today - _HALF_A_YEAR:%Y-%m}"
