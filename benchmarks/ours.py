"""Our worker as it is, with an ear for the driver in its client, and a cache as large as a case wants it."""

import asyncio
import os
from functools import partial

from temporalio.client import Client
from temporalio.worker import Worker

import worker
from benchmarks.watching_workflows import Watching
from logs import configure_logging
from payloads import data_converter
from settings import load_settings, temporal_connection


async def _connect(**_: object) -> Client:
    return await Client.connect(**temporal_connection(), data_converter=data_converter, interceptors=[Watching()])


def main() -> None:
    """As worker.main."""
    settings = load_settings()
    configure_logging(service="worker", format_=settings.log_format)
    cache = int(os.environ.get("BENCHMARK_CACHE", "1000"))
    vars(worker).update(connect_temporal=_connect, Worker=partial(Worker, max_cached_workflows=cache))
    asyncio.run(worker.run(settings))
    os._exit(0)


if __name__ == "__main__":
    main()
