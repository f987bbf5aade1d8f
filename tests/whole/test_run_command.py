"""`communityconnect run`, as a newcomer starts, stops, kills and starts it again."""

import json
import os
import random
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import psutil
import requests

from local.errors import LocalError
from local.place import Place, last_place
from local.ports import Port, check_ports
from local.state import State
from settings import child_environment, python
from tests.servers import temporary_state
from tests.whole.town import ROOT

COMMAND = [python(), "-m", "cli.main", "run"]
"""Without a log: it plays a generated day."""


def a_range_of_ports() -> int:
    """The first of as many as a box takes, below those that other tests choose at random at the same time."""
    for first in random.sample(range(12_000, 19_900, 20), 50):
        try:
            check_ports(Port(first + place, "a box", "PORT=") for place in range(20))
        except LocalError:
            continue
        return first
    raise AssertionError("no range of ports is free")


class Terminal:
    """The command in a terminal of its own, and what it has printed."""

    def __init__(self, home: Path, port: int) -> None:
        self.output = home.parent / "output.txt"
        self.port = port
        with self.output.open("ab") as output:
            self.process = subprocess.Popen(
                [*COMMAND, "--port", str(port)],
                cwd=ROOT,
                env=child_environment({"COMMUNITYCONNECT_HOME": str(home)}),
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def says(self, pattern: str) -> bool:
        return re.search(pattern, self.output.read_text(errors="replace")) is not None

    def texts(self) -> int:
        """How many texts are on the phones; 0 while there are no phones."""
        try:
            phones = requests.get(f"http://127.0.0.1:{self.port + 1}/carrier/phones", timeout=5).json()["phones"]
        except requests.RequestException:
            return 0
        return sum(len(phone["messages"]) for phone in phones)

    def wait_for(self, what: str, is_so: Callable[[], Any], *, seconds: float) -> float:
        """Seconds until it was so."""
        begun = time.monotonic()
        while not is_so():
            assert self.process.poll() is None, self.output.read_text()
            assert time.monotonic() - begun < seconds, f"{what}: not within {seconds} s\n{self.output.read_text()}"
            time.sleep(0.1)
        return time.monotonic() - begun


@contextmanager
def terminal(home: Path, port: int) -> Iterator[Terminal]:
    opened = Terminal(home, port)
    try:
        yield opened
    finally:
        if opened.process.poll() is None:
            opened.process.send_signal(signal.SIGINT)
            opened.process.wait(30)


def test_a_second_run_goes_on_where_the_first_was_killed_and_ctrl_c_leaves_nothing_behind() -> None:
    with temporary_state() as state:
        port = _free_ports()
        with terminal(state.home, port) as first:
            first.wait_for("everything started", lambda: first.says("Where to look"), seconds=120)
            assert first.says("this is a generated day")
            assert first.wait_for("the first text", first.texts, seconds=30) < 30
            stood = _place(state)
            os.kill(first.process.pid, signal.SIGKILL)
            first.process.wait(10)
        time.sleep(2)  # while nothing runs the clock stands still: at this speed it would else lose two minutes
        with terminal(state.home, port) as second:
            texts = second.wait_for("the phones of the first run", second.texts, seconds=60)
            assert texts >= 0
            second.wait_for("its clock to move", lambda: _place(state).alive_real > stood.alive_real, seconds=30)
            second.wait_for("the log going on", lambda: second.says(r"Log: [1-9]\d* of \d+ records"), seconds=30)
            went_on = _place(state)
            _kill_postgres(state)
            second.wait_for("PostgreSQL to be back", lambda: second.says("PostgreSQL is back"), seconds=30)
            second.wait_for("the run to go on", lambda: _place(state).alive_real > went_on.alive_real, seconds=30)
            shown = went_on.clock.at(went_on.alive_real) - stood.clock.at(stood.alive_real)
            second.process.send_signal(signal.SIGINT)
            assert second.process.wait(30) == 0
            assert second.says("Stopped, nothing left running")
        assert timedelta(0) <= shown < timedelta(minutes=45)
        assert _processes_of(state) == []


def _place(state: State) -> Place:
    place = last_place(state)
    assert place is not None
    return place


def _kill_postgres(state: State) -> None:
    [pid] = [json.loads(path.read_text())["pid"] for path in state.pids.iterdir() if "postgres" in path.name.lower()]
    os.kill(pid, signal.SIGKILL)


def _processes_of(state: State) -> list[str]:
    return [
        " ".join(process.info["cmdline"])
        for process in psutil.process_iter(["cmdline"])
        if any(str(state.home) in part for part in process.info["cmdline"] or [])
    ]


def _free_ports() -> int:
    """The first of ten neighbours; some other process may take one, then the run says so."""
    return a_range_of_ports()
