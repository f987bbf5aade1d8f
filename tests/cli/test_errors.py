"""What a person reads when something is not as it should be: one line that says what to do, and no traceback."""

import shutil
import socket
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from database.encryption import new_key
from local.ports import free_port
from settings import child_environment, python
from tests.conftest import AGENCIES

ROOT = AGENCIES.parent
NEW_YORK = str(AGENCIES / "new-york")
KEYS = {
    "COMMUNITYCONNECT_ENCRYPTION_KEYS": f"k:{new_key()}",
    "COMMUNITYCONNECT_LOOKUP_KEY": new_key(),
}
SAMPLE = AGENCIES / "new-york" / "sample" / "calls-2024.csv.gz"


def run(*arguments: str, home: Path, changes: Mapping[str, str] | None = None) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [python(), "-m", "cli.main", *arguments],
        cwd=ROOT,
        env=child_environment({"COMMUNITYCONNECT_HOME": str(home), **(changes or {})}),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def the_one_line(done: "subprocess.CompletedProcess[str]") -> str:
    """The message on standard error; it is one line, and the command failed."""
    assert done.returncode != 0
    [line] = done.stderr.splitlines()
    assert "Traceback" not in done.stdout + done.stderr
    return line


def test_a_missing_log_is_said_in_one_line(tmp_path: Path) -> None:
    line = the_one_line(run("run", "--cad", "nowhere.csv", home=tmp_path))
    assert line == "communityconnect: nowhere.csv: there is no such file; give the log with CAD=path or --cad path"


def test_a_missing_agency_folder_is_said_in_one_line(tmp_path: Path) -> None:
    line = the_one_line(run("run", "--agency", "agencies/atlantis", home=tmp_path))
    assert "agencies/atlantis: there is no such folder" in line


def test_an_unknown_column_is_said_in_one_line_with_the_columns_that_there_are(tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    log.write_text("id,when\n1,2024-11-22T10:00:00\n")
    line = the_one_line(run("run", "--cad", str(log), home=tmp_path))
    assert "no column 'incident_id'" in line
    assert "id, when" in line


def test_a_window_without_calls_is_said_with_the_days_that_the_log_has(tmp_path: Path) -> None:
    window = ("--from", "2031-01-01", "--hours", "24")
    line = the_one_line(run("run", "--cad", str(SAMPLE), "--agency", NEW_YORK, *window, home=tmp_path))
    assert "no call in this window" in line
    assert "2024-01-01" in line


def test_a_taken_port_is_said_before_anything_starts(tmp_path: Path) -> None:
    with socket.socket() as taken:
        port = free_port() + 1  # with a free one before it
        taken.bind(("127.0.0.1", port))
        taken.listen()
        line = the_one_line(run("run", "--port", str(port - 1), home=tmp_path))
    assert f"Port {port}, for the phones, is taken" in line
    assert "--port" in line


@pytest.mark.parametrize(
    ("variable", "value"),
    [("COMMUNITYCONNECT_CLOCK", "half past nine"), ("COMMUNITYCONNECT_WORKER_THREADS", "many")],
)
def test_a_setting_that_cannot_be_used_is_named(tmp_path: Path, variable: str, value: str) -> None:
    line = the_one_line(run("setup", home=tmp_path, changes={variable: value}))
    assert variable in line


def test_a_database_that_does_not_answer_is_said_in_one_line(tmp_path: Path) -> None:
    changes = {"DATABASE_URL": "postgresql://nobody@127.0.0.1:9/nothing"}
    assert "the database does not answer" in the_one_line(run("setup", home=tmp_path, changes=changes))


@pytest.mark.parametrize("url", ["nonsense", "mysql://secret@127.0.0.1/x", "postgresql://u:secret@host:port/x"])
def test_an_address_of_a_database_that_is_none_is_said_without_repeating_it(tmp_path: Path, url: str) -> None:
    line = the_one_line(run("state", home=tmp_path, changes={"DATABASE_URL": url}))
    assert "DATABASE_URL cannot be used" in line
    assert url not in line
    assert "secret" not in line


@pytest.mark.parametrize("command", [("state",), ("attention",), ("stop", "--by", "me", "--why", "a test")])
def test_a_database_that_was_never_set_up_is_said_in_one_line(
    tmp_path: Path, postgres_url: str, command: tuple[str, ...]
) -> None:
    line = the_one_line(run(*command, home=tmp_path, changes={**KEYS, "DATABASE_URL": postgres_url}))
    assert line == "communityconnect: the database is not set up for this version; run: communityconnect setup"


@pytest.mark.parametrize("why", ["", "  ", "caf\udce9"])
def test_a_stop_says_who_and_why_in_words_that_can_be_kept(tmp_path: Path, why: str) -> None:
    done = run("stop", "--by", "me", "--why", why, home=tmp_path)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "--why" in done.stderr


def test_words_are_released_alone(tmp_path: Path) -> None:
    what = ("--wording", "delay:en", "--kind", "survey")
    assert "goes alone" in the_one_line(run("go", *what, "--by", "me", "--why", "a test", home=tmp_path))


def test_help_tells_what_to_try_first(tmp_path: Path) -> None:
    done = run("--help", home=tmp_path)
    assert done.returncode == 0
    assert "communityconnect run" in done.stdout
    for command in ("run", "setup", "doctor", "worker", "web", "replay", "forget", "new-key"):
        assert command in done.stdout


def test_doctor_names_every_trouble_with_its_mend(tmp_path: Path) -> None:
    nothing = {
        "DATABASE_URL": "postgresql://nobody@127.0.0.1:9/nothing",
        "TEMPORAL_ADDRESS": "127.0.0.1:9",
        "COMMUNITYCONNECT_AGENCY": "agencies/atlantis",
        "COMMUNITYCONNECT_PUBLIC_ORIGIN": "http://texts.example.org",
    }
    done = run("doctor", home=tmp_path, changes=nothing)
    assert done.returncode == 1
    assert "Traceback" not in done.stdout + done.stderr
    for trouble, mend in (
        ("NOT  agency folder", "COMMUNITYCONNECT_AGENCY"),
        ("NOT  keys", "communityconnect new-key"),
        ("NOT  database", "DATABASE_URL"),
        ("NOT  temporal", "TEMPORAL_ADDRESS"),
        ("NOT  twilio", "TWILIO_ACCOUNT_SID"),
        ("NOT  public origin", "https"),
    ):
        after = done.stdout.partition(trouble)[2]
        assert mend in after.partition("NOT  ")[0], trouble


def test_a_simulation_of_a_window_without_calls_is_said_with_the_days_that_the_log_has(tmp_path: Path) -> None:
    what = ("--cad", str(SAMPLE), "--agency", NEW_YORK, "--out", str(tmp_path / "out"))
    line = the_one_line(run("simulate", *what, "--from", "2031-01-01", home=tmp_path))
    assert "no call in this window; the log goes from 2024-01-01 to 2024-12-31" in line


def test_a_simulation_that_cannot_write_where_it_should_says_so(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file, not a folder")
    what = ("--cad", str(SAMPLE), "--agency", NEW_YORK, "--out", str(tmp_path / "out"))
    line = the_one_line(run("simulate", *what, home=tmp_path))
    assert "out: cannot write there (File exists); choose another folder with --out" in line


def test_a_generated_log_for_an_agency_that_reads_other_columns_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "elsewhere"
    shutil.copytree(AGENCIES / "ottawa", folder)
    cad = folder / "cad.yaml"
    cad.write_text(cad.read_text().replace("first_closed", "closing_time"))
    line = the_one_line(run("generate-day", "--agency", str(folder), "--out", str(tmp_path / "day.csv"), home=tmp_path))
    assert "no column 'closing_time'" in line
    assert not (tmp_path / "day.csv").exists()


def test_a_generated_log_for_an_agency_with_other_codes_is_refused(tmp_path: Path) -> None:
    line = the_one_line(run("generate-day", "--agency", NEW_YORK, "--out", str(tmp_path / "day.csv"), home=tmp_path))
    assert "knows no source 'phone'" in line


def test_a_simulation_that_cannot_write_its_report_says_so_and_does_not_work_in_vain(tmp_path: Path) -> None:
    (tmp_path / "out" / "report.html").mkdir(parents=True)
    what = ("--cad", str(SAMPLE), "--agency", NEW_YORK, "--out", str(tmp_path / "out"), "--limit", "1")
    line = the_one_line(run("simulate", *what, home=tmp_path))
    assert "report.html" in line
    assert line.endswith("The same command goes on where it stopped.")
    (tmp_path / "out" / "report.html").rmdir()
    assert run("simulate", *what, home=tmp_path).returncode == 0
