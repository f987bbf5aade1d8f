"""The files of a bundle, as other people's programs read them: each by a library that is not ours."""

import csv
import hashlib
import io
import json
from pathlib import Path
from random import Random
from typing import Any

import frictionless
import pandas
import pytest
import rdflib
import shapely
from rdflib.namespace import DCAT, DCTERMS, FOAF, RDF

from insights.open_data.edition import Edition, NotFilledIn
from insights.open_data.tables import ACTIVITY, FIELDS, RESULTS
from policy.agency import Agency
from policy.boundaries import read_boundaries
from policy.open_data import Areas, Level, Place
from survey.areas import closed_questions
from tests.open_data.made_up import PREPARED, Q3, MadeUp, a_quarter, publishing, said, shown_of, written

csv.field_size_limit(131_072)  # frictionless widens it for the whole process, and other tests would read other files

WARDS = Areas(
    version="2022",
    places=(
        Place(id="West", level=Level.DIVISION, name=said("West")),
        *(Place(id=f"{n}", level=Level.WARD, name=said(f"Ward {n}"), within="West") for n in range(1, 6)),
    ),
)


def square(west: float) -> dict[str, Any]:
    corners = [[west, 45.2], [west + 0.1, 45.2], [west + 0.1, 45.3], [west, 45.3], [west, 45.2]]
    return {"type": "Polygon", "coordinates": [corners]}


def boundaries(path: Path) -> Path:
    features = [
        {
            "type": "Feature",
            "properties": {"GEO_LEVEL": "WARD", "GEO_ID": str(n)},
            "geometry": square(-75.9 + n / 10),
        }
        for n in range(1, 6)
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def agency(ottawa: Agency) -> Agency:
    return publishing(ottawa, WARDS)


@pytest.fixture(scope="module")
def made(agency: Agency) -> MadeUp:
    return a_quarter(Random(15), WARDS, closed_questions(agency.survey))


@pytest.fixture(scope="module")
def folder(agency: Agency, made: MadeUp, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("open-data")
    geometries = read_boundaries(boundaries(place / "areas.geojson"), WARDS)
    written(place / "v1", shown_of(made, agency), agency, geometries=geometries)
    return place / "v1"


def test_frictionless_finds_nothing_wrong_with_the_package_and_its_tables(folder: Path) -> None:
    report = frictionless.validate(str(folder / "datapackage.json"))
    assert report.flatten(["title", "message"]) == []
    assert report.valid
    assert {task.name for task in report.tasks if task.type == "table"} >= {
        "communityconnect-activity",
        "communityconnect-survey-results",
        "codebook",
    }


def test_frictionless_finds_a_line_that_was_changed(folder: Path, tmp_path: Path) -> None:
    for path in folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    text = (tmp_path / ACTIVITY).read_text(encoding="utf-8")
    (tmp_path / ACTIVITY).write_text(text.replace(",WARD,", ",PARISH,", 1), encoding="utf-8")
    assert not frictionless.validate(str(tmp_path / "datapackage.json")).valid


@pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated")  # rdflib's own reader of JSON-LD uses it
def test_an_rdf_library_reads_the_catalogue_and_everything_that_dcat_ap_wants_is_there(folder: Path) -> None:
    graph = rdflib.Graph()
    graph.parse(folder / "catalog.jsonld", format="json-ld")
    (catalog,) = graph.subjects(RDF.type, DCAT.Catalog)
    (dataset,) = graph.objects(catalog, DCAT.dataset)
    for subject in (catalog, dataset):
        for needed in (DCTERMS.title, DCTERMS.description):
            assert {word.language for word in graph.objects(subject, needed)} == {"en", "fr"}  # type: ignore[attr-defined]
        (publisher,) = graph.objects(subject, DCTERMS.publisher)
        assert (publisher, RDF.type, FOAF.Agent) in graph
        assert list(graph.objects(publisher, FOAF.name))
    for needed in (DCAT.contactPoint, DCAT.keyword, DCAT.theme, DCTERMS.temporal, DCTERMS.identifier):
        assert list(graph.objects(dataset, needed))
    files = list(graph.objects(dataset, DCAT.distribution))
    assert len(files) == 4
    for file in files:
        (address,) = graph.objects(file, DCAT.accessURL)
        name = str(address).rpartition("/")[2]
        assert str(address) == f"https://example.org/data/ottawa/2026-q3/v1/{name}"
        (size,) = graph.objects(file, DCAT.byteSize)
        assert size.toPython() == (folder / name).stat().st_size  # type: ignore[attr-defined]
        assert list(graph.objects(file, DCTERMS.license)) == [rdflib.URIRef("https://example.org/licence")]


def test_data_json_has_what_dcat_us_wants(folder: Path) -> None:
    about = json.loads((folder / "data.json").read_bytes())
    assert about["conformsTo"] == "https://project-open-data.cio.gov/v1.1/schema"
    (dataset,) = about["dataset"]
    assert (folder / dataset["landingPage"].rpartition("/")[2]).is_file()
    needed = "title description keyword modified publisher contactPoint identifier accessLevel license temporal"
    assert [name for name in needed.split() if not dataset[name]] == []
    assert dataset["contactPoint"]["hasEmail"].startswith("mailto:")
    assert {one["mediaType"] for one in dataset["distribution"]} == {"text/csv", "application/geo+json"}


@pytest.mark.parametrize("name", [ACTIVITY, RESULTS])
def test_pandas_opens_the_tables_and_every_figure_fits_its_status(folder: Path, name: str) -> None:
    table = pandas.read_csv(
        folder / name, dtype={"GEO_ID": str, "PRIORITY": str}, keep_default_na=False, na_values=[""]
    )
    assert list(table.columns) == [field.name for field in FIELDS[name]]
    assert all(len(column) <= 30 and column.isupper() for column in table.columns)
    figures = ["COUNT"] if name == ACTIVITY else ["N_ANSWERS", "N_RESPONSES", "PCT"]
    has_figure = table["STATUS"] == "OK"
    assert set(table["STATUS"]) <= {"OK", "SUPPRESSED", "NO_DATA"}
    assert has_figure.any()
    assert table.loc[has_figure, figures].notna().all(axis=None)
    assert table.loc[~has_figure, figures].isna().all(axis=None)
    assert (table.loc[has_figure, figures[:2]] % 15 == 0).all(axis=None)
    assert (table.loc[has_figure, figures[0]] > 0).all()
    keys = [field.name for field in FIELDS[name] if field.is_key]
    assert not table.duplicated(keys).any()
    for english in [column for column in table.columns if column.endswith("_EN")]:
        assert table[english.removesuffix("_EN") + "_FR"].notna().all()
    if name == RESULTS:
        shares = table.loc[has_figure]
        assert (shares["N_RESPONSES"] >= 30).all()
        exact = shares["N_ANSWERS"] / shares["N_RESPONSES"] * 100
        assert ((shares["PCT"] - exact).abs() <= 0.5).all()


def test_larger_areas_and_all_priorities_are_sums(folder: Path) -> None:
    table = pandas.read_csv(folder / ACTIVITY, dtype={"GEO_ID": str, "PRIORITY": str})
    table["COUNT"] = table["COUNT"].fillna(0)
    of_calls = table[~table["MEASURE_ID"].isin(["OPT_OUTS", "SURVEY_RESPONSES"])]
    wide = of_calls.pivot_table(index=["GEO_LEVEL", "GEO_ID", "MEASURE_ID"], columns="PRIORITY", values="COUNT")
    wards = wide.loc["WARD"].groupby("MEASURE_ID").sum()
    of_city, of_division = (wide.loc[level].groupby("MEASURE_ID").sum().to_numpy() for level in ("CITY", "DIVISION"))
    assert (of_city == of_division).all()
    assert (wards.to_numpy() <= of_city).all()
    city = wide.loc["CITY"]
    assert (city["3"] + city["4"] == city["ALL"]).all()


def test_what_lies_within_another_measure_is_never_shown_as_more(folder: Path) -> None:
    table = pandas.read_csv(folder / ACTIVITY, dtype={"GEO_ID": str, "PRIORITY": str})
    wide = table.pivot_table(index=["GEO_LEVEL", "GEO_ID", "PRIORITY"], columns="MEASURE_ID", values="COUNT").fillna(0)
    assert (wide["CONFIRMATIONS_SENT"] <= wide["CALLS_ELIGIBLE"]).all()
    for within in ("CONFIRMATIONS_DELIVERED", "CALLS_DELAYED", "SURVEY_INVITATIONS"):
        assert (wide[within] <= wide["CONFIRMATIONS_SENT"]).all()
    assert (wide["CALLS_DELAYED"] <= wide["DELAY_NOTICES"]).all()


def test_a_gis_library_opens_the_boundaries_and_finds_them_valid(folder: Path) -> None:
    body = json.loads((folder / "communityconnect_areas.geojson").read_bytes())
    collection = shapely.from_geojson(json.dumps(body))
    shapes = shapely.get_parts(collection)
    assert len(shapes) == 5
    assert all(shape.is_valid and not shape.is_empty for shape in shapes)
    west, south, east, north = collection.bounds
    assert -76 < west < east < -75
    assert 45 < south < north < 46
    activity = {
        (line["GEO_LEVEL"], line["GEO_ID"]): line["COUNT"]
        for line in csv.DictReader(io.StringIO((folder / ACTIVITY).read_text(encoding="utf-8")))
        if line["MEASURE_ID"] == "CALLS_ELIGIBLE" and line["PRIORITY"] == "ALL"
    }
    for feature in body["features"]:
        about = feature["properties"]
        assert str(about["CALLS_ELIGIBLE"] or "") == activity[about["GEO_LEVEL"], about["GEO_ID"]]


def test_the_sums_are_those_of_the_files_and_there_is_nothing_else(folder: Path) -> None:
    lines = (folder / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    sums = {name: digest for digest, name in (line.split("  ") for line in lines)}
    names = {path.name for path in folder.iterdir()}
    assert set(sums) == names - {"SHA256SUMS"}
    assert "disclosure_report.json" not in names
    assert sums == {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in sums}


def test_the_same_counts_make_the_same_bytes(folder: Path, agency: Agency, made: MadeUp, tmp_path: Path) -> None:
    geometries = read_boundaries(boundaries(tmp_path / "areas.geojson"), WARDS)
    again = written(tmp_path / "v1", shown_of(made, agency), agency, geometries=geometries)
    assert again == {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("language", ["EN", "FR"])
def test_the_readme_says_what_the_figures_cannot_tell(folder: Path, language: str) -> None:
    text = (folder / f"README_{language}.md").read_text(encoding="utf-8")
    assert "$" not in text
    assert "https://example.org/licence" in text
    assert {"EN": "they do not stand for", "FR": "elles ne représentent ni"}[language] in text


def test_a_second_version_says_why(agency: Agency, made: MadeUp, tmp_path: Path) -> None:
    files = written(tmp_path / "v2", shown_of(made, agency), agency, version=2)
    assert b"Calls that came late" in files["README_EN.md"]
    assert "Calls that came late (fr)" in files["README_FR.md"].decode()
    assert json.loads(files["datapackage.json"])["version"] == "2"
    with pytest.raises(ValueError, match="has a reason"):
        Edition.of(agency, Q3, version=2, reason=None, prepared_at=PREPARED)


def test_nothing_is_written_in_the_name_of_an_agency_that_has_not_said_under_which_licence(ottawa: Agency) -> None:
    with pytest.raises(NotFilledIn, match=r"open_data.yaml lacks licence, contact, address"):
        Edition.of(ottawa, Q3, version=1, reason=None, prepared_at=PREPARED)
