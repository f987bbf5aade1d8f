"""`communityconnect starter`: brings Temporal up to date with the calls, and sweeps, until SIGTERM."""

import asyncio
import signal

import structlog
from prometheus_client import start_http_server

from database.engine import connect
from logs import configure_logging
from policy.agency import load_agency
from settings import Settings
from starter.rules import keep_rules
from starter.service import serve
from temporal_client import connect_temporal, let_the_loop_finish

log = structlog.get_logger()


def run_starter(settings: Settings) -> None:
    """Serve with the settings from the environment.

    Raises:
        AgencyError: the agency's folder cannot be read.
        TemporalAway: Temporal did not answer for half a minute.
    """
    configure_logging(service="starter", format_=settings.log_format)
    agency = load_agency(settings.agency)
    engine = connect(settings.database_url.get_secret_value())

    async def run() -> None:
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        client = await connect_temporal(patience_seconds=30)
        if settings.metrics_port is not None:
            start_http_server(settings.metrics_port, addr="127.0.0.1")
        await asyncio.to_thread(keep_rules, engine, agency)
        log.info("starter ready", agency=agency.key, policy=agency.version)
        await serve(engine=engine, client=client, agency=agency, clock=settings.clock, stop=stop)
        await let_the_loop_finish()

    asyncio.run(run())
    log.info("starter stopped")
