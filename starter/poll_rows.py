"""A row of a view: whatever values its database gives become the cells that a file would have."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Final

from policy.cad_columns import CadColumns, columns_of
from policy.cad_mapping import CadMapping
from policy.cad_times import ISO, NAMED_FORMATS

_A_DAY: Final = timedelta(days=1)
_MOST_DIGITS: Final = 400


class WrongColumns(Exception):  # noqa: N818 - of CAD's making
    """The view has not the columns that `cad.yaml` names; the message says which."""


@dataclass(frozen=True, kw_only=True)
class ViewRow:
    """The cells that `cad.yaml` names, under its own headings; others are none of our business. `mark`: the same for
    the same cells."""

    cells: Mapping[str, str] = field(repr=False)
    mark: bytes

    def raw(self) -> bytes:
        """The row as it is kept where it cannot be read."""
        return json.dumps(self.cells).encode()


class RowReader:
    """Reads the rows of one answer, whose columns have these names."""

    def __init__(self, names: Sequence[str], columns: CadColumns) -> None:
        """Find the columns.

        Raises:
            WrongColumns: one is missing, or is there twice.
        """
        self._places = {heading: _place(heading, names) for heading in dict.fromkeys(columns.named)}
        pairs = [pair for _, value in columns if len(pair := columns_of(value)) > 1]
        alone = {heading for _, value in columns if len(parts := columns_of(value)) == 1 for heading in parts}
        self._dates = {pair[0] for pair in pairs} - alone
        self._times = {pair[1] for pair in pairs} - alone

    def row(self, values: Sequence[object]) -> ViewRow:
        """The row with these values, in the order of the names."""
        cells = {heading: self._cell(heading, values[place]) for heading, place in self._places.items()}
        content = json.dumps(list(cells.values())).encode()
        return ViewRow(cells=cells, mark=hashlib.blake2b(content, digest_size=16).digest())

    def _cell(self, heading: str, value: object) -> str:
        """Of a date and a time that stand apart each may come as both: 2026-01-15 00:00, 1900-01-01 09:05:11."""
        if isinstance(value, datetime) and heading in self._dates and value.time() == time():
            value = value.date()
        elif isinstance(value, datetime) and heading in self._times:
            value = value.time()
        return as_text(value)


def _place(heading: str, names: Sequence[str]) -> int:
    """To the letter first; some databases give all names in capitals, or none."""
    alike = heading.casefold()
    for places in (
        [place for place, name in enumerate(names) if name == heading],
        [place for place, name in enumerate(names) if name.casefold() == alike],
    ):
        if len(places) > 1:
            raise WrongColumns(f"the view has the column {heading!r} twice; name each only once in the query")
        if places:
            return places[0]
    raise WrongColumns(f"the view has no column {heading!r}; mend the view, the query or `columns` in cad.yaml")


def as_text(value: object) -> str:
    """The value as it would stand in a file; times in ISO, nothing as a blank."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta) and timedelta(0) <= value < _A_DAY:  # how some drivers give a time of day
        return (datetime(2000, 1, 1, tzinfo=UTC) + value).time().isoformat()
    if isinstance(value, bytes | bytearray | memoryview):
        return _bytes_as_text(bytes(value))
    return _number_as_text(value) if isinstance(value, int | float | Decimal) else str(value)


def _number_as_text(value: float | Decimal) -> str:
    """A whole number without a point, whatever type its column has: the code is 3, not 3.0."""
    number = value if isinstance(value, Decimal) else Decimal(str(value))
    if not number.is_finite():
        return str(value)
    if number != 0 and not -_MOST_DIGITS < number.adjusted() < _MOST_DIGITS:
        # Of one that is very long no code, no id and no number comes; Python writes no integer of more than 4,300
        # digits, and of 1E-300000 it would write all the zeros.
        return format(number, "g")
    return str(int(number)) if number == number.to_integral_value() else format(number, "f")


def _bytes_as_text(value: bytes) -> str:
    """One byte is a flag (BIT), more are an id (RAW, BINARY)."""
    return str(value[0]) if len(value) == 1 else value.hex().upper()


def as_view(mapping: CadMapping) -> CadMapping:
    """How to read cells that `as_text` wrote: in ISO, and for columns of text in the formats of `cad.yaml` as well."""
    formats = mapping.times.format
    # Numbers first: 1801020300000, milliseconds of 2027, is a time in ISO, too, of the year 1801.
    ordered = dict.fromkeys((*_numbers(formats), ISO, *formats))
    return mapping.model_copy(update={"times": mapping.times.model_copy(update={"format": tuple(ordered)})})


def _numbers(formats: Sequence[str]) -> Iterator[str]:
    return (name for name in formats if name in NAMED_FORMATS and name != ISO)
