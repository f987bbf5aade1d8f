"""The processes and lines of a run: started, struck as the plan says, started again, and put right in the end."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import psutil
import requests

from calls.clock import Clock
from local.child import Child, Running
from settings import child_environment
from tests.chaos.plan import Blow
from tests.whole.town import ROOT

_NOT_ENDING_SECONDS: Final = 15.0
"""After its own grace: then it is killed, and that is a trouble of its."""
_READY_SECONDS: Final = 60.0
_LOOK_EVERY: Final = 0.3


@dataclass(eq=False)
class Struck:
    """A blow that lasts: its line is written when it is over."""

    whom: str
    how: str
    began: datetime
    until: float
    frozen: list[psutil.Process] = field(default_factory=list)

    def line(self, clock: Clock) -> dict[str, Any]:
        now = datetime.now(UTC)
        seconds = round((now - self.began).total_seconds(), 3)
        at = clock.at(self.began).astimezone(UTC).isoformat()
        return {"real": self.began.isoformat(), "at": at, "whom": self.whom, "how": self.how, "seconds": seconds}


@dataclass(eq=False)
class Part:
    """A process that is to be there. `struck`: what was done to it last, until it is ready again."""

    child: Child
    on_ready: Callable[[], None] | None = None
    running: Running | None = None
    again_at: float = 0.0
    ready: bool = False
    ending_until: float | None = None
    struck: Struck | None = None
    asked: "Future[bool] | None" = None
    asked_at: float = 0.0


class Parts:
    """All of them. One thread calls everything here; it must live as long as the children do."""

    def __init__(self, *, pids: Path, clock: Clock) -> None:
        self._pids, self._clock = pids, clock
        self._parts: dict[str, Part] = {}
        self._lines: dict[str, Struck | None] = {}
        self._network: subprocess.Popen[bytes] | None = None
        self._asks = ThreadPoolExecutor(max_workers=6, thread_name_prefix="asks-whether-ready")
        self.blows: list[dict[str, Any]] = []
        self.troubles: list[str] = []

    def use(self, clock: Clock) -> None:
        self._clock = clock

    def lay(self, lines: Mapping[str, tuple[int, int]], *, log: Path) -> None:
        """The lines: by name, where each listens and leads."""
        argv = [f"{name}={listens}:{leads}" for name, (listens, leads) in lines.items()]
        with log.open("ab") as errors:
            self._network = subprocess.Popen(
                [sys.executable, "-m", "tests.chaos.network", *argv],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=child_environment({"PYTHONPATH": str(ROOT)}),
                cwd=ROOT,
            )
        assert self._network.stdout is not None
        assert self._network.stdout.readline() == b"ready\n"
        self._lines = dict.fromkeys(lines)

    def start(self, *children: Child, on_ready: Callable[[], None] | None = None) -> None:
        """Start these side by side, and return when all are ready."""
        for child in children:
            part = self._parts[child.name] = Part(child, on_ready)
            self._spawn(part)
        self.wait_until_ready(*(child.name for child in children))

    def wait_until_ready(self, *names: str) -> None:
        """These, or all."""
        end = time.monotonic() + _READY_SECONDS * 2
        while not all(self._parts[name].ready for name in names or self._parts):
            self.mind()
            time.sleep(0.05)
            if time.monotonic() > end:
                late = [name for name in names or self._parts if not self._parts[name].ready]
                raise TimeoutError(f"not ready within {_READY_SECONDS * 2:.0f} s: {', '.join(late)}")

    def strike(self, blow: Blow) -> bool:
        """Do it, if nothing else is being done to it; whether it was done."""
        return self._strike_line(blow) if blow.whom in self._lines else self._strike_part(self._parts[blow.whom], blow)

    def mind(self) -> None:
        """Whatever is due: go on, be well again, start again; notice who ended and who is ready."""
        now = time.monotonic()
        for name, struck in self._lines.items():
            if struck is not None and now >= struck.until:
                self._set_line(name, "well")
                self._over(struck)
                self._lines[name] = None
        for part in self._parts.values():
            self._mind(part, now)

    def heal(self) -> None:
        """No blow lasts any longer; everything is started, and ready."""
        for struck in [*self._lines.values(), *(part.struck for part in self._parts.values())]:
            if struck is not None:
                struck.until = 0.0
        for part in self._parts.values():
            part.again_at = 0.0
        self.wait_until_ready()

    def end(self) -> None:
        """The last started first."""
        for part in reversed(self._parts.values()):
            if part.struck is not None:
                _go_on(part.struck)
            if part.running is not None:
                part.running.stop(grace=part.child.grace)
        if self._network is not None:
            self._network.kill()
            self._network.wait()
        self._asks.shutdown(wait=False, cancel_futures=True)

    def _strike_line(self, blow: Blow) -> bool:
        if self._lines[blow.whom] is not None:
            return False
        self._set_line(blow.whom, blow.how)
        self._lines[blow.whom] = _struck(blow)
        return True

    def _set_line(self, name: str, how: str) -> None:
        assert self._network is not None
        assert self._network.stdin is not None
        self._network.stdin.write(json.dumps({"line": name, "how": how}).encode() + b"\n")
        self._network.stdin.flush()

    def _strike_part(self, part: Part, blow: Blow) -> bool:
        if part.running is None or part.ending_until is not None or (part.struck is not None and part.struck.frozen):
            return False
        if part.struck is not None:  # it was getting up
            self._over(part.struck)
        part.struck, part.ready = _struck(blow), False
        process = psutil.Process(part.running.pid)
        with suppress(psutil.NoSuchProcess):
            if blow.how == "kill":
                process.kill()
            elif blow.how == "kill a backend":
                _kill_one_of(process.children(), part.struck.began)
            elif blow.how == "terminate":
                process.send_signal(part.child.stop_signal)
                part.ending_until = time.monotonic() + part.child.grace + _NOT_ENDING_SECONDS
            else:
                part.struck.frozen = [process, *process.children(recursive=True)]
                for one in part.struck.frozen:
                    with suppress(psutil.NoSuchProcess):
                        one.suspend()
        return True

    def _mind(self, part: Part, now: float) -> None:
        struck = part.struck
        if struck is not None and struck.frozen and now >= struck.until:
            _go_on(struck)
            struck.frozen = []
        if part.running is None:
            if now >= part.again_at:
                self._spawn(part)
        elif (end := part.running.ended()) is not None:
            self._ended(part, end, now)
        elif part.ending_until is not None and now > part.ending_until:
            self.troubles.append(f"{part.child.name} did not end within its grace, and was killed")
            psutil.Process(part.running.pid).kill()
            part.ending_until = None
        elif not part.ready and part.ending_until is None and not (struck is not None and struck.frozen):
            self._ask(part, now)

    def _ended(self, part: Part, how: str, now: float) -> None:
        part.running, part.ready, part.ending_until = None, False, None
        if part.struck is None:
            self.troubles.append(f"{part.child.name} {how}, struck by nobody")
            part.struck = Struck(part.child.name, "ended by itself", datetime.now(UTC), now + 0.5)
        part.again_at = max(part.struck.until, now + 0.2)

    def _ask(self, part: Part, now: float) -> None:
        if part.asked is None:
            if now - part.asked_at >= _LOOK_EVERY:
                part.asked_at, part.asked = now, self._asks.submit(part.child.healthy)
        elif part.asked.done():
            asked, part.asked = part.asked, None
            if asked.result():
                self._is_ready(part)

    def _is_ready(self, part: Part) -> None:
        if part.on_ready is not None:
            try:
                part.on_ready()
            except requests.RequestException:
                return  # it is not, after all
        part.ready = True
        if part.struck is not None:
            self._over(part.struck)
            part.struck = None

    def _over(self, struck: Struck) -> None:
        self.blows.append(struck.line(self._clock))

    def _spawn(self, part: Part) -> None:
        part.child.prepare()
        part.running, part.asked = Running(part.child, self._pids), None


def _struck(blow: Blow) -> Struck:
    return Struck(blow.whom, blow.how, datetime.now(UTC), time.monotonic() + blow.seconds)


def _kill_one_of(children: Sequence[psutil.Process], at: datetime) -> None:
    """A process that serves a connection, whichever: the server then ends them all, and recovers."""
    serving = [child for child in children if any("communityconnect" in word for word in child.cmdline())]
    if some := serving or children:
        some[at.microsecond % len(some)].send_signal(signal.SIGKILL)


def _go_on(struck: Struck) -> None:
    for one in struck.frozen:
        with suppress(psutil.NoSuchProcess):
            one.resume()
