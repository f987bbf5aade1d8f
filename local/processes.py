"""Starts the children of a box in order, keeps them running and stops them in the reverse order.

A plain loop: whoever owns the supervisor calls `poll()` a few times a second. Not thread-safe; one thread calls it.
"""

import signal
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from types import FrameType, TracebackType
from typing import Self

from local import leftovers
from local.child import Child, Running
from local.errors import LocalError
from local.state import State

# A child that dies this often within this many seconds will not get better by being started again.
MOST_DEATHS, DEATHS_WINDOW = 5, 60.0
_FIRST_PAUSE = 0.2  # doubles with each death in the window: 0.2, 0.4, 0.8, 1.6 s
_STEP = 0.02


def _silent(line: str) -> None:
    """Say nothing."""


def _nothing() -> None:
    """Only to be waited for."""


class Supervisor:
    """Owns the state directory while it is entered, and every child it starts."""

    def __init__(self, state: State, *, say: Callable[[str], None] = _silent) -> None:
        self._state = state
        self._say = say
        self._children: list[_Watched] = []
        self._held = ExitStack()
        # Linux tells a child that its parent died when the *thread* that started it ends; so one thread starts them
        # all and lives as long as the supervisor does.
        self._starter = ThreadPoolExecutor(max_workers=1, thread_name_prefix="starts-children")

    def __enter__(self) -> Self:
        """Lock the state directory and stop what a killed run left in it."""
        with ExitStack() as held:
            held.enter_context(self._state.locked())
            leftovers.clear(self._state.pids, self._say)
            self._held = held.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.stop()
        finally:
            self._starter.shutdown()
            self._held.close()

    def start(self, *children: Child) -> None:
        """Start these side by side and return when all are ready; LocalError when one dies or is not ready in time."""
        started = [_Watched(child) for child in children]
        for watched in started:
            self._children.append(watched)
            self._spawn(watched)
        while not all(watched.ready for watched in started):
            self.poll()
            time.sleep(_STEP)

    def poll(self) -> None:
        """Notice deaths, start again what died, notice what became ready. LocalError when it is hopeless."""
        for watched in self._children:
            self._look_at(watched)

    def pid(self, name: str) -> int | None:
        """The process id of a child, if it runs."""
        return next((w.running.pid for w in self._children if w.child.name == name and w.running), None)

    def stop(self, *, keep: int = 0) -> None:
        """Stop all but the first `keep`, the last started first. A second Ctrl-C kills what is left at once."""
        impatient = False
        while len(self._children) > keep:
            try:
                self._starter.submit(_nothing).result()  # a start that Ctrl-C interrupted is over then
                watched = self._children[-1]
                if watched.running:
                    watched.running.stop(grace=0 if impatient else watched.child.grace)
                self._children.pop()
            except (KeyboardInterrupt, SystemExit):
                impatient = True

    def _spawn(self, watched: "_Watched") -> None:
        watched.child.prepare()
        watched.started = time.monotonic()
        self._starter.submit(self._run, watched).result()

    def _run(self, watched: "_Watched") -> None:
        watched.running = Running(watched.child, self._state.pids)

    def _look_at(self, watched: "_Watched") -> None:
        now, child, running = time.monotonic(), watched.child, watched.running
        if running is None:
            if now >= watched.again_at:
                self._spawn(watched)
        elif (end := running.ended()) is not None:
            self._died(watched, running, end)
        elif not watched.ready:
            if child.healthy():
                self._became_ready(watched, now)
            elif now - watched.started > child.deadline:
                running.stop(grace=child.grace)
                self._died(watched, running, f"was not ready within {child.deadline:g} s")

    def _became_ready(self, watched: "_Watched", now: float) -> None:
        watched.ready = True
        if watched.deaths:
            self._say(f"{watched.child.name} is back after {now - watched.deaths[-1]:.1f} s.")
        watched.was_ready = True

    def _died(self, watched: "_Watched", running: Running, end: str) -> None:
        now, name = time.monotonic(), watched.child.name
        watched.running, watched.ready = None, False
        while watched.deaths and now - watched.deaths[0] > DEATHS_WINDOW:
            watched.deaths.popleft()
        watched.deaths.append(now)
        if not watched.was_ready:
            raise LocalError(f"{name} {end}. {running.last_words()}")
        if len(watched.deaths) >= MOST_DEATHS:
            raise LocalError(f"{name} {end}, the {MOST_DEATHS}th time within a minute. {running.last_words()}")
        watched.again_at = now + _FIRST_PAUSE * 2 ** (len(watched.deaths) - 1)
        self._say(f"{name} {end}; starting it again.")


class _Watched:
    """A child and what became of it so far."""

    def __init__(self, child: Child) -> None:
        self.child = child
        self.running: Running | None = None
        self.started = 0.0
        self.ready = False  # this process
        self.was_ready = False  # any process of this child: only then is it worth starting again
        self.deaths: deque[float] = deque()
        self.again_at = 0.0


@contextmanager
def leaving_on_signals() -> Iterator[None]:
    """Let SIGTERM and a closed terminal (SIGHUP) leave the program as Ctrl-C does, through every `with` block.

    For the main thread of a command; without it they end the process on the spot and nothing is stopped in order.
    """

    def leave(number: int, _frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    before = {number: signal.signal(number, leave) for number in (signal.SIGTERM, signal.SIGHUP)}
    # A script that starts us in the background lets us inherit "ignore": whoever sends SIGINT means it all the same.
    before[signal.SIGINT] = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
