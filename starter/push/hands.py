"""Requests in hand: so many at once, each for so long. What is not done by then, the sender is told to send again."""

import asyncio
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Final, TypeVar

import structlog
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

log = structlog.get_logger()

THREADS: Final = 8
"""As many as there are connections: PostgreSQL on two cores commits no faster with more."""
MOST_IN_HAND: Final = 150
"""At a hundred records a second a machine may stand still for a second and a half; 600 MB at the very most."""
PATIENCE_SECONDS: Final = 10.0
_T = TypeVar("_T")


class NotNow(Exception):  # noqa: N818 - our own trouble
    """The database is away, or there is too much to do: 503, and the sender comes again."""


class Deadline:
    """By when the work must be done, by the machine's own counter."""

    def __init__(self) -> None:
        self._at = time.monotonic() + PATIENCE_SECONDS

    def check(self) -> None:
        """Go on, if there is time.

        Raises:
            NotNow: there is none.
        """
        if time.monotonic() > self._at:
            raise NotNow("not done in time")


class Hands:
    """Threads of the push API. A request that the sender was told to send again may be done all the same: sent again,
    it is a repetition (R4)."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="push")
        self._in_hand = self._requests = 0

    @contextmanager
    def request(self) -> Iterator[None]:
        """One of so many: bodies that are still coming take memory, whoever sends them.

        Raises:
            NotNow: there are as many already.
        """
        if self._requests >= MOST_IN_HAND:
            raise NotNow("too many requests at once")
        self._requests += 1
        try:
            yield
        finally:
            self._requests -= 1

    async def do(self, work: Callable[[Deadline], _T]) -> _T:
        """The work's result.

        Raises:
            NotNow: not now.
        """
        if self._in_hand >= MOST_IN_HAND:
            raise NotNow("the database does not keep up")
        self._in_hand += 1
        deadline = Deadline()
        future = asyncio.get_running_loop().run_in_executor(self._threads, work, deadline)
        future.add_done_callback(self._is_done)  # one that hangs stays in hand: a dead database fills no memory
        try:
            return await asyncio.wait_for(asyncio.shield(future), PATIENCE_SECONDS)
        except (TimeoutError, OperationalError, InterfaceError, PoolTimeoutError) as error:
            log.warning("a push was not taken; its sender is told to come again", cause=type(error).__name__)
            raise NotNow("the database does not answer") from None

    def _is_done(self, future: "asyncio.Future[_T]") -> None:
        self._in_hand -= 1
        if not future.cancelled():
            future.exception()  # said above, or nobody waits for it any more
