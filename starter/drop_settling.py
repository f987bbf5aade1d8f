"""Whether a dropped file is written to its end. Nobody tells us: it has to stand still, and to look finished."""

import gzip
import os
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedReader
from typing import Final

from starter.drop_places import Dropped
from starter.readers.json_text import NotJson, parse
from starter.readers.samples import MOST_JSON, Kind, is_lines, kind_of

STANDS_STILL: Final = 5.0
"""Seconds. Senders write in one go; one that pauses for longer writes under another name first."""
NO_LINE_END: Final = 30.0
"""Of a table whose last line has no end: many programs write none, others are in the middle of a row."""
UNFINISHED: Final = 180.0
"""Of what cannot be read as it is: JSON or gzip that is cut off. After that it is a failure."""
_GZIP: Final = b"\x1f\x8b"
_MOST_UNPACKED: Final = 2_000_000_000
_PIECE: Final = 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class _Seen:
    """A file in one state. `wait`: how long it has to stay so; not known before it has stood still."""

    state: tuple[int, int, int]
    since: float
    wait: float | None = None


class Settling:
    """What one watcher has seen of the files. `now`: seconds of a clock that never goes back."""

    def __init__(self, *, now: Callable[[], float]) -> None:
        self._now = now
        self._seen: dict[int, _Seen] = {}

    def is_settled(self, file: Dropped) -> bool:
        """It has not changed for long enough.

        Raises:
            OSError: it may not be read.
        """
        seen = self._seen.get(file.inode)
        if seen is None or seen.state != file.state:
            seen = _Seen(state=file.state, since=self._now())
        age = self._now() - seen.since
        if seen.wait is None and age >= STANDS_STILL:
            seen = _Seen(state=seen.state, since=seen.since, wait=_wait(file))
        self._seen[file.inode] = seen
        return seen.wait is not None and age >= seen.wait

    def forget_all_but(self, files: Iterable[Dropped]) -> None:
        """The others are gone."""
        inodes = {file.inode for file in files}
        self._seen = {inode: seen for inode, seen in self._seen.items() if inode in inodes}


def _wait(file: Dropped) -> float:
    try:
        with _unpacked(file) as (raw, is_zipped):
            if kind_of(file.name) is Kind.CSV:
                return STANDS_STILL if _ends_with_a_line(raw, is_zipped=is_zipped) else NO_LINE_END
            whole = raw.read(MOST_JSON + 1)
    except (gzip.BadGzipFile, EOFError, zlib.error):
        return UNFINISHED
    return STANDS_STILL if len(whole) > MOST_JSON or _is_whole(whole, kind_of(file.name)) else UNFINISHED


@contextmanager
def _unpacked(file: Dropped) -> Iterator[tuple[gzip.GzipFile | BufferedReader, bool]]:
    """The file, and whether it is a gzip file. It may have become a link or a pipe since it was looked at."""
    descriptor = os.open(file.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as plain:
        is_zipped = plain.read(2) == _GZIP
        plain.seek(0)
        if not is_zipped:
            yield plain, False
            return
        with gzip.GzipFile(fileobj=plain) as unpacked:
            yield unpacked, True


def _ends_with_a_line(raw: gzip.GzipFile | BufferedReader, *, is_zipped: bool) -> bool:
    """A gzip file is unpacked to its end, whose checksum says that it is whole."""
    end = b""
    if is_zipped:
        read = 0
        while read < _MOST_UNPACKED and (piece := raw.read(_PIECE)):
            read += len(piece)
            end = piece[-2:]
    else:
        size = raw.seek(0, os.SEEK_END)
        raw.seek(max(0, size - 2))
        end = raw.read()
    return end.rstrip(b"\0\x1a")[-1:] in (b"\n", b"\r")  # in UTF-16 a NUL stands before or after it


def _is_whole(raw: bytes, kind: Kind | None) -> bool:
    if kind is Kind.LINES or is_lines(raw):
        lines = raw.rstrip().splitlines()
        return not lines or _is_json(lines[-1])
    return _is_json(raw)


def _is_json(raw: bytes) -> bool:
    try:
        parse(raw.removeprefix(b"\xef\xbb\xbf"))
    except NotJson:
        return False
    return True
