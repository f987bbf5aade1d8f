"""Comments that sound urgent reach a person on the same day, and nothing without keys tells whose they are (R7)."""

from concurrent.futures import Future, ThreadPoolExecutor
from uuid import uuid4

import pytest
from sqlalchemy import Engine, func, text
from sqlmodel import Session, select

from calls.reconciliation import Batch
from database.encryption import Keyring
from database.surveys import CUTTING, HeldAnswerRow
from policy.agency import Agency
from tests.builders import NOON
from tests.survey.month import Town
from web.staff.comments.urgent import UrgentComments


@pytest.fixture
def town(engine: Engine, keyring: Keyring, ottawa: Agency) -> Town:
    return Town(engine=engine, keyring=keyring, agency=ottawa)


@pytest.fixture
def urgent(engine: Engine, keyring: Keyring) -> UrgentComments:
    return UrgentComments(engine=engine, keyring=keyring, agency="ottawa")


def wrote(town: Town, *comments: str) -> None:
    for comment in comments:
        town.sent(town.invited(uuid4().hex, NOON, area="7"), NOON, C1=comment)


def transactions(engine: Engine) -> dict[str, str]:
    with engine.connect() as connection:
        found = connection.execute(text("SELECT id::text AS id, xmin::text AS xmin FROM survey_held ORDER BY ctid"))
        return {row.id: row.xmin for row in found}


def bodies(engine: Engine) -> set[str]:
    with Session(engine) as session:
        return set(session.exec(select(HeldAnswerRow.body_encrypted)))


def test_they_are_shown_as_soon_as_they_are_sent_and_ordinary_ones_are_not(town: Town, urgent: UrgentComments) -> None:
    wrote(town, "Thank you", "he has a gun", "il a un couteau")
    assert {one.comment for one in urgent.unseen()} == {"he has a gun", "il a un couteau"}
    elsewhere = UrgentComments(engine=town.engine, keyring=town.keyring, agency="elsewhere")
    assert elsewhere.unseen() == []
    assert not elsewhere.see(urgent.unseen()[0].id)


def test_r7_one_that_was_seen_is_shown_no_more_and_nothing_tells_which_it_was(
    town: Town, urgent: UrgentComments
) -> None:
    wrote(town, *["Thank you"] * 9, "he has a gun")
    with Session(town.engine) as session, session.begin():
        session.add(HeldAnswerRow(body_encrypted="nonsense"))
    before, read = transactions(town.engine), bodies(town.engine)
    [one] = urgent.unseen()
    assert urgent.see(one.id)
    assert urgent.unseen() == []
    after = transactions(town.engine)
    assert set(after) == set(before)
    assert list(after) != list(before)  # of eleven rows
    assert len(set(after.values())) == 1
    assert not set(after.values()) & set(before.values())
    assert bodies(town.engine) & read == {"nonsense"}


def test_one_that_nobody_has_seen_by_the_night_is_still_shown_and_one_that_somebody_has_is_not(
    town: Town, urgent: UrgentComments
) -> None:
    wrote(town, *["Thank you"] * 8, "he has a gun", "she is bleeding")
    seen = next(one for one in urgent.unseen() if "bleeding" in one.comment)
    assert urgent.see(seen.id)
    town.night(NOON)
    [left] = urgent.unseen()
    assert left.comment == "he has a gun"
    assert not urgent.see(seen.id)
    assert urgent.see(left.id)
    assert urgent.unseen() == []


def test_one_that_waits_and_was_seen_stays_seen(town: Town, urgent: UrgentComments) -> None:
    wrote(town, "a weapon", "another weapon")
    assert urgent.see(urgent.unseen()[0].id)
    town.night(NOON)
    assert len(urgent.unseen()) == 1


def wait_until_done_or_waiting(engine: Engine, work: Future[bool]) -> None:
    waiting = text("SELECT EXISTS (SELECT 1 FROM pg_locks WHERE NOT granted), pg_sleep(0.01)")
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        while not work.done() and not connection.execute(waiting).scalar_one():
            pass


def test_r7_a_cut_goes_by_while_somebody_marks_one_and_comes_again(town: Town, urgent: UrgentComments) -> None:
    """Each would take what the other puts back for gone."""
    wrote(town, *["Thank you"] * 9, "he has a gun")
    [one] = urgent.unseen()
    with ThreadPoolExecutor(1) as threads:
        with town.engine.begin() as connection:
            connection.execute(select(func.pg_advisory_xact_lock(CUTTING)))
            seeing = threads.submit(urgent.see, one.id)
            wait_until_done_or_waiting(town.engine, seeing)
            assert town.night(NOON) == Batch()
            assert not seeing.done()
        assert seeing.result()
    assert town.night(NOON) == Batch(done=1)
    assert bodies(town.engine) == set()
