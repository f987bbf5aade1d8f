"""A log beside a folder: unknown codes with their counts, rows that cannot be read, calls that could be texted."""

from collections.abc import Mapping
from pathlib import Path

from calls.eligibility import Rule
from policy.agency import load_agency
from starter.csv_log import read_log
from starter.log_check import LogCheck, check_log
from tests.conftest import AGENCIES
from tests.starter.logs import COLUMNS, log_file, row

OTTAWA = load_agency(AGENCIES / "ottawa")


def checked(folder: Path, *rows: Mapping[str, str]) -> LogCheck:
    return check_log(read_log(log_file(folder, *rows), OTTAWA.cad), OTTAWA)


def unknown(check: LogCheck) -> list[tuple[str, str, int]]:
    return [(one.what, one.code, one.rows) for one in check.unknown]


def rows(count: int, first: int = 1, **cells: str) -> list[dict[str, str]]:
    return [row(incident_id=str(number), **cells) for number in range(first, first + count)]


def test_unknown_codes_are_counted_the_most_frequent_first(tmp_path: Path) -> None:
    check = checked(
        tmp_path,
        *rows(3, 1, type_initial="PIRACY"),
        *rows(2, 10, priority_native="P3", source="pigeon"),
        *rows(1, 20, type_initial="SMUGGLING", disposition="ARR,XYZ", first_closed="2026-01-15 13:00:00"),
        *rows(4, 30),
    )
    assert unknown(check) == [
        ("call type", "PIRACY", 3),
        ("priority", "P3", 2),
        ("source", "pigeon", 2),
        ("call type", "SMUGGLING", 1),
        ("disposition", "XYZ", 1),
    ]
    assert (check.rows, check.calls) == (10, 10)


def test_a_type_is_counted_once_a_row_first_or_final(tmp_path: Path) -> None:
    check = checked(
        tmp_path,
        row(incident_id="1", type_initial="PIRACY", type_final="PIRACY"),
        row(incident_id="2", type_initial="NOISE", type_final="PIRACY"),
        row(incident_id="3", type_initial="", type_final="NOISE"),
    )
    assert unknown(check) == [("call type", "PIRACY", 2)]


def test_what_is_blank_is_counted_too(tmp_path: Path) -> None:
    check = checked(tmp_path, row(type_initial="", priority_native="", source="NULL", disposition=""))
    assert unknown(check) == [("call type", "(blank)", 1), ("priority", "(blank)", 1), ("source", "(blank)", 1)]


def test_languages_are_counted_where_the_file_tells_them(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    cells = row() | {"language": "Somali"}
    path.write_text(f"{','.join([*COLUMNS, 'language'])}\n{','.join(cells.values())}\n", encoding="utf-8")
    assert unknown(check_log(read_log(path, OTTAWA.cad), OTTAWA)) == [("language", "Somali", 1)]


def test_an_area_that_is_not_on_the_map_is_counted_a_blank_one_not(tmp_path: Path) -> None:
    assert unknown(checked(tmp_path, row(area="Bay"), *rows(2, 2, area="Baie"), row(incident_id="9", area=""))) == [
        ("area", "Baie", 2)
    ]


def test_rows_that_cannot_be_read_are_counted_and_said(tmp_path: Path) -> None:
    check = checked(tmp_path, row(), row(incident_id="7", received="soon"), row(incident_id="8"), row(incident_id="8"))
    assert (check.rows, check.calls, check.left_out) == (4, 2, 1)
    assert len(check.problems) == 2
    assert "received is something that is not a time; the row is left out" in check.problems[0]


def test_calls_are_decided_as_the_service_would_at_first_and_in_the_end(tmp_path: Path) -> None:
    check = checked(
        tmp_path,
        *rows(3, 1),
        row(incident_id="10", type_final="SEXUAL ASSAULT", first_closed="2026-01-15 13:00:00"),
        row(incident_id="11", priority_native="1"),
        row(incident_id="12", disposition="DUP", first_closed="2026-01-15 13:00:00"),
    )
    assert check.at_first == {Rule.ALL_MET: 5, Rule.PRIORITY: 1}
    assert check.at_last == {Rule.ALL_MET: 3, Rule.SENSITIVE_TYPE: 1, Rule.PRIORITY: 1, Rule.CANCELLED: 1}


def test_r3_a_number_that_slipped_into_a_code_is_not_shown(tmp_path: Path) -> None:
    check = checked(tmp_path, row(type_initial="CALL 613-555-0144"))
    assert "555" not in check.unknown[0].code
