"""`communityconnect replay`: a log of calls, played into the running service."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from database.encryption import keyring_of
from database.engine import connect
from logs import configure_logging
from policy.agency import load_agency
from settings import Settings
from starter.accept import Acceptor
from starter.csv_log import read_log
from starter.forward import Forwarder
from starter.log_records import feed_of, records_of_log, window_of
from starter.replay import Replay
from starter.rules import keep_rules
from temporal_client import connect_temporal, let_the_loop_finish


def run_replay(
    settings: Settings, *, cad: Path, start: datetime | None, hours: float | None, say: Callable[[str], None]
) -> None:
    """Play the window and say what was decided.

    Raises:
        LogError, AgencyError: the file or the folder cannot be read.
    """
    configure_logging(service="starter", format_=settings.log_format)
    agency = load_agency(settings.agency)
    log = read_log(cad, agency.cad)
    for problem in log.problems:
        say(str(problem))
    window = window_of(agency, log, start=start, hours=hours)
    records = records_of_log(log, agency, feed=feed_of(log), window=window)
    engine = connect(settings.database_url.get_secret_value())
    keep_rules(engine, agency)
    keyring = keyring_of(settings)
    acceptor = Acceptor(
        engine=engine, keyring=keyring, agency=agency.key, policy=agency.policy, now=settings.clock.now, wakes=False
    )

    async def play() -> Replay:
        client = await connect_temporal(patience_seconds=30)
        forwarder = Forwarder(engine=engine, client=client, policy=agency.policy, clock=settings.clock)
        replay = Replay(records=records, acceptor=acceptor, forwarder=forwarder, clock=settings.clock, engine=engine)
        await replay.run()
        await let_the_loop_finish()
        return replay

    progress = asyncio.run(play()).progress
    decided = ", ".join(f"{count} {name}" for name, count in sorted(progress.decisions.items()))
    say(f"{progress.records} records of {progress.calls} new calls: {decided or 'nothing new'}")
    for reason, count in progress.unknown_codes.most_common():
        say(f"unknown: {count} x {reason}")
