"""A process that still waits for Temporal, or for the database, can be told to stop all the same."""

import asyncio
import signal
from collections.abc import Coroutine
from typing import Any, TypeVar

_T = TypeVar("_T")


class Stopped(Exception):  # noqa: N818 - reads as it is
    """SIGTERM or SIGINT came first."""


def stop_at_signals() -> asyncio.Event:
    """Set by SIGTERM and by SIGINT. For the running loop."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


async def unless_stopped(work: Coroutine[Any, Any, _T], stop: asyncio.Event) -> _T:
    """The work's result.

    Raises:
        Stopped: told to stop before it was done; the work is cancelled.
        Exception: whatever the work raises.
    """
    doing, stopping = asyncio.ensure_future(work), asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait([doing, stopping], return_when=asyncio.FIRST_COMPLETED)
        if not doing.done():
            raise Stopped
        return doing.result()
    finally:
        doing.cancel()
        stopping.cancel()
