"""`make run`: starts the box, plays a log into it and shows how it goes, until Ctrl-C."""

import asyncio
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rich.console import Console
from sqlalchemy import make_url

from calls.clock import REAL_TIME, Clock
from cli.set_up import set_up_database, set_up_temporal
from database.encryption import keyring_of
from database.engine import connect
from local.box import Box, Ports
from local.errors import LocalError
from local.generated.command import PLAYED_FROM, day_to_play
from local.place import Place, last_place, new_clock
from local.processes import Supervisor, leaving_on_signals
from local.progress import Display
from local.state import State
from logs import configure_logging
from policy.agency import Agency, load_agency
from settings import adopt_environment, load_settings
from starter.accept import Acceptor
from starter.csv_log import Log, read_log
from starter.forward import Forwarder
from starter.log_records import feed_of, no_call_in, records_of_log, window_of
from starter.records import LogRecord
from starter.replay import Replay, first_eligible
from starter.rules import keep_rules
from temporal_client import connect_temporal

# Phones, web and worker need about 3 s to start; then the first call that will be texted comes in.
_LEAD = timedelta(seconds=5)
_SHOWN_PROBLEMS = 3
_LOOK_EVERY_SECONDS = 0.2


@dataclass(frozen=True, kw_only=True)
class Options:
    """What the person at the terminal asked for. Without a log, a generated day is played."""

    cad: Path | None
    agency: Path
    speed: float
    start: datetime | None
    hours: float | None
    first_port: int


def play(options: Options, *, console: Console) -> None:
    """Run until Ctrl-C; then stop every process and say how to go on.

    Raises:
        LocalError, LogError, AgencyError: something that the person at the terminal can mend.
    """
    agency = load_agency(options.agency)
    state = State.at()
    log = read_log(options.cad or day_to_play(state, agency), agency.cad)
    if options.cad is None:
        options = replace(options, start=options.start or PLAYED_FROM)
        console.print(
            f"No log was given: this is a generated day, from {options.start:%H:%M} on. Nobody made these calls."
        )
    feed = feed_of(log)
    window = window_of(agency, log, start=options.start, hours=options.hours)
    records = records_of_log(log, agency, feed=feed, window=window)
    _say_what_was_read(log, agency, records, console)
    ports = Ports.from_(options.first_port)
    box = Box(state=state, ports=ports, folder=options.agency, agency=agency, clock=REAL_TIME)
    try:
        with (
            leaving_on_signals(),
            ExitStack() as closing,
            Supervisor(state, say=lambda line: console.print(line, soft_wrap=True)) as supervisor,
        ):
            ports.check()
            log_stream = closing.enter_context(state.log("play").open("a", encoding="utf-8"))
            configure_logging(service="play", format_="json", stream=log_stream)  # the terminal shows the display
            console.print("Starting PostgreSQL and Temporal …")
            box.start_servers(supervisor)
            start = "" if options.start is None else options.start.isoformat()
            _Run(box=box, records=records, feed=feed, start=start, supervisor=supervisor, console=console).run(
                options.speed
            )
    except KeyboardInterrupt:
        console.print("\nStopped, nothing left running. The same command goes on from here; make fresh forgets it all.")


class _Run:
    """One run, from the servers being there to Ctrl-C."""

    def __init__(
        self, *, box: Box, records: list[LogRecord], feed: str, start: str, supervisor: Supervisor, console: Console
    ) -> None:
        self._box = box
        self._records = records
        self._feed = feed
        self._start = start
        self._supervisor = supervisor
        self._console = console

    def run(self, speed: float) -> None:
        asyncio.run(self._run(speed))

    async def _run(self, speed: float) -> None:
        last = self._last_place()
        clock = self._clock(last, speed)
        self._box = self._box.with_clock(clock)
        adopt_environment(self._box.environment())
        settings = load_settings()
        self._set_up_database(settings.database_url.get_secret_value())
        engine = connect(settings.database_url.get_secret_value())
        client = await connect_temporal(patience_seconds=20)
        await set_up_temporal(client, zone=self._box.agency.policy.timetable.zone, say=_quiet)
        keep_rules(engine, self._box.agency)
        policy = self._box.agency.policy
        forwarder = Forwarder(engine=engine, client=client, policy=policy, clock=clock)
        if last is not None:  # before the worker is there: a timer that ran out meanwhile finds the new clock
            await forwarder.resume_with(clock)
        self._console.print("Starting phones, web and worker …")
        self._box.start_services(self._supervisor)
        keyring = keyring_of(settings)
        acceptor = Acceptor(
            engine=engine, keyring=keyring, agency=self._box.agency.key, policy=policy, now=clock.now, wakes=False
        )
        replay = Replay(records=self._records, acceptor=acceptor, forwarder=forwarder, clock=clock, engine=engine)
        display = Display(box=self._box, engine=engine, progress=replay.progress, console=self._console)
        try:
            await self._play(replay, forwarder, display)
        finally:
            engine.dispose()

    async def _play(self, replay: Replay, forwarder: Forwarder, display: Display) -> None:
        """Feed the log, mind the processes, keep the place, show it all."""
        playing = asyncio.create_task(self._feed_log(replay, forwarder))
        try:
            with display:
                while True:
                    if playing.done():
                        playing.result()
                    self._supervisor.poll()
                    self._keep_place()
                    await asyncio.to_thread(display.refresh)
                    await asyncio.sleep(_LOOK_EVERY_SECONDS)
        finally:
            playing.cancel()

    async def _feed_log(self, replay: Replay, forwarder: Forwarder) -> None:
        await replay.run()
        await forwarder.keep_up_to_date()

    def _set_up_database(self, service_url: str) -> None:
        owner = connect(self._box.owner_url, pool_size=1)
        try:
            set_up_database(owner, service=make_url(service_url), say=_quiet)
        finally:
            owner.dispose()

    def _last_place(self) -> Place | None:
        last = last_place(self._box.state)
        if last is not None and (last.feed, last.agency, last.start) != (self._feed, self._box.agency.key, self._start):
            raise LocalError(
                f"{self._box.state.home} holds the run of another log or day; go on with that one, forget it with "
                "make fresh, or choose another folder with COMMUNITYCONNECT_HOME"
            )
        return last

    def _clock(self, last: Place | None, speed: float) -> Clock:
        if last is not None:
            return last.clock_going_on(at=datetime.now(UTC), speed=speed)  # never back, not even for the start
        begins = first_eligible(self._records, self._box.agency.policy, agency=self._box.agency.key)
        return new_clock(begins=begins or self._records[0].stamp, lead=_LEAD, speed=speed)

    def _keep_place(self) -> None:
        Place(
            feed=self._feed,
            agency=self._box.agency.key,
            start=self._start,
            clock=self._box.clock,
            alive_real=datetime.now(UTC),
        ).write(self._box.state)


def _say_what_was_read(log: Log, agency: Agency, records: list[LogRecord], console: Console) -> None:
    if not records:
        raise LocalError(no_call_in(log, agency))
    calls = len({record.cad_id for record in records})
    console.print(
        f"{log.path}: {log.rows} rows, {len(log.calls)} calls, {calls} of them in this window.", soft_wrap=True
    )
    for problem in log.problems[:_SHOWN_PROBLEMS]:
        console.print(f"  {problem}", soft_wrap=True, markup=False)
    if len(log.problems) > _SHOWN_PROBLEMS:
        console.print(f"  … and {len(log.problems) - _SHOWN_PROBLEMS} more rows with something to say")


def _quiet(_line: str) -> None:
    """The set-up of a box is no news."""
