"""How far a simulation is, with its rate and the time that it will still take."""

import time
from datetime import datetime, timedelta
from types import TracebackType
from typing import Self
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

_PRINT_EVERY_SECONDS = 10.0  # where the output is a file, and nothing can be drawn over


class Bar:
    """Counts records; when all are in, shows how the log's time goes on to the end of the last call."""

    def __init__(self, *, records: int, done: int, zone: ZoneInfo, console: Console) -> None:
        self._zone = zone
        self._console = console
        self._records, self._begun_with, self._done = records, done, done
        self._began = self._printed = time.monotonic()
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
            console=console,
        )
        self._task = self._progress.add_task("CAD records", total=records, completed=done, rate="")

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def record(self) -> None:
        """One more record is in."""
        self._done += 1
        elapsed = time.monotonic() - self._began
        speed = (self._done - self._begun_with) / max(elapsed, 0.001)
        self._progress.update(self._task, advance=1, rate=f"{speed:.0f} a second")
        if not self._console.is_terminal and time.monotonic() - self._printed >= _PRINT_EVERY_SECONDS:
            self._printed = time.monotonic()
            left = timedelta(seconds=round((self._records - self._done) / speed))
            self._console.print(
                f"{self._done} of {self._records} CAD records, {speed:.0f} a second, {left} to go", soft_wrap=True
            )

    def time(self, moment: datetime) -> None:
        """All records are in, and the log's time has come to `moment`."""
        self._progress.update(self._task, rate=f"and what follows, to {moment.astimezone(self._zone):%Y-%m-%d}")
