"""Our worker as it is, with an ear for the driver in its client, and a cache as large as a case wants it."""

import asyncio
import os
from functools import partial
from typing import Any

from temporalio.client import Client
from temporalio.worker import Worker

import worker
from benchmarks.watching_workflows import Watching
from logs import configure_logging
from settings import load_settings
from temporal_client import connect_temporal


async def _connect(**options: Any) -> Client:
    """The same client, metrics and log of the SDK's and all, with an ear."""
    client = await connect_temporal(**options)
    return Client(**client.config() | {"interceptors": [Watching()]})


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
