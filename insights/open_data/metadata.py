"""What a bundle says of itself to programs: Data Package v2, DCAT-AP 3 and DCAT-US 1.1."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from insights.open_data.edition import Edition
from insights.open_data.tables import Field
from survey.questions import Localized

_KEYWORDS: Final = (
    Localized(en="police", fr="police"),
    Localized(en="public safety", fr="sécurité publique"),
    Localized(en="survey", fr="sondage"),
)


@dataclass(frozen=True, kw_only=True)
class DataFile:
    """A file of the bundle that has data. `fields`: of a CSV file."""

    name: str
    title: Localized
    media_type: str
    size: int
    sha256: str
    fields: Sequence[Field] = ()

    @property
    def format(self) -> str:
        return self.name.rpartition(".")[2]


def data_package(edition: Edition, files: Sequence[DataFile]) -> dict[str, Any]:
    """datapackage.org/profiles/2.0. The profile has no languages: French stands beside, in `…_fr`."""
    about: dict[str, Any] = {
        "$schema": "https://datapackage.org/profiles/2.0/datapackage.json",
        "name": edition.id,
        "id": edition.place,
        "title": edition.title.en,
        "title_fr": edition.title.fr,
        "description": edition.description.en,
        "description_fr": edition.description.fr,
        "homepage": edition.readme,
        "version": str(edition.version),
        "created": f"{edition.prepared_at:%Y-%m-%dT%H:%M:%SZ}",
        "keywords": [word.en for word in _KEYWORDS],
        "licenses": [{"path": edition.licence.address.en, "title": edition.licence.title.en}],
        "licenses_fr": [{"path": edition.licence.address.fr, "title": edition.licence.title.fr}],
        "contributors": [
            {"title": edition.publisher.en, "roles": ["publisher"]},
            {"title": edition.contact.name.en, "email": edition.contact.email, "roles": ["contact"]},
        ],
        "rounded_to": edition.open_data.base,
        "resources": [_resource(file) for file in files],
    }
    if edition.reason is not None:
        about |= {"reason": edition.reason.en, "reason_fr": edition.reason.fr}
    return about


def _resource(file: DataFile) -> dict[str, Any]:
    about: dict[str, Any] = {
        "name": file.name.rpartition(".")[0].replace("_", "-").lower(),
        "path": file.name,
        "title": file.title.en,
        "title_fr": file.title.fr,
        "format": file.format,
        "mediatype": file.media_type,
        "encoding": "utf-8",
        "bytes": file.size,
        "hash": f"sha256:{file.sha256}",
    }
    if file.fields:
        keys = [field.name for field in file.fields if field.is_key]
        about["type"] = "table"
        about["schema"] = {
            "$schema": "https://datapackage.org/profiles/2.0/tableschema.json",
            "fields": [_table_field(field) for field in file.fields],
            "missingValues": [""],
            **({"primaryKey": keys} if keys else {}),
        }
    return about


def _table_field(field: Field) -> dict[str, Any]:
    constraints: dict[str, Any] = {} if field.may_be_empty else {"required": True}
    if field.codes and field.kind == "string":
        constraints["enum"] = list(field.codes)
    return {
        "name": field.name,
        "type": field.kind.value,
        "title": field.title.en,
        "title_fr": field.title.fr,
        "constraints": constraints,
    }


_CONTEXT: Final = {
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "vcard": "http://www.w3.org/2006/vcard/ns#",
    "spdx": "http://spdx.org/rdf/terms#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "adms": "http://www.w3.org/ns/adms#",
}
_AUTHORITY: Final = "http://publications.europa.eu/resource/authority/"


def dcat(edition: Edition, files: Sequence[DataFile]) -> dict[str, Any]:
    """DCAT-AP 3, as JSON-LD with its context in it: nothing has to be fetched to read it."""
    publisher = {
        "@id": f"{edition.address}{edition.key}/#publisher",
        "@type": "foaf:Agent",
        "foaf:name": _both(edition.publisher),
    }
    dataset = {
        "@id": f"{edition.place}#dataset",
        "@type": "dcat:Dataset",
        "dct:title": _both(edition.title),
        "dct:description": _both(edition.description),
        "dct:identifier": edition.id,
        "dct:publisher": {"@id": publisher["@id"]},
        "dcat:contactPoint": {
            "@type": "vcard:Organization",
            "vcard:fn": _both(edition.contact.name),
            "vcard:hasEmail": {"@id": f"mailto:{edition.contact.email}"},
        },
        "dcat:keyword": [one for word in _KEYWORDS for one in _both(word)],
        "dcat:theme": {"@id": f"{_AUTHORITY}data-theme/JUST"},
        "dct:accrualPeriodicity": {"@id": f"{_AUTHORITY}frequency/QUARTERLY"},
        "dct:accessRights": {"@id": f"{_AUTHORITY}access-right/PUBLIC"},
        "dct:language": [{"@id": f"{_AUTHORITY}language/{code}"} for code in ("ENG", "FRA")],
        "dct:temporal": {
            "@type": "dct:PeriodOfTime",
            "dcat:startDate": _typed("date", edition.quarter.first_day.isoformat()),
            "dcat:endDate": _typed("date", edition.quarter.last_day.isoformat()),
        },
        "dct:issued": _typed("date", f"{edition.prepared_at:%Y-%m-%d}"),
        "dcat:version": str(edition.version),
        "dcat:distribution": [_distribution(edition, file) for file in files],
    }
    if edition.reason is not None:
        dataset["adms:versionNotes"] = _both(edition.reason)
    return {
        "@context": _CONTEXT,
        "@graph": [
            publisher,
            {
                "@id": f"{edition.place}#catalog",
                "@type": "dcat:Catalog",
                "dct:title": _both(edition.title),
                "dct:description": _both(edition.description),
                "dct:publisher": {"@id": publisher["@id"]},
                "dcat:dataset": {"@id": dataset["@id"]},
            },
            dataset,
        ],
    }


def _distribution(edition: Edition, file: DataFile) -> dict[str, Any]:
    return {
        "@id": f"{edition.place}{file.name}#distribution",
        "@type": "dcat:Distribution",
        "dct:title": _both(file.title),
        "dcat:accessURL": {"@id": edition.place + file.name},
        "dcat:downloadURL": {"@id": edition.place + file.name},
        "dcat:mediaType": {"@id": f"https://www.iana.org/assignments/media-types/{file.media_type}"},
        "dcat:byteSize": _typed("nonNegativeInteger", str(file.size)),
        "dct:license": {"@id": edition.licence.address.en},
        "spdx:checksum": {
            "@type": "spdx:Checksum",
            "spdx:algorithm": {"@id": "spdx:checksumAlgorithm_sha256"},
            "spdx:checksumValue": _typed("hexBinary", file.sha256),
        },
    }


def _both(words: Localized) -> list[dict[str, str]]:
    return [{"@value": words.en, "@language": "en"}, {"@value": words.fr, "@language": "fr"}]


def _typed(kind: str, value: str) -> dict[str, str]:
    return {"@type": f"xsd:{kind}", "@value": value}


def dcat_us(edition: Edition, files: Sequence[DataFile]) -> dict[str, Any]:
    """DCAT-US 1.1 (`data.json`), which has no languages: both stand in title and description."""
    return {
        "@context": "https://project-open-data.cio.gov/v1.1/schema/catalog.jsonld",
        "@type": "dcat:Catalog",
        "conformsTo": "https://project-open-data.cio.gov/v1.1/schema",
        "describedBy": "https://project-open-data.cio.gov/v1.1/schema/catalog.json",
        "dataset": [
            {
                "@type": "dcat:Dataset",
                "identifier": edition.place,
                "title": f"{edition.title.en} / {edition.title.fr}",
                "description": f"{edition.description.en}\n\n{edition.description.fr}",
                "keyword": sorted({one for word in _KEYWORDS for one in (word.en, word.fr)}),
                "modified": f"{edition.prepared_at:%Y-%m-%d}",
                "publisher": {
                    "@type": "org:Organization",
                    "name": f"{edition.publisher.en} / {edition.publisher.fr}",
                },
                "contactPoint": {
                    "@type": "vcard:Contact",
                    "fn": f"{edition.contact.name.en} / {edition.contact.name.fr}",
                    "hasEmail": f"mailto:{edition.contact.email}",
                },
                "accessLevel": "public",
                "license": edition.licence.address.en,
                "language": ["en", "fr"],
                "temporal": f"{edition.quarter.first_day}/{edition.quarter.last_day}",
                "accrualPeriodicity": "R/P3M",
                "landingPage": edition.readme,
                "distribution": [
                    {
                        "@type": "dcat:Distribution",
                        "title": f"{file.title.en} / {file.title.fr}",
                        "downloadURL": edition.place + file.name,
                        "mediaType": file.media_type,
                        "format": file.format,
                    }
                    for file in files
                ],
            }
        ],
    }
