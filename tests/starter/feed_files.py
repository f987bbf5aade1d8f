"""Files as a CAD drops them: Ottawa's columns, and those that only a live feed needs."""

import gzip
import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from policy.agency import Agency
from policy.cad_mapping import CadMapping
from tests.conftest import AGENCIES
from tests.starter.logs import COLUMNS, log_text
from tests.starter.logs import row as log_row

FEED_COLUMNS = [*COLUMNS, "language", "phone", "updated"]


def live(agency: Agency) -> Agency:
    """The agency, whose CAD tells numbers and update times as well."""
    columns = agency.cad.columns.model_copy(update={"phone": "phone", "updated": ("updated",)})
    return agency.model_copy(update={"cad": agency.cad.model_copy(update={"columns": columns})})


def live_folder(home: Path) -> Path:
    """The same as a folder."""
    folder = home / "ottawa"
    shutil.copytree(AGENCIES / "ottawa", folder)
    cad = folder / "cad.yaml"
    text = cad.read_text(encoding="utf-8")
    cad.write_text(text.replace("\n  area: area\n", "\n  area: area\n  phone: phone\n  updated: updated\n"), "utf-8")
    return folder


def mapping_with(mapping: CadMapping, **changes: str) -> CadMapping:
    return CadMapping.model_validate({**mapping.model_dump(), **changes})


def row(number: int | str, **cells: str) -> dict[str, str]:
    """A call of that id, a resident's with a fictional number."""
    common = {"incident_id": str(number), "phone": "613-555-0142", "language": "EN", "updated": "2026-01-15 12:01:00"}
    return log_row(**{**common, **cells})


def csv_bytes(*rows: Mapping[str, str], columns: Sequence[str] = FEED_COLUMNS) -> bytes:
    return log_text(*rows, columns=columns).encode()


def record(number: int | str, **fields: object) -> dict[str, object]:
    """The same call as a record of our own API."""
    return {
        "cad_id": str(number),
        "updated_at": "2026-01-15T17:01:00Z",
        "priority": "4",
        "call_type": "NOISE",
        "source": "phone",
        "phone": "613-555-0142",
        "received_at": "2026-01-15T17:00:00Z",
        **fields,
    }


def json_bytes(document: object) -> bytes:
    return json.dumps(document).encode()


def lines_bytes(*records: object) -> bytes:
    return b"".join(json_bytes(one) + b"\n" for one in records)


def zipped(raw: bytes) -> bytes:
    return gzip.compress(raw, mtime=0)
