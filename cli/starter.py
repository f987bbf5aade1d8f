"""`communityconnect starter`: brings Temporal up to date with the calls, and sweeps, until SIGTERM."""

import asyncio
from contextlib import suppress
from datetime import timedelta
from typing import Final

import structlog
from temporalio.api.workflowservice.v1 import GetSystemInfoRequest
from temporalio.client import Client

from database.engine import connect
from logs import configure_logging
from policy.agency import load_agency
from settings import Settings
from starter.exporter import Exporter
from starter.rules import keep_rules_soon
from starter.service import serve
from temporal_client import SdkMetrics, connect_temporal, let_the_loop_finish
from watching.own_port import Health, open_own_port
from watching.readiness import LIMIT_SECONDS, Check, Heartbeat, Readiness, database_answers
from watching.stopping import Stopped, stop_at_signals, unless_stopped

log = structlog.get_logger()

_PATIENCE: Final = timedelta(seconds=LIMIT_SECONDS)


def run_starter(settings: Settings) -> None:
    """Serve with the settings from the environment. It waits for Temporal and for the database as long as it takes.

    Raises:
        AgencyError: the agency's folder cannot be read.
    """
    configure_logging(service="starter", format_=settings.log_format)
    agency = load_agency(settings.agency)
    url = settings.database_url.get_secret_value()
    engine = connect(url)

    async def run() -> None:
        stop = stop_at_signals()
        heartbeat = Heartbeat()
        health = Health(readiness=Readiness({"database": database_answers(url)}), heartbeat=heartbeat)
        health.readiness.expect("Temporal")
        beside = [asyncio.create_task(one) for one in (heartbeat.beat(), health.readiness.watch())]
        sdk = None if settings.metrics_port is None else SdkMetrics()
        open_own_port(settings.metrics_host, settings.metrics_port, health=health, more=sdk)
        with suppress(Stopped):
            client = await unless_stopped(connect_temporal(metrics=sdk, of_a_service=True), stop)
            health.readiness.add("Temporal", answers(client))
            await unless_stopped(keep_rules_soon(engine, agency), stop)
            Exporter(url=url, agency=agency, clock=settings.clock, client=client).start()
            log.info("starter ready", agency=agency.key, policy=agency.version)
            await serve(engine=engine, client=client, agency=agency, clock=settings.clock, stop=stop)
        for task in beside:
            task.cancel()
        await let_the_loop_finish()

    asyncio.run(run())
    log.info("starter stopped")


def answers(client: Client) -> Check:
    """Does Temporal answer?"""

    async def check() -> str | None:
        await client.workflow_service.get_system_info(GetSystemInfoRequest(), timeout=_PATIENCE)
        return None

    return check
