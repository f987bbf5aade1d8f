"""What `communityconnect agency check` finds: one line each, with file, line, what is wrong and what is allowed."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from pathlib import Path

from policy.yaml_file import Place, line_of


class Level(StrEnum):
    """An error: the folder is not fit for service. A warning: somebody should look whether it is meant."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing to say about a folder."""

    level: Level
    what: str

    def __str__(self) -> str:
        return f"{self.level}: {self.what}"


@dataclass(kw_only=True)
class Findings:
    """Collects what is found in a folder's files."""

    folder: Path
    found: list[Finding] = field(default_factory=list)

    def error(self, file: str, place: Place, what: str) -> None:
        """Something that cannot work, at this place of a YAML file."""
        self._say(Level.ERROR, file, place, what)

    def warn(self, file: str, place: Place, what: str) -> None:
        """Something that may not be meant."""
        self._say(Level.WARNING, file, place, what)

    def say_line(self, level: Level, file: str, line: int | None, what: str) -> None:
        """Something about a line of any file, or about the whole of it."""
        where = self.folder / file
        self.found.append(Finding(level=level, what=f"{where}{'' if line is None else f' line {line}'}: {what}"))

    def say_all(self, level: Level, lines: Sequence[str]) -> None:
        """Lines that name file and line already."""
        self.found += [Finding(level=level, what=line) for line in lines]

    def _say(self, level: Level, file: str, place: Place, what: str) -> None:
        name = ".".join(map(str, place))
        self.say_line(level, file, line_of(self.folder / file, place), f"{name}: {what}")


def in_words(length: timedelta) -> str:
    """A length of time as it is written in a folder: in the largest unit that divides it."""
    seconds = int(length.total_seconds())
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds and seconds % size == 0:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
