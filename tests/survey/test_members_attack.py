"""R7: the members' table makes nobody easier to find: not who said what of whom, nor whose the other answers are."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from database.encryption import Keyring
from policy.agency import Agency
from survey import members
from survey.cut import FEWEST
from survey.members import FEWEST_TOGETHER
from tests.builders import NOON
from tests.conftest import FIGURES
from tests.survey.attack import candidates, hits
from tests.survey.loot import Loot, Watch, loot_of
from tests.survey.members_attack import beside_members, fitting, rates_of_feedback
from tests.survey.month import NIGHT, Town, lives, with_members
from web.residents import submission

ONE_IN_FIVE = 1 / 5


def after(
    engine: Engine, keyring: Keyring, ottawa: Agency, *, days: int, watch: Watch | None = None
) -> tuple[Town, Loot]:
    town = Town(engine=engine, keyring=keyring, agency=with_members(ottawa, tags=True))

    def look(night: int) -> None:
        if watch is not None:
            watch.look(loot_of(engine, now=NOON), night)

    lives(town, days=days, seed=8, after_each_night=look)
    now = NOON + timedelta(days=days - 1) + NIGHT
    return town, loot_of(engine, now=now, watch=watch, members=town.members)


# Every day the one who sees more: whoever keeps copies has all that another has.
@pytest.mark.parametrize("kept_copies", [pytest.param(False, marks=pytest.mark.deep), True])
def test_r7_after_a_month_nothing_said_of_a_member_is_anybodys_of_fewer_than_ten_and_it_leads_to_no_other_answer(
    engine: Engine, keyring: Keyring, ottawa: Agency, kept_copies: bool, record_property: Callable[[str, object], None]
) -> None:
    """Also by one who has kept a copy of the database of every night."""
    town, loot = after(engine, keyring, ottawa, days=30, watch=Watch() if kept_copies else None)
    fewest, found = rates_of_feedback(loot, town.truth)
    possible = candidates(loot)
    beside = hits(loot, possible, town.truth, beside_members)
    record_property(
        FIGURES,
        f"members' feedback{' with copies' if kept_copies else ''}: {len(loot.feedback)} rows of "
        f"{len({(row.context['role'], row.context['key']) for row in loot.feedback})} members, at least {fewest} "
        f"candidates each; best order {max(found.values()):.1%}; answers guessed beside it {beside:.1%}",
    )
    assert len(loot.feedback) > 300
    assert fewest >= FEWEST_TOGETHER
    assert max(found.values()) <= ONE_IN_FIVE
    assert fitting(loot, possible) == possible
    assert min(map(len, possible.values())) >= FEWEST
    assert beside <= ONE_IN_FIVE


@pytest.mark.deep  # the counter-test
def test_were_the_same_marks_in_both_tables_they_would_lead_from_one_to_the_other(
    engine: Engine,
    keyring: Keyring,
    ottawa: Agency,
    monkeypatch: pytest.MonkeyPatch,
    record_property: Callable[[str, object], None],
) -> None:
    """So the test above can fail."""
    monkeypatch.setattr(submission, "_apart", lambda _, values: values)
    town, loot = after(engine, keyring, ottawa, days=20, watch=Watch())
    left = fitting(loot, candidates(loot))
    few = [one for one in loot.responses if 0 < len(left[one.id]) < FEWEST]
    right = sum(town.truth[one.tag] in {who.call_id for who in left[one.id]} for one in few)
    record_property(
        FIGURES,
        f"members' feedback with the marks in both tables: {len(few)} of {len(loot.responses)} answers have fewer than "
        f"{FEWEST} candidates left; of {right} the right one is among them",
    )
    assert len(few) > 10


@pytest.mark.deep  # the counter-test
def test_were_they_written_at_once_everybody_would_know_whose_they_are(
    engine: Engine, keyring: Keyring, ottawa: Agency, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(members, "FEWEST_TOGETHER", 1)
    town, loot = after(engine, keyring, ottawa, days=5, watch=Watch())
    fewest, found = rates_of_feedback(loot, town.truth)
    assert fewest == 1
    assert max(found.values()) > ONE_IN_FIVE
