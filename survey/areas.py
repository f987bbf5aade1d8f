"""Answers counted by area: of each survey the answer to one question at most, drawn by lot, and only as a number (R7).

A night's answers are too few for six alike in one area, so those that stay tell none (survey/cut.py). Were all answers
of an area counted beside them, equal marks would lead from the counts to them. Why one, why by lot, why ten:
docs/decisions/0033-answers-by-area.md.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final, NamedTuple

from pydantic import BaseModel, ConfigDict

from survey.answers import Answer
from survey.cut import weeks_between
from survey.held import HeldAnswer
from survey.questions import Question, QuestionKind, Survey

FEWEST_COUNTED: Final = 10
"""So many answers to one question are counted together, or none."""
AT_MOST_ONE_IN: Final = 5
"""Of a survey with fewer questions some are not drawn from at all: who knows that somebody answered knows that it was
counted with one chance in five, at best."""
NO_AREAS_AFTER: Final = 26
"""Weeks. What has not found its ten by then is counted without its area."""
LONGEST: Final = 52
"""Weeks. Then it is deleted."""
NOT_TOLD: Final = ""
_EVEN: Final = 1024
"""Bytes. All options of a long question have some 300."""


class AreaPiece(BaseModel):
    """One answer until it is counted. Nothing in it names call, phone or invitation, nor what else was answered."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    agency: str
    week: str
    """ISO week of the cut, as `2026-W04`."""
    area: str
    area_version: str
    """Of the map; empty: the agency has one map."""
    survey_version: str
    question: str
    answer: Answer | None
    """`None`: nothing was. Whether there is a piece does not depend on what was answered."""

    def as_text(self) -> str:
        """As it is encrypted: all of one length; the spaces at its end are no part of it."""
        body = self.model_dump_json()
        return body + " " * (-len(body.encode()) % _EVEN)


class Place(NamedTuple):
    """What is counted. `option`: empty, then those who answered the question at all; `question`: empty, then the
    surveys of which something was counted."""

    area: str
    area_version: str
    survey_version: str
    question: str
    option: str


@dataclass(frozen=True, kw_only=True)
class Counting:
    """What becomes of the pieces."""

    counts: Mapping[Place, int]
    waits: Sequence[AreaPiece]
    dropped: int
    """How many have waited for too long."""


def closed_questions(survey: Survey) -> list[Question]:
    """Those with answers to choose, but for what is only about the comment, and for what is kept for the member of
    staff whom it is about."""
    apart = survey.members_feedback.ids if survey.members_feedback else frozenset[str]()
    comments = {question.id for question in survey.questions if question.kind is QuestionKind.COMMENT}
    return [
        question
        for question in survey.questions
        if question.id not in comments | apart
        and (question.only_if is None or question.only_if.question not in comments)
    ]


def pieces_of(answer: HeldAnswer, survey: Survey, *, week: str, chance: Random) -> list[AreaPiece]:
    """What an answer that is written leaves for its area: one piece, or none. `week`: the ISO week of the cut."""
    area = answer.context.area
    if not area:
        return []
    questions = closed_questions(survey)
    drawn = chance.randrange(max(len(questions), AT_MOST_ONE_IN))
    return [_piece(answer, question.id, area, week) for question in questions[drawn : drawn + 1]]


def _piece(answer: HeldAnswer, question: str, area: str, week: str) -> AreaPiece:
    return AreaPiece(
        agency=answer.agency,
        week=week,
        area=area,
        area_version=answer.context.area_version or NOT_TOLD,
        survey_version=answer.survey_version,
        question=question,
        answer=answer.answers.get(question),
    )


def counted(pieces: Sequence[AreaPiece], *, week: str) -> Counting:
    """Count what can be counted. `week`: the ISO week of this cut."""
    groups: dict[Place, list[AreaPiece]] = defaultdict(list)
    dropped = 0
    for piece in pieces:
        age = weeks_between(piece.week, week)
        if age > LONGEST:
            dropped += 1
            continue
        one = piece.model_copy(update={"area": NOT_TOLD, "area_version": NOT_TOLD}) if age > NO_AREAS_AFTER else piece
        groups[Place(one.area, one.area_version, one.survey_version, one.question, "")].append(one)
    counts: Counter[Place] = Counter()
    waits: list[AreaPiece] = []
    for place, together in groups.items():
        given = [one.answer for one in together if one.answer]
        if len(given) < FEWEST_COUNTED:
            waits.extend(together)
            continue
        counts[place._replace(question="")] += len(together)
        counts[place] += len(given)
        counts.update(place._replace(option=option) for answer in given for option in _options(answer))
    return Counting(counts=counts, waits=waits, dropped=dropped)


def _options(answer: Answer) -> Sequence[str]:
    return [answer] if isinstance(answer, str) else answer
