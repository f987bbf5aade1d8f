"""What a call that was silenced would have been told: for the rows that no ledger has."""

from datetime import timedelta
from pathlib import Path

from local.simulation.owed import texts_owed
from policy.agency import load_agency
from starter.csv_log import read_log
from tests.builders import NOON, hours, minutes, some_facts
from tests.simulation import simulated
from tests.starter.logs import log_file, row

OTTAWA = load_agency(simulated.OTTAWA)
TIMETABLE = OTTAWA.policy.timetable


def owed(folder: Path, **cells: str) -> list[tuple[str, timedelta]]:
    (call,) = read_log(log_file(folder, row(**cells)), OTTAWA.cad).calls
    facts = some_facts(received_at=call.received_at)
    return [(key.title, due_at - NOON) for key, due_at in texts_owed(call, facts, TIMETABLE)]


def test_a_call_that_was_over_soon_was_owed_a_confirmation_and_the_survey(tmp_path: Path) -> None:
    texts = owed(tmp_path, dispatched="2026-01-15 12:20:00", first_closed="2026-01-15 13:00:00")
    assert texts == [("confirmation", minutes(3)), ("survey link", hours(5))]


def test_a_call_that_was_over_before_it_was_confirmed_was_owed_nothing(tmp_path: Path) -> None:
    assert owed(tmp_path, first_closed="2026-01-15 12:02:00") == []


def test_a_call_that_waited_was_owed_every_notice_until_it_was_dispatched(tmp_path: Path) -> None:
    texts = owed(tmp_path, dispatched="2026-01-15 15:30:00")
    assert texts == [("confirmation", minutes(3)), ("delay notice 1", hours(1)), ("delay notice 2", hours(3))]


def test_a_call_that_was_opened_again_waits_again_and_is_owed_one_survey(tmp_path: Path) -> None:
    texts = owed(
        tmp_path,
        dispatched="2026-01-15 12:20:00",
        first_closed="2026-01-15 12:40:00",
        reopened_at="2026-01-15 13:00:00",
        final_closed="2026-01-15 14:30:00",
    )
    assert texts == [("confirmation", minutes(3)), ("delay notice 1", hours(2)), ("survey link", hours(6.5))]


def test_r3_a_number_in_a_code_of_cads_is_not_written_out(tmp_path: Path) -> None:
    log = log_file(
        tmp_path, row(type_initial="CALL 613-555-0144"), row(incident_id="1002", type_final="CALL 6135550144")
    )
    simulated.simulate(log, simulated.OTTAWA, tmp_path / "out")
    written = b"".join(simulated.bytes_of(tmp_path / "out").values())
    assert b"unknown call type" in written
    assert b"555-0144" not in written


def test_r9_a_simulation_tells_what_a_call_that_turned_sensitive_was_not_sent(tmp_path: Path) -> None:
    log = log_file(
        tmp_path,
        row(type_final="SEXUAL ASSAULT", dispatched="2026-01-15 13:10:00", first_closed="2026-01-15 14:00:00"),
        row(incident_id="1002", disposition="CAN", first_closed="2026-01-15 12:30:00"),
        row(incident_id="1003", dispatched="2026-01-15 13:00:00"),  # in the second in which a notice is due: none
        row(incident_id="1004", first_closed="2026-01-15 12:30:00"),
        row(
            incident_id="1004",
            received="2026-01-15 12:02:00",
            type_initial="DOMESTIC",
            first_closed="2026-01-15 12:30:00",
        ),
        row(
            incident_id="1005", disposition="CAN", first_closed="2026-01-15 12:02:00"
        ),  # before it is confirmed: nothing
    )
    simulated.simulate(log, simulated.OTTAWA, tmp_path / "out")
    found = simulated.outcome(tmp_path / "out")
    assert found.decisions == {
        "1001": ("false", "sensitive call type"),
        "1002": ("false", "cancelled"),
        "1003": ("true", "all rules met"),
        "1004": ("false", "sensitive call type"),
        "1005": ("false", "cancelled"),
    }
    told = {key: (text["outcome"], text["rule"]) for key, text in found.texts.items()}
    assert told == {
        ("1001", "confirmation", 1): ("sent", ""),
        ("1001", "delay", 1): ("sent", ""),
        ("1001", "survey", 1): ("suppressed", "sensitive call type"),
        ("1002", "confirmation", 1): ("sent", ""),
        ("1002", "survey", 1): ("suppressed", "cancelled"),
        ("1003", "confirmation", 1): ("sent", ""),
        ("1004", "confirmation", 1): ("suppressed", "sensitive call type"),
        ("1004", "survey", 1): ("suppressed", "sensitive call type"),
    }
