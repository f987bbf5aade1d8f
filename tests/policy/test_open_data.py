"""`open_data.yaml` and `areas.geojson`: what may stand there, and that nothing can be made weaker than our least."""

import json
import shutil
from pathlib import Path

import pytest

from insights import protect
from policy.agency import load_agency
from policy.check import check_folder
from policy.open_data import LEAST_BASE, LEAST_CALLS
from tests.conftest import AGENCIES

GOOD = """\
enabled: true
publisher: {en: A service, fr: Un service}
licence:
  title: {en: A licence, fr: Une licence}
  address: {en: "https://example.org/en", fr: "https://example.org/fr"}
contact: {name: {en: Data, fr: Données}, email: data@example.org}
address: "https://example.org/data/"
base: 20
least_calls: 40
lag: 60 d
areas:
  version: "2022"
  places:
    - {id: West, level: DIVISION, name: {en: West, fr: Ouest}}
    - {id: "1", level: WARD, name: {en: Ward 1, fr: Quartier 1}, within: West, codes: [W01]}
"""


def folder_with(place: Path, text: str, boundaries: object = None) -> Path:
    folder = Path(shutil.copytree(AGENCIES / "ottawa", place / "ottawa"))
    (folder / "open_data.yaml").write_text(text, encoding="utf-8")
    if boundaries is not None:
        (folder / "areas.geojson").write_text(json.dumps(boundaries), encoding="utf-8")
    return folder


def says(folder: Path) -> list[str]:
    return [str(finding).replace(f"{folder}/", "") for finding in check_folder(folder)]


def test_a_complete_file_is_read_and_nothing_is_wrong_with_it(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, GOOD)
    assert says(folder) == []
    found = load_agency(folder).open_data
    assert found is not None
    assert (found.base, found.missing, found.lag.days) == (20, [], 60)


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("base: 20", "base: 5", "line 8: base: '5' is too little; 15 or more is allowed"),
        ("least_calls: 40", "least_calls: 30", "line 9: least_calls: is twice the base or more, 40"),
        ("lag: 60 d", "lag: 44 d", "line 10: lag: is 45 d or more: answers still come in"),
        ("within: West", "within: East", "line 15: areas.places.1.within: there is no area East"),
        (
            "level: DIVISION",
            "level: NEIGHBOURHOOD",
            "line 15: areas.places.1.within: 1 is a WARD and cannot lie within West, a NEIGHBOURHOOD",
        ),
        ('"https://example.org/data/"', '"https://example.org/data"', "line 7: address: ends with a slash"),
        (
            "contact: {name: {en: Data, fr: Données}, email: data@example.org}\n",
            "",
            "line 1: enabled: is true, and not filled in yet: contact",
        ),
        ("en: A licence, fr: Une licence", "en: A licence", "line 4: licence.title.fr: this key is missing"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(tmp_path: Path, old: str, new: str, complaint: str) -> None:
    assert GOOD.count(old) == 1
    assert says(folder_with(tmp_path, GOOD.replace(old, new))) == [f"error: open_data.yaml {complaint}"]


def test_r7_the_least_is_that_of_the_insights() -> None:
    assert (LEAST_BASE, LEAST_CALLS) == (protect.LEAST_BASE, protect.LEAST_KNOWN)


@pytest.mark.parametrize("name", ["ottawa", "new-york"])
def test_what_nobody_knows_is_not_made_up_and_nothing_is_published_until_it_is_filled_in(name: str) -> None:
    found = load_agency(AGENCIES / name).open_data
    assert found is not None
    assert not found.enabled
    assert found.missing == ["licence", "contact", "address"]


def _collection(**change: object) -> dict[str, object]:
    ring = [[-75.9, 45.2], [-75.8, 45.2], [-75.8, 45.3], [-75.9, 45.2]]
    feature = {
        "type": "Feature",
        "properties": {"GEO_LEVEL": "WARD", "GEO_ID": "1"},
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }
    return {"type": "FeatureCollection", "features": [{**feature, **change}]}


def test_boundaries_that_can_be_used_are_found_with_nothing_wrong(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, GOOD, _collection())
    assert says(folder) == []
    assert load_agency(folder).boundaries == folder / "areas.geojson"


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"properties": {"GEO_LEVEL": "WARD", "GEO_ID": "9"}}, "features.0: open_data.yaml has no WARD 9"),
        (
            {"geometry": {"type": "Polygon", "coordinates": [[[367000.0, 5.03e6]] * 4]}},
            "features.0: a position is longitude and latitude in degrees (WGS 84), and one of these is not",
        ),
        (
            {"geometry": {"type": "Polygon", "coordinates": [[[-75.9, 45.2], [-75.8, 45.2], [-75.8, 45.3], [0, 1]]]}},
            "features.0: a ring ends where it began, and this one does not",
        ),
    ],
)
def test_boundaries_that_cannot_are_told_in_one_line(tmp_path: Path, change: dict[str, object], complaint: str) -> None:
    assert says(folder_with(tmp_path, GOOD, _collection(**change))) == [f"error: areas.geojson: {complaint}"]


MAP = """\
version: "2026"
levels:
  ward: {en: Ward, fr: Quartier}
  division: {en: Division, fr: Division}
areas:
  W1: {level: ward, within: north, name: {en: Ward 1, fr: Quartier 1}}
  north: {level: division, name: {en: North Division, fr: Division Nord}}
"""


def test_without_a_map_of_its_own_it_has_that_of_the_folder(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, GOOD.partition("areas:")[0])
    (folder / "areas.yaml").write_text(MAP, encoding="utf-8")
    found = load_agency(folder).open_data
    assert found is not None
    assert found.areas is not None
    assert [(one.id, one.level, one.within, one.name.fr) for one in found.areas.places] == [
        ("W1", "WARD", "north", "Quartier 1"),
        ("north", "DIVISION", None, "Division Nord"),
    ]
    (folder / "areas.yaml").write_text(MAP.replace("ward", "beat"), encoding="utf-8")
    other = load_agency(folder).open_data
    assert other is not None
    assert other.areas is None
