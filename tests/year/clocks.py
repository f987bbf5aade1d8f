"""The clocks of all runs, so that a real time in the database can be told in the service's time."""

from bisect import bisect_right
from datetime import datetime
from pathlib import Path
from typing import Final

from calls.clock import Clock

CLOCKS: Final = "clocks.jsonl"


class Clocks:
    """One line each, in the order of the runs."""

    def __init__(self, path: Path) -> None:
        self._path = path
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        self._clocks = [Clock.model_validate_json(line) for line in lines if line.endswith("}")]

    @property
    def runs(self) -> int:
        """How many there were."""
        return len(self._clocks)

    def add(self, clock: Clock) -> None:
        """Another run's, from its beginning on."""
        self._clocks.append(clock)
        with self._path.open("a", encoding="utf-8") as file:
            file.write(clock.model_dump_json() + "\n")

    @property
    def speed(self) -> float:
        """Of the first."""
        return self._clocks[0].speed

    def at(self, real: datetime) -> datetime:
        """The service's time at that moment."""
        place = bisect_right([clock.real_origin for clock in self._clocks], real)
        return self._clocks[max(place - 1, 0)].at(real)
