"""What an earlier run left behind when it was killed: a file per child says which process that was.

A process counts as ours only if pid, creation time and command line all fit: pids are used again.
"""

import json
import os
import signal
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

# A process's creation time is counted from the time of boot, which moves by this much when the clock is set.
_CLOCK_SLACK = 2.0
_KILL_SECONDS = 5.0


@dataclass(frozen=True, kw_only=True)
class Record:
    """One child as it was started."""

    name: str
    pid: int
    created: float
    argv: list[str]
    stop_signal: int
    grace: float

    @property
    def _file_name(self) -> str:
        return f"{self.name}.json"

    def write(self, folder: Path) -> None:
        fresh = folder / f"{self._file_name}.new"
        fresh.write_text(json.dumps(asdict(self)), encoding="utf-8")
        fresh.replace(folder / self._file_name)

    def forget(self, folder: Path) -> None:
        (folder / self._file_name).unlink(missing_ok=True)

    def process(self) -> psutil.Process | None:
        """The process, if it still runs and is the one that we started."""
        try:
            process = psutil.Process(self.pid)
            ours = (
                process.status() != psutil.STATUS_ZOMBIE
                and abs(process.create_time() - self.created) <= _CLOCK_SLACK
                # A script is run by its interpreter, and become.py stands before the program: compare the end.
                and process.cmdline()[-len(self.argv) :][1:] == self.argv[1:]
            )
        except psutil.Error:
            return None
        return process if ours else None


def clear(folder: Path, say: Callable[[str], None]) -> None:
    """Stop the children that an earlier run left behind, the last started first."""
    for record in sorted(_read(folder), key=lambda record: record.created, reverse=True):
        if process := record.process():
            say(f"An earlier run was killed and left {record.name} running (pid {record.pid}); stopping it.")
            end(process, stop_signal=signal.Signals(record.stop_signal), grace=record.grace)
        record.forget(folder)


def end(process: psutil.Process, *, stop_signal: signal.Signals, grace: float) -> None:
    """Stop a process that is not our child: ask, wait, then kill it and all its descendants."""
    with suppress(psutil.NoSuchProcess):
        process.send_signal(stop_signal)
    if psutil.wait_procs([process], timeout=grace)[1]:
        kill_all([process, *_descendants(process)])
    kill_group(process.pid)


def kill_all(processes: Sequence[psutil.Process]) -> None:
    for process in processes:
        with suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(list(processes), timeout=_KILL_SECONDS)


def kill_group(pid: int) -> None:
    """Kill what is left of a child's process group (each child leads its own)."""
    with suppress(ProcessLookupError, PermissionError):  # macOS says "not permitted" of a group of zombies
        os.killpg(pid, signal.SIGKILL)


def _descendants(process: psutil.Process) -> list[psutil.Process]:
    """Looked up before the process dies; PostgreSQL's backends each lead a group of their own."""
    try:
        return process.children(recursive=True)
    except psutil.Error:
        return []


def _read(folder: Path) -> list[Record]:
    records = []
    for file in folder.glob("*.json"):
        try:
            records.append(Record(**json.loads(file.read_text(encoding="utf-8"))))
        except (OSError, ValueError, TypeError):
            file.unlink(missing_ok=True)  # not one of ours, or of another version
    return records
