"""The file of a log: opened, unpacked, decoded and cut into rows as the agency's `cad.yaml` says."""

import csv
import gzip
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TextIO

from policy.cad_mapping import CadMapping

_GZIP: Final = b"\x1f\x8b"
_LONGEST_HEADING: Final = 400
_MANY_DIGITS: Final = 7
"""A telephone number has as many, and no column's name."""
_CODECS: Final = {"utf-8": "utf-8-sig"}


class LogError(Exception):
    """The file cannot be read at all; the message is one line that says what to do. `what`: the same without the path,
    which may hold anything."""

    def __init__(self, path: Path, what: str) -> None:
        super().__init__(f"{path}: {what}")
        self.what = what


class OutOfReach(LogError):  # noqa: N818 - an outcome
    """Not the file's fault: no permission, a disk or a share that fails."""


@contextmanager
def rows_of(path: Path, mapping: CadMapping) -> Iterator["csv.DictReader[str]"]:
    """The file's rows under their headings.

    Raises:
        LogError: the file is missing, is not such a file, or lacks a column; while the rows are read, too.
    """
    with reading(path, mapping) as text:
        reader = csv.DictReader(text, strict=True, delimiter=mapping.delimiter)
        reader.fieldnames = [name.strip() for name in reader.fieldnames or []]
        _require_columns(path, reader.fieldnames, mapping)
        yield reader


@contextmanager
def reading(path: Path, mapping: CadMapping, *, errors: str = "strict") -> Iterator[TextIO]:
    """The file's text. `errors`: what the decoder does with bytes that are no letters.

    Raises:
        LogError: the file is missing, damaged, or not such a text; while it is read, too.
    """
    codec = _CODECS.get(mapping.encoding, mapping.encoding)
    try:
        with path.open("rb") as file:
            zipped = file.read(2) == _GZIP
        with (
            gzip.open(path, "rt", encoding=codec, errors=errors, newline="")
            if zipped
            else path.open(encoding=codec, errors=errors, newline="") as text
        ):
            yield text
    except FileNotFoundError:
        raise LogError(path, "there is no such file; give the log with CAD=path or --cad path") from None
    except UnicodeError:
        raise _not_text(path, mapping) from None
    except (gzip.BadGzipFile, EOFError, zlib.error):
        raise LogError(path, "the gzip file is damaged or cut off; copy it again") from None
    except csv.Error as error:
        raise LogError(path, f"not readable as CSV ({error}); export the log as CSV with a heading line") from None
    except OSError as error:
        raise OutOfReach(path, f"cannot be read ({error.strerror})") from None


def _not_text(path: Path, mapping: CadMapping) -> LogError:
    name = mapping.encoding.upper()
    return LogError(path, f"not a text file in {name}; export the log as CSV in {name}, or see encoding in cad.yaml")


def _require_columns(path: Path, present: Sequence[str], mapping: CadMapping) -> None:
    if not present:
        raise LogError(path, "the file is empty; export the log as CSV with a heading line")
    if "\0" in "".join(present):
        raise _not_text(path, mapping)
    named = [*mapping.columns.required, *mapping.columns.optional]
    if twice := [column for column in named if present.count(column) > 1]:
        raise LogError(path, f"the heading has the column {twice[0]!r} twice; nobody knows which is meant")
    missing = [column for column in mapping.columns.required if column not in present]
    if not missing:
        return
    if len(present) == 1 and (sign := next((sign for sign in ";\t|," if sign in present[0]), None)) is not None:
        raise LogError(
            path, f"the heading is one single column; its separator seems to be {sign!r}: see separator in cad.yaml"
        )
    raise LogError(
        path, f"no column {missing[0]!r}, which the agency's cad.yaml names; the file's columns are: {_shown(present)}"
    )


def _shown(heading: Sequence[str]) -> str:
    """Where there is no heading it is a row: numbers (R3), signs that steer the terminal, prose of any length."""
    names = ["…" if sum(map(str.isdecimal, name)) >= _MANY_DIGITS else name for name in heading]
    text = " ".join(", ".join(names).split())
    shown = "".join(sign if sign.isprintable() else "?" for sign in text)
    return shown if len(shown) <= _LONGEST_HEADING else f"{shown[:_LONGEST_HEADING]}…"
