"""The commands for an agency's folder, as somebody at a terminal runs them."""

import csv
import io
import shutil
from pathlib import Path

import pytest

from tests.cli.test_errors import NEW_YORK, SAMPLE, run, the_one_line
from tests.conftest import AGENCIES
from tests.simulation.simulated import SAN_DIEGO, SAN_DIEGOS_LOG

WINDOW = ("--from", "2023-01-07", "--hours", "1")


@pytest.fixture
def ottawa(tmp_path: Path) -> Path:
    return Path(shutil.copytree(AGENCIES / "ottawa", tmp_path / "ottawa"))


class TestCheck:
    def test_a_good_folder_ends_well(self, tmp_path: Path) -> None:
        done = run("agency", "check", "agencies/ottawa", home=tmp_path)
        assert (done.returncode, done.stdout) == (0, "agencies/ottawa: no errors, no warnings.\n")

    def test_warnings_end_well_and_errors_do_not(self, tmp_path: Path, ottawa: Path) -> None:
        path = ottawa / "policy.yaml"
        path.write_text(path.read_text().replace("link_valid_for: 14 d", "link_valid_for: 1 h"))
        done = run("agency", "check", str(ottawa), home=tmp_path)
        assert done.returncode == 0
        assert done.stdout.endswith("no errors, 1 warning.\n")
        path.write_text(path.read_text().replace("at_most: 3", "at_most: many").replace("enabled: true", "enabled: 3"))
        done = run("agency", "check", str(ottawa), home=tmp_path)
        assert done.returncode == 1
        assert [line.split(" line ")[0] for line in done.stdout.splitlines()[:-1]] == [f"error: {path}"] * 2
        assert done.stderr == ""

    def test_a_log_beside_it_shows_what_nobody_has_listed(self, tmp_path: Path, ottawa: Path) -> None:
        log = tmp_path / "log.csv"
        heading = (
            "incident_id,priority_native,type_initial,type_final,source,received,call_ended,dispatched,arrived,"
            "first_closed,reopened_at,final_closed,disposition"
        )
        rows = [f"{number},4,PIRACY,,phone,2026-01-15 12:00:00,,,,,,," for number in range(3)]
        log.write_text("\n".join([heading, *rows, "9,4,NOISE,,phone,2026-01-15 12:00:00,,,,,,,", "10,4", ""]))
        done = run("agency", "check", str(ottawa), "--cad", str(log), home=tmp_path)
        assert done.returncode == 0
        assert done.stdout.splitlines()[1:] == [
            f"{log}: 5 rows, 4 calls; 1 row that cannot be read.",
            "  line 6: it has fewer cells than the heading; the row is left out",
            "Unknown, call type: 1 code in 3 rows.",
            "        3 x PIRACY",
            "Call types that are texted, as CAD writes them (a pattern may take in too much):",
            "  noise: 1 x NOISE",
            "1 of 4 calls could be texted when they come in, 1 on all that CAD tells in the end:",
            "        3 x unknown call type",
            "        1 x all rules met",
        ]

    def test_a_log_of_which_no_row_can_be_read_is_an_error(self, tmp_path: Path, ottawa: Path) -> None:
        log = tmp_path / "log.csv"
        heading = (
            "incident_id,priority_native,type_initial,type_final,source,received,call_ended,dispatched,arrived,"
            "first_closed,reopened_at,final_closed,disposition"
        )
        log.write_text(f"{heading}\n1,4,NOISE,,phone,01/15/2026 09:05:11 AM,,,,,,,\n")
        done = run("agency", "check", str(ottawa), "--cad", str(log), home=tmp_path)
        assert done.returncode == 1
        assert done.stdout.endswith(f"error: {log}: no row of it can be read as cad.yaml says\n")
        assert "Every code" not in done.stdout

    def test_a_log_is_not_read_with_a_folder_that_cannot_be(self, tmp_path: Path, ottawa: Path) -> None:
        (ottawa / "cad.yaml").unlink()
        done = run("agency", "check", str(ottawa), "--cad", "log.csv", home=tmp_path)
        assert done.returncode == 1
        assert done.stdout.endswith("log.csv: not read; it is compared once the folder's files can be read\n")

    def test_a_folder_that_is_not_there_is_one_line(self, tmp_path: Path) -> None:
        line = the_one_line(run("agency", "check", "agencies/atlantis", home=tmp_path))
        assert "agencies/atlantis: there is no such folder in " in line

    def test_a_log_that_cannot_be_read_is_one_line(self, tmp_path: Path) -> None:
        line = the_one_line(run("agency", "check", "agencies/ottawa", "--cad", "nowhere.csv", home=tmp_path))
        assert line.startswith("communityconnect: nowhere.csv: there is no such file")


class TestNew:
    def test_a_new_folder_passes_the_check_and_reads_ottawas_generated_day(self, tmp_path: Path) -> None:
        done = run("agency", "new", "north-bay", "--in", str(tmp_path), home=tmp_path)
        assert done.returncode == 0
        folder, day = tmp_path / "north-bay", tmp_path / "day.csv"
        assert f"agency check {folder}" in done.stdout
        run("generate-day", "--agency", str(folder), "--out", str(day), home=tmp_path)
        done = run("agency", "check", str(folder), "--cad", str(day), home=tmp_path)
        assert done.returncode == 0
        assert "no errors" in done.stdout

    def test_a_bad_name_is_one_line(self, tmp_path: Path) -> None:
        line = the_one_line(run("agency", "new", "North Bay", "--in", str(tmp_path), home=tmp_path))
        assert line.startswith("communityconnect: 'North Bay' is no name for a folder")


class TestDiff:
    def test_it_says_which_calls_change_and_what_it_costs(self, tmp_path: Path) -> None:
        changed = Path(shutil.copytree(SAN_DIEGO, tmp_path / "san-diego", ignore=shutil.ignore_patterns("sample")))
        types, policy = changed / "call_types.yaml", changed / "policy.yaml"
        before, noise, after = types.read_text().partition("  noise:\n    rule: ")
        types.write_text(before + noise + after.replace("allowed", "excluded", 1))
        policy.write_text(policy.read_text().replace("at_most: 3", "at_most: 1"))
        out, home = tmp_path / "changed.csv", tmp_path / "home"
        what = (str(SAN_DIEGO), str(changed), "--cad", str(SAN_DIEGOS_LOG), *WINDOW)
        line = the_one_line(run("agency", "diff", *what, "--out", str(tmp_path), home=home))
        assert "cannot be written (Is a directory); choose another file with --out" in line
        done = run("agency", "diff", *what, "--out", str(out), home=home)
        assert done.returncode == 0, done.stderr
        assert done.stdout.count("Simulated before, by a run that was interrupted.") == 2
        rows = list(csv.DictReader(io.StringIO(out.read_text(encoding="utf-8"))))
        by_change = {change: [row for row in rows if row["change"] == change] for change in ("decision", "texts")}
        assert len(rows) == sum(map(len, by_change.values()))
        assert rows
        silenced = [row for row in by_change["decision"] if row["eligible_before"] == "true"]
        assert silenced
        assert {row["rule_after"] for row in silenced} == {"excluded call type"}
        assert {row["segments_after"] for row in silenced} == {"0"}
        assert {(row["delay_before"], row["delay_after"]) for row in by_change["texts"]} <= {("3", "1")}
        assert f"{len(silenced):>9} x all rules met (texted) -> excluded call type" in done.stdout
        assert f"{len(rows)} of " in done.stdout
        assert "Nobody was texted." in done.stdout
        segments = sum(int(row["segments_after"]) - int(row["segments_before"]) for row in rows)
        assert f"{segments / 100:+.2f}" in done.stdout
        assert not list((home / "diff").iterdir()), "what it worked with is gone"

    def test_a_folder_and_its_copy_are_the_same_and_nothing_is_simulated(self, tmp_path: Path) -> None:
        copy = Path(shutil.copytree(NEW_YORK, tmp_path / "copy", ignore=shutil.ignore_patterns("sample")))
        done = run("agency", "diff", NEW_YORK, str(copy), "--cad", str(SAMPLE), home=tmp_path)
        assert (done.returncode, done.stdout) == (0, "The two folders are the same, to the letter: nothing changes.\n")

    def test_a_place_to_write_to_that_is_not_there_is_said_before_anything_is_simulated(self, tmp_path: Path) -> None:
        out = str(tmp_path / "nowhere" / "changed.csv")
        line = the_one_line(
            run("agency", "diff", NEW_YORK, NEW_YORK, "--cad", str(SAMPLE), "--out", out, home=tmp_path)
        )
        assert line.endswith("there is no such folder to write to; choose another file with --out")
