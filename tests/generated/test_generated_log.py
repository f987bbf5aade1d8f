"""The file: the same for the same recipe, read by Ottawa's folder, and honest about what it is."""

import csv
import gzip
from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from statistics import median

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local.errors import LocalError
from local.generated.curves import ORDINARY, Curve
from local.generated.days import LOW, counts_by_day
from local.generated.log import COLUMNS, Counts, Recipe, write_log
from local.generated.mix import GeneratedCall, calls_of_day, generated_calls
from policy.agency import Agency
from starter.csv_log import Log, read_log
from tests.generated.recipes import THURSDAY, TORONTO, recipe

INTENDED = ("the id is blank", "which is not a time", "is in the log twice", "older than its reopening")


def rows_of(path: Path) -> list[dict[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as text:
        return list(csv.DictReader(text))


@dataclass(frozen=True, kw_only=True)
class Written:
    """A fortnight's log, and what was read of it."""

    counts: Counts
    heading: str
    rows: list[dict[str, str]]
    log: Log


@pytest.fixture(scope="module")
def fortnight(tmp_path_factory: pytest.TempPathFactory, ottawa: Agency) -> Written:
    path = tmp_path_factory.mktemp("generated") / "fortnight.csv.gz"
    counts = write_log(path, ottawa, recipe(days=14))
    heading = gzip.decompress(path.read_bytes()).decode("utf-8").splitlines()[0]
    return Written(counts=counts, heading=heading, rows=rows_of(path), log=read_log(path, ottawa.cad))


def test_an_ordinary_day_has_751_calls_of_priority_3_and_4(tmp_path: Path, ottawa: Agency) -> None:
    path = tmp_path / "day.csv.gz"
    counts = write_log(path, ottawa, recipe())
    assert (counts.priority_3, counts.priority_4) == (172, 579)
    by_priority = Counter(row["priority_native"] for row in rows_of(path))
    assert (by_priority["3"], by_priority["4"]) == (172, 579)
    assert counts.calls == pytest.approx(2_276, abs=2)
    assert {row["received"][:10] for row in rows_of(path)} == {"2026-01-15"}


def test_every_row_says_that_it_is_generated(fortnight: Written) -> None:
    rows = fortnight.rows
    assert {row["note"] for row in rows} == {"generated, seed 1: not a real call"}
    assert {row["agency"] for row in rows} == {"GENERATED"}


def test_the_columns_are_those_of_the_common_layout_without_anything_personal(fortnight: Written) -> None:
    assert fortnight.heading == (
        "incident_id,agency,priority_native,priority_5,type_initial,type_final,source,language,received,queued,"
        "call_ended,dispatched,acked,enroute,arrived,first_unit_cleared,first_closed,reopened,reopened_at,"
        "final_closed,disposition,area,note"
    )


def test_the_same_recipe_writes_the_same_bytes_under_any_name(tmp_path: Path, ottawa: Agency) -> None:
    first, second, plain = tmp_path / "a.csv.gz", tmp_path / "b.csv.gz", tmp_path / "c.csv"
    for path in (first, second, plain):
        write_log(path, ottawa, recipe(seed=7, days=2))
    assert first.read_bytes() == second.read_bytes()
    assert gzip.decompress(first.read_bytes()) == plain.read_bytes()


def test_another_seed_writes_another_log(tmp_path: Path, ottawa: Agency) -> None:
    logs = []
    for seed in (1, 2):
        path = tmp_path / f"{seed}.csv"
        write_log(path, ottawa, recipe(seed=seed))
        logs.append([line.rsplit(",", 2)[0] for line in path.read_text("utf-8").splitlines()])
    assert logs[0] != logs[1]


def test_it_reads_as_ottawas_log_with_the_intended_slips_only(fortnight: Written, ottawa: Agency) -> None:
    log, counts = fortnight.log, fortnight.counts
    assert [problem for problem in log.problems if not any(what in problem.what for what in INTENDED)] == []
    assert {what for what in INTENDED for problem in log.problems if what in problem.what} == set(INTENDED)
    assert log.rows == counts.rows
    left_out = sum(problem.left_out for problem in log.problems)
    assert len(log.calls) == counts.calls - left_out
    assert left_out < counts.calls * 0.002


def test_slips_never_change_how_many_calls_of_priority_3_and_4_there_are(fortnight: Written) -> None:
    counts = fortnight.counts
    rows = Counter(row["priority_native"] for row in fortnight.rows)
    calls = Counter(call.priority_code for call in fortnight.log.calls)
    for by_priority in (rows, calls):
        assert (by_priority["3"], by_priority["4"]) == (counts.priority_3, counts.priority_4)


def test_slips_occur_and_are_rare(fortnight: Written, ottawa: Agency) -> None:
    rows = fortnight.rows
    shares = {
        "NULL": sum("NULL" in row.values() for row in rows) / len(rows),
        "unknown priority": sum(row["priority_native"] not in ottawa.cad.priorities for row in rows) / len(rows),
        "unknown source": sum(row["source"] not in ottawa.cad.sources for row in rows) / len(rows),
        "dispatched before received": sum("" < row["dispatched"] < row["received"] for row in rows) / len(rows),
        "dispatched before queued": sum(
            "NULL" > row["dispatched"] > "" and row["queued"] > row["dispatched"] for row in rows
        )
        / len(rows),
    }
    assert all(share > 0 for share in shares.values()), shares
    assert shares["NULL"] < 0.01
    assert shares["unknown priority"] < 0.001
    assert shares["unknown source"] < 0.002


def test_ids_are_unique_and_a_few_are_out_of_order(fortnight: Written) -> None:
    counts = fortnight.counts
    ids = [row["incident_id"] for row in fortnight.rows if row["incident_id"]]
    blank = counts.rows - len(ids)
    assert len(set(ids)) == counts.calls - blank
    assert all(len(cad_id) == len("26-0123456") and cad_id.startswith("26-") for cad_id in ids)
    falling = sum(second < first for first, second in pairwise(ids)) / len(ids)
    assert falling == pytest.approx(0.069, abs=0.01)


def test_a_day_of_a_recipe_is_the_same_without_the_days_before_it() -> None:
    of = recipe(days=8)
    counts = counts_by_day(of)
    first = datetime.combine(of.day(5), datetime.min.time(), tzinfo=TORONTO).timestamp()
    in_the_log = [call for call in generated_calls(of, TORONTO) if first <= call.life.received < first + 86_400]
    assert calls_of_day(of, TORONTO, 5, counts[5]) == in_the_log


def test_priorities_3_and_4_are_the_same_without_the_others() -> None:
    alone = list(generated_calls(recipe(), TORONTO, LOW))
    assert [call for call in generated_calls(recipe(), TORONTO) if call.priority in LOW] == alone


def test_each_day_is_told_when_it_is_written(tmp_path: Path, ottawa: Agency) -> None:
    told: list[int] = []
    counts = write_log(tmp_path / "log.csv", ottawa, recipe(days=3), on_day=told.append)
    assert told == [1, 2, 3]
    assert counts.days == 3


def test_a_storm_day_has_more_calls_that_wait_longer() -> None:
    ordinary, storm = (list(generated_calls(recipe(storm=storm), TORONTO, LOW)) for storm in (False, True))
    assert 1_400 < len(storm) < 1_900
    assert _on_the_road(storm) > 3 * _on_the_road(ordinary)
    for priority, seattles in ((3, 50), (4, 107)):
        assert _median_wait(storm, priority) == pytest.approx(seattles, rel=0.25)
        assert _median_wait(storm, priority) > 2.5 * _median_wait(ordinary, priority)


def _on_the_road(calls: list[GeneratedCall]) -> int:
    return sum(call.type_initial.startswith(("COLLISION", "TRAFFIC")) for call in calls)


def _median_wait(calls: list[GeneratedCall], priority: int) -> float:
    waits = [
        (call.life.dispatched - call.life.received) / 60
        for call in calls
        if call.priority == priority and call.life.dispatched is not None
    ]
    return median(waits)


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10**9))
def test_a_storms_busiest_hour_stays_below_two_hundred(seed: int) -> None:
    calls = generated_calls(recipe(seed=seed, storm=True), TORONTO, LOW)
    by_hour = Counter(call.life.received // 3_600 for call in calls)
    assert 90 < max(by_hour.values()) <= 200


def test_a_storm_leaves_the_days_after_it_as_they_are() -> None:
    calm, storm = (counts_by_day(recipe(days=5, storm=storm)) for storm in (False, True))
    assert storm[1:] == calm[1:]
    assert sum(storm[0].values()) > sum(calm[0].values())


def test_urgent_calls_and_officers_own_go_at_once() -> None:
    calls = list(generated_calls(recipe(days=3), TORONTO, (1, 2, 5)))
    assert _median_wait(calls, 1) < 1
    assert _median_wait(calls, 2) < 5.5
    assert _median_wait([call for call in calls if call.source == "officer"], 2) < 1


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    first_day=st.dates(date(1972, 1, 1), date(2190, 1, 1)),
    days=st.integers(1, 800),
)
def test_any_number_of_days_has_its_share_of_a_year(seed: int, first_day: date, days: int) -> None:
    counts = counts_by_day(recipe(seed=seed, first_day=first_day, days=days))
    assert len(counts) == days
    low = sum(count[priority] for count in counts for priority in LOW)
    assert low == pytest.approx(274_075 * days / 365, rel=0.003)
    assert all(calls >= 0 for count in counts for calls in count.values())


@given(st.lists(st.floats(0, 1), min_size=2, max_size=50))
def test_curves_never_fall(ranks: list[float]) -> None:
    for course in ORDINARY.values():
        for curve in (course.dispatch, course.arrive, course.close):
            minutes = [curve.at(rank) for rank in sorted(ranks)]
            assert minutes == sorted(minutes)


@pytest.mark.parametrize("knots", [{0.0: 1, 0.5: 2}, {0.0: 2, 1.0: 1}, {0.0: 1, 0.7: 2, 0.6: 3, 1.0: 4}])
def test_a_curve_that_is_none_is_refused(knots: dict[float, float]) -> None:
    with pytest.raises(ValueError, match="curve"):
        Curve(knots)


@pytest.mark.parametrize(("first_day", "days"), [(THURSDAY, 0), (date(1900, 1, 1), 1), (date(2198, 12, 31), 2)])
def test_a_recipe_that_cannot_be_made_is_refused_in_one_line(first_day: date, days: int) -> None:
    with pytest.raises(LocalError, match=r"^a log .*[^\n]$"):
        Recipe(seed=1, first_day=first_day, days=days, storm=False)


def test_a_folder_that_reads_other_columns_is_told_which_is_missing(tmp_path: Path, ottawa: Agency) -> None:
    columns = ottawa.cad.columns.model_copy(update={"safety_flag": "hazard"})
    agency = ottawa.model_copy(update={"cad": ottawa.cad.model_copy(update={"columns": columns})})
    with pytest.raises(LocalError, match=r"no column 'hazard', which the cad\.yaml of ottawa names"):
        write_log(tmp_path / "log.csv", agency, recipe())
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_is_said_in_one_line(tmp_path: Path, ottawa: Agency) -> None:
    with pytest.raises(LocalError, match="cannot be written"):
        write_log(tmp_path / "nowhere" / "log.csv", ottawa, recipe())
    with pytest.raises(LocalError, match="is a folder"):
        write_log(tmp_path, ottawa, recipe())


def test_a_log_that_is_broken_off_leaves_no_half_file(tmp_path: Path, ottawa: Agency) -> None:
    def stop(days: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_log(tmp_path / "log.csv.gz", ottawa, recipe(days=2), on_day=stop)
    assert list(tmp_path.iterdir()) == []


def test_when_the_clocks_go_forward_an_hour_is_missing(tmp_path: Path, ottawa: Agency) -> None:
    path = tmp_path / "spring.csv.gz"
    write_log(path, ottawa, recipe(seed=3, first_day=date(2026, 3, 7), days=2))
    times = [cell for row in rows_of(path) for column, cell in row.items() if cell.startswith("2026-03-08 ")]
    assert len(times) > 5_000
    assert [time for time in times if time.startswith("2026-03-08 02")] == []
    assert [time for time in times if time.startswith("2026-03-08 01")]


def test_when_the_clocks_go_back_naive_times_run_backwards_while_waits_stay_exact() -> None:
    night = recipe(first_day=date(2026, 11, 1), days=1)
    calls = list(generated_calls(night, TORONTO))
    moments = [(call.life.received, call.life.dispatched) for call in calls if call.life.dispatched is not None]
    across = 0
    for received, dispatched in moments:
        first, second = (datetime.fromtimestamp(moment, TORONTO) for moment in (received, dispatched))
        shown = second.replace(tzinfo=None) - first.replace(tzinfo=None)
        assert timedelta(seconds=dispatched - received) - shown in (timedelta(), timedelta(hours=1))
        across += shown < timedelta()
    assert across > 0  # Alexandria, 2 November 2025: received 01:38:21, dispatched 01:06:14
    hours = Counter(datetime.fromtimestamp(call.life.received, TORONTO).hour for call in calls)
    assert hours[1] > 1.4 * hours[2]  # an hour that comes twice
    assert moments[-1][0] - moments[0][0] > 24 * 3_600


def test_every_row_has_a_cell_for_each_column(fortnight: Written) -> None:
    for row in fortnight.rows:
        assert tuple(row) == COLUMNS
        assert None not in row.values()
