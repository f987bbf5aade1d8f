"""A table whose changes PostgreSQL tells at once (LISTEN and NOTIFY), with a timer for what is due later.

Rows are taken with FOR UPDATE SKIP LOCKED and a lease of half a minute, so that there may be more processes than one.
What it lacks beside our service stands in `benchmarks/rivals/table.py`.
"""

import asyncio
from datetime import UTC, datetime
from typing import Any, Final

import aiohttp
import psycopg

from benchmarks.pool import connected
from benchmarks.rivals.table import AT_A_TIME, COLUMNS, Due, Options, Table, log, opened, options_from

CHANNEL: Final = "due"
_LOOK_EVERY_SECONDS: Final = 5.0
"""What a process that died has left: leases that have ended, timers that nobody has."""
_TAKE: Final = f"""
UPDATE life SET due_at = now() + interval '30 s' WHERE number IN (
    SELECT number FROM life WHERE due_at <= now() ORDER BY due_at LIMIT %s FOR UPDATE SKIP LOCKED
) RETURNING {COLUMNS}
"""  # noqa: S608 - ours


def telling(statement: str) -> str:
    """The same change of a row, and whoever listens is told with its commit."""
    return f"WITH changed AS ({statement}) SELECT pg_notify('{CHANNEL}', '')"


class _Taker:
    """Takes rows while it has places for them."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._places = AT_A_TIME
        self._sending: set[asyncio.Task[None]] = set()
        self._there_may_be_more = False
        self.wake = asyncio.Event()

    async def take(self) -> None:
        """Whatever is due and there is a place for."""
        if not (places := self._places):
            return
        rows = await self._table.rows(_TAKE, (places,))
        self._places -= len(rows)
        for row in rows:
            task = asyncio.create_task(self._send(Due(*row)))
            self._sending.add(task)
            task.add_done_callback(self._sending.discard)
        self._there_may_be_more = len(rows) == places
        if self._there_may_be_more:  # and places may have become free meanwhile
            self.wake.set()

    async def _send(self, due: Due) -> None:
        try:
            later = await self._table.send(due)
        except (aiohttp.ClientError, TimeoutError) as error:  # its lease ends
            log.warning("not sent: %s", type(error).__name__)
        else:
            if later is not None:
                seconds = (later - datetime.now(UTC)).total_seconds()
                asyncio.get_running_loop().call_later(max(0, seconds), self.wake.set)
        self._places += 1
        if self._there_may_be_more:
            self.wake.set()


async def run(options: Options) -> None:
    """Listen and send, for ever."""
    ear = await connected(options.database)
    await ear.execute(f"LISTEN {CHANNEL}")
    async with ear, opened(options) as table, asyncio.TaskGroup() as group:
        taker = _Taker(table)
        group.create_task(_listen(ear, taker.wake))
        while True:
            taker.wake.clear()
            await taker.take()
            try:
                async with asyncio.timeout(_LOOK_EVERY_SECONDS):
                    await taker.wake.wait()
            except TimeoutError:
                continue


async def _listen(ear: psycopg.AsyncConnection[Any], wake: asyncio.Event) -> None:
    async for _ in ear.notifies():
        wake.set()


if __name__ == "__main__":
    asyncio.run(run(options_from()))
