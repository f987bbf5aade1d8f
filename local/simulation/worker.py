"""The service's own worker, with a carrier that texts nobody and the time of Temporal's test server.

A process of its own: the feed and the sending keep a core busy each.
"""

import asyncio
import os
import signal
from datetime import timedelta

from activities.services import TextServices
from database.encryption import keyring_of
from database.engine import connect
from local.child import Child
from local.probes import http_ok
from local.simulation.nobody_texted import NobodyTexted
from local.simulation.skipped_time import ServersClock
from local.state import State
from logs import configure_logging
from policy.agency import load_agency
from settings import Settings, load_settings, python
from temporal_client import SdkMetrics, connect_temporal
from worker import build_worker

_THREADS = 8
_NOWHERE = "https://example.org"


def worker(state: State, *, metrics_port: int, environment: dict[str, str]) -> Child:
    """The process, with its settings."""
    return Child(
        name="worker",
        argv=[python(), "-m", "local.simulation.worker"],
        log=state.log("worker"),
        healthy=http_ok(metrics_port, "/metrics"),
        env={**environment, "COMMUNITYCONNECT_METRICS_PORT": str(metrics_port), "TEMPORAL_CONFIG_FILE": os.devnull},
        hidden=("TEMPORAL_", "TWILIO_", "COMMUNITYCONNECT_", "PG"),  # they are about the service, not about this
    )


def text_services(settings: Settings) -> TextServices:
    """What sending a text needs of this world."""
    return TextServices(
        engine=connect(settings.database_url.get_secret_value(), pool_size=_THREADS),
        carrier=NobodyTexted(),
        keyring=keyring_of(settings),
        agency=load_agency(settings.agency),
        clock=ServersClock.model_validate(settings.clock.model_dump()),
        origin=_NOWHERE,
        unknown_wait=timedelta(0),
        has_no_rate=True,
    )


async def run(settings: Settings) -> None:
    """Work until SIGTERM."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    services = text_services(settings)
    client = await connect_temporal(metrics=SdkMetrics(settings.metrics_port), of_a_service=True)
    async with build_worker(client, services, threads=_THREADS):
        await stop.wait()


def main() -> None:
    """Run with the settings from the environment."""
    settings = load_settings()
    configure_logging(service="simulation", format_=settings.log_format)
    asyncio.run(run(settings))
    os._exit(0)  # as in worker.py


if __name__ == "__main__":
    main()
