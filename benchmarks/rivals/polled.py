"""A table that is asked every second what is due. One process; a second would send everything twice.

What it lacks beside our service stands in `benchmarks/rivals/table.py`.
"""

import asyncio
import time
from typing import Final

import aiohttp

from benchmarks.rivals.table import AT_A_TIME, COLUMNS, Due, Options, Table, log, opened, options_from

EVERY_SECONDS: Final = 1.0
_AT_ONCE: Final = 1000
_DUE: Final = f"SELECT {COLUMNS} FROM life WHERE due_at <= now() ORDER BY due_at LIMIT {_AT_ONCE}"  # noqa: S608 - ours


async def run(options: Options, *, every_seconds: float = EVERY_SECONDS) -> None:
    """Look and send, for ever."""
    async with opened(options) as table:
        places = asyncio.Semaphore(AT_A_TIME)
        while True:
            began = time.monotonic()
            due = [Due(*row) for row in await table.rows(_DUE)]
            await asyncio.gather(*(_send(table, places, text) for text in due))
            if len(due) < _AT_ONCE:
                await asyncio.sleep(max(0, began + every_seconds - time.monotonic()))


async def _send(table: Table, places: asyncio.Semaphore, due: Due) -> None:
    async with places:
        try:
            await table.send(due)
        except (aiohttp.ClientError, TimeoutError) as error:  # it is still due at the next look
            log.warning("not sent: %s", type(error).__name__)


if __name__ == "__main__":
    asyncio.run(run(options_from()))
