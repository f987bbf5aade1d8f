"""Where a dropped file is: arrived, being taken in by one of several watchers, done or failed.

    FOLDER/            CAD drops files here
    FOLDER/taking/     a room for each watcher: what it has taken and not finished
    FOLDER/done/       read to the end, every record taken; with a report
    FOLDER/failed/     could not be read, or some of its records could not; with a report

A file moves by being renamed, so that of two watchers one has it. A watcher holds a lock in its room while it lives:
the files in a room whose lock is free were left there by one that was killed, and are taken up again.
"""

import fcntl
import os
import re
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import count
from pathlib import Path
from secrets import token_hex
from typing import Final

from starter.readers.samples import kind_of

REPORT: Final = ".report.txt"
_LOCK: Final = ".lock"
_LONGEST_NAME: Final = 200
"""Bytes. A name gets some more before and after it, and a file system allows 255."""
_NUMBERED: Final = re.compile(r"\d{6}\.(.+)", flags=re.DOTALL)
_UNFINISHED: Final = re.compile(
    r"\..*|.*~|.*\.(?:part|partial|tmp|temp|filepart|crdownload|download|upload|uploading|writing|swp|lock)",
    flags=re.IGNORECASE | re.DOTALL,
)
"""Names under which programs write what they will rename."""


class Ending(StrEnum):
    """Where a file ends, and the folder's name."""

    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True)
class Dropped:
    """A file as it is now. `name`: as CAD named it. `is_ours`: it lies in this watcher's room."""

    path: Path
    name: str
    is_ours: bool
    inode: int
    size: int
    written: int
    """When, in nanoseconds. The sender may set it."""
    moved: float
    """When it was last renamed, or written to, in seconds. Nobody can set it."""

    @property
    def state(self) -> tuple[int, int, int]:
        """Another one is another file, or one that was written to."""
        return self.inode, self.size, self.written


@dataclass(frozen=True, kw_only=True)
class Arrived:
    """What lies there. `files`: ours first, then the oldest first. `left_alone`: names of what is none of our files."""

    files: list[Dropped]
    left_alone: list[str]


class Places:
    """The folder, as one watcher has it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._taking = folder / "taking"
        self._room: Path | None = None
        self._lock: int | None = None
        self._numbers = count(1)

    def look(self) -> Arrived:
        """What there is to read. Subfolders that are not there are made; the folder itself never is: it may be a disk
        that is not mounted.

        Raises:
            OSError: the folder, or one below it, cannot be used.
        """
        room = self._open_room()
        self._take_up_what_the_dead_left(room)
        ours = [file for path in _entries(room) if (file := dropped(path, is_ours=True)) is not None]
        others, left_alone = [], []
        for path in _entries(self._folder):
            if path.name in {"taking", *Ending} or _UNFINISHED.fullmatch(path.name):
                continue
            file = dropped(path, is_ours=False)
            if file is None or not is_taken(path.name):
                left_alone.append(path.name)
            else:
                others.append(file)
        oldest_first = sorted(others, key=lambda file: (file.written, file.name))
        return Arrived(files=sorted(ours, key=lambda file: file.path.name) + oldest_first, left_alone=left_alone)

    def take(self, file: Dropped) -> Dropped | None:
        """Rename it into this watcher's room; `None` where another one was quicker.

        Raises:
            OSError: it may not be moved.
        """
        room = self._open_room()
        target = room / f"{next(self._numbers):06d}.{file.name}"
        try:
            file.path.rename(target)
        except FileNotFoundError:
            return None
        return dropped(target, is_ours=True)

    def put_away(self, file: Dropped, ending: Ending, *, report: str, at: datetime) -> str:
        """Move it where it ends, with its report beside it; its name there. Nothing is overwritten: whoever has made
        the report has the name.

        Raises:
            OSError: it cannot be moved, or the report cannot be written. The file is where it was.
        """
        folder = self._folder / ending
        return next(name for name in _names(file.name, at) if _put(file, folder / name, report))

    def forget(self, *, before: datetime) -> int:
        """Delete what ended before that time, reports as well; how many files.

        Raises:
            OSError: one cannot be deleted.
        """
        forgotten = 0
        for ending in Ending:
            for path in _entries(self._folder / ending):
                file = dropped(path, is_ours=False)
                if file is not None and file.moved < before.timestamp():
                    path.unlink(missing_ok=True)
                    forgotten += not path.name.endswith(REPORT)
        return forgotten

    def close(self) -> None:
        """Give the room up. What is left in it is taken up by another watcher, or at the next start."""
        if self._room is not None:
            _remove(self._room)
        if self._lock is not None:
            os.close(self._lock)
        self._room, self._lock = None, None

    def _open_room(self) -> Path:
        if self._room is None or not self._is_still_there(self._room):
            self.close()
            for folder in (self._taking, *(self._folder / ending for ending in Ending)):
                folder.mkdir(mode=0o750, exist_ok=True)
            self._room, self._lock = _new_room(self._taking)
        return self._room

    def _is_still_there(self, room: Path) -> bool:
        """The disk may have been unmounted, or a person may have tidied up."""
        ends = all((self._folder / ending).is_dir() for ending in Ending)
        return ends and self._lock is not None and _is_at(self._lock, room / _LOCK)

    def _take_up_what_the_dead_left(self, room: Path) -> None:
        for other in _entries(self._taking):
            if other == room or not stat.S_ISDIR(other.lstat().st_mode):
                continue
            lock = _locked(other / _LOCK)
            if lock is None:
                continue
            try:
                self._move_into(room, other)
                _remove(other)
            finally:
                os.close(lock)

    def _move_into(self, room: Path, other: Path) -> None:
        for path in sorted(_entries(other)):
            if path.name != _LOCK:
                path.rename(room / f"{next(self._numbers):06d}.{_name_without_number(path)}")


def dropped(path: Path, *, is_ours: bool) -> Dropped | None:
    """The file there as it is now; `None` where none is, or something else: links and folders are not followed."""
    try:
        now = path.lstat()
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(now.st_mode) or path.name == _LOCK:
        return None
    name = _name_without_number(path) if is_ours else path.name
    return Dropped(
        path=path,
        name=name,
        is_ours=is_ours,
        inode=now.st_ino,
        size=now.st_size,
        written=now.st_mtime_ns,
        moved=now.st_ctime,
    )


def is_taken(name: str) -> bool:
    """A file of that name is one of records. A report that was moved back with its file is none."""
    is_short = len(os.fsencode(name)) <= _LONGEST_NAME
    return is_short and kind_of(name) is not None and not name.lower().endswith(REPORT)


def _entries(folder: Path) -> list[Path]:
    return [Path(entry.path) for entry in os.scandir(folder)]


def _put(file: Dropped, to: Path, report: str) -> bool:
    """Move the file there, its report first; `False` where the name is taken."""
    note = to.with_name(f"{to.name}{REPORT}")
    try:
        descriptor = os.open(note, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o640)
    except FileExistsError:
        return False
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as text:
            text.write(report)
        is_free = not os.path.lexists(to)
        if is_free:
            file.path.rename(to)
    except OSError:
        note.unlink()
        raise
    if not is_free:
        note.unlink()
    return is_free


def _names(name: str, at: datetime) -> Iterator[str]:
    """The file's own, then such with the time."""
    yield name
    stem, dot, rest = name.partition(".")
    for number in count(1):
        again = "" if number == 1 else f"-{number}"
        yield f"{stem}~{at:%Y%m%dT%H%M%S}{again}{dot}{rest}"


def _name_without_number(path: Path) -> str:
    numbered = _NUMBERED.fullmatch(path.name)
    return path.name if numbered is None else numbered[1]


def _new_room(taking: Path) -> tuple[Path, int]:
    """A room and the lock that is held in it. Another watcher may take it for a dead one's before it is locked."""
    while True:
        room = taking / token_hex(8)
        room.mkdir(mode=0o750)
        lock = _locked(room / _LOCK)
        if lock is not None:
            return room, lock


def _locked(path: Path) -> int | None:
    """The descriptor that holds the lock; `None` where somebody else holds it, or has just removed it."""
    try:
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o640)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return None
    if _is_at(lock, path):
        return lock
    os.close(lock)
    return None


def _is_at(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.lstat())
    except OSError:
        return False


def _remove(room: Path) -> None:
    """The room, if nothing is left in it."""
    with suppress(OSError):
        if [path.name for path in _entries(room)] in ([_LOCK], []):
            (room / _LOCK).unlink(missing_ok=True)
            room.rmdir()
