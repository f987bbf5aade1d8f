"""Logs as other vendors' systems write them, read with nothing but another `cad.yaml`."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from calls.facts import CancelReason, Language, Outcome, Source
from policy.agency import load_agency
from policy.cad_mapping import CadMapping
from policy.yaml_file import read_yaml
from starter.csv_log import Log, LogError, read_log
from starter.log_records import Window, records_of_log
from tests.conftest import AGENCIES

MORNING = datetime(2026, 1, 15, 14, 5, 11, tzinfo=UTC)
"""09:05:11 in Toronto."""

# A response master table, exported by a spreadsheet program of western Europe or Canada.
RESPONSE_MASTER = """
columns:
  cad_id: ID
  case_number: Master_Incident_Number
  priority: Priority_Number
  call_type: Problem
  source: MethodOfCallRcvd
  language: Caller_Language
  received: Response_Date
  call_ended: Time_CallTakingComplete
  dispatched: Time_First_Unit_Assigned
  arrived: Time_First_Unit_Arrived
  cleared: Time_CallClosed
  disposition: Call_Disposition
  area: Division
zone: America/Toronto
separator: ";"
encoding: Windows-1252
blank: ["NULL", "(none)"]
times:
  format: "%m/%d/%Y %I:%M:%S %p"
languages: {ENG: en, FRA: fr}
priorities: {P1: 1, P2: 2, P3: 3, P4: 4}
sources: {Téléphone: resident, Radio: officer}
dispositions:
  "Cancelled, by caller": cancelled
  DUP: duplicate
  NR: ordinary
"""
HEADING = (
    "ID;Master_Incident_Number;Priority_Number;Problem;MethodOfCallRcvd;Caller_Language;Response_Date;"
    "Time_CallTakingComplete;Time_First_Unit_Assigned;Time_First_Unit_Arrived;Time_CallClosed;Call_Disposition;Division"
)


def mapping_of(folder: Path, text: str) -> CadMapping:
    path = folder / "cad.yaml"
    path.write_text(text, encoding="utf-8")
    return read_yaml(path, CadMapping)


def saved(folder: Path, *lines: str, encoding: str) -> Path:
    path = folder / "export.txt"
    path.write_bytes("\r\n".join((*lines, "")).encode(encoding))
    return path


class TestAResponseMasterTable:
    def log(self, folder: Path, *rows: str) -> Log:
        mapping = mapping_of(folder, RESPONSE_MASTER)
        return read_log(saved(folder, HEADING, *rows, encoding="windows-1252"), mapping)

    def test_its_row_is_a_call_with_exact_times(self, tmp_path: Path) -> None:
        row = (
            "4711;26-0151234;P3;NOISE LOUD;Téléphone;FRA;01/15/2026 09:05:11 AM;01/15/2026 09:08:00 AM;NULL;(none);"
            '01/15/2026 12:30:00 PM;"Cancelled, by caller";Orléans'
        )
        (call,) = self.log(tmp_path, row).calls
        assert (call.cad_id, call.case_number, call.priority_code) == ("4711", "26-0151234", "P3")
        assert (call.source_code, call.language_code, call.area) == ("Téléphone", "FRA", "Orléans")
        assert call.received_at == MORNING
        assert call.call_ended_at == MORNING + timedelta(minutes=2, seconds=49)
        assert (call.dispatched_at, call.arrived_at) == (None, None)
        assert call.cleared_at == datetime(2026, 1, 15, 17, 30, tzinfo=UTC)

    def test_its_codes_become_facts(self, tmp_path: Path) -> None:
        row = "4711;26-0151234;P3;NOISE COMPLAINT;Téléphone;FRA;01/15/2026 09:05:11 AM;;;;;DUP;Orléans"
        agency = load_agency(AGENCIES / "ottawa")
        agency = agency.model_copy(update={"cad": mapping_of(tmp_path, RESPONSE_MASTER)})
        log = read_log(saved(tmp_path, HEADING, row, encoding="windows-1252"), agency.cad)
        (record,) = records_of_log(log, agency, feed="test", window=Window(start=None, end=None))
        told = {name: record.facts[name] for name in ("priority", "source", "language", "cancelled", "call_type_group")}
        assert told == {
            "priority": 3,
            "source": Source.RESIDENT,
            "language": Language.FRENCH,
            "cancelled": CancelReason.DUPLICATE,
            "call_type_group": "noise",
        }

    def test_a_time_in_another_format_is_no_time_and_its_row_is_left_out(self, tmp_path: Path) -> None:
        row = "4711;1;P3;NOISE;Téléphone;ENG;2026-01-15 09:05:11;;;;;;"
        (problem,) = self.log(tmp_path, row).problems
        assert str(problem) == (
            "line 2: call 4711: Response_Date is like '9999-99-99 99:99:99', which is not a time; the row is left out"
        )

    def test_letters_in_another_encoding_are_said_with_the_one_that_was_expected(self, tmp_path: Path) -> None:
        mapping = mapping_of(tmp_path, RESPONSE_MASTER.replace("Windows-1252", "utf-8"))
        path = saved(tmp_path, HEADING, "1;1;P3;NOISE;Téléphone;;01/15/2026 09:05:11 AM;;;;;;", encoding="windows-1252")
        with pytest.raises(LogError, match=r"not a text file in UTF-8; .* see encoding in cad.yaml"):
            read_log(path, mapping)

    def test_another_separator_is_recognized_and_said(self, tmp_path: Path) -> None:
        mapping = mapping_of(tmp_path, RESPONSE_MASTER.replace('";"', '","'))
        with pytest.raises(LogError, match=r"its separator seems to be ';': see separator in cad.yaml"):
            read_log(saved(tmp_path, HEADING, encoding="ascii"), mapping)

    def test_a_column_that_stands_twice_in_the_heading_is_refused(self, tmp_path: Path) -> None:
        mapping = mapping_of(tmp_path, RESPONSE_MASTER)
        with pytest.raises(LogError, match="has the column 'Problem' twice"):
            read_log(saved(tmp_path, f"{HEADING};Problem", encoding="ascii"), mapping)


APART = """
columns:
  cad_id: id
  case_number: id
  priority: prio
  call_type: type
  source: source
  received: {received}
  dispatched: {dispatched}
zone: America/Toronto
separator: tab
encoding: utf-16
times:
  format: {format}
priorities: {{A: 1, B: 2, C: 3, D: 4}}
sources: {{tel: resident}}
"""


def apart(folder: Path, *, received: str, dispatched: str, format_: str, cells: Mapping[str, str]) -> Log:
    text = APART.format(received=received, dispatched=dispatched, format=format_)
    row = {"id": "7", "prio": "C", "type": "NOISE", "source": "tel", **cells}
    return read_log(saved(folder, "\t".join(row), "\t".join(row.values()), encoding="utf-16"), mapping_of(folder, text))


@pytest.mark.parametrize(
    ("format_", "received"),
    [
        ("iso", "2026-01-15T09:05:11"),
        ("iso", "2026-01-15 14:05:11.000+00:00"),
        ("'%Y-%m-%d %H:%M:%S %z'", "2026-01-15 09:05:11 -0500"),
        ("'%d.%m.%y %H:%M:%S'", "15.01.26 09:05:11"),
        ("'%d-%b-%Y %H:%M:%S'", "15-JAN-2026 09:05:11"),
        ("epoch seconds", "1768485911"),
        ("epoch seconds", "1768485911.0"),
        ("epoch milliseconds", "1768485911000"),
        ("['%m/%d/%Y %H:%M', '%m/%d/%Y %H:%M:%S']", "01/15/2026 09:05:11"),
        ("[iso, '%m/%d/%Y %H:%M:%S']", "1/15/2026 9:05:11"),
    ],
)
def test_one_moment_is_the_same_however_it_is_written(tmp_path: Path, format_: str, received: str) -> None:
    log = apart(tmp_path, received="at", dispatched="gone", format_=format_, cells={"at": received, "gone": received})
    (call,) = log.calls
    assert call.received_at == call.dispatched_at == MORNING
    assert call.priority_code == "C"


SAME_DAY = {"received": "[day, came]", "dispatched": "[day, went]", "format_": "'%d/%m/%Y %H:%M:%S'"}
OWN_DAY = SAME_DAY | {"dispatched": "[day2, went]"}


@pytest.mark.parametrize(
    ("columns", "cells", "after"),
    [
        (SAME_DAY, {"went": "09:35:11"}, timedelta(minutes=30)),
        (SAME_DAY, {"came": "23:50:00", "went": "00:10:00"}, timedelta(minutes=20)),
        (SAME_DAY, {"went": "09:05:01"}, timedelta(seconds=-10)),
        (SAME_DAY, {"went": ""}, None),
        (OWN_DAY, {"day2": "16/01/2026", "went": "09:05:11"}, timedelta(days=1)),
        (OWN_DAY, {"day2": "", "went": "NULL"}, None),
    ],
)
def test_date_and_time_may_stand_in_columns_of_their_own(
    tmp_path: Path, columns: Mapping[str, str], cells: Mapping[str, str], after: timedelta | None
) -> None:
    """Where a step has the date of the receipt only, a time after midnight is one of the next day."""
    log = apart(tmp_path, **columns, cells={"day": "15/01/2026", "came": "09:05:11", **cells})
    (call,) = log.calls
    assert (call.dispatched_at and call.dispatched_at - call.received_at) == after


@pytest.mark.parametrize("cells", [{"day2": "16/01/2026", "went": ""}, {"day2": "", "went": "09:30:00"}])
def test_a_step_that_came_nobody_knows_when_leaves_its_row_out(tmp_path: Path, cells: Mapping[str, str]) -> None:
    """R1: taken as not dispatched, its caller would be told to wait."""
    log = apart(tmp_path, **OWN_DAY, cells={"day": "15/01/2026", "came": "09:05:11", **cells})
    (problem,) = log.problems
    assert problem.what == "call 7: of day2 and went one is blank and the other is not"
    assert problem.left_out


class TestCodes:
    def mapping(self, folder: Path, more: str = "") -> CadMapping:
        return mapping_of(folder, APART.format(received="at", dispatched="gone", format="iso") + more)

    @pytest.mark.parametrize(
        ("code", "language"), [("ENG", "en"), ("french", "fr"), ("fr-CA", "fr"), ("Somali", None), ("", None)]
    )
    def test_without_a_list_of_languages_the_code_begins_with_one(
        self, tmp_path: Path, code: str, language: str | None
    ) -> None:
        assert self.mapping(tmp_path).language(code) == language

    @pytest.mark.parametrize(("code", "language"), [("A", "en"), ("F", "fr"), ("FR", None), (None, None)])
    def test_with_a_list_only_what_it_lists_counts(
        self, tmp_path: Path, code: str | None, language: str | None
    ) -> None:
        assert self.mapping(tmp_path, "languages: {A: en, F: fr}\n").language(code) == language

    def test_a_disposition_that_is_listed_as_it_stands_is_not_cut_at_its_commas(self, tmp_path: Path) -> None:
        mapping = self.mapping(tmp_path, 'dispositions: {"No report, advised": ordinary, ARR: arrest}\n')
        assert mapping.outcome("No report, advised") is Outcome.ORDINARY
        assert mapping.outcome("No report") is Outcome.UNKNOWN
        assert mapping.outcome("ARR,XYZ") is Outcome.UNKNOWN
        assert mapping.unknown_dispositions("ARR,XYZ, QQ") == ["XYZ", "QQ"]
