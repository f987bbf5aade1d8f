"""A file of records, whatever kind it is, record by record: what a drop folder takes, and `cad check` tries out."""

import codecs
import gzip
import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from io import BufferedReader
from pathlib import Path
from typing import Final

from pydantic import JsonValue

from policy.cad_mapping import CadMapping
from starter.log_file import LogError, OutOfReach
from starter.readers.cells import HALF
from starter.readers.csv_file import CsvRow, csv_file
from starter.readers.eido import read_eido
from starter.readers.json_text import NotJson, parse
from starter.readers.record import read_record
from starter.readers.rows import of_a_misfit, read_row
from starter.readers.told import Told, Unreadable
from starter.rejected import Shape

MOST_JSON: Final = 64 * 1024 * 1024
"""Bytes, unpacked: JSON is read as a whole, and takes some ten times as much memory."""
_GZIP: Final = b"\x1f\x8b"
_OF_EIDOS: Final = frozenset(
    {
        *("incidentcomponent", "callcomponent", "agencycomponent", "cautioncomponent"),
        *("eidoversion", "issuingelementidentification"),
    }
)
"""Names that stand in EIDOs, and in no record of ours."""
_SHOWN_COLUMNS: Final = 5
_BEGINNING: Final = 64


class Kind(StrEnum):
    """How a file is cut into records."""

    CSV = "csv"
    JSON = "json"
    """One record, a list of them, `{"records": [...]}`, or one a line."""
    LINES = "lines"
    """JSON, one record a line."""


_KINDS: Final = {".csv": Kind.CSV, ".txt": Kind.CSV, ".json": Kind.JSON, ".ndjson": Kind.LINES, ".jsonl": Kind.LINES}


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One record. `place`: where it stands, for people: `line 17`, `record 3`. `raw`: the record as it came."""

    place: str
    raw: bytes
    shape: Shape
    read: Told | Unreadable


def kind_of(name: str) -> Kind | None:
    """What a file is by its name; `None` where the name does not say."""
    return _KINDS.get(Path(name.lower().removesuffix(".gz")).suffix)


def is_lines(raw: bytes) -> bool:
    """JSON that is one record a line, whatever its name says: more than one line, and the first is an object."""
    first, _, rest = raw.strip().partition(b"\n")
    if not rest:
        return False
    try:
        return isinstance(parse(first), dict)
    except NotJson:
        return False


def read_samples(path: Path, mapping: CadMapping, *, now: datetime) -> Iterator[Sample]:
    """The file's records in its order, read as a live feed reads them. `now`: the time of receipt.

    A file whose name does not say what it is is JSON where it begins so, and CSV otherwise.

    Raises:
        LogError: the file cannot be read at all, or what follows cannot. `OutOfReach`: that is not the file's fault.
            Its `what` holds nothing of what stands in the file.
    """
    if not path.is_file():
        raise OutOfReach(path, "there is no such file")
    kind = kind_of(path.name) or _kind_by_its_beginning(path)
    return _csv_samples(path, mapping, now=now) if kind is Kind.CSV else _json_samples(path, kind, mapping)


def _csv_samples(path: Path, mapping: CadMapping, *, now: datetime) -> Iterator[Sample]:
    with csv_file(path, mapping) as file:
        _require_columns(path, file.heading, mapping)
        for row in file.rows():
            yield _csv_sample(row, file.heading, mapping, now=now)


def _csv_sample(row: CsvRow, heading: Sequence[str], mapping: CadMapping, *, now: datetime) -> Sample:
    """A row whose cells can be named is kept so; any other as its lines stand there."""
    place = f"line {row.line}"
    as_it_stands = row.text.encode(mapping.encoding, errors="surrogateescape")

    def unfit(read: Unreadable) -> Sample:
        return Sample(place=place, raw=as_it_stands, shape=Shape.OTHER, read=read)

    if row.cells is None:
        what = "not readable as CSV: a quote that does not end, or stands inside a cell"
        cut = [cell.strip(' "\r\n') for cell in row.text.split(mapping.delimiter)]
        return unfit(of_a_misfit(what, heading, cut, mapping))
    if any(cell.strip() for cell in row.cells[len(heading) :]):
        return unfit(of_a_misfit("it has more cells than the heading", heading, row.cells, mapping))
    cells: dict[str, str | None] = {**dict.fromkeys(heading), **dict(zip(heading, row.cells, strict=False))}
    if HALF.search(row.text):
        legible = {name: None if cell is None else HALF.sub("", cell) for name, cell in cells.items()}
        read = read_row(legible, mapping, now=now)
        what = f"letters that are not {mapping.encoding.upper()}: see encoding in cad.yaml"
        return unfit(replace(read, what=what) if isinstance(read, Unreadable) else Unreadable(what=what, salvage=read))
    raw = json.dumps(cells, ensure_ascii=False).encode()
    return Sample(place=place, raw=raw, shape=Shape.ROW, read=read_row(cells, mapping, now=now))


def _require_columns(path: Path, heading: Sequence[str], mapping: CadMapping) -> None:
    """All that `cad.yaml` names, each once. A heading that is missing is a row, so that nothing of it is shown (R3)."""
    joined = "".join(heading)
    if "\0" in joined or HALF.search(joined):
        name = mapping.encoding.upper()
        raise LogError(path, f"not a text file in {name}; export it as CSV in {name}, or see encoding in cad.yaml")
    named = list(dict.fromkeys(mapping.columns.named))
    if twice := [column for column in named if heading.count(column) > 1]:
        raise LogError(path, f"the heading has the column {twice[0]!r} twice; nobody knows which is meant")
    missing = [column for column in named if column not in heading]
    if not missing:
        return
    if len(heading) == 1 and (sign := next((sign for sign in ";\t|," if sign in joined), None)) is not None:
        raise LogError(
            path, f"the heading is one single column; its separator seems to be {sign!r}: see separator in cad.yaml"
        )
    shown = ", ".join(repr(column) for column in missing[:_SHOWN_COLUMNS])
    more = f" and {len(missing) - _SHOWN_COLUMNS} more" if len(missing) > _SHOWN_COLUMNS else ""
    raise LogError(
        path,
        f"{len(missing)} of the {len(named)} columns that cad.yaml names are not in the heading: {shown}{more}"
        f"{_written_otherwise(missing, heading)}; nothing of the file was taken",
    )


def _written_otherwise(missing: Sequence[str], heading: Sequence[str]) -> str:
    lower = {name.lower() for name in heading}
    return " (one is there in other letters, capital or small)" if lower & {name.lower() for name in missing} else ""


def _json_samples(path: Path, kind: Kind, mapping: CadMapping) -> Iterator[Sample]:
    raw = _whole(path)
    if kind is Kind.LINES or (kind is Kind.JSON and is_lines(raw)):
        yield from _line_samples(raw, mapping)
        return
    try:
        document = parse(raw)
    except NotJson as error:
        raise LogError(path, str(error)) from None
    items = document.get("records") if isinstance(document, Mapping) and "cad_id" not in document else document
    if not isinstance(items, list):
        yield _json_sample("record 1", raw, document, mapping)
        return
    for number, item in enumerate(items, start=1):
        yield _json_sample(f"record {number}", json.dumps(item, ensure_ascii=False).encode(), item, mapping)


def _line_samples(raw: bytes, mapping: CadMapping) -> Iterator[Sample]:
    for number, line in enumerate(raw.splitlines(), start=1):
        if not line.strip():
            continue
        place = f"line {number}"
        try:
            yield _json_sample(place, line, parse(line), mapping)
        except NotJson as error:
            yield Sample(place=place, raw=line, shape=Shape.OTHER, read=Unreadable(what=str(error)))


def _json_sample(place: str, raw: bytes, document: JsonValue, mapping: CadMapping) -> Sample:
    if (
        isinstance(document, Mapping)
        and "cad_id" not in document
        and any(one.casefold() in _OF_EIDOS for one in document)
    ):
        return Sample(place=place, raw=raw, shape=Shape.EIDO, read=read_eido(document, mapping))
    return Sample(place=place, raw=raw, shape=Shape.RECORD, read=read_record(document, mapping))


def _kind_by_its_beginning(path: Path) -> Kind:
    with _unpacked(path) as file:
        beginning = file.read(_BEGINNING).removeprefix(codecs.BOM_UTF8).lstrip()
    return Kind.JSON if beginning[:1] in (b"{", b"[") else Kind.CSV


def _whole(path: Path) -> bytes:
    with _unpacked(path) as file:
        raw = file.read(MOST_JSON + 1)
    if len(raw) > MOST_JSON:
        raise LogError(path, f"JSON of more than {MOST_JSON // 1024**2} MB; cut it into several files")
    return raw.removeprefix(codecs.BOM_UTF8)


@contextmanager
def _unpacked(path: Path) -> Iterator[gzip.GzipFile | BufferedReader]:
    try:
        with path.open("rb") as file:
            zipped = file.read(2) == _GZIP
        with gzip.open(path, "rb") if zipped else path.open("rb") as unpacked:
            yield unpacked
    except (gzip.BadGzipFile, EOFError, zlib.error):
        raise LogError(path, "the gzip file is damaged or cut off; copy it again") from None
    except OSError as error:
        raise OutOfReach(path, f"cannot be read ({error.strerror})") from None
