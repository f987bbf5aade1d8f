"""A webhook answers in time, whatever the database does: what is not done by then is not done at all, and says 503."""

import asyncio
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, TypeVar

import structlog
from fastapi import HTTPException
from sqlalchemy import Engine
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlmodel import Session

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

DATABASE_AWAY: Final = (OperationalError, InterfaceError, PoolTimeoutError)

_T = TypeVar("_T")
_FOR_THE_COMMIT: Final = 0.1
"""Seconds before the answer is due at which no commit begins any more: one takes some milliseconds."""
THREADS: Final = 16
"""As many as webhooks have connections. A database that hangs holds these and no more, and no page waits for them."""


@dataclass(frozen=True)
class Deadline:
    """When the answer must be out, by the machine's own counter."""

    at: float

    @property
    def seconds_left(self) -> float:
        """What is left for the work.

        Raises:
            TimeoutError: nothing.
        """
        left = self.at - _FOR_THE_COMMIT - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left

    @property
    def is_past(self) -> bool:
        """Something else has been answered meanwhile."""
        return time.monotonic() > self.at


@contextmanager
def transaction(engine: Engine, deadline: Deadline) -> Iterator[Session]:
    """A transaction that is committed before the deadline or not at all.

    A text of which we said 503 must not stand in the database: when Twilio delivers it again it would count as taken
    in, and nobody would answer it. PostgreSQL is told the time as well, so that a wait for a lock ends there too and
    gives its connection back.
    """
    with Session(engine) as session, session.begin():
        milliseconds = max(1, int(deadline.seconds_left * 1000))
        session.connection().exec_driver_sql(f"SET LOCAL statement_timeout = {milliseconds}")
        yield session
        session.flush()
        _ = deadline.seconds_left


class InTime:
    """Runs the work of webhooks in threads of its own. One that waits for a thread, for a connection, or for a database
    that has stopped talking is answered in time like any other."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="webhook")

    async def run(self, work: Callable[[Deadline], _T], *, within: float) -> _T:
        """The work's result.

        Raises:
            HTTPException: 503, not done within so many seconds.
        """
        deadline = Deadline(time.monotonic() + within)
        try:
            async with asyncio.timeout(within):
                return await asyncio.get_running_loop().run_in_executor(self._threads, work, deadline)
        except (TimeoutError, *DATABASE_AWAY) as error:
            _log.warning("webhook not answered in time", reason=type(error).__name__)
            raise HTTPException(503) from None
