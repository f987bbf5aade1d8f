"""Our worker as it is, and an ear for the driver in its client."""

import asyncio
import os

from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter

import worker
from benchmarks.watching_workflows import Watching
from logs import configure_logging
from settings import load_settings, temporal_connection


async def _connect(**_: object) -> Client:
    return await Client.connect(
        **temporal_connection(), data_converter=pydantic_data_converter, interceptors=[Watching()]
    )


def main() -> None:
    """As worker.main, on a client that tells the driver what happens."""
    settings = load_settings()
    configure_logging(service="worker", format_=settings.log_format)
    vars(worker)["connect_temporal"] = _connect
    asyncio.run(worker.run(settings))
    os._exit(0)


if __name__ == "__main__":
    main()
