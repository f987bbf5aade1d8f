"""Is a process ready? Asked again and again in the background, so that whoever asks us is answered at once.

One answer that is late changes nothing: a database that is slow for some seconds must not take every process away from
the proxy at the same moment. And a process that could not for a while must show twice that it can.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from threading import Lock, Thread
from typing import Final

import psycopg
import structlog
from prometheus_client import Gauge

log = structlog.get_logger()

Check = Callable[[], Awaitable[str | None]]
"""`None`: well; else what is wrong, without a name of anything personal. May raise."""

EVERY_SECONDS: Final = 5.0
LIMIT_SECONDS: Final = 3.0
"""So long a check may take."""
PATIENCE_SECONDS: Final = 20.0
"""So long ago the last good answer may be: four in a row must have failed."""
_TO_COME_BACK: Final = 2
_WHILE_IT_STARTS_SECONDS: Final = 0.1
_ALIVE_FOR_SECONDS: Final = 30.0

_READY: Final = Gauge(
    "communityconnect_ready", "1 where the process can do its work, by what it needs for it", ["needs"]
)


class Standing:
    """One thing that the process needs, by the times of its good answers. Pure but for `monotonic`."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._lock = Lock()
        self._well_at: float | None = None
        self._in_a_row = 0
        self._is_well = False
        self._why = "not asked yet"

    def note(self, trouble: str | None) -> None:
        """An answer, now."""
        with self._lock:
            self._age()
            if trouble is not None:
                self._in_a_row, self._why = 0, trouble
                return
            first, self._well_at = self._well_at is None, self._monotonic()
            self._in_a_row += 1
            self._is_well = self._is_well or first or self._in_a_row >= _TO_COME_BACK

    def is_new(self) -> bool:
        """It was never well."""
        return self._well_at is None

    def trouble(self) -> str | None:
        """What is wrong; `None`: it is well."""
        with self._lock:
            self._age()
            return None if self._is_well else self._why

    def _age(self) -> None:
        if self._is_well and self._well_at is not None and self._monotonic() - self._well_at > PATIENCE_SECONDS:
            self._is_well, self._in_a_row = False, 0


class Readiness:
    """What a process needs to do its work. Reading it never waits."""

    def __init__(self, checks: Mapping[str, Check]) -> None:
        self._checks: dict[str, Check] = {}
        self._standings: dict[str, Standing] = {}
        for name, check in checks.items():
            self.add(name, check)

    def expect(self, name: str) -> None:
        """Something that it needs and that cannot be asked for yet: until then it is not ready."""
        self._standings[name] = standing = Standing()
        _READY.labels(name).set_function(lambda: float(standing.trouble() is None))

    def add(self, name: str, check: Check) -> None:
        """Something that it needs, from now on."""
        self.expect(name)
        self._checks[name] = check

    def troubles(self) -> dict[str, str]:
        """By what is needed, what is wrong with it. Empty: ready."""
        found = {name: standing.trouble() for name, standing in dict(self._standings).items()}
        return {name: trouble for name, trouble in found.items() if trouble is not None}

    async def watch(self) -> None:
        """Ask, again and again, for ever."""
        while True:
            await self.once()
            is_new = any(standing.is_new() for standing in list(self._standings.values()))
            await asyncio.sleep(_WHILE_IT_STARTS_SECONDS if is_new else EVERY_SECONDS)

    async def once(self) -> None:
        """Ask once for everything, at the same time."""
        await asyncio.gather(*(self._ask(name, check) for name, check in dict(self._checks).items()))

    def watch_in_background(self) -> None:
        """In a thread with a loop of its own, for processes that have none, or whose loop serves pages."""
        Thread(target=lambda: asyncio.run(self.watch()), name="readiness", daemon=True).start()

    async def _ask(self, name: str, check: Check) -> None:
        standing = self._standings[name]
        was_new, before = standing.is_new(), standing.trouble()
        try:
            async with asyncio.timeout(LIMIT_SECONDS):
                trouble = await check()
        except TimeoutError:
            trouble = f"no answer within {LIMIT_SECONDS:.0f} seconds"
        except Exception as error:  # noqa: BLE001 - whatever it is: not ready, and its words may hold an address
            trouble = type(error).__name__
        standing.note(trouble)
        after = standing.trouble()
        if (before is None) != (after is None) and not was_new:  # that it came up it says itself
            say = log.warning if after else log.info
            say("not ready" if after else "ready", needs=name, trouble=after)


class Heartbeat:
    """A loop of asyncio that turns. It asks for nothing outside the process."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._at = monotonic()

    def is_alive(self) -> bool:
        return self._monotonic() - self._at < _ALIVE_FOR_SECONDS

    async def beat(self) -> None:
        """For ever, once a second."""
        while True:
            self._at = self._monotonic()
            await asyncio.sleep(1)


def database_answers(url: str) -> Check:
    """A check that connects anew: it waits for no connection that pages hold, and shows that one can be had.

    `url`: as SQLAlchemy writes it.
    """
    address = url.replace("+psycopg", "", 1)

    async def check() -> str | None:
        options = f"-c statement_timeout={int(LIMIT_SECONDS * 1000)}"
        async with await psycopg.AsyncConnection.connect(
            address, autocommit=True, connect_timeout=int(LIMIT_SECONDS), options=options
        ) as connection:
            await connection.execute("SELECT 1")
        return None

    return check
