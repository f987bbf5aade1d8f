"""`agency new`: a folder that can be loaded at once, with what is left to do marked in it."""

from pathlib import Path

import pytest

from policy.agency import OPTIONAL, load_agency
from policy.check import check_folder
from policy.findings import Level
from policy.new_folder import TEMPLATE, make_folder
from policy.yaml_file import AgencyError
from tests.conftest import AGENCIES


def test_a_new_folder_can_be_loaded_and_has_warnings_only(tmp_path: Path) -> None:
    make_folder("north-bay", place=tmp_path / "agencies")
    folder = tmp_path / "agencies" / "north-bay"
    agency = load_agency(folder)
    assert agency.key == "north-bay"
    assert agency.identity.name == {"en": "North Bay Police", "fr": "Police de North Bay"}
    found = check_folder(folder)
    assert {finding.level for finding in found} == {Level.WARNING}
    for what in ("is fictional", "left to do: the number that sends", "left to do: put your own columns"):
        assert any(what in finding.what for finding in found)


def test_every_file_of_it_says_what_is_left_to_do(tmp_path: Path) -> None:
    make_folder("north-bay", place=tmp_path)
    told = {finding.what.split()[0].rpartition("/")[2] for finding in check_folder(tmp_path / "north-bay")}
    files = {path.name for path in TEMPLATE.rglob("*.*")}
    assert told == files == {path.name for path in (AGENCIES / "ottawa").rglob("*.*")} - OPTIONAL


def test_it_has_nothing_of_the_service_that_it_was_made_from(tmp_path: Path) -> None:
    """Neither name nor number: a text from one service must not name another's."""
    make_folder("north-bay", place=tmp_path)
    for path in (tmp_path / "north-bay").rglob("*.*"):
        text = "\n".join(
            line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#")
        ).lower()
        assert not [word for word in ("ottawa", "new agency", "new-agency", "236-1222", "343803") if word in text]


def test_what_to_do_next_is_said(tmp_path: Path) -> None:
    first, *commands = make_folder("north-bay", place=tmp_path)
    assert "TODO" in first
    assert "docs/agency-folder.md" in first
    assert [line.split()[1] for line in commands] == ["agency", "agency", "agency", "simulate"]
    assert all(str(tmp_path / "north-bay") in line for line in commands)


@pytest.mark.parametrize(
    "name", ["North Bay", "north_bay", "-north", "north-", "9-bay", "", "..", "a/b", "north--bay", "montréal", "x" * 41]
)
def test_a_bad_name_is_refused_with_what_is_allowed(tmp_path: Path, name: str) -> None:
    with pytest.raises(AgencyError, match="is no name for a folder: small letters, digits and hyphens"):
        make_folder(name, place=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_an_existing_folder_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "north-bay").mkdir()
    with pytest.raises(AgencyError, match="north-bay: is there already; choose another name, or edit that folder"):
        make_folder("north-bay", place=tmp_path)
    assert list((tmp_path / "north-bay").iterdir()) == []


def test_a_place_that_cannot_be_written_to_is_said(tmp_path: Path) -> None:
    (tmp_path / "agencies").write_text("a file", encoding="utf-8")
    with pytest.raises(AgencyError, match=r"cannot be made \(.*\); choose another place with --in"):
        make_folder("north-bay", place=tmp_path / "agencies")
