"""What is fed: every call of the year once, each with its own life, and none lost by a kill."""

import itertools
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from calls.clock import Clock
from local.generated.days import Recipe, counts_by_day
from starter.fictional_numbers import fictional_number
from tests.year.fed import Fed, Standing, last_standing
from tests.year.feeding import supply_of
from tests.year.lives import CALLS_A_YEAR, moment, moments, moved, records, the_year
from tests.year.part import Part

ZONE = ZoneInfo("America/Toronto")
NOW = datetime(2026, 3, 8, 5, 30, tzinfo=UTC)
FIRST = list(itertools.islice(the_year(ZONE), 400))


def test_the_year_has_exactly_ottawas_calls_and_each_id_once() -> None:
    counts = counts_by_day(Recipe(seed=1, first_day=datetime(2026, 1, 1).date(), days=365, storm=False))  # noqa: DTZ001
    assert sum(count[3] + count[4] for count in counts) == CALLS_A_YEAR
    assert max(Counter(row["incident_id"] for row in FIRST).values()) == 1


def test_a_moved_life_has_every_step_as_long_after_its_receipt_as_before() -> None:
    for row in FIRST:
        there = moved(row, received=NOW, zone=ZONE)
        assert moment(there["received"]) == NOW
        for column in ("call_ended", "dispatched", "arrived", "first_closed", "reopened_at", "final_closed"):
            if row[column] in ("", "NULL"):
                assert there[column] == row[column]
                continue
            wait = datetime.fromisoformat(row[column]) - datetime.fromisoformat(
                row["received"]
            )  # no clocks change here
            assert moment(there[column]) - NOW == wait


def test_each_step_is_told_when_it_happens_and_the_end_tells_what_came_of_it() -> None:
    for number, row in enumerate(moved(row, received=NOW, zone=ZONE) for row in FIRST):
        told = records(row, number=number)
        assert [record.at for record in told] == sorted(record.at for record in told)
        assert [record.told.get("phone") for record in told] == [fictional_number(number), *[None] * (len(told) - 1)]
        assert {record.at for record in told} == {max(at, NOW) for at in moments(row)}
        ends = [record.told for record in told if "disposition" in record.told]
        assert len(ends) == (row["disposition"] not in ("", "NULL"))


def test_half_a_line_that_a_kill_left_is_cut_off_and_the_call_comes_again(tmp_path: Path) -> None:
    path = tmp_path / "fed.csv"
    with Fed(path) as fed:
        assert [fed.write(row) for row in FIRST[:3]] == [0, 1, 2]
    whole = path.read_bytes()
    path.write_bytes(whole + b"26-0010004,GENER")
    with Fed(path) as fed:
        assert fed.number == 3
        assert fed.write(FIRST[3]) == 3
    assert [row["incident_id"] for row in fed.rows()] == [row["incident_id"] for row in FIRST[:4]]


def test_the_clock_goes_on_where_the_run_stood(tmp_path: Path) -> None:
    clock = Clock(real_origin=NOW, virtual_origin=NOW, speed=600)
    stopped = NOW + timedelta(minutes=10)
    Standing(clock=clock, alive_real=stopped, told_until=NOW).write(tmp_path / "standing.json")
    last = last_standing(tmp_path / "standing.json")
    assert last is not None
    resumed = stopped + timedelta(days=3)
    assert last.clock_going_on(at=resumed, speed=60).at(resumed) == clock.at(stopped)
    assert last_standing(tmp_path / "none.json") is None


def test_a_run_goes_on_with_the_next_call_and_with_what_is_not_told_yet(tmp_path: Path) -> None:
    with Fed(tmp_path / "fed.csv") as fed:
        for row in FIRST[:10]:
            fed.write(moved(row, received=NOW, zone=ZONE))
        told_until = NOW + timedelta(minutes=30)
        supply = supply_of(fed, told_until=told_until, calls=12, zone=ZONE)
        told = [record for number, row in enumerate(fed.rows()) for record in records(row, number=number)]
    assert sorted(supply.waiting) == sorted(record for record in told if record.at >= told_until)
    assert [row["incident_id"] for row in supply.coming] == [row["incident_id"] for row in FIRST[10:12]]


@pytest.mark.parametrize("of", [1, 4, 6, 12])
def test_the_parts_of_a_year_have_each_call_once(of: int) -> None:
    parts = [Part.parse(f"{number}/{of}") for number in range(1, of + 1)]
    assert [part.first for part in parts] == [0, *itertools.accumulate(part.calls for part in parts[:-1])]
    assert sum(part.calls for part in parts) == CALLS_A_YEAR


def test_a_part_begins_with_its_first_call_and_goes_on_behind_those_that_were_fed(tmp_path: Path) -> None:
    with Fed(tmp_path / "fed.csv") as fed:
        fresh = supply_of(fed, told_until=None, first=100, calls=5, zone=ZONE)
        for row in itertools.islice(fresh.coming, 2):
            fed.write(moved(row, received=NOW, zone=ZONE))
        rest = supply_of(fed, told_until=NOW, first=100, calls=5, zone=ZONE)
        coming = [row["incident_id"] for row in rest.coming]
    assert coming == [row["incident_id"] for row in FIRST[102:105]]


@pytest.mark.parametrize("typed", ["0/6", "7/6", "1/13", "2", "2/", "a/b", "-1/6", ""])
def test_what_is_no_part_of_a_year_is_refused_in_one_line(typed: str) -> None:
    with pytest.raises(ValueError, match="is no part of a year; write 2/6, of twelve at most"):
        Part.parse(typed)
