"""How far a simulation is, with its rate and the time that it will still take."""

from datetime import datetime
from types import TracebackType
from typing import Self
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


class Bar:
    """Counts records; when all are in, shows how the log's time goes on to the end of the last call."""

    def __init__(self, *, records: int, done: int, zone: ZoneInfo, console: Console) -> None:
        self._zone = zone
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
        self._progress.advance(self._task)
        speed = self._progress.tasks[0].speed
        if speed:
            self._progress.update(self._task, rate=f"{speed:.0f} a second")

    def time(self, moment: datetime) -> None:
        """All records are in, and the log's time has come to `moment`."""
        self._progress.update(self._task, rate=f"and what follows, to {moment.astimezone(self._zone):%Y-%m-%d}")
