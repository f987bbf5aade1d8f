"""Connecting to Temporal, wherever its own environment variables say it is."""

import asyncio
import logging
import socket
from typing import Final
from urllib.request import urlopen

import structlog
from temporalio.client import Client
from temporalio.runtime import (
    LogForwardingConfig,
    LoggingConfig,
    PrometheusConfig,
    Runtime,
    TelemetryConfig,
    TelemetryFilter,
)
from temporalio.service import RPCError

from payloads import data_converter
from settings import temporal_connection

log = structlog.get_logger()

_FIRST_PAUSE_SECONDS = 0.25
_LONGEST_PAUSE_SECONDS = 10.0
_LOOPBACK: Final = "127.0.0.1"
_LONGEST_SCRAPE_SECONDS: Final = 2.0


class TemporalAway(Exception):  # noqa: N818 - reads as it is: Temporal is away
    """Temporal could not be reached in the time given."""


async def connect_temporal(
    *, patience_seconds: float | None = None, metrics: "SdkMetrics | None" = None, of_a_service: bool = False
) -> Client:
    """A client, once Temporal answers. The SDK itself gives up at the first failure, so we wait and try again.

    Args:
        patience_seconds: how long to try; without a limit where it is not given.
        metrics: where the SDK is to keep its own metrics.
        of_a_service: what the SDK's core says goes to our log; else to standard error.

    Raises:
        TemporalAway: it did not answer in time.
    """
    options = temporal_connection()
    runtime = _runtime(metrics) if of_a_service else None
    pause, waited = _FIRST_PAUSE_SECONDS, 0.0
    while True:
        try:
            return await Client.connect(**options, data_converter=data_converter, runtime=runtime)
        except (RuntimeError, RPCError) as error:
            if patience_seconds is not None and waited >= patience_seconds:
                raise TemporalAway(f"Temporal does not answer at {options.get('target_host')}") from error
            log.warning("temporal does not answer; trying again", pause_seconds=pause)
        await asyncio.sleep(pause)
        waited += pause
        pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)


def _runtime(metrics: "SdkMetrics | None") -> Runtime:
    """What the SDK's core writes goes through our log, behind the same net (R3)."""
    telemetry = TelemetryConfig(
        logging=LoggingConfig(
            filter=TelemetryFilter(core_level="WARN", other_level="ERROR"),
            forwarding=LogForwardingConfig(logger=logging.getLogger("temporalio.core")),
        ),
        metrics=None if metrics is None else metrics.config(),
    )
    return Runtime(telemetry=telemetry)


class SdkMetrics:
    """The SDK serves its own metrics itself, on loopback: the process's own port adds them to ours."""

    def __init__(self, port: int | None = None) -> None:
        if port is None:
            with socket.create_server((_LOOPBACK, 0)) as free:
                port = int(free.getsockname()[1])
        self._address = f"{_LOOPBACK}:{port}"

    def config(self) -> PrometheusConfig:
        """For the runtime that has them."""
        return PrometheusConfig(bind_address=self._address, durations_as_seconds=True)

    def read(self) -> bytes:
        """Them, now; nothing where they are not served yet."""
        try:
            with urlopen(f"http://{self._address}/metrics", timeout=_LONGEST_SCRAPE_SECONDS) as answer:
                return bytes(answer.read())
        except OSError:
            return b""


async def let_the_loop_finish() -> None:
    """Call at the end of a short-lived client: on Python 3.11, 17 in 100 processes abort at exit without it."""
    await asyncio.sleep(0.2)
