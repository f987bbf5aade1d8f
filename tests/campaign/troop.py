"""Processes that are killed at random, and started again at once: as many of each as were there before."""

import random
import signal
import subprocess
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field

from local.child import Child
from settings import child_environment

_FREEZE_SECONDS = (1.0, 6.0)
_HOW = {signal.SIGKILL: 8, signal.SIGTERM: 1, signal.SIGSTOP: 2}
"""How often each: killed outright, told to end, stopped for a while and let go on."""


@dataclass
class Troop:
    """Runs the children until it is ended. `blows` counts what was done to them."""

    children: list[Child]
    dice: random.Random
    blows: Counter[str] = field(default_factory=Counter)
    _running: "dict[str, subprocess.Popen[bytes]]" = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        for child in self.children:
            self._start(child)

    def strike(self) -> None:
        """Do something to one of them, and start again whatever is not there."""
        child = self.dice.choice(self.children)
        how = self.dice.choices(list(_HOW), list(_HOW.values()))[0]
        process = self._running[child.name]
        with suppress(ProcessLookupError):
            process.send_signal(how)
        self.blows[f"{child.name.split()[0]} {how.name}"] += 1
        if how is signal.SIGSTOP:
            awake = threading.Timer(self.dice.uniform(*_FREEZE_SECONDS), self._go_on, [process])
            awake.daemon = True
            awake.start()
        elif how is signal.SIGKILL:
            process.wait()
        self.mend()

    def mend(self) -> None:
        """Start again what has ended."""
        for child in self.children:
            if self._running[child.name].poll() is not None:
                self._start(child)

    def start_all(self) -> None:
        """Start the children that are there now: others than before."""
        self._running.clear()
        for child in self.children:
            self._start(child)

    def end(self) -> None:
        for process in self._running.values():
            process.kill()
            process.wait()

    def _go_on(self, process: "subprocess.Popen[bytes]") -> None:
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGCONT)

    def _start(self, child: Child) -> None:
        with child.log.open("ab") as log:
            self._running[child.name] = subprocess.Popen(
                list(child.argv),
                env=child_environment(child.env),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )


def strike_now_and_then(troop: Troop, stop: threading.Event, *, every: tuple[float, float]) -> None:
    """Until it is told to stop: a blow every so many seconds."""
    while not stop.wait(troop.dice.uniform(*every)):
        troop.strike()
    end = time.monotonic() + 10
    while time.monotonic() < end:  # whoever was told to end has ended by then, and whoever stands still goes on
        troop.mend()
        time.sleep(0.2)
