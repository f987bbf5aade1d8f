"""The calculation itself, on cases that were computed by hand. Times in a log are local, due times are UTC."""

import csv
import gzip
import shutil
from datetime import datetime
from pathlib import Path

import pytest

from tests.simulation.by_the_policy import Expected, ExpectedText, expected

AGENCIES = Path(__file__).parents[2] / "agencies"
NEW_YORK, OTTAWA = AGENCIES / "new-york", AGENCIES / "ottawa"
LARCENY = {"priority_native": "Non CIP", "type_final": "LARCENY (PAST): OTHER/INSIDE"}
NOISE = {"priority_native": "3", "type_initial": "NOISE", "source": "phone"}
MET, MISSING = ("true", "all rules met"), ("undecided", "a fact is missing")


def lived(tmp_path: Path, agency: Path, *rows: dict[str, str]) -> Expected:
    """Rows without an id are all of call 1."""
    log = tmp_path / "log.csv"
    with log.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, sorted({"incident_id", "received"}.union(*rows)))
        writer.writeheader()
        writer.writerows({"incident_id": "1"} | row for row in rows)
    return expected(log, agency)


def in_new_york(tmp_path: Path, *rows: dict[str, str]) -> Expected:
    return lived(tmp_path, NEW_YORK, *(LARCENY | row for row in rows))


def in_ottawa(tmp_path: Path, *rows: dict[str, str]) -> Expected:
    return lived(tmp_path, OTTAWA, *(NOISE | row for row in rows))


def due(result: Expected) -> list[str]:
    return [f"{t.kind} {t.sequence} {t.due_at:%m-%d %H:%M:%S}" for t in sorted(result.texts, key=lambda t: t.due_at)]


FULL_CAD = """
columns:
  cad_id: incident_id
  case_number: case
  priority: priority_native
  call_type: type_initial
  final_call_type: type_final
  source: source
  in_progress: in_progress
  safety_flag: safety_flag
  received: received
  dispatched: dispatched
  arrived: arrived
  cleared: first_closed
  reopened: reopened_at
  finally_cleared: final_closed
  disposition: disposition
zone: America/Toronto
priorities: {"1": 1, "2": 2, "3": 3, "4": 4, "5": 5}
sources: {phone: resident, alarm: alarm, NO: officer}
dispositions: {DUP: duplicate, NO: cancelled}
"""


@pytest.fixture
def full(tmp_path: Path) -> Path:
    """Ottawa's policy, with a CAD that tells everything."""
    folder = tmp_path / "agency"
    folder.mkdir()
    for name in ("policy.yaml", "call_types.yaml"):
        shutil.copy(OTTAWA / name, folder)
    (folder / "cad.yaml").write_text(FULL_CAD, encoding="utf-8")
    return folder


def in_full(tmp_path: Path, full: Path, *rows: dict[str, str]) -> Expected:
    return lived(tmp_path, full, *(NOISE | {"case": "26-1"} | row for row in rows))


# A day without surprises


def test_a_call_gets_a_confirmation_and_a_survey(tmp_path: Path) -> None:
    row = {"received": "2024-01-15T10:00:00.000", "dispatched": "2024-01-15 10:20:00", "first_closed": ""}
    result = in_new_york(tmp_path, row | {"first_closed": "2024-01-15T11:00:00.000"})
    assert result.decisions == {"1": MET}
    assert due(result) == ["confirmation 1 01-15 15:03:00", "survey 1 01-15 20:00:00"]
    assert result.texts[0] == ExpectedText("1", "confirmation", 1, datetime.fromisoformat("2024-01-15T15:03:00+00:00"))


@pytest.mark.parametrize(
    ("cleared", "survey"),
    [
        ("2024-01-15 15:59:59", "01-16 00:59:59"),  # 19:59:59 local: just inside
        ("2024-01-15 16:00:00", "01-16 14:00:00"),  # 20:00 local: the next morning
        ("2024-01-15 19:59:59", "01-16 14:00:00"),
        ("2024-01-15 20:00:00", "01-16 14:00:00"),  # midnight: that morning
        ("2024-01-16 04:59:59", "01-16 14:00:00"),
        ("2024-01-16 05:00:01", "01-16 14:00:01"),  # 09:00:01 local: inside again
    ],
)
def test_a_survey_waits_for_the_morning(tmp_path: Path, cleared: str, survey: str) -> None:
    row = {"received": "2024-01-15 10:00:00", "dispatched": "2024-01-15 10:20:00", "first_closed": cleared}
    assert due(in_new_york(tmp_path, row))[-1] == f"survey 1 {survey}"


@pytest.mark.parametrize("cleared", ["2024-01-15 10:02:59", "2024-01-15 10:03:00", "2024-01-15 09:59:00"])
def test_a_call_cleared_before_the_confirmation_gets_nothing(tmp_path: Path, cleared: str) -> None:
    result = in_new_york(tmp_path, {"received": "2024-01-15 10:00:00", "first_closed": cleared})
    assert (result.decisions, result.texts) == ({"1": MET}, [])


def test_a_call_cleared_after_the_confirmation_gets_both(tmp_path: Path) -> None:
    row = {
        "received": "2024-01-15 10:00:00",
        "dispatched": "2024-01-15 10:01:00",
        "first_closed": "2024-01-15 10:03:01",
    }
    assert due(in_new_york(tmp_path, row)) == ["confirmation 1 01-15 15:03:00", "survey 1 01-15 19:03:01"]


@pytest.mark.parametrize(("cleared", "surveys"), [("2024-01-15 10:00:00", 1), ("2024-01-15 10:00:01", 0)])
def test_after_fourteen_days_a_call_ends_by_itself(tmp_path: Path, cleared: str, surveys: int) -> None:
    row = {"received": "2024-01-01 10:00:00", "dispatched": "2024-01-01 10:10:00", "first_closed": cleared}
    result = in_new_york(tmp_path, row)
    assert [text.kind for text in result.texts] == ["confirmation"] + ["survey"] * surveys


# The caller hangs up


@pytest.mark.parametrize(
    ("hung_up", "confirmation"),
    [
        ("10:00:30", "15:02:30"),
        ("10:02:30", "15:04:30"),
        ("10:03:00", "15:05:00"),  # at the very moment: the step comes first
        ("10:03:01", "15:03:00"),  # nobody knew yet
        ("NULL", "15:03:00"),
    ],
)
def test_the_hang_up_counts_once_it_is_known(tmp_path: Path, hung_up: str, confirmation: str) -> None:
    ended = hung_up if hung_up == "NULL" else f"2024-01-15 {hung_up}"
    row = {"received": "2024-01-15 10:00:00", "call_ended": ended, "dispatched": "2024-01-15 10:10:00"}
    assert due(in_ottawa(tmp_path, row)) == [f"confirmation 1 01-15 {confirmation}"]


def test_cleared_while_the_hang_up_holds_the_confirmation_back(tmp_path: Path) -> None:
    row = {"received": "2024-01-15 10:00:00", "call_ended": "2024-01-15 10:02:30"}
    assert in_ottawa(tmp_path, row | {"first_closed": "2024-01-15 10:04:00"}).texts == []


# Delays


@pytest.mark.parametrize(
    ("priority", "notices"), [("3", ["15:30", "17:30", "19:30"]), ("4", ["16:00", "18:00", "20:00"])]
)
def test_delay_notices_end_at_the_cap(tmp_path: Path, priority: str, notices: list[str]) -> None:
    result = in_ottawa(tmp_path, {"received": "2024-01-15 10:00:00", "priority_native": priority})
    delays = [f"delay {place} 01-15 {notice}:00" for place, notice in enumerate(notices, start=1)]
    assert due(result) == ["confirmation 1 01-15 15:03:00", *delays]


@pytest.mark.parametrize("step", ["dispatched", "arrived", "first_closed"])
@pytest.mark.parametrize(("at", "notices"), [("10:30:00", 0), ("10:30:01", 1), ("12:30:00", 1), ("12:30:01", 2)])
def test_a_step_stops_the_notices_also_at_their_very_moment(tmp_path: Path, step: str, at: str, notices: int) -> None:
    result = in_ottawa(tmp_path, {"received": "2024-01-15 10:00:00", step: f"2024-01-15 {at}"})
    assert [text.sequence for text in result.texts if text.kind == "delay"] == [1, 2][:notices]


# The nights on which the clocks change


@pytest.mark.parametrize(
    ("received", "dispatched", "cleared", "texts"),
    [
        # cleared 00:30 EST, four hours later it is 05:30 EDT; the morning opens at 09:00 EDT
        (
            "2024-03-09 22:00:00",
            "2024-03-09 22:30:00",
            "2024-03-10 00:30:00",
            ["confirmation 1 03-10 03:03:00", "survey 1 03-10 13:00:00"],
        ),
        # 22:00 EST on the evening before: the next morning is in EDT
        (
            "2024-03-09 17:00:00",
            "2024-03-09 17:10:00",
            "2024-03-09 18:00:00",
            ["confirmation 1 03-09 22:03:00", "survey 1 03-10 13:00:00"],
        ),
        # 02:30 never was: it is 03:30 EDT
        (
            "2024-03-10 02:30:00",
            "2024-03-10 03:40:00",
            "2024-03-10 06:00:00",
            ["confirmation 1 03-10 07:33:00", "survey 1 03-10 14:00:00"],
        ),
        # from 01:30 EST to 03:29:59 EDT is less than an hour
        (
            "2024-03-10 01:30:00",
            "2024-03-10 03:29:59",
            "2024-03-10 06:00:00",
            ["confirmation 1 03-10 06:33:00", "survey 1 03-10 14:00:00"],
        ),
        (
            "2024-03-10 01:30:00",
            "2024-03-10 03:30:01",
            "2024-03-10 06:00:00",
            ["confirmation 1 03-10 06:33:00", "delay 1 03-10 07:30:00", "survey 1 03-10 14:00:00"],
        ),
    ],
)
def test_the_night_on_which_the_clocks_go_forward(
    tmp_path: Path, received: str, dispatched: str, cleared: str, texts: list[str]
) -> None:
    row = {"received": received, "dispatched": dispatched, "first_closed": cleared}
    assert due(in_new_york(tmp_path, row)) == texts


@pytest.mark.parametrize(
    ("received", "dispatched", "cleared", "texts"),
    [
        # all in the first 01:xx, but for the clearing at 02:01:36 EST, a little more than an hour later
        (
            "2024-11-03 01:47:07",
            "2024-11-03 01:50:35",
            "2024-11-03 02:01:36",
            ["confirmation 1 11-03 05:50:07", "survey 1 11-03 14:00:00"],
        ),
        # received 01:50 EDT; 01:10 and 01:40 can only be EST, and 20 minutes are no delay
        (
            "2024-11-03 01:50:00",
            "2024-11-03 01:10:00",
            "2024-11-03 01:40:00",
            ["confirmation 1 11-03 05:53:00", "survey 1 11-03 14:00:00"],
        ),
        # from 01:10 EDT to 02:05 EST is an hour and 55 minutes
        (
            "2024-11-03 01:10:00",
            "2024-11-03 02:05:00",
            "2024-11-03 02:30:00",
            ["confirmation 1 11-03 05:13:00", "delay 1 11-03 06:10:00", "survey 1 11-03 14:00:00"],
        ),
        # from 00:30 EDT to the first 01:29:59 is less than an hour; the clearing 11:00 EST + 4 h = 15:00 EST
        (
            "2024-11-03 00:30:00",
            "2024-11-03 01:29:59",
            "2024-11-03 11:00:00",
            ["confirmation 1 11-03 04:33:00", "survey 1 11-03 20:00:00"],
        ),
        # cleared a minute before the receipt: clocks that disagree, the first 01:49; over before anything was due
        ("2024-11-03 01:50:00", "", "2024-11-03 01:49:00", []),
        # a second more: the second 01:48:59
        (
            "2024-11-03 01:50:00",
            "2024-11-03 01:51:00",
            "2024-11-03 01:48:59",
            ["confirmation 1 11-03 05:53:00", "survey 1 11-03 14:00:00"],
        ),
    ],
)
def test_the_night_on_which_the_clocks_go_back(
    tmp_path: Path, received: str, dispatched: str, cleared: str, texts: list[str]
) -> None:
    row = {"received": received, "dispatched": dispatched, "first_closed": cleared}
    assert due(in_new_york(tmp_path, row)) == texts


# Several rows of one call


def test_two_rows_are_one_call_from_the_first_receipt_to_the_last_clearing(tmp_path: Path) -> None:
    later = {
        "received": "2024-01-15 10:10:00",
        "dispatched": "2024-01-15 10:50:00",
        "first_closed": "2024-01-15 11:00:00",
    }
    first = {
        "received": "2024-01-15 10:00:00",
        "dispatched": "2024-01-15 11:10:00",
        "first_closed": "2024-01-15 12:00:00",
    }
    for rows in ((later, first), (first, later)):
        result = in_new_york(tmp_path, *rows)
        assert due(result) == ["confirmation 1 01-15 15:03:00", "survey 1 01-15 21:00:00"]
        assert result.decisions == {"1": MET}


def test_a_call_with_an_open_row_is_not_cleared(tmp_path: Path) -> None:
    row = {"received": "2024-01-15 10:00:00", "dispatched": "2024-01-15 10:10:00"}
    result = in_new_york(tmp_path, row, row | {"first_closed": "2024-01-15 12:00:00"})
    assert due(result) == ["confirmation 1 01-15 15:03:00"]


@pytest.mark.parametrize(
    ("sensitive_from", "other_from", "rule", "texts"),
    [
        ("10:00:00", "10:01:00", "silenced for ever", []),
        ("10:01:00", "10:00:00", "sensitive call type", []),
        ("10:03:00", "10:00:00", "sensitive call type", []),  # at the very moment
        ("10:10:00", "10:00:00", "sensitive call type", ["confirmation 1 01-15 15:03:00"]),
        ("10:00:00", "10:00:00", "sensitive call type", []),  # at one moment: the more silent
    ],
)
def test_one_sensitive_row_silences_the_call(
    tmp_path: Path, sensitive_from: str, other_from: str, rule: str, texts: list[str]
) -> None:
    cleared = {"first_closed": "2024-01-15 12:00:00"}
    sensitive = {"received": f"2024-01-15 {sensitive_from}", "type_final": "ASSAULT (PAST): OTHER/CHILD ABUSE"}
    result = in_new_york(tmp_path, sensitive | cleared, {"received": f"2024-01-15 {other_from}"} | cleared)
    assert (result.decisions, due(result)) == ({"1": ("false", rule)}, texts)


@pytest.mark.parametrize(
    "once",
    [
        {"type_initial": "DVA"},
        {"type_initial": "ALARM"},
        {"type_initial": "NOISE", "type_final": "ASSAULT", "first_closed": "2024-01-15 10:01:00"},
        {"priority_native": "2"},
        {"in_progress": "1"},
        {"safety_flag": "1"},
    ],
)
def test_what_silences_once_silences_for_ever(tmp_path: Path, full: Path, once: dict[str, str]) -> None:
    now = {"received": "2024-01-15 10:02:00", "in_progress": "0", "safety_flag": "0"}
    result = in_full(tmp_path, full, {"received": "2024-01-15 10:00:00"} | once, now)
    assert (result.decisions, result.texts) == ({"1": ("false", "silenced for ever")}, [])


def test_an_unknown_code_silences_while_it_is_unknown(tmp_path: Path) -> None:
    unknown = {"received": "2024-01-15 10:00:00", "type_initial": "JAYWALKING"}
    known = {"received": "2024-01-15 10:02:00", "dispatched": "2024-01-15 10:10:00"}
    result = in_ottawa(tmp_path, unknown, known)
    assert (result.decisions, due(result)) == ({"1": MET}, ["confirmation 1 01-15 15:03:00"])


# Decisions


@pytest.mark.parametrize(
    ("told", "decision"),
    [
        ({}, MET),
        ({"type_initial": "noise"}, MET),
        ({"type_initial": "Loud   Party, loud"}, MET),
        ({"type_initial": "JAYWALKING"}, ("false", "unknown call type")),
        ({"type_initial": "THEFT  in progress"}, ("false", "excluded call type")),
        ({"type_initial": "THEFT", "type_final": "ASSAULT"}, MET),  # never cleared: the last type is not known
        ({"type_initial": "", "type_final": "ASSAULT"}, ("false", "excluded call type")),
        ({"type_initial": "DVA"}, ("false", "sensitive call type")),
        ({"type_initial": "ASSAULT, SEXUAL"}, ("false", "sensitive call type")),
        ({"type_initial": ""}, MISSING),
        ({"priority_native": "9"}, ("false", "unknown priority")),
        ({"priority_native": "2"}, ("false", "priority outside the policy")),
        ({"priority_native": "null"}, MISSING),
        ({"source": "fax"}, ("false", "unknown source")),
        ({"source": "alarm"}, ("false", "not from a resident")),
        ({"source": "NO"}, ("false", "not from a resident")),  # a word, not a falsehood
        ({"source": ""}, MISSING),
        ({"case": ""}, MISSING),
        ({"type_initial": "", "priority_native": "2"}, ("false", "priority outside the policy")),
        ({"type_initial": "JAYWALKING", "priority_native": "2"}, ("false", "unknown call type")),
        ({"in_progress": "1", "type_initial": "DVA"}, ("false", "in progress")),
        ({"safety_flag": "true", "type_initial": "DVA"}, ("false", "safety flag")),
        ({"in_progress": "0", "safety_flag": ""}, MET),
        ({"disposition": "NO"}, ("false", "cancelled")),
        ({"disposition": "NO", "source": "fax"}, ("false", "unknown source")),
    ],
)
def test_the_first_rule_that_speaks_decides(
    tmp_path: Path, full: Path, told: dict[str, str], decision: tuple[str, str]
) -> None:
    result = in_full(tmp_path, full, {"received": "2024-01-15 10:00:00"} | told)
    assert result.decisions == {"1": decision}
    assert bool(result.texts) == (decision == MET)


def test_a_type_that_is_known_at_the_clearing_silences_from_there(tmp_path: Path) -> None:
    row = {
        "received": "2024-01-15 10:00:00",
        "dispatched": "2024-01-15 10:10:00",
        "first_closed": "2024-01-15 11:00:00",
    }
    result = in_ottawa(tmp_path, row | {"type_final": "ASSAULT"})
    assert result.decisions == {"1": ("false", "excluded call type")}
    assert due(result) == ["confirmation 1 01-15 15:03:00"]


@pytest.mark.parametrize(
    ("cleared", "texts"),
    [("2024-01-15 11:00:00", ["confirmation 1 01-15 15:03:00"]), ("2024-01-15 10:03:00", []), ("", [])],
)
@pytest.mark.parametrize("disposition", ["DUP", "A, DUP", "NO,K"])
def test_a_cancelled_call_gets_no_survey(
    tmp_path: Path, full: Path, disposition: str, cleared: str, texts: list[str]
) -> None:
    row = {"received": "2024-01-15 10:00:00", "dispatched": "2024-01-15 10:10:00", "first_closed": cleared}
    result = in_full(tmp_path, full, row | {"disposition": disposition})
    assert (result.decisions, due(result)) == ({"1": ("false", "cancelled")}, texts)


# Opened again


@pytest.mark.parametrize(
    ("dispatched", "cleared", "reopened", "finally_cleared", "texts"),
    [
        # before the survey: the threshold starts again
        ("10:05", "11:00", "12:00", "13:15", ["delay 1 01-15 17:30:00", "survey 1 01-15 22:15:00"]),
        # the sequence goes on, and the cap is the call's; the survey is due at 22:00 local
        (
            "12:45",
            "13:00",
            "14:00",
            "18:00",
            ["delay 1 01-15 15:30:00", "delay 2 01-15 17:30:00", "delay 3 01-15 19:30:00", "survey 1 01-16 14:00:00"],
        ),
        # two notices after the reopening: its threshold, then the repetition
        (
            "10:40",
            "11:00",
            "11:10",
            "14:00",
            ["delay 1 01-15 15:30:00", "delay 2 01-15 16:40:00", "delay 3 01-15 18:40:00", "survey 1 01-15 23:00:00"],
        ),
        # after the survey: nothing more
        ("10:05", "11:00", "15:01", "17:00", ["survey 1 01-15 20:00:00"]),
        # at its very moment: the step comes first
        ("10:05", "11:00", "15:00", "15:10", ["survey 1 01-16 00:10:00"]),
        # a final clearing older than the reopening is none
        (
            "10:05",
            "11:00",
            "12:00",
            "11:30",
            ["delay 1 01-15 17:30:00", "delay 2 01-15 19:30:00", "delay 3 01-15 21:30:00"],
        ),
        # cleared before the confirmation was due: nothing, whatever happens later
        ("10:01", "10:02", "12:00", "13:15", None),
    ],
)
def test_a_call_opened_again(
    tmp_path: Path,
    full: Path,
    dispatched: str,
    cleared: str,
    reopened: str,
    finally_cleared: str,
    texts: list[str] | None,
) -> None:
    told = {"dispatched": dispatched, "first_closed": cleared, "reopened_at": reopened, "final_closed": finally_cleared}
    row = {"received": "2024-01-15 10:00:00"} | {name: f"2024-01-15 {at}:00" for name, at in told.items()}
    result = in_full(tmp_path, full, row)
    assert due(result) == ([] if texts is None else ["confirmation 1 01-15 15:03:00", *texts])


# The log


@pytest.mark.parametrize(
    "told",
    [
        {"incident_id": ""},
        {"incident_id": "NULL"},
        {"received": ""},
        {"received": "yesterday"},
        {"received": "2024-02-30 10:00:00"},
        {"dispatched": "soon"},
        {"first_closed": "2024-01-15 09:58:59"},
    ],
)
def test_a_row_that_is_no_call_is_left_out(tmp_path: Path, told: dict[str, str]) -> None:
    good = {"received": "2024-01-15 10:00:00", "dispatched": "2024-01-15 10:10:00"}
    result = in_new_york(tmp_path, good | told, {"incident_id": "2"} | good)
    assert result.decisions == {"2": MET}
    assert [text.call_id for text in result.texts] == ["2"]


def test_a_window_takes_calls_by_their_receipt(tmp_path: Path) -> None:
    times = ("2024-01-14 23:59:59", "2024-01-15 00:00:00", "2024-01-15 23:59:59", "2024-01-16 00:00:00")
    in_new_york(tmp_path, *({"incident_id": str(n), "received": at} for n, at in enumerate(times)))
    day = expected(tmp_path / "log.csv", NEW_YORK, start=datetime.fromisoformat("2024-01-15"), hours=24)
    assert list(day.decisions) == ["1", "2"]
    assert {text.call_id for text in day.texts} == {"1", "2"}


def test_the_whole_log_of_new_york(tmp_path: Path) -> None:
    """8,217 rows, 65 ids twice. Four allowed calls were cleared within three minutes."""
    log = NEW_YORK / "sample" / "calls-2024.csv.gz"
    result = expected(log, NEW_YORK)
    assert len(result.decisions) == 8217 - 65
    allowed = [call_id for call_id, decision in result.decisions.items() if decision == MET]
    assert len(allowed) - 4 == len([t for t in result.texts if t.kind == "confirmation"])
    unzipped = tmp_path / "calls.csv"
    unzipped.write_bytes(gzip.decompress(log.read_bytes()))
    assert expected(unzipped, NEW_YORK) == result
