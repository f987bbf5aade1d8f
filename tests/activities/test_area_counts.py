"""R7: answers by area on PostgreSQL: from the submission to the numbers, and nothing of it anywhere else."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random
from typing import TypeVar

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session, SQLModel, select
from structlog.testing import capture_logs

from activities.services import TextServices
from activities.survey_cut import SurveyCut
from calls.reconciliation import Batch
from database.encryption import Keyring, load_keyring, new_key
from database.surveys import AreaCountRow, HeldAreaRow
from policy.agency import Agency
from survey.areas import FEWEST_COUNTED, AreaPiece
from survey.cut import FEWEST
from tests.builders import NOON, minutes
from tests.survey.month import Town

Row = TypeVar("Row", bound=SQLModel)
DAY = timedelta(days=1)
VERSION = "2026-2"


class _DrawsTheFirst(Random):
    """Of every survey Q1 is drawn; all else is as ever."""

    def randrange(self, *_: object) -> int:
        return 0


def _draws_the_first(services: TextServices) -> SurveyCut:
    return SurveyCut(services, chance=_DrawsTheFirst())


@pytest.fixture
def town(engine: Engine, keyring: Keyring, ottawa: Agency) -> Town:
    return Town(engine=engine, keyring=keyring, agency=ottawa, makes=_draws_the_first)


def rows(town: Town, table: type[Row]) -> list[Row]:
    with Session(town.engine) as session:
        return list(session.exec(select(table)).all())


def answered(town: Town, count: int, *, at: datetime = NOON, area: str | None = "7", **values: str) -> None:
    """With the marks 1 to 5 in turn."""
    begin = len(town.members)
    for number in range(begin, begin + count):
        token = town.invited(f"{number}", at, area=area)
        town.sent(token, at + minutes(number % 60), **{"Q1": str(number % 5 + 1), **values})


def held(town: Town) -> list[AreaPiece]:
    bodies = [town.keyring.decrypt(row.body_encrypted) for row in rows(town, HeldAreaRow)]
    return [AreaPiece.model_validate_json(body) for body in bodies]


def counts(town: Town) -> dict[tuple[str, str, str, str], int]:
    for row in rows(town, AreaCountRow):
        assert (row.agency, row.survey_version, row.area_version) == ("ottawa", VERSION, "")
    return {(row.month, row.area, row.question, row.option): row.count for row in rows(town, AreaCountRow)}


def test_ten_answers_of_an_area_are_counted_in_the_night_whatever_else_the_answers_may_say(town: Town) -> None:
    answered(town, FEWEST_COUNTED)
    assert not rows(town, HeldAreaRow)  # before the night there is nothing
    town.night(NOON)
    assert not rows(town, HeldAreaRow)
    assert counts(town) == {
        ("2026-01", "7", "", ""): 10,
        ("2026-01", "7", "Q1", ""): 10,
        **{("2026-01", "7", "Q1", str(mark)): 2 for mark in range(1, 6)},
    }


def test_of_several_areas_answers_are_counted_that_are_written_without_one(town: Town) -> None:
    for number in range(2 * FEWEST_COUNTED):
        answered(town, 1, area=str(number % 2), at=NOON + number // 4 * DAY)
        answered(town, 1, area=None, at=NOON + number // 4 * DAY)
        if number % 4 == 3:
            town.night(NOON + number // 4 * DAY)
    with town.engine.connect() as connection:
        told = connection.execute(text("SELECT DISTINCT context ->> 'area' FROM survey_response")).scalars().all()
    assert set(told) == {None}
    assert {key[1]: count for key, count in counts(town).items() if not key[2]} == {"0": 10, "1": 10}


def test_an_answer_that_waits_for_the_cut_leaves_its_piece_once_when_it_is_written(town: Town) -> None:
    answered(town, FEWEST - 1)
    town.night(NOON)
    assert not rows(town, HeldAreaRow)
    answered(town, 1, at=NOON + DAY)
    for night in range(1, 4):
        town.night(NOON + night * DAY)
        assert len(rows(town, HeldAreaRow)) == FEWEST


def test_nine_wait_under_new_ids_and_all_of_one_length_and_the_tenth_brings_them(town: Town) -> None:
    answered(town, 9)
    town.night(NOON)
    before = {row.id: row.body_encrypted for row in rows(town, HeldAreaRow)}
    answered(town, FEWEST, at=NOON + DAY, area="8")
    town.night(NOON + DAY)
    after = {row.id: row.body_encrypted for row in rows(town, HeldAreaRow)}
    assert (len(before), len(after), counts(town)) == (9, 15, {})
    assert not before.keys() & after.keys()
    assert not set(before.values()) & set(after.values())
    assert len({len(body) for body in after.values()}) == 1
    assert {one.week for one in held(town)} == {"2026-W03"}
    answered(town, FEWEST, at=NOON + 2 * DAY)
    town.night(NOON + 2 * DAY)
    assert counts(town)["2026-01", "7", "", ""] == 15
    assert {one.area for one in held(town)} == {"8"}


def test_a_month_adds_up_and_the_next_one_begins_anew(town: Town) -> None:
    last = datetime(2026, 1, 31, 17, tzinfo=UTC)
    for at in (last - DAY, last, last + DAY):
        answered(town, FEWEST_COUNTED, at=at)
        town.night(at)
    assert {key[0]: count for key, count in counts(town).items() if not key[2]} == {"2026-01": 20, "2026-02": 10}
    assert counts(town)["2026-01", "7", "Q1", "3"] == 4


def test_r7_a_months_numbers_are_written_anew_together_each_night(town: Town) -> None:
    for night, area in enumerate(("7", "8")):
        answered(town, FEWEST_COUNTED, at=NOON + night * DAY, area=area)
        town.night(NOON + night * DAY)
    hidden = "SELECT count(DISTINCT xmin::text), count(*) FROM survey_area_count"
    with town.engine.connect() as connection:
        assert tuple(connection.execute(text(hidden)).one()) == (1, 14)


def test_r7_neither_bytes_of_what_was_held_nor_samples_of_it_stay(town: Town) -> None:
    answered(town, FEWEST)
    town.night(NOON)
    bodies = [row.body_encrypted for row in rows(town, HeldAreaRow)]
    answered(town, FEWEST, at=NOON + DAY)
    town.night(NOON + DAY)
    samples = text(
        "SELECT attname FROM pg_stats WHERE tablename IN ('survey_area_held', 'survey_area_count') "
        "AND attname IN ('body_encrypted', 'count')"
    )
    with town.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("CHECKPOINT"))
        path = "pg_read_binary_file(pg_relation_filepath('survey_area_held'))"
        in_file = bytes(connection.execute(text(f"SELECT {path}")).scalar_one())
        connection.execute(text("ANALYZE survey_area_held, survey_area_count"))
        assert connection.execute(samples).all() == []
    assert bodies
    assert [body for body in bodies if body.encode() in in_file] == []


def test_another_agencys_and_what_cannot_be_read_stays_and_keeps_nothing_from_being_counted(town: Town) -> None:
    answered(town, FEWEST)
    town.night(NOON)
    theirs = held(town)[0].model_copy(update={"agency": "gatineau"})
    other = load_keyring(encryption_keys=f"k9:{new_key()}", lookup_key=new_key())
    bodies = [other.encrypt("{}"), town.keyring.encrypt_without_time(theirs.as_text())]
    with Session(town.engine) as session, session.begin():
        session.add_all([HeldAreaRow(body_encrypted=body) for body in bodies])
    answered(town, FEWEST, at=NOON + DAY)
    with capture_logs() as logs:
        assert town.night(NOON + DAY) == Batch(done=1)
    assert sorted(row.body_encrypted for row in rows(town, HeldAreaRow)) == sorted(bodies)
    assert counts(town)["2026-01", "7", "", ""] == 12
    event = "what is held to be counted by area cannot be read"
    assert {"event": event, "count": 1, "log_level": "warning"} in logs


def test_what_has_waited_for_more_than_a_year_is_deleted_with_a_warning(town: Town) -> None:
    answered(town, FEWEST)
    town.night(NOON)
    with capture_logs() as logs:
        town.night(NOON + 53 * 7 * DAY)
    assert not rows(town, HeldAreaRow)
    event = "answers were not counted by area: too few in all"
    assert {"event": event, "count": FEWEST, "log_level": "warning"} in logs


def test_r7_the_lot_decides_and_not_the_answer(engine: Engine, keyring: Keyring, ottawa: Agency) -> None:
    by_lot: Callable[[TextServices], SurveyCut] = SurveyCut
    town = Town(engine=engine, keyring=keyring, agency=ottawa, makes=by_lot)
    answered(town, 60)
    town.night(NOON)
    waits = {one.question for one in held(town)}
    assert len(held(town)) + counts(town).get(("2026-01", "7", "", ""), 0) == 60
    assert len(waits | {key[2] for key in counts(town)} - {""}) > 5
