"""Writes the files of a bundle. The same figures, on the same cover, make the same bytes."""

import csv
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from string import Template
from typing import Any, Final

from babel.dates import format_date

from insights.open_data import metadata
from insights.open_data.edition import Edition
from insights.open_data.measures import NAMES, OF_CALLS
from insights.open_data.places import CITY, Map
from insights.open_data.shown import Shown
from insights.open_data.tables import (
    ACTIVITY,
    FIELDS,
    RESULTS,
    Field,
    Kind,
    Line,
    Status,
    lines_of_activity,
    lines_of_results,
)
from policy.open_data import Level
from survey.questions import Localized

BOUNDARIES: Final = "communityconnect_areas.geojson"
CODEBOOK: Final = "codebook.csv"
SUMS: Final = "SHA256SUMS"
_README: Final = Path(__file__).parent / "readme"
_TITLES: Final = {
    ACTIVITY: Localized(en="What the service did", fr="Ce que le service a fait"),
    RESULTS: Localized(en="What residents answered", fr="Ce que les résidents ont répondu"),
    BOUNDARIES: Localized(en="Areas and their boundaries", fr="Secteurs et leurs limites"),
    CODEBOOK: Localized(en="Fields and codes", fr="Champs et codes"),
}
_CODEBOOK: Final = tuple(
    Field(name=name, kind=Kind.STRING, title=Localized(en=en, fr=fr), may_be_empty=may_be_empty)
    for name, en, fr, may_be_empty in (
        ("FILE", "File", "Fichier", False),
        ("FIELD", "Field", "Champ", False),
        ("TYPE", "Type", "Type", False),
        ("FIELD_EN", "Field’s name (English)", "Nom du champ (anglais)", False),
        ("FIELD_FR", "Field’s name (French)", "Nom du champ (français)", False),
        ("CODE", "Code", "Code", True),
        ("CODE_EN", "Code’s meaning (English)", "Sens du code (anglais)", True),
        ("CODE_FR", "Code’s meaning (French)", "Sens du code (français)", True),
        ("WITHIN", "The larger area", "Secteur plus grand", True),
    )
)
_STATUS: Final = {
    Status.OK: Localized(en="There is a figure", fr="Il y a un nombre"),
    Status.SUPPRESSED: Localized(en="Too few, or told with a larger area", fr="Trop peu, ou compté dans un plus grand"),
    Status.NO_DATA: Localized(en="Nothing to count", fr="Rien à compter"),
}
Geometries = Mapping[tuple[Level, str], dict[str, Any]]


def write_bundle(
    folder: Path,
    edition: Edition,
    shown: Shown,
    *,
    survey_version: str,
    was_on: bool,
    geometries: Geometries | None = None,
) -> list[dict[str, Any]]:
    """All files, into an empty folder: of each name, size and SHA-256. `was_on`: there was a survey in the quarter."""
    results = lines_of_results(shown, edition.quarter, survey_version=survey_version, was_on=was_on)
    _write_csv(folder / ACTIVITY, FIELDS[ACTIVITY], lines_of_activity(shown, edition.quarter))
    _write_csv(folder / RESULTS, FIELDS[RESULTS], results)
    if geometries:
        _write_json(folder / BOUNDARIES, _features(shown, geometries), indent=None)
    _write_csv(folder / CODEBOOK, _CODEBOOK, _codes(shown))
    files = [_data_file(folder / name) for name in _TITLES if (folder / name).exists()]
    _write_json(folder / "datapackage.json", metadata.data_package(edition, files))
    _write_json(folder / "catalog.jsonld", metadata.dcat(edition, files))
    _write_json(folder / "data.json", metadata.dcat_us(edition, files))
    for language in ("en", "fr"):
        name = f"README_{language.upper()}.md"
        _write(folder / name, _readme(name, language, edition, files))
    sums = "".join(f"{_sha256(path)}  {path.name}\n" for path in sorted(folder.iterdir()))
    _write(folder / SUMS, sums)
    return [
        {"name": path.name, "size": path.stat().st_size, "sha256": _sha256(path)} for path in sorted(folder.iterdir())
    ]


def _data_file(path: Path) -> metadata.DataFile:
    is_csv = path.suffix == ".csv"
    return metadata.DataFile(
        name=path.name,
        title=_TITLES[path.name],
        media_type="text/csv" if is_csv else "application/geo+json",
        size=path.stat().st_size,
        sha256=_sha256(path),
        fields=_CODEBOOK if path.name == CODEBOOK else FIELDS.get(path.name, ()),
    )


def _features(shown: Shown, geometries: Geometries) -> dict[str, Any]:
    """RFC 7946. Beside its name each area has its counts of all priorities; nothing where these are not told."""
    features = []
    for id_, place in shown.map.places.items():
        geometry = geometries.get((place.level, place.id))
        if geometry is None or id_ == CITY:
            continue
        told = {measure: shown.of_calls(id_, None, measure).figure for measure in OF_CALLS}
        properties = {
            "GEO_LEVEL": place.level.value,
            "GEO_ID": place.id,
            "GEO_VERSION": shown.map.version,
            "GEO_NAME_EN": place.name.en,
            "GEO_NAME_FR": place.name.fr,
            **{measure.value: figure or None for measure, figure in told.items()},
        }
        features.append({"type": "Feature", "properties": properties, "geometry": geometry})
    return {"type": "FeatureCollection", "features": features}


def _codes(shown: Shown) -> Iterator[Line]:
    for file, fields in FIELDS.items():
        for field in fields:
            about = {
                "FILE": file,
                "FIELD": field.name,
                "TYPE": field.kind.value,
                "FIELD_EN": field.title.en,
                "FIELD_FR": field.title.fr,
            }
            empty = {"CODE": "", "CODE_EN": "", "CODE_FR": "", "WITHIN": ""}
            yield {**about, **empty}
            for code, words, within in _codes_of(field.name, shown):
                yield {**about, "CODE": code, "CODE_EN": words.en, "CODE_FR": words.fr, "WITHIN": within}


def _codes_of(name: str, shown: Shown) -> Iterator[tuple[str, Localized, str]]:
    if name == "STATUS":
        yield from ((code.value, words, "") for code, words in _STATUS.items())
    elif name == "MEASURE_ID":
        yield from ((code.value, words, "") for code, words in NAMES.items())
    elif name == "GEO_ID":
        yield from ((place.id, place.name, _larger(shown.map, id_)) for id_, place in shown.map.places.items())
    elif name == "QUESTION_ID":
        yield from ((question.id, question.text, "") for question in shown.questions)


def _larger(map_: Map, id_: str) -> str:
    larger = map_.within.get(id_)
    return "" if larger is None else map_.places[larger].id


def _readme(name: str, language: str, edition: Edition, files: Sequence[metadata.DataFile]) -> str:
    def said(words: Localized) -> str:
        return words.en if language == "en" else words.fr

    def day(of: date) -> str:
        written = format_date(of, "long", locale=f"{language}_CA")
        return written.replace("1 ", "1er ", 1) if language == "fr" and of.day == 1 else written

    colon = {"en": ":", "fr": "\N{NO-BREAK SPACE}:"}[language]
    why = {"en": "Why there is a new version: ", "fr": "Pourquoi une nouvelle version : "}[language]
    return Template((_README / name).read_text(encoding="utf-8")).substitute(
        name=said(edition.name),
        period=str(edition.quarter),
        first_day=day(edition.quarter.first_day),
        last_day=day(edition.quarter.last_day),
        version=edition.version,
        prepared=day(edition.prepared_at.date()),
        reason="" if edition.reason is None else f"\n{why}{said(edition.reason)}\n",
        files="\n".join(f"- `{file.name}`{colon} {said(file.title)}" for file in files),
        base=edition.open_data.base,
        least_calls=edition.open_data.least_calls,
        licence=said(edition.licence.title),
        licence_address=edition.licence.address.en if language == "en" else edition.licence.address.fr,
        publisher=said(edition.publisher),
        contact=said(edition.contact.name),
        email=edition.contact.email,
    )


def _write_csv(path: Path, fields: Sequence[Field], lines: Iterable[Line]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [field.name for field in fields])
        writer.writeheader()
        writer.writerows(lines)


def _write_json(path: Path, content: Mapping[str, Any], *, indent: int | None = 1) -> None:
    _write(path, json.dumps(content, ensure_ascii=False, indent=indent) + "\n")


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
