"""A CAD log, well and badly written: what cannot be read is said in one clear line, and the rest is played."""

import gzip
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calls.call_record import stamped
from calls.eligibility import Rule, decide, latch_of
from calls.facts import CallFacts
from calls.merge import PHONE_HASH, Stamped, merge
from policy.agency import Agency, load_agency
from starter.csv_log import Log, LogError, LoggedCall, read_log
from starter.log_records import Window, no_call_in, records_of_log, window_of
from starter.records import LogRecord
from tests.conftest import AGENCIES
from tests.starter.logs import COLUMNS, log_file, log_text, row

OTTAWA = load_agency(AGENCIES / "ottawa")
NEW_YORK = load_agency(AGENCIES / "new-york")
SAMPLE = AGENCIES / "new-york" / "sample" / "calls-2024.csv.gz"
NOON = datetime(2026, 1, 15, 17, 0, tzinfo=UTC)


def read(folder: Path, *rows: dict[str, str]) -> Log:
    return read_log(log_file(folder, *rows), OTTAWA.cad)


def only(log: Log) -> LoggedCall:
    assert log.problems == []
    (call,) = log.calls
    return call


def records(log: Log, agency: Agency = OTTAWA) -> list[LogRecord]:
    return records_of_log(log, agency, feed="test", window=Window(start=None, end=None))


def test_an_ordinary_row_is_a_call_with_exact_times(tmp_path: Path) -> None:
    call = only(
        read(tmp_path, row(dispatched="2026-01-15T12:30:00.500", arrived="2026-01-15T18:00:00+00:00", area=" East "))
    )
    assert (call.cad_id, call.case_number, call.priority_code, call.call_type_code) == ("1001", "1001", "4", "NOISE")
    assert call.received_at == NOON
    assert call.dispatched_at == NOON + timedelta(minutes=30, milliseconds=500)
    assert call.arrived_at == NOON + timedelta(hours=1)
    assert call.cleared_at is None
    assert call.area == "East"


@pytest.mark.parametrize("null", ["", "NULL", "null", "  ", " NULL "])
def test_a_literal_null_is_an_empty_cell(tmp_path: Path, null: str) -> None:
    call = only(read(tmp_path, row(priority_native=null, type_initial=null, source=null, dispatched=null, area=null)))
    assert (call.priority_code, call.call_type_code, call.source_code) == (None, None, None)
    assert (call.dispatched_at, call.area) == (None, None)


GOOD = log_text(row())


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf" + GOOD.encode(),
        gzip.compress(GOOD.encode()),
        gzip.compress(b"\xef\xbb\xbf" + GOOD.encode()),
        GOOD.replace("\r\n", "\n").encode(),
        (GOOD + "\r\n\r\n").encode(),
        GOOD.rstrip().encode(),
        GOOD.replace(",\r\n", ",,,\r\n").encode(),  # some exporters end each row so
    ],
    ids=["BOM", "gzip", "gzip with BOM", "Unix lines", "blank lines", "no last line end", "commas at the end"],
)
def test_it_is_read_however_it_was_saved(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "log"
    path.write_bytes(content)
    assert only(read_log(path, OTTAWA.cad)).cad_id == "1001"


def complaint(path: Path) -> str:
    with pytest.raises(LogError) as error:
        read_log(path, OTTAWA.cad)
    message = str(error.value)
    assert message.startswith(f"{path}: ")
    assert len(message.splitlines()) == 1
    assert message.isprintable()
    return message.removeprefix(f"{path}: ")


ZIPPED = gzip.compress(log_text(*(row(incident_id=str(n)) for n in range(500))).encode())


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "the file is empty; export the log as CSV with a heading line"),
        (gzip.compress(b""), "the file is empty; export the log as CSV with a heading line"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "not a text file in UTF-8; export the log as CSV in UTF-8"),
        (bytes(1000), "not a text file in UTF-8; export the log as CSV in UTF-8"),
        (GOOD.encode("utf-16"), "not a text file in UTF-8; export the log as CSV in UTF-8"),
        (GOOD.encode("utf-16-le"), "not a text file in UTF-8; export the log as CSV in UTF-8"),
        (log_text(row(area="Orléans")).encode("latin-1"), "not a text file in UTF-8; export the log as CSV in UTF-8"),
        (gzip.compress(b"\xff\xfe\xfd"), "not a text file in UTF-8; export the log as CSV in UTF-8"),
        (b"\x1f\x8bnot gzip at all", "the gzip file is damaged or cut off; copy it again"),
        (b"\x1f\x8b", "the gzip file is damaged or cut off; copy it again"),
        (ZIPPED[: len(ZIPPED) // 2], "the gzip file is damaged or cut off; copy it again"),
        (ZIPPED[:-6], "the gzip file is damaged or cut off; copy it again"),
        (ZIPPED[:40] + b"\0\0\0\0" + ZIPPED[44:], "the gzip file is damaged or cut off; copy it again"),
        ((GOOD + '"1002,4\r\n').encode(), "not readable as CSV (unexpected end of data); export"),
        ((GOOD + '"1002"x,4\r\n').encode(), "not readable as CSV (',' expected after '\"'); export"),
        ((GOOD + "x" * 200_000).encode(), "not readable as CSV (field larger than field limit (131072)); export"),
    ],
    ids=[
        "empty",
        "empty gzip",
        "binary",
        "only NUL",
        "UTF-16",
        "UTF-16 without BOM",
        "latin-1",
        "binary gzip",
        "bad gzip",
        "only the beginning of gzip",
        "gzip cut in half",
        "gzip without its end",
        "gzip with a damage",
        "a quote that never ends",
        "a quote inside",
        "a field without end",
    ],
)
def test_a_file_that_cannot_be_read_is_one_clear_line(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "log.csv"
    path.write_bytes(content)
    assert complaint(path).startswith(says)


def test_a_file_that_is_not_there_or_is_a_folder_is_one_clear_line(tmp_path: Path) -> None:
    assert complaint(tmp_path / "no.csv") == "there is no such file; give the log with CAD=path or --cad path"
    assert complaint(tmp_path) == "cannot be read (Is a directory)"


@pytest.mark.parametrize("column", [name for name in COLUMNS if name != "area"])
def test_a_missing_column_is_named_with_those_that_there_are(tmp_path: Path, column: str) -> None:
    present = [name for name in COLUMNS if name != column]
    path = tmp_path / "log.csv"
    path.write_text(log_text(row(), columns=present), encoding="utf-8")
    assert complaint(path) == (
        f"no column {column!r}, which the agency's cad.yaml names; the file's columns are: {', '.join(present)}"
    )


def test_a_heading_with_a_line_end_inside_is_still_one_line(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text('incident_id,"first\nclosed"\n', encoding="utf-8")
    assert complaint(path).endswith("the file's columns are: incident_id, first closed")


def test_a_heading_only_is_a_log_without_calls(tmp_path: Path) -> None:
    log = read(tmp_path)
    assert (log.rows, log.calls, log.problems) == (0, [], [])


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        (row(incident_id=""), "the id is blank"),
        (row(incident_id=" NULL "), "the id is blank"),
        (row(incident_id="10\n01"), r"the id '10\n01' has a character that cannot be printed"),
        (row(incident_id="7", received=""), "call 7: no time of receipt"),
        (row(incident_id="7", received="NULL"), "call 7: no time of receipt"),
        *(
            (row(incident_id="7", **{name: cell}), f"call 7: {name} is like {like!r}, which is not a time")
            for name in ("received", "call_ended", "dispatched", "arrived", "first_closed")
            for cell, like in (
                ("2026-02-30 12:00:00", "9999-99-99 99:99:99"),
                ("2026-01-15 25:00:00", "9999-99-99 99:99:99"),
                ("12:30", "99:99"),
                ("2026-01-15", "9999-99-99"),
                ("0001-01-01 00:00:00", "9999-99-99 99:99:99"),
                ("1900-01-01 00:00:00", "9999-99-99 99:99:99"),
                ("9999-12-31 23:59:59", "9999-99-99 99:99:99"),
            )
        ),
        (
            row(incident_id="7", received="15/01/2026 12:00"),
            "call 7: received is like '99/99/9999 99:99', which is not a time",
        ),
        (row(incident_id="7", first_closed="2026-01-15 11:58:59"), "call 7: cleared before it was received"),
        (row(incident_id="7", first_closed="2025-01-15 12:00:00"), "call 7: cleared before it was received"),
        (row(incident_id="7", area="ea\0st"), "it has a NUL character"),
    ],
)
def test_a_row_that_cannot_be_right_is_left_out_and_said(tmp_path: Path, bad: dict[str, str], says: str) -> None:
    log = read(tmp_path, row(), bad, row(incident_id="1002"))
    assert [call.cad_id for call in log.calls] == ["1001", "1002"]
    assert log.rows == 3
    (problem,) = log.problems
    assert problem.left_out
    assert str(problem) == f"line {problem.line}: {says}; the row is left out"
    assert problem.line == (4 if "\n" in bad["incident_id"] else 3)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("7,4,NOISE", "it has fewer cells than the heading"),
        ("7", "it has fewer cells than the heading"),
        ("7,4,NOISE, LOUD,,phone,2026-01-15 12:00:00,,,,,,,,East", "it has more cells than the heading"),
    ],
)
def test_a_row_that_does_not_fit_the_heading_is_left_out_and_said(tmp_path: Path, line: str, says: str) -> None:
    """One that was cut off would never be cleared; in one that has shifted, a type stands under `priority`."""
    path = tmp_path / "log.csv"
    path.write_text(f"{GOOD}{line}\r\n", encoding="utf-8", newline="")
    log = read_log(path, OTTAWA.cad)
    assert [call.cad_id for call in log.calls] == ["1001"]
    assert [str(problem) for problem in log.problems] == [f"line 3: {says}; the row is left out"]


def test_clocks_that_differ_by_seconds_are_no_problem(tmp_path: Path) -> None:
    call = only(read(tmp_path, row(dispatched="2026-01-15 11:59:55", first_closed="2026-01-15 11:59:30")))
    assert call.dispatched_at == NOON - timedelta(seconds=5)
    assert [record.stamp for record in records(read(tmp_path, row(dispatched="2026-01-15 11:59:55")))] == [NOON, NOON]


def test_a_blank_case_number_is_not_replaced_by_the_internal_id(tmp_path: Path) -> None:
    columns = OTTAWA.cad.columns.model_copy(update={"case_number": "area"})
    mapping = OTTAWA.cad.model_copy(update={"columns": columns})
    log = read_log(log_file(tmp_path, row(), row(incident_id="1002", area="26-7")), mapping)
    assert [call.case_number for call in log.calls] == [None, "26-7"]


class TestOneCallInSeveralRows:
    FIRST = row(received="2026-01-15 12:00:00", dispatched="2026-01-15 12:40:00", first_closed="2026-01-15 13:00:00")
    SECOND = row(received="2026-01-15 12:05:00", arrived="2026-01-15 12:20:00", first_closed="2026-01-15 14:00:00")

    @pytest.mark.parametrize("swap", [False, True])
    def test_they_are_taken_as_one_from_the_first_receipt_to_the_last_clearing_and_that_is_said(
        self, tmp_path: Path, swap: bool
    ) -> None:
        rows = [self.SECOND, self.FIRST] if swap else [self.FIRST, self.SECOND]
        log = read(tmp_path, rows[0], row(incident_id="5"), rows[1])
        call = next(call for call in log.calls if call.cad_id == "1001")
        assert len(log.calls) == 2
        assert call.received_at == NOON
        assert call.dispatched_at == NOON + timedelta(minutes=40)
        assert call.arrived_at == NOON + timedelta(minutes=20)
        assert call.cleared_at == NOON + timedelta(hours=2)
        assert [str(problem) for problem in log.problems] == [
            "line 4: call 1001 is in the log twice (first in line 2); the rows are taken as one call"
        ]

    def test_while_one_is_open_the_call_is(self, tmp_path: Path) -> None:
        log = read(tmp_path, self.FIRST, row(received="2026-01-15 12:05:00"), self.SECOND)
        assert log.calls[0].cleared_at is None
        assert len(log.problems) == 2

    @pytest.mark.parametrize(
        ("cells", "latch"),
        [
            ({"type_initial": "DOMESTIC"}, Rule.SENSITIVE_TYPE),
            ({"type_final": "DOMESTIC"}, Rule.SENSITIVE_TYPE),
            ({"priority_native": "1"}, Rule.PRIORITY),
        ],
    )
    @pytest.mark.parametrize("bad_row", [0, 1, 2])
    def test_r1_what_only_one_of_them_says_silences_the_call(
        self, tmp_path: Path, cells: dict[str, str], latch: Rule, bad_row: int
    ) -> None:
        rows = [row(received=f"2026-01-15 12:0{index}:00") for index in range(3)]
        rows[bad_row] |= cells
        assert latch in latches(read(tmp_path, *rows))


def facts_told(record: LogRecord) -> CallFacts:
    return CallFacts.model_validate({**record.facts, "agency": "ottawa", "cad_id": record.cad_id})


def latches(log: Log) -> set[str | None]:
    return {latch_of(facts_told(record), OTTAWA.policy) for record in records(log)}


def decided(log: Log) -> str:
    """By which rule the call is or is not texted, all its records taken together."""
    merged: dict[str, Stamped] = {}
    for record in records(log):
        merged = merge(merged, stamped({**record.facts, PHONE_HASH: "hash"}, stamp=record.stamp))
    told = {name: stamped.value for name, stamped in merged.items()}
    facts = CallFacts.model_validate({**told, "agency": "ottawa", "cad_id": "1001", "recipient_version": 1})
    return decide(facts, OTTAWA.policy).rule


class TestRecords:
    def test_a_call_becomes_a_record_for_its_receipt_and_one_for_each_step(self, tmp_path: Path) -> None:
        log = read(tmp_path, row(dispatched="2026-01-15 12:30:00", first_closed="2026-01-15 13:00:00"))
        first, dispatched, cleared = records(log)
        assert first.facts == {
            "case_number": "1001",
            "priority_code": "4",
            "priority": 4,
            "source_code": "phone",
            "source": "resident",
            "received_at": NOON.isoformat(),
            "call_type_code": "NOISE",
            "call_type_group": "noise",
        }
        assert first.phone is not None
        assert dispatched.facts == {"dispatched_at": (NOON + timedelta(minutes=30)).isoformat()}
        assert cleared.facts == {"cleared_at": (NOON + timedelta(hours=1)).isoformat()}
        assert [record.stamp - NOON for record in (first, dispatched, cleared)] == [
            timedelta(0),
            timedelta(minutes=30),
            timedelta(hours=1),
        ]
        assert decided(log) == Rule.ALL_MET

    @pytest.mark.parametrize(
        ("cells", "rule"),
        [
            ({"priority_native": "9"}, Rule.UNKNOWN_PRIORITY),
            ({"priority_native": "3.0"}, Rule.UNKNOWN_PRIORITY),
            ({"priority_native": "5"}, Rule.PRIORITY),
            ({"type_initial": "PIRACY"}, Rule.UNKNOWN_TYPE),
            ({"type_initial": "", "type_final": "PIRACY"}, Rule.UNKNOWN_TYPE),
            ({"type_initial": "", "type_final": "BOMB"}, Rule.SENSITIVE_TYPE),
            ({"source": "pigeon"}, Rule.UNKNOWN_SOURCE),
            ({"source": "radio"}, Rule.SOURCE),
            ({"priority_native": ""}, Rule.MISSING_FACT),
            ({"type_initial": ""}, Rule.MISSING_FACT),
            ({"source": ""}, Rule.MISSING_FACT),
        ],
    )
    def test_r1_what_nobody_can_read_is_not_eligible(self, tmp_path: Path, cells: dict[str, str], rule: Rule) -> None:
        assert decided(read(tmp_path, row(**cells))) == rule

    @pytest.mark.parametrize(
        "end", [{}, {"first_closed": "2026-01-15 13:00:00"}, {"dispatched": "2026-01-15 12:10:00"}]
    )
    @pytest.mark.parametrize("final", ["SEXUAL ASSAULT", "PIRACY"])
    def test_r1_the_type_that_it_turned_into_counts_cleared_or_not(
        self, tmp_path: Path, end: dict[str, str], final: str
    ) -> None:
        log = read(tmp_path, row(type_final=final, **end))
        assert decided(log) == (Rule.UNKNOWN_TYPE if final == "PIRACY" else Rule.SENSITIVE_TYPE)
        assert (Rule.SENSITIVE_TYPE in latches(log)) == (final != "PIRACY")

    @pytest.mark.parametrize(
        ("phone", "number"),
        [
            ("613 736-5555", "+16137365555"),
            ("+1 (613) 736-5555", "+16137365555"),
            ("736-5555", None),
            ("911", None),
            ("unknown", None),
            ("", None),
        ],
    )
    def test_a_number_of_the_log_is_taken_where_it_is_one_else_the_caller_has_none(
        self, tmp_path: Path, phone: str, number: str | None
    ) -> None:
        columns = OTTAWA.cad.columns.model_copy(update={"phone": "area"})
        agency = OTTAWA.model_copy(update={"cad": OTTAWA.cad.model_copy(update={"columns": columns})})
        (record,) = records(read_log(log_file(tmp_path, row(area=phone)), agency.cad), agency)
        assert record.phone == number

    def test_in_a_log_without_numbers_each_caller_gets_a_fictional_one(self, tmp_path: Path) -> None:
        (record,) = records(read(tmp_path, row()))
        assert record.phone == "+12045550100"

    def test_r3_a_record_that_is_printed_does_not_show_the_number(self, tmp_path: Path) -> None:
        (record,) = records(read(tmp_path, row()))
        assert record.phone is not None
        assert record.phone[-7:] not in repr(record) + str(record)

    def test_a_call_has_the_same_number_in_whichever_window_it_is_played(self, tmp_path: Path) -> None:
        log = read(tmp_path, *(row(incident_id=str(n), received=f"2026-01-15 12:0{n}:00") for n in range(5)))
        late = records_of_log(log, OTTAWA, feed="test", window=Window(start=NOON + timedelta(minutes=3), end=None))
        assert [record.cad_id for record in late] == ["3", "4"]
        assert late == records(log)[3:]


@pytest.mark.parametrize("cell", ["soon", "John Smith, 12 Main St", "613-555-0144", "+16135550144"])
def test_r3_a_cell_that_is_no_time_is_not_quoted_it_could_be_a_name_or_a_number(tmp_path: Path, cell: str) -> None:
    (problem,) = read(tmp_path, row(dispatched=cell)).problems
    assert str(problem) == ("line 2: call 1001: dispatched is something that is not a time; the row is left out")


@pytest.mark.parametrize(
    ("start", "hours", "ends"),
    [
        (None, 2, NOON + timedelta(hours=2)),  # from the first call on
        (datetime(2026, 1, 15, 12), 2, NOON + timedelta(hours=2)),  # noqa: DTZ001 - the agency's own time
        (datetime(2026, 11, 1, 0, 30), 2, datetime(2026, 11, 1, 6, 30, tzinfo=UTC)),  # noqa: DTZ001 - clocks go back
        (None, None, None),
    ],
)
def test_a_window_has_so_many_elapsed_hours(
    tmp_path: Path, start: datetime | None, hours: float | None, ends: datetime | None
) -> None:
    assert window_of(OTTAWA, read(tmp_path, row()), start=start, hours=hours).end == ends


def test_a_log_of_rows_that_cannot_be_read_says_what_is_wrong_with_the_first(tmp_path: Path) -> None:
    log = read(tmp_path, row(received=""))
    assert no_call_in(log, OTTAWA).endswith("no call in it; line 2: call 1001: no time of receipt; the row is left out")


class TestReopened:
    def test_with_two_rows_it_is_over_only_when_both_are(self, tmp_path: Path) -> None:
        closed = self.CLOSED | {"final_closed": "2026-01-15 18:00:00"}
        log = read(tmp_path, closed, row(received="2026-01-15 12:05:00"))
        assert log.calls[0].cleared_at is None
        assert log.calls[0].finally_cleared_at is None
        both = read(tmp_path, closed, row(received="2026-01-15 12:05:00", first_closed="2026-01-15 14:00:00"))
        assert both.calls[0].finally_cleared_at == NOON + timedelta(hours=6)

    CLOSED = row(first_closed="2026-01-15 13:00:00", reopened_at="2026-01-15 15:00:00")

    def test_it_is_cleared_opened_again_and_cleared_for_good(self, tmp_path: Path) -> None:
        log = read(tmp_path, self.CLOSED | {"final_closed": "2026-01-15 18:00:00"})
        told = [(set(record.facts), record.stamp - NOON) for record in records(log)[1:]]
        assert told == [
            ({"cleared_at"}, timedelta(hours=1)),
            ({"reopened_at"}, timedelta(hours=3)),
            ({"cleared_at"}, timedelta(hours=6)),
        ]
        assert log.problems == []

    def test_a_last_clearing_that_is_older_than_the_reopening_is_none_and_that_is_said(self, tmp_path: Path) -> None:
        log = read(tmp_path, self.CLOSED | {"final_closed": "2026-01-15 14:00:00"})
        assert log.calls[0].finally_cleared_at is None
        (problem,) = log.problems
        assert "older than its reopening" in str(problem)
        assert not problem.left_out

    def test_a_last_clearing_of_a_call_that_was_never_opened_again_is_no_second_one(self, tmp_path: Path) -> None:
        log = read(tmp_path, row(first_closed="2026-01-15 13:00:00", final_closed="2026-01-15 18:00:00"))
        assert only(log).cleared_at == NOON + timedelta(hours=1)
        assert only(log).finally_cleared_at is None

    def test_a_call_with_a_last_clearing_only_was_cleared_then(self, tmp_path: Path) -> None:
        log = read(tmp_path, row(final_closed="2026-01-15 18:00:00"))
        assert only(log).cleared_at == NOON + timedelta(hours=6)


class TestDispositions:
    @pytest.mark.parametrize("cell", ["DUP", "NR,DUP", "DUP, NR"])
    def test_one_that_ends_a_call_counts_from_the_clearing(self, tmp_path: Path, cell: str) -> None:
        log = read(tmp_path, row(disposition=cell, first_closed="2026-01-15 13:00:00"))
        assert decided(log) == Rule.CANCELLED
        cancelled = [record.stamp - NOON for record in records(log) if record.facts.get("cancelled") == "duplicate"]
        assert cancelled == [timedelta(hours=1)]

    def test_without_a_time_it_counts_from_the_first_sight(self, tmp_path: Path) -> None:
        first, *_ = records(read(tmp_path, row(disposition="CAN", dispatched="2026-01-15 12:30:00")))
        assert first.facts["cancelled"] == "cancelled"

    def test_any_other_means_nothing(self, tmp_path: Path) -> None:
        assert decided(read(tmp_path, row(disposition="REPORT", first_closed="2026-01-15 13:00:00"))) == Rule.ALL_MET


def test_a_log_without_a_language_is_one_in_which_nobodys_language_is_known(tmp_path: Path) -> None:
    assert OTTAWA.cad.columns.language not in COLUMNS
    assert only(read(tmp_path, row())).language_code is None


class TestClockChanges:
    """Ottawa's clocks go back on 1 November 2026 at 2:00 and forward on 8 March 2026 at 2:00."""

    def test_what_happens_by_the_wall_clock_before_the_receipt_happened_in_the_second_of_the_repeated_hours(
        self, tmp_path: Path
    ) -> None:
        call = only(
            read(
                tmp_path,
                row(
                    received="2026-11-01 01:38:21", dispatched="2026-11-01 01:06:14", first_closed="2026-11-01 01:38:00"
                ),
            )
        )
        assert call.received_at == datetime(2026, 11, 1, 5, 38, 21, tzinfo=UTC)
        assert call.dispatched_at == datetime(2026, 11, 1, 6, 6, 14, tzinfo=UTC)
        assert call.cleared_at == datetime(2026, 11, 1, 5, 38, 0, tzinfo=UTC)  # 21 s earlier: two clocks of one house

    def test_received_in_the_first_of_them_and_done_after_both(self, tmp_path: Path) -> None:
        call = only(read(tmp_path, row(received="2026-11-01 01:59:00", dispatched="2026-11-01 02:05:00")))
        assert call.dispatched_at is not None
        assert call.dispatched_at - call.received_at == timedelta(hours=1, minutes=6)

    def test_a_few_seconds_before_the_receipt_are_skew_and_not_an_hour(self, tmp_path: Path) -> None:
        call = only(read(tmp_path, row(received="2026-11-01 01:30:05", dispatched="2026-11-01 01:30:02")))
        assert call.dispatched_at == call.received_at - timedelta(seconds=3)

    def test_when_they_go_forward_an_hour_is_missing_and_nothing_else(self, tmp_path: Path) -> None:
        call = only(read(tmp_path, row(received="2026-03-08 01:50:00", dispatched="2026-03-08 03:10:00")))
        assert call.dispatched_at is not None
        assert call.dispatched_at - call.received_at == timedelta(minutes=20)

    def test_a_time_with_its_offset_keeps_it(self, tmp_path: Path) -> None:
        call = only(read(tmp_path, row(received="2026-11-01T01:30:00-05:00", dispatched="2026-11-01T01:20:00-05:00")))
        assert call.received_at == datetime(2026, 11, 1, 6, 30, tzinfo=UTC)
        assert call.dispatched_at == datetime(2026, 11, 1, 6, 20, tzinfo=UTC)


_cells = st.one_of(st.text(max_size=12), st.sampled_from(["2026-01-15 12:00:00", "NOISE", "4", "phone", "NULL", ""]))


@settings(max_examples=200, deadline=None)
@given(st.lists(st.lists(_cells, max_size=len(COLUMNS) + 2), max_size=5))
def test_whatever_the_cells_hold_every_row_is_a_call_or_a_problem(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]]
) -> None:
    quote: Callable[[str], str] = lambda cell: '"' + cell.replace('"', '""') + '"'  # noqa: E731
    text = "\n".join([",".join(COLUMNS), *(",".join(map(quote, cells)) for cells in rows)])
    path = tmp_path_factory.mktemp("log") / "log.csv"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    if any("\ud800" <= letter <= "\udfff" for letter in text):
        complaint(path)
        return
    log = read_log(path, OTTAWA.cad)
    assert log.rows == len([cells for cells in rows if cells])
    assert len(log.calls) + len(log.problems) == log.rows
    assert all(len(str(problem).splitlines()) == 1 for problem in log.problems)
    assert all(
        record.stamp >= call.received_at
        for call in log.calls
        for record in records(log)
        if record.cad_id == call.cad_id
    )


@pytest.fixture(scope="module")
def log_of_new_york() -> Log:
    return read_log(SAMPLE, NEW_YORK.cad)


class TestTheWholeLogOfNewYork:
    def test_all_of_it_is_read_and_65_calls_are_said_to_be_there_twice(self, log_of_new_york: Log) -> None:
        assert (log_of_new_york.rows, len(log_of_new_york.calls), len(log_of_new_york.problems)) == (8217, 8152, 65)
        assert not [problem for problem in log_of_new_york.problems if problem.left_out]
        assert all("is in the log twice" in str(problem) for problem in log_of_new_york.problems)

    def test_its_calls_come_in_the_order_of_their_receipt(self, log_of_new_york: Log) -> None:
        received = [call.received_at for call in log_of_new_york.calls]
        assert received == sorted(received)

    def test_r1_only_what_its_folder_allows_is_texted(self, log_of_new_york: Log) -> None:
        first = {record.cad_id: record for record in reversed(records(log_of_new_york, NEW_YORK))}
        rules: dict[str, int] = {}
        for record in first.values():
            facts = CallFacts.model_validate(
                {**record.facts, "agency": "new-york", "cad_id": record.cad_id, "recipient_version": 1}
            )
            rule = decide(facts, NEW_YORK.policy).rule
            rules[rule] = rules.get(rule, 0) + 1
        assert rules == {Rule.ALL_MET: 7389, Rule.SENSITIVE_TYPE: 757, Rule.EXCLUDED_TYPE: 6}
