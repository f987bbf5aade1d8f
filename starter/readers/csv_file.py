"""A CSV file of a live feed, row by row. What is wrong with one row is not the end of the others."""

import csv
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TextIO

from policy.cad_mapping import CadMapping
from starter.log_file import LogError, reading

_LONGEST_LINE: Final = 1_000_000
"""Signs. Whatever has no line end for so long is no table."""
_LONGEST_FILE: Final = 2_000_000_000
"""Signs, unpacked: some ten million rows. A gzip file of a few megabytes can hold more."""
_NOTHING: Final = " \t\x1a\r\n"
"""What a line without a row may hold; \\x1a is how DOS ended a file."""


@dataclass(frozen=True, kw_only=True)
class CsvRow:
    """One row. `line`: where it begins. `text`: its lines as they stand. `cells`: none where it is not CSV."""

    line: int
    text: str
    cells: Sequence[str] | None


class CsvFile:
    """Its heading, then its rows. A byte that is no letter of the encoding stands in a cell as half a character."""

    def __init__(self, path: Path, text: TextIO, mapping: CadMapping) -> None:
        self._path = path
        self._lines = _Lines(path, text)
        self._rows = _cut(self._lines, mapping)
        self.heading = [name.strip() for name in self._first()]

    def rows(self) -> Iterator[CsvRow]:
        """Those after the heading.

        Raises:
            LogError: what follows cannot be read.
        """
        return self._rows

    def _first(self) -> Sequence[str]:
        row = next(self._rows, None)
        if row is None:
            raise LogError(self._path, "the file is empty; it needs a heading line")
        if row.cells is None:
            raise LogError(self._path, "the heading line is not readable as CSV")
        return row.cells


@contextmanager
def csv_file(path: Path, mapping: CadMapping) -> Iterator[CsvFile]:
    """The file, open.

    Raises:
        LogError: the file cannot be read at all; while the rows are read, too.
    """
    errors = "strict" if mapping.encoding == "utf-16" else "surrogateescape"  # half of it may be a half of a character
    usual = csv.field_size_limit(_LONGEST_LINE)  # a cell may be as long as its line; it is 131,072 signs otherwise
    try:
        with reading(path, mapping, errors=errors) as text:
            yield CsvFile(path, text, mapping)
    finally:
        csv.field_size_limit(usual)


class _Lines:
    """The lines of the file, of which those of the row that is being read can be given back."""

    def __init__(self, path: Path, text: TextIO) -> None:
        self._path = path
        self._text = text
        self._again: deque[str] = deque()
        self._size = 0
        self._number = 0
        self._row: list[str] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else self._read()
        self._row.append(line)
        return line

    def row(self) -> tuple[int, str]:
        """Where the row begins that was read since the last time, and its lines."""
        lines, self._row = self._row, []
        number, self._number = self._number + 1, self._number + len(lines)
        return number, "".join(lines)

    def first_line(self) -> tuple[int, str]:
        """The same of its first line alone: the others are read again, as rows of their own."""
        self._again.extendleft(reversed(self._row[1:]))
        del self._row[1:]
        return self.row()

    def _read(self) -> str:
        line = self._text.readline(_LONGEST_LINE)
        self._size += len(line)
        if not line:
            raise StopIteration
        if len(line) >= _LONGEST_LINE:
            raise LogError(self._path, f"a line has more than {_LONGEST_LINE:,} signs; this is no CSV")
        if self._size > _LONGEST_FILE:
            raise LogError(self._path, f"the file has more than {_LONGEST_FILE:,} signs; cut it into several")
        return line


def _cut(lines: _Lines, mapping: CadMapping) -> Iterator[CsvRow]:
    """The rows. After one that is not CSV (a quote that does not end, say) the next line is looked at again: a quote
    would swallow all up to the next quote."""
    reader = csv.reader(lines, strict=True, delimiter=mapping.delimiter)
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            number, text = lines.first_line()
            yield CsvRow(line=number, text=text, cells=None)
            continue
        number, text = lines.row()
        if text.strip(_NOTHING):
            yield CsvRow(line=number, text=text, cells=cells)
