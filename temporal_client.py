"""Connecting to Temporal, wherever its own environment variables say it is."""

import asyncio

import structlog
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.runtime import PrometheusConfig, Runtime, TelemetryConfig
from temporalio.service import RPCError

from settings import temporal_connection

log = structlog.get_logger()

_FIRST_PAUSE_SECONDS = 0.25
_LONGEST_PAUSE_SECONDS = 10.0


class TemporalAway(Exception):  # noqa: N818 - reads as it is: Temporal is away
    """Temporal could not be reached in the time given."""


async def connect_temporal(*, patience_seconds: float | None = None, metrics_port: int | None = None) -> Client:
    """A client, once Temporal answers. The SDK itself gives up at the first failure, so we wait and try again.

    Args:
        patience_seconds: how long to try; without a limit where it is not given.
        metrics_port: where this process serves the SDK's Prometheus metrics, on loopback.

    Raises:
        TemporalAway: it did not answer in time.
    """
    options = temporal_connection()
    runtime = _runtime(metrics_port)
    pause, waited = _FIRST_PAUSE_SECONDS, 0.0
    while True:
        try:
            return await Client.connect(**options, data_converter=pydantic_data_converter, runtime=runtime)
        except (RuntimeError, RPCError) as error:
            if patience_seconds is not None and waited >= patience_seconds:
                raise TemporalAway(f"Temporal does not answer at {options.get('target_host')}") from error
            log.warning("temporal does not answer; trying again", pause_seconds=pause)
        await asyncio.sleep(pause)
        waited += pause
        pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)


def _runtime(metrics_port: int | None) -> Runtime | None:
    if metrics_port is None:
        return None
    address = f"127.0.0.1:{metrics_port}"
    return Runtime(telemetry=TelemetryConfig(metrics=PrometheusConfig(bind_address=address, durations_as_seconds=True)))


async def let_the_loop_finish() -> None:
    """Call at the end of a short-lived client: on Python 3.11, 17 in 100 processes abort at exit without it."""
    await asyncio.sleep(0.2)
