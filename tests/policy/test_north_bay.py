"""A third agency's folder, written by somebody who had docs/agency-folder.md and nothing else.

Its CAD is another vendor's: semicolons, Windows-1252, US times, other names for everything. The calls are generated.
"""

import csv
import shutil
from collections import Counter
from pathlib import Path

import pytest

from calls.facts import Language
from cli.agency_check import run_check
from policy.agency import load_agency
from policy.check import check_folder
from policy.yaml_file import AgencyError
from starter.csv_log import read_log
from starter.log_check import check_log
from tests.simulation import simulated
from texts.wording import CODED

HERE = Path(__file__).parent / "north_bay"
FOLDER, LOG = HERE / "folder", HERE / "response_master_incident.csv"


def test_it_has_no_error_and_its_log_can_be_read() -> None:
    said: list[str] = []
    assert run_check(FOLDER, cad=LOG, say=said.append)
    assert not [line for line in said if line.startswith("error")]


def test_it_prints_codes_and_every_text_about_a_call_asks_for_one_or_the_folder_is_refused(tmp_path: Path) -> None:
    assert load_agency(FOLDER).wording.with_code() == list(CODED)
    folder = Path(shutil.copytree(FOLDER, tmp_path / "north-bay"))
    policy = folder / "policy.yaml"
    policy.write_text(policy.read_text("utf-8").replace("code: true ", "code: false"), "utf-8")
    line = (
        "line 49: texts.code: it is false, and {code} stands in confirmation, delay, survey (texts/en.po, texts/fr.po)"
    )
    with pytest.raises(AgencyError) as refused:
        load_agency(folder)
    assert refused.value.problems == (f"{policy} {line}",)
    assert [str(found) for found in check_folder(folder)] == [f"error: {policy} {line}"]
    for language in Language:
        catalogue = folder / "texts" / f"{language}.po"
        text = catalogue.read_text("utf-8")
        delay = text.index('msgid "delay"')
        catalogue.write_text(text[:delay] + text[delay:].replace("Code {code}. ", "", 1), "utf-8")
    with pytest.raises(AgencyError, match="stands in confirmation, survey "):
        load_agency(folder)
    policy.write_text(policy.read_text("utf-8").replace("code: false", "code: true "), "utf-8")
    with pytest.raises(AgencyError, match="stands not in delay "):
        load_agency(folder)


def test_what_stands_in_the_vendors_columns_is_understood() -> None:
    agency = load_agency(FOLDER)
    log = read_log(LOG, agency.cad)
    found = check_log(log, agency)
    assert (found.left_out, found.calls) == (0, 259)
    assert {(one.what, one.code) for one in found.unknown} == {("call type", "Teletype")}  # left so on purpose
    assert found.at_last["all rules met"] > 30
    assert log.calls[0].queued_at is not None


def test_it_runs_through_the_real_workflow_without_a_change_of_code(tmp_path: Path) -> None:
    simulated.simulate(LOG, FOLDER, tmp_path, "--hours", "4")
    with (tmp_path / "texts.csv").open(encoding="utf-8", newline="") as file:
        kinds = Counter(row["kind"] for row in csv.DictReader(file))
    assert kinds["confirmation"] > 10
    assert kinds["survey"] > 5
