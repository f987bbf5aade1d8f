"""One child process: what it is, and one running instance of it."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import psutil

from local.errors import LocalError
from local.leftovers import Record, kill_all, kill_group
from local.probes import Probe, always
from local.unprivileged import Account
from settings import child_environment

_BECOME = Path(__file__).with_name("become.py")
_MOST_LOG_BYTES = 10_000_000
_TAIL_LINES = 8


def _nothing() -> None:
    """No preparation needed."""


@dataclass(frozen=True, kw_only=True)
class Child:
    """A process to be kept running. `name` is for people and names its pid file too."""

    name: str
    argv: Sequence[str]
    log: Path
    healthy: Probe = always
    env: Mapping[str, str] = field(default_factory=dict)  # on top of the supervisor's own
    hidden: tuple[str, ...] = ()  # beginnings of names of variables that it does not inherit
    cwd: Path | None = None
    prepare: Callable[[], None] = _nothing  # before every start, also after a death
    account: Account | None = None  # run as this user instead of root
    stop_signal: signal.Signals = signal.SIGTERM
    grace: float = 10.0
    deadline: float = 60.0


class Running:
    """A started process. It leads its own session, so that Ctrl-C in the terminal reaches the supervisor alone."""

    def __init__(self, child: Child, pids: Path) -> None:
        self._child, self._pids = child, pids
        user = f"{child.account.uid}:{child.account.gid}" if child.account else "-"
        become = [sys.executable, "-I", "-S", str(_BECOME), str(os.getpid()), str(int(child.stop_signal)), user]
        try:
            with _open_log(child.log) as log:
                self._log_from = log.tell()
                self._process = subprocess.Popen(
                    [*become, *child.argv],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    env=child_environment(child.env, hidden=child.hidden),
                    cwd=child.cwd,
                    start_new_session=True,
                )
        except OSError as error:
            raise LocalError(f"{child.name} cannot be started: {error}.") from error
        self._record = Record(
            name=child.name,
            pid=self.pid,
            created=_created(self.pid),
            argv=list(child.argv),
            stop_signal=int(child.stop_signal),
            grace=child.grace,
        )
        self._record.write(pids)

    @property
    def pid(self) -> int:
        return self._process.pid

    def ended(self) -> str | None:
        """How it ended, as the rest of a sentence, or None while it runs."""
        code = self._process.poll()
        if code is None:
            return None
        self._clean_up()
        return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"stopped by itself (exit status {code})"

    def stop(self, *, grace: float) -> None:
        """Ask it to stop, wait for `grace` seconds, then kill it with all its descendants."""
        self._process.send_signal(self._child.stop_signal)
        try:
            self._process.wait(grace)
        except subprocess.TimeoutExpired:
            self._kill()
        self._clean_up()

    def last_words(self) -> str:
        """The end of what it wrote since it was started, and where the rest is."""
        try:
            with self._child.log.open("rb") as log:
                log.seek(self._log_from)
                lines = log.read()[-4000:].decode(errors="replace").splitlines()[-_TAIL_LINES:]
        except OSError:
            lines = []
        tail = "".join(f"\n  {line}" for line in lines if line.strip())
        return f"Its log ends with:{tail}\nAll of it: {self._child.log}" if tail else f"Its log is {self._child.log}"

    def _kill(self) -> None:
        try:
            descendants = psutil.Process(self.pid).children(recursive=True)
        except psutil.Error:
            descendants = []
        self._process.kill()
        self._process.wait()
        kill_all(descendants)

    def _clean_up(self) -> None:
        kill_group(self.pid)
        self._record.forget(self._pids)


def _created(pid: int) -> float:
    try:
        return psutil.Process(pid).create_time()
    except psutil.Error:  # macOS tells nothing about a process that ended already
        return 0.0


def _open_log(path: Path) -> IO[bytes]:
    """Append; a log that grew large in earlier runs makes room and stays as `<name>.log.1`."""
    if path.exists() and path.stat().st_size > _MOST_LOG_BYTES:
        path.replace(path.with_name(f"{path.name}.1"))
    log = path.open("ab")
    log.seek(0, os.SEEK_END)
    return log
