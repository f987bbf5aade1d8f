"""A sample of a live feed is tried out before it is connected: every row is accounted for, and nothing is kept."""

import json
import shutil
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue
from sqlalchemy import Engine

from calls.eligibility import Rule
from database.encryption import Keyring
from policy.agency import Agency
from policy.cad_feeds import FeedRule
from starter.feeds import Result, Way
from starter.intake import Intakes
from starter.pauses import pauses_between
from starter.readers.samples import read_samples
from starter.rejected import RejectedRecords
from starter.sample_check import SampleCheck, check_samples
from tests.builders import NOON, hours, minutes
from tests.cli.test_errors import run, the_one_line
from tests.conftest import AGENCIES
from tests.starter.eidos import eido, with_eido
from tests.starter.logs import COLUMNS, log_text
from tests.starter.logs import row as a_row
from tests.starter.test_accept import the_row

TORONTO = ZoneInfo("America/Toronto")
LATER = NOON + hours(6)
NOWHERE = {"DATABASE_URL": "postgresql://nobody@127.0.0.1:9/nothing"}
"""No database is needed."""


def row(**cells: str) -> dict[str, str]:
    return {**a_row(**cells), "language": cells.get("language", "EN")}


def csv_file(folder: Path, *rows: Mapping[str, str]) -> Path:
    path = folder / "sample.csv"
    path.write_text(log_text(*rows, columns=[*COLUMNS, "language"]), encoding="utf-8", newline="")
    return path


def json_file(folder: Path, *records: Mapping[str, JsonValue]) -> Path:
    path = folder / "sample.json"
    path.write_text(json.dumps(list(records)), encoding="utf-8")
    return path


def record(**told: JsonValue) -> dict[str, JsonValue]:
    return {
        "cad_id": "1001",
        "updated_at": "2026-01-15T17:00:00Z",
        "case_number": "26-104233",
        "priority": "4",
        "call_type": "NOISE",
        "source": "phone",
        "phone": "613-555-0142",
        "received_at": "2026-01-15T17:00:00Z",
        "dispatched_at": "2026-01-15T17:30:00Z",
        "cleared_at": "2026-01-15T17:50:00Z",
        **told,
    }


def checked(path: Path, agency: Agency) -> SampleCheck:
    return check_samples(read_samples(path, agency.cad, now=LATER), agency, now=LATER)


class TestTheCommand:
    def test_a_sample_of_rows_is_read_line_by_line_unknown_codes_first(self, tmp_path: Path) -> None:
        path = csv_file(
            tmp_path,
            *(row(incident_id=str(number), type_initial="PIRACY") for number in range(3)),
            row(incident_id="8"),
            row(incident_id="8"),
            row(incident_id="9", received="soon"),
        )
        done = run("cad", "check", str(path), home=tmp_path, changes=NOWHERE)
        assert done.returncode == 1
        assert done.stdout.splitlines() == [
            f"{path}, as a live feed of agencies/ottawa; nothing is kept, nobody is texted.",
            "Unknown, call type: 1 code in 3 rows.",
            "        3 x PIRACY",
            "6 rows = 4 taken + 1 repeated + 1 rejected",
            "  line 7: call 9: received is something that is not a time",
            "4 calls: 0 could be texted on the first record, 0 on all that the sample tells:",
            "    first     all",
            "        3       3  unknown call type",
            "        1       1  no number to text",
            "No record tells a telephone number: nobody is texted.",
            "No record tells when it was written: each counts as of its latest event; a correction may be lost.",
            "No record tells when an officer was sent: delay notices go to people who have an officer there.",
            "No record tells when the call was over: no surveys; calls stay open until they are given up.",
            "In 0 s the longest pause between two records was 0 s by day, 0 s from 22:00 to 07:00.",
            "  That is too short to say what is normal: take a sample of some days.",
        ]
        assert done.stderr == ""

    @pytest.mark.parametrize("field", ["cad_id", "case_number"])
    @pytest.mark.parametrize("written", ["6135550142", "+1 613-555-0142", "(613) 555.0142", "26:16135550142"])
    def test_r3_the_callers_number_under_the_heading_of_an_id_is_found_before_a_feed_is_connected(
        self, tmp_path: Path, field: str, written: str
    ) -> None:
        path = json_file(tmp_path, record(), record(**{field: written, "updated_at": "2026-01-15T17:01:00Z"}))
        done = run("cad", "check", str(path), home=tmp_path, changes=NOWHERE)
        assert done.returncode == 1
        assert f"In 1 record the caller's telephone number stands as {field}" in done.stdout
        assert "5550142" not in done.stdout.replace("-", "").replace(".", "")

    def test_ten_digits_that_are_not_the_callers_number_are_an_id(self, tmp_path: Path) -> None:
        path = json_file(tmp_path, record(cad_id="6135550143"))
        assert run("cad", "check", str(path), home=tmp_path, changes=NOWHERE).returncode == 0

    def test_a_good_sample_ends_well(self, tmp_path: Path) -> None:
        path = json_file(
            tmp_path,
            record(),
            record(updated_at="2026-01-15T17:10:00Z", call_type="SEXUAL ASSAULT"),
            record(cad_id="2", updated_at="2026-01-16T18:10:00Z"),
        )
        done = run("cad", "check", str(path), "--agency", "agencies/ottawa", home=tmp_path, changes=NOWHERE)
        assert done.stdout.splitlines()[1:] == [
            "Every code is listed in the folder.",
            "3 rows = 3 taken + 0 repeated + 0 rejected",
            "2 calls: 2 could be texted on the first record, 1 on all that the sample tells:",
            "    first     all",
            "        2       1  all rules met",
            "        0       1  sensitive call type",
            "In 1 d 1 h the longest pause between two records was 16 h by day, 9 h from 22:00 to 07:00.",
            "  Twice that, as what is normal for the feed, in cad.yaml (NAME is the feed's):",
            "    feeds: {NAME: {silent_after: 32 h}}",
        ]
        assert (done.returncode, done.stderr) == (0, "")

    def test_what_it_proposes_can_stand_in_cad_yaml(self, tmp_path: Path) -> None:
        moments = [f"2026-01-{day}T{hour:02}:07:00Z" for day in (15, 16) for hour in (1, 4, 14, 15, 17, 19, 21)]
        path = json_file(tmp_path, *(record(updated_at=moment) for moment in moments))
        proposal = run("cad", "check", str(path), home=tmp_path).stdout.splitlines()[-1].strip()
        assert proposal == "feeds: {NAME: {silent_after: 8 h, silent_at_night: 16 h}}"
        folder = Path(shutil.copytree(AGENCIES / "ottawa", tmp_path / "ottawa"))
        with (folder / "cad.yaml").open("a") as cad:
            cad.write(f"\n{proposal.replace('NAME', 'county')}\n")
        assert run("agency", "check", str(folder), home=tmp_path).returncode == 0

    def test_of_many_that_are_rejected_twenty_are_shown(self, tmp_path: Path) -> None:
        path = csv_file(tmp_path, *(row(incident_id=str(number), received="soon") for number in range(23)))
        done = run("cad", "check", str(path), home=tmp_path)
        lines = done.stdout.splitlines()
        assert lines[1] == "23 rows = 0 taken + 0 repeated + 23 rejected"
        assert lines[-3] == "  … and 3 more that cannot be read"
        assert sum(line.startswith("  line ") for line in lines) == 20

    def test_r3_a_number_in_a_cell_is_not_shown(self, tmp_path: Path) -> None:
        path = csv_file(
            tmp_path,
            row(type_initial="CALL 613-555-0144"),
            row(incident_id="613-555-0144", received="613-555-0144"),
            row(incident_id="3", type_initial="\x1b[2J"),
        )
        out = run("cad", "check", str(path), home=tmp_path).stdout
        assert "0144" not in out
        assert "\x1b" not in out

    def test_a_file_that_cannot_be_read_is_one_line(self, tmp_path: Path) -> None:
        assert "there is no such file" in the_one_line(run("cad", "check", "nowhere.csv", home=tmp_path))
        path = tmp_path / "sample.csv"
        path.write_text("incident_id,received\n1,2026-01-15 12:00:00\n")
        assert "are not in the heading" in the_one_line(run("cad", "check", str(path), home=tmp_path))

    def test_a_file_without_a_record_says_so(self, tmp_path: Path) -> None:
        done = run("cad", "check", str(csv_file(tmp_path)), home=tmp_path)
        assert (done.returncode, done.stdout.splitlines()[1:]) == (1, ["There is no record in it."])


class TestAsALiveFeed:
    def test_r1_what_is_dangerous_in_a_record_that_cannot_be_read_silences_the_call(
        self, tmp_path: Path, ottawa: Agency
    ) -> None:
        check = checked(json_file(tmp_path, record(), record(in_progress=True, colour="red")), ottawa)
        assert (check.taken, len(check.rejected)) == (1, 1)
        assert check.at_first == {Rule.ALL_MET: 1}
        assert check.at_last == {Rule.IN_PROGRESS: 1}

    def test_what_is_not_told_is_no_unknown_code(self, tmp_path: Path, ottawa: Agency) -> None:
        check = checked(json_file(tmp_path, {"cad_id": "1", "event": "dispatched"}), ottawa)
        assert check.unknown == []
        assert check.at_last == {Rule.MISSING_FACT: 1}
        assert "priority_code" in check.lacks
        assert "dispatched_at" not in check.lacks

    def test_eidos_are_read_as_the_folder_says(self, tmp_path: Path, ottawa: Agency) -> None:
        path = json_file(tmp_path, *(eido(cad_id=f"{number}", received=NOON, phone="613-555-0142") for number in "12"))
        check = checked(path, with_eido(ottawa))
        assert (check.taken, check.calls, len(checked(path, ottawa).rejected)) == (2, 2, 2)

    def test_a_number_that_is_none_silences(self, tmp_path: Path, ottawa: Agency) -> None:
        assert checked(json_file(tmp_path, record(phone="unknown")), ottawa).at_last == {Rule.UNTEXTABLE: 1}

    def test_a_word_without_a_time_that_is_taken_back_is_no_repetition(self, tmp_path: Path, ottawa: Agency) -> None:
        """0019: A, B by mistake, A again."""
        a: dict[str, JsonValue] = {"cad_id": "1", "priority": "4"}
        check = checked(json_file(tmp_path, a, a, {**a, "priority": "3"}, a), ottawa)
        assert (check.taken, check.repeated) == (3, 1)

    @given(
        st.lists(
            st.fixed_dictionaries(
                {"cad_id": st.sampled_from(["1", "2", "", "3"])},
                optional={
                    "updated_at": st.sampled_from(["2026-01-15T17:00:00Z", "2026-01-15T17:01:00Z", "soon"]),
                    "priority": st.sampled_from(["1", "4", "9"]),
                    "call_type": st.sampled_from(["NOISE", "PIRACY"]),
                    "first_call_type": st.sampled_from(["NOISE", "SEXUAL ASSAULT"]),
                    "phone": st.sampled_from(["613-555-0142", "none"]),
                    "received_at": st.just("2026-01-15T17:00:00Z"),
                },
            ),
            max_size=12,
        )
    )
    def test_every_row_is_accounted_for(
        self, tmp_path_factory: pytest.TempPathFactory, ottawa: Agency, records: Sequence[Mapping[str, JsonValue]]
    ) -> None:
        check = checked(json_file(tmp_path_factory.mktemp("sample"), *records), ottawa)
        assert check.records == len(records) == check.taken + check.repeated + len(check.rejected)
        assert check.at_first.total() == check.at_last.total() == check.calls

    def test_it_comes_to_what_the_service_comes_to(
        self, tmp_path: Path, ottawa: Agency, engine: Engine, keyring: Keyring
    ) -> None:
        path = json_file(
            tmp_path,
            record(),
            record(),
            record(first_call_type="SEXUAL ASSAULT", updated_at="2026-01-15T17:02:00Z"),
            record(cad_id="2", phone="n/a"),
            record(cad_id="3", priority="9"),
            record(cad_id="4", colour="red"),
            {"cad_id": "5", "priority": "4"},
            {"cad_id": "5", "priority": "4"},
            {"cad_id": "6", "safety_flag": "perhaps"},
        )
        check = checked(path, ottawa)
        intake = Intakes(engine=engine, keyring=keyring, agency=ottawa).of("county", Way.FOLDER)
        results = [
            intake.take(sample.read, raw=partial(bytes, sample.raw), shape=sample.shape).result
            for sample in read_samples(path, ottawa.cad, now=LATER)
        ]
        assert results.count(Result.TAKEN) == check.taken
        assert results.count(Result.REPEATED) == check.repeated
        assert len(RejectedRecords(engine=engine, keyring=keyring).open_ids()) == len(check.rejected)
        rules = sorted(the_row(engine, f"ottawa-{number}").rule for number in (1001, 2, 3, 5, 6))
        assert rules == sorted(check.at_last.elements())


class TestPauses:
    def test_a_pause_is_cut_where_the_night_begins(self) -> None:
        evening = datetime(2026, 1, 15, 21, 30, tzinfo=TORONTO)
        found = pauses_between([evening, evening + hours(2), evening - minutes(5)], TORONTO)
        assert found is not None
        assert (found.day, found.night, found.span) == (minutes(30), minutes(90), minutes(125))

    def test_one_record_has_no_pause(self) -> None:
        assert pauses_between([NOON], TORONTO) is None

    @given(st.lists(st.integers(1, 40 * 60), min_size=3, max_size=60))
    def test_with_what_it_proposes_no_pause_of_the_sample_would_have_been_an_alarm(self, pauses: list[int]) -> None:
        moments = [datetime(2026, 10, 30, tzinfo=UTC)]
        for pause in pauses:
            moments.append(moments[-1] + minutes(pause))
        found = pauses_between(moments, TORONTO)
        assert found is not None
        rule = found.proposal
        if found.span < timedelta(hours=23):
            assert rule is None
            return
        assert isinstance(rule, FeedRule)
        second = timedelta(seconds=1)
        assert all(after <= rule.silent_from(before, TORONTO) + second for before, after in pairwise(moments))
