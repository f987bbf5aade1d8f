"""The map of an agency's areas: what stands in it, what is said about it, and what an answer keeps of it."""

import shutil
from pathlib import Path

import pytest

from local.generated.mix import AREAS
from policy.agency import Agency, load_agency
from policy.check import check_folder
from starter.csv_log import read_log
from tests.conftest import AGENCIES


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(AGENCIES / "ottawa", tmp_path / "ottawa"))


def test_every_area_of_the_generated_day_is_on_ottawas_map(ottawa: Agency) -> None:
    assert ottawa.areas is not None
    assert set(ottawa.areas.smallest) == set(AREAS.weights)
    assert len(ottawa.areas.smallest) == 24
    assert {next(ottawa.areas.above(code)) for code in AREAS.weights} == {"west", "central", "east"}


def test_every_area_of_new_yorks_log_is_on_its_map() -> None:
    agency = load_agency(AGENCIES / "new-york")
    assert agency.areas is not None
    log = read_log(AGENCIES / "new-york" / "sample" / "calls-2024.csv.gz", agency.cad)
    assert {call.area for call in log.calls} - {None} <= set(agency.areas.smallest)


def test_a_larger_area_lies_in_nothing_and_a_strange_one_is_on_no_map(ottawa: Agency) -> None:
    assert ottawa.areas is not None
    assert list(ottawa.areas.above("Somerset")) == ["central"]
    assert list(ottawa.areas.above("central")) == list(ottawa.areas.above("Atlantis")) == []
    assert [ottawa.areas.version_of(area) for area in ("Somerset", "Atlantis", None)] == ["2022", None, None]


def test_a_folder_may_lack_the_map(folder: Path) -> None:
    with_map = load_agency(folder).version
    (folder / "areas.yaml").unlink()
    agency = load_agency(folder)
    assert agency.areas is None
    assert agency.version != with_map
    assert check_folder(folder) == []


def test_an_area_that_lies_within_none_is_warned_of_and_a_map_that_cad_tells_nothing_of(folder: Path) -> None:
    for file, old, new in (
        ("areas.yaml", "Bay: {level: ward, within: west,", "Bay: {level: ward,"),
        ("cad.yaml", "  area: area\n", ""),
    ):
        text = (folder / file).read_text(encoding="utf-8")
        assert old in text
        (folder / file).write_text(text.replace(old, new), encoding="utf-8")
    said = [finding.what for finding in check_folder(folder)]
    for warning in (
        "areas: are listed, and cad.yaml has no columns.area",
        "areas.Bay: lies within no larger area, and others do",
    ):
        assert any(warning in one for one in said), said
