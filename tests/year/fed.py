"""How far the year is: the calls that were fed, each with its moved life, and where clock and CAD stand."""

import csv
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from pydantic import AwareDatetime, BaseModel, ValidationError

from calls.clock import Clock
from local.errors import LocalError
from local.generated.log import COLUMNS

STANDING: Final = "standing.json"


class Fed:
    """The log of what was fed: a call is written before the service hears of it, so that none is unknown here.

    `number`: how many stand in it. What a kill left of half a line is cut off.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.number = 0

    def __enter__(self) -> Self:
        if self.path.exists():
            whole = _whole_lines(self.path)
            with self.path.open("r+b") as file:
                file.truncate(whole)
            self.number = sum(1 for _ in self.rows())
        is_new = not self.path.exists() or not self.path.stat().st_size
        self._file = self.path.open("a", newline="", encoding="utf-8")
        self._writer = csv.DictWriter(self._file, COLUMNS, lineterminator="\n")
        if is_new:
            self._writer.writeheader()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def write(self, row: dict[str, str]) -> int:
        """Write the call down; its number, from 0."""
        self._writer.writerow(row)
        self._file.flush()
        self.number += 1
        return self.number - 1

    def rows(self) -> Iterator[dict[str, str]]:
        """Every call, in the order in which they were fed."""
        with self.path.open(newline="", encoding="utf-8") as file:
            yield from csv.DictReader(file)


def _whole_lines(path: Path) -> int:
    """How many bytes end in a line's end."""
    content = path.read_bytes()
    return content.rfind(b"\n") + 1


class Standing(BaseModel):
    """Written every second: a run that was killed stands where it last was alive.

    `told_until`: everything that CAD has to tell up to then is committed, by the service's clock.
    """

    clock: Clock
    alive_real: AwareDatetime
    told_until: AwareDatetime

    def write(self, path: Path) -> None:
        """All or nothing."""
        fresh = path.with_suffix(".new")
        fresh.write_text(self.model_dump_json(indent=1), encoding="utf-8")
        fresh.replace(path)

    def clock_going_on(self, *, at: datetime, speed: float) -> Clock:
        """The clock that goes on at `at` (real time) where this run stood."""
        return self.clock.paused_between(self.alive_real, at).model_copy(update={"speed": speed})


def last_standing(path: Path) -> Standing | None:
    """Where the last run stood; none has been here yet: `None`.

    Raises:
        LocalError: the file is damaged.
    """
    try:
        return Standing.model_validate_json(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except ValidationError:
        raise LocalError(f"{path} is damaged; begin the year again: make test-year FRESH=1") from None
