"""A record that could not be read, read again from the bytes that were kept, with today's code and folder."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final

from pydantic import JsonValue

from policy.cad_mapping import CadMapping
from starter.poll_rows import as_view
from starter.readers.eido import read_eido
from starter.readers.json_text import NotJson, parse
from starter.readers.record import read_record
from starter.readers.rows import read_row
from starter.readers.told import STEPS, Told, Unreadable
from starter.rejected import Shape

_NOT_A_ROW: Final = Unreadable(what="not a row: the kept bytes are not an object of headings and cells")


def read_again(raw: bytes, shape: Shape, mapping: CadMapping, *, heard: datetime) -> Told | Unreadable | None:
    """What the bytes tell; `None` where they are no record by themselves. `heard`: when they came, by our clock.

    Where nothing in the record says when it was said, it was said when it came: counted as of now, it would outweigh
    all that CAD has told since (docs/decisions/0019), and the caller might be texted over an old word.
    """
    if shape is Shape.OTHER:
        return None
    try:
        document = parse(raw)
    except NotJson as error:
        return Unreadable(what=str(error))
    read = _read(document, shape, mapping, heard=heard)
    if isinstance(read, Unreadable):
        salvage, shifted = (None if told is None else _as_of(told, heard) for told in (read.salvage, read.shifted))
        return replace(read, salvage=salvage, shifted=shifted)
    return _as_of(read, heard)


def _read(document: JsonValue, shape: Shape, mapping: CadMapping, *, heard: datetime) -> Told | Unreadable:
    match shape:
        case Shape.RECORD:
            return read_record(document, mapping)
        case Shape.EIDO:
            return read_eido(document, mapping)
        case _:
            cells = _cells(document)
            if cells is None:
                return _NOT_A_ROW
            return read_row(cells, as_view(mapping) if shape is Shape.VIEW else mapping, now=heard)


def _cells(document: JsonValue) -> Mapping[str, str | None] | None:
    if not isinstance(document, Mapping):
        return None
    cells = {name: cell for name, cell in document.items() if cell is None or isinstance(cell, str)}
    return cells if len(cells) == len(document) else None


def _as_of(told: Told, heard: datetime) -> Told:
    has_events = any(getattr(told, step) is not None for step in STEPS) and not told.steps_now
    return told if told.stamp is not None or has_events else replace(told, stamp=heard)
