"""The same life as a DBOS workflow: an engine of durable steps in a library, with PostgreSQL as its only server.

The nearest relative of what our service is built on. Its queue is looked at ten times a second, messages come by LISTEN
and NOTIFY. Each text is a step, written and sent as the plain tables do it (`benchmarks/rivals/table.py`), and what
stands there of checks, corrections and personal data is true of it, too.

It runs in an environment of its own, `.venv-bench` (`make bench DBOS=1`): its libraries are not the service's.
"""

import asyncio
import time
from typing import Final

from dbos import DBOS

from benchmarks.notices import tell
from benchmarks.rivals.table import Due, Options, Table, opened, options_from, workflow

QUEUE: Final = "calls"
DISPATCHED: Final = "dispatched"
CLEARED: Final = "cleared"
_LOOK_EVERY_SECONDS: Final = 0.1
_GIVEN_UP_SECONDS: Final = 14 * 86400.0


class _Here:
    """What steps use: there is one of each in this process."""

    table: Table
    options: Options


@DBOS.step()  # type: ignore[untyped-decorator]  # not installed where types are checked
async def send(number: int, phone: str, case_number: str, kind: str) -> None:
    """One text."""
    await _Here.table.send(Due(number, phone, case_number, kind))


@DBOS.workflow(name="call_updates")  # type: ignore[untyped-decorator]
async def call_updates(number: int, phone: str, case_number: str, received_at: float) -> None:
    """Confirmation, delay notice, dispatched, cleared, survey. `received_at`: seconds since 1970."""
    await send(number, phone, case_number, "confirmation")
    until_late = received_at + _Here.options.delay.total_seconds() - time.time()
    if await DBOS.recv_async(DISPATCHED, max(0, until_late)) is None:
        await send(number, phone, case_number, "delay")
        await DBOS.recv_async(DISPATCHED, _GIVEN_UP_SECONDS)
    tell(workflow(number), DISPATCHED)
    await DBOS.recv_async(CLEARED, _GIVEN_UP_SECONDS)
    tell(workflow(number), CLEARED)
    await send(number, phone, case_number, "survey")


async def run(options: Options) -> None:
    """Work, for ever."""
    DBOS(config={"name": "rival", "system_database_url": options.database, "log_level": "WARNING"})
    async with opened(options) as _Here.table:
        _Here.options = options
        DBOS.launch()
        await DBOS.register_queue_async(QUEUE, polling_interval_sec=_LOOK_EVERY_SECONDS)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(run(options_from()))
