"""What people of an area answered about problems that keep happening there (R7: only where enough of them did)."""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from sqlalchemy import Engine, text
from sqlmodel import Session

from insights.neighbourhood import Answered, Said, counted
from policy.agency import Agency
from survey.context import iso_week
from survey.questions import Question, QuestionKind

WEEKS: Final = 26
"""Of answers: a season of trouble, and enough people."""
_LOOK_EVERY_SECONDS: Final = 60.0
_ANSWERS: Final = text(
    "SELECT COALESCE(context ->> 'area', '') AS area, answers -> CAST(:question AS text) AS chosen, count(*) AS times "
    "FROM survey_response WHERE agency = :agency AND week >= :first_week "
    "AND jsonb_exists(answers, CAST(:question AS text)) GROUP BY 1, 2"
)


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
    """Answers change in the nightly cut only: they are counted once a minute at most, for all areas together."""

    def __init__(self, engine: Engine, agency: Agency, *, at_least: int) -> None:
        self._engine = engine
        self._agency = agency
        self._at_least = at_least
        self._questions = [one for one in agency.survey.questions if one.kind is QuestionKind.MULTI_CHOICE]
        self._lock = threading.Lock()
        self._kept: tuple[str, float, dict[str, Answered]] | None = None

    def of(self, area: str, today: date) -> list[AreaSaid]:
        """Of the last half year before `today`; one for each question that takes several answers."""
        answered = self._answered(iso_week(today - timedelta(weeks=WEEKS)))
        return [
            AreaSaid(question=one, said=answered[one.id].of(area, one, at_least=self._at_least))
            for one in self._questions
        ]

    def _answered(self, first_week: str) -> dict[str, Answered]:
        with self._lock:
            kept, now = self._kept, time.monotonic()
            if kept is not None and kept[0] == first_week and now - kept[1] < _LOOK_EVERY_SECONDS:
                return kept[2]
            with Session(self._engine) as session:
                read = {question.id: self._read(session, question, first_week) for question in self._questions}
            self._kept = (first_week, now, read)
            return read

    def _read(self, session: Session, question: Question, first_week: str) -> Answered:
        asked = {"agency": self._agency.key, "question": question.id, "first_week": first_week}
        return counted((row.area, row.chosen, row.times) for row in session.execute(_ANSWERS, asked))
