"""R7: a month of answers, and an attempt to trace each of them. Never better than one in five."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from activities.survey_cut import SurveyCut
from database.encryption import Keyring
from policy.agency import Agency
from survey import cut
from tests.builders import NOON
from tests.conftest import FIGURES
from tests.survey.attack import GUESSERS, candidates, hits
from tests.survey.loot import Loot, Watch, loot_of
from tests.survey.month import NIGHT, MakesCuts, Town, lives, without_care

DAYS = 30
ONE_IN_FIVE = 1 / 5


def after_a_month(
    engine: Engine,
    keyring: Keyring,
    ottawa: Agency,
    *,
    days: int = DAYS,
    makes: MakesCuts = SurveyCut,
    watch: Watch | None = None,
) -> tuple[Town, Loot]:
    town = Town(engine=engine, keyring=keyring, agency=ottawa, makes=makes)

    def look(night: int) -> None:
        if watch is not None:
            watch.look(loot_of(engine, now=NOON), night)

    lives(town, days=days, seed=8, after_each_night=look)
    return town, loot_of(engine, now=NOON + timedelta(days=days - 1) + NIGHT, watch=watch)


def rates(town: Town, loot: Loot) -> tuple[int, dict[str, float]]:
    """The fewest candidates of an answer, and how often each guesser is right."""
    possible = candidates(loot)
    assert all(town.truth[one.tag] in {who.call_id for who in possible[one.id]} for one in loot.responses)
    fewest = min(len(possible[one.id]) for one in loot.responses)
    return fewest, {name: hits(loot, possible, town.truth, guess) for name, guess in GUESSERS.items()}


def in_words(loot: Loot, fewest: int, found: dict[str, float]) -> str:
    best = ", ".join(f"{name} {rate:.1%}" for name, rate in sorted(found.items(), key=lambda item: -item[1]))
    return f"{len(loot.responses)} answers ({loot.held} wait): at least {fewest} candidates each; right guesses: {best}"


def of_the_smallest(town: Town, loot: Loot) -> str:
    """Of the answers that could be so few callers' as one could ever be, how many the best guesser found: some fifty in
    a month, so chance has its say. docs/decisions/0027-the-cut.md has the figures of thirty months."""
    possible = candidates(loot)
    few = replace(loot, responses=[one for one in loot.responses if len(possible[one.id]) == cut.FEWEST])
    best = max(hits(few, possible, town.truth, guess) for guess in GUESSERS.values()) if few.responses else 0
    return f"of {len(few.responses)} answers with {cut.FEWEST} candidates the best guesser found {best:.0%}"


# Every day the one who sees more: whoever keeps copies has all that another has.
@pytest.mark.parametrize("kept_copies", [pytest.param(False, marks=pytest.mark.deep), True])
def test_r7_after_a_month_no_answer_is_traced_better_than_one_in_five(
    engine: Engine, keyring: Keyring, ottawa: Agency, kept_copies: bool, record_property: Callable[[str, object], None]
) -> None:
    """Also by one who has kept a copy of the database of every night."""
    town, loot = after_a_month(engine, keyring, ottawa, watch=Watch() if kept_copies else None)
    fewest, found = rates(town, loot)
    record_property(FIGURES, f"the attack{' with copies' if kept_copies else ''}: {in_words(loot, fewest, found)}")
    if kept_copies:
        record_property(FIGURES, f"the attack on the smallest cells: {of_the_smallest(town, loot)}")
    assert len(loot.responses) > 300
    assert fewest >= cut.FEWEST
    assert max(found.values()) <= ONE_IN_FIVE


@pytest.mark.deep  # the counter-test
def test_without_the_coarsening_the_attack_succeeds(
    engine: Engine,
    keyring: Keyring,
    ottawa: Agency,
    monkeypatch: pytest.MonkeyPatch,
    record_property: Callable[[str, object], None],
) -> None:
    """So the test above can fail."""
    monkeypatch.setattr(cut, "FEWEST", 1)
    town, loot = after_a_month(engine, keyring, ottawa, days=10)
    fewest, found = rates(town, loot)
    record_property(FIGURES, f"the attack without coarsening: {in_words(loot, fewest, found)}")
    assert fewest == 1
    assert max(found.values()) > 2 * ONE_IN_FIVE


@pytest.mark.deep  # the counter-test
def test_without_the_rewriting_the_attack_succeeds(
    engine: Engine, keyring: Keyring, ottawa: Agency, record_property: Callable[[str, object], None]
) -> None:
    """Six candidates each, and the order of rows and transactions says which of them it is."""
    town, loot = after_a_month(engine, keyring, ottawa, days=10, makes=without_care)
    fewest, found = rates(town, loot)
    record_property(FIGURES, f"the attack without rewriting: {in_words(loot, fewest, found)}")
    assert fewest >= cut.FEWEST
    assert max(found.values()) > 1.5 * ONE_IN_FIVE
