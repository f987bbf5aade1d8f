"""Small children, and supervisors in processes of their own, for the tests of this folder."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from local.child import Child
from local.processes import Supervisor
from local.state import State

ROOT = Path(__file__).parents[2]


def until(what: Callable[[], object], *, seconds: float = 15.0, why: str = "") -> None:
    """Wait for it, with a deadline."""
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, f"not within {seconds} s: {why or what}"
        time.sleep(0.02)


def polled_until(supervisor: Supervisor, what: Callable[[], object]) -> None:
    """The same, while the supervisor does its work."""

    def poll_and_ask() -> object:
        supervisor.poll()
        return what()

    until(poll_and_ask)


def python(state: State, name: str, code: str, **more: object) -> Child:
    """A child that runs this Python code and is ready when it has printed "ready"."""
    log = state.log(name)
    given = {"healthy": lambda: log.exists() and "ready" in log.read_text(), "deadline": 10.0, "grace": 5.0} | more
    return Child(name=name, argv=[sys.executable, "-c", code], log=log, **given)  # type: ignore[arg-type]


WAITS = "import time; print('ready', flush=True); time.sleep(600)"


def alive(pid: int | None) -> bool:
    try:
        return pid is not None and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@contextmanager
def supervising_process(code: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A Python process running this code; killed at the end."""
    process = subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
        process.communicate()
