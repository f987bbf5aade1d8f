"""The starter as a process: forwards what changes, at the commit, and sweeps."""

import asyncio
from datetime import timedelta
from typing import Final

import structlog
from prometheus_client import Gauge
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError
from temporalio.client import Client

from calls.clock import Clock
from policy.agency import Agency
from starter.feeds_watch import FeedsWatch
from starter.forward import Forwarder
from starter.sweep import Sweep
from starter.wake import Wake

log = structlog.get_logger()

_SWEEP_EVERY: Final = timedelta(minutes=1)
_SWEEP_AT_MOST_EVERY_SECONDS: Final = 2.0  # real time, for demonstrations on a fast clock
_FIRST_SWEEP_AFTER_SECONDS: Final = 2.0

_SWEPT = Gauge("communityconnect_sweep_timestamp_seconds", "When this starter last looked at the open calls; 0: never")


async def serve(*, engine: Engine, client: Client, agency: Agency, clock: Clock, stop: asyncio.Event) -> None:
    """Forward, sweep and watch the feeds until `stop` is set. Any number of starters may run at once."""
    policy = agency.policy
    wake = Wake(engine)
    forwarder = Forwarder(engine=engine, client=client, policy=policy, clock=clock)
    sweep = Sweep(engine=engine, client=client, policy=policy, clock=clock)
    feeds = FeedsWatch(engine=engine, rules=agency.cad.feeds, policy=policy)
    every = max(clock.real_duration(_SWEEP_EVERY).total_seconds(), _SWEEP_AT_MOST_EVERY_SECONDS)
    tasks: list[asyncio.Task[None]] = [
        asyncio.create_task(wake.listen()),
        asyncio.create_task(forwarder.keep_up_to_date(wake)),
        asyncio.create_task(_sweep(sweep, feeds, every_seconds=every)),
    ]
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait([*tasks, stopping], return_when=asyncio.FIRST_COMPLETED)
    broken = [task for task in tasks if task.done()]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for task in broken:
        task.result()  # none of them ends by itself: its fault ends the process, which is started again


async def _sweep(sweep: Sweep, feeds: FeedsWatch, *, every_seconds: float) -> None:
    await asyncio.sleep(_FIRST_SWEEP_AFTER_SECONDS)
    while True:
        try:
            await asyncio.to_thread(feeds.once)
            await sweep.once(tell=lambda _: _SWEPT.set_to_current_time())
        except OperationalError:
            log.warning("the database does not answer; trying again")
        await asyncio.sleep(every_seconds)
