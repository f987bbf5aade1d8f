"""R7: the counts by area lead nobody to an answer: neither whose it is, nor what somebody said."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest
from sqlalchemy import Engine

from activities import area_counts
from database.encryption import Keyring
from policy.agency import Agency
from survey.areas import AreaPiece, closed_questions, pieces_of
from survey.cut import FEWEST
from survey.held import HeldAnswer
from survey.questions import Survey
from tests.builders import NOON
from tests.conftest import FIGURES
from tests.survey import month
from tests.survey.areas_attack import BesideTheCounts, Talkative, batches, told_of_people
from tests.survey.attack import candidates, hits
from tests.survey.loot import Loot, Watch, loot_of
from tests.survey.month import NIGHT, lives

ONE_IN_FIVE = 1 / 5


class _TheFirst(Random):
    """Draws a question that is told."""

    def __init__(self, drawn: int) -> None:
        super().__init__()
        self._drawn = drawn

    def randrange(self, *_: object) -> int:
        return self._drawn


def of_every_question(answer: HeldAnswer, survey: Survey, *, week: str, chance: Random) -> list[AreaPiece]:
    """All answers of a survey are counted, as one would do it."""
    every = range(len(closed_questions(survey)))
    return [one for number in every for one in pieces_of(answer, survey, week=week, chance=_TheFirst(number))]


def after(
    engine: Engine, keyring: Keyring, ottawa: Agency, *, days: int, copies: bool, seed: int = 8
) -> tuple[Talkative, Loot]:
    town = Talkative(engine=engine, keyring=keyring, agency=ottawa)
    watch = Watch() if copies else None

    def look(night: int) -> None:
        if watch is not None:
            watch.look(loot_of(engine, now=NOON), night)

    lives(town, days=days, seed=seed, after_each_night=look)
    return town, loot_of(engine, now=NOON + timedelta(days=days - 1) + NIGHT, watch=watch)


def found(town: Talkative, loot: Loot, *, drawn: float) -> tuple[float, float, int]:
    """How often the answers are found, and those of the smallest cells, and how many these are."""
    possible = candidates(loot)
    guess = BesideTheCounts(questions=closed_questions(town.agency.survey), drawn=drawn)
    few = replace(loot, responses=[one for one in loot.responses if len(possible[one.id]) <= FEWEST + 1])
    of_few = hits(few, possible, town.truth, guess) if few.responses else 0.0
    return hits(loot, possible, town.truth, guess), of_few, len(few.responses)


def in_words(town: Talkative, loot: Loot, *, drawn: float) -> str:
    of_all, of_few, few = found(town, loot, drawn=drawn)
    told = told_of_people(loot, town.said)
    return (
        f"{len(loot.responses)} answers, {sum(map(len, batches(loot).values()))} batches, {loot.by_area_held} wait; "
        f"right guesses beside the counts {of_all:.1%}, "
        f"of {few} with {FEWEST} or {FEWEST + 1} candidates {of_few:.1%}; "
        f"what a caller said: {told.batch:.1%} of {told.guesses}, by the whole town {told.town:.1%}, "
        f"where all said the same {told.alike:.1%} of {told.guesses_alike}"
    )


# Every day the one who sees more: whoever keeps copies has all that another has.
@pytest.mark.parametrize("copies", [pytest.param(False, marks=pytest.mark.deep), True])
def test_r7_the_counts_by_area_lead_to_no_answer_and_tell_of_nobody_what_he_said(
    engine: Engine,
    keyring: Keyring,
    ottawa: Agency,
    monkeypatch: pytest.MonkeyPatch,
    copies: bool,
    record_property: Callable[[str, object], None],
) -> None:
    """Also to one who has kept a copy of the database of every night, and knows who of the area answered when."""
    monkeypatch.setattr(month, "_AREAS", ("1", "2", "3"))
    town, loot = after(engine, keyring, ottawa, days=30, copies=copies)
    drawn = 1 / len(closed_questions(town.agency.survey))
    record_property(FIGURES, f"by area{' with copies' if copies else ''}: {in_words(town, loot, drawn=drawn)}")
    told = told_of_people(loot, town.said)
    assert sum(map(len, batches(loot).values())) > 20
    assert found(town, loot, drawn=drawn)[0] <= ONE_IN_FIVE
    assert told.batch <= told.town + 0.05


@pytest.mark.deep
def test_were_all_answers_counted_they_would_be_found(
    engine: Engine,
    keyring: Keyring,
    ottawa: Agency,
    monkeypatch: pytest.MonkeyPatch,
    record_property: Callable[[str, object], None],
) -> None:
    """So the test above can fail: ten together, and each with all that he answered."""
    monkeypatch.setattr(area_counts, "pieces_of", of_every_question)
    monkeypatch.setattr(month, "_AREAS", tuple("123456"))
    town, loot = after(engine, keyring, ottawa, days=30, copies=True)
    record_property(FIGURES, f"by area, were all answers counted: {in_words(town, loot, drawn=1)}")
    told = told_of_people(loot, town.said)
    assert found(town, loot, drawn=1)[1] > 1.3 * ONE_IN_FIVE
    assert told.batch > told.town + 0.05
