"""`communityconnect simulate`: a log through the real workflow, rules, database and rendering, and nobody texted."""

import asyncio
import hashlib
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from rich.console import Console
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError
from temporalio.service import RPCError

from calls.policy import Timetable
from database import migrate
from database.engine import connect
from local.errors import LocalError
from local.forget import forget
from local.ports import free_port
from local.postgres import Postgres
from local.processes import Supervisor, leaving_on_signals
from local.simulation.bar import Bar
from local.simulation.feed import CutOff, still_owed
from local.simulation.files import write_all
from local.simulation.legs import Legs, Place, begun
from local.simulation.outcome import SENT, Eligible, Simulation
from local.simulation.read_out import read_out
from local.state import State
from logs import configure_logging
from policy.agency import Agency, load_agency
from starter.csv_log import Log, LoggedCall, read_log
from starter.fictional_numbers import number_of_its_own
from starter.log_records import feed_of, no_call_in, records_of_log, window_of
from starter.records import LogRecord
from temporal_client import let_the_loop_finish

_POOL = 8
_SHOWN_PROBLEMS = 3
_WORK = ".unfinished-"
_HOUSE = Path(__file__).parents[2]
_ROOMS = ("activities", "calls", "database", "local/simulation", "policy", "starter", "survey", "texts", "workflows")
_GOES_ON = "The same command goes on where it stopped."


@dataclass(frozen=True, kw_only=True)
class Options:
    """What the person at the terminal asked for. `limit`: only the first so many calls of the window."""

    agency: Path
    cad: Path
    out: Path
    start: datetime | None = None
    hours: float | None = None
    limit: int | None = None


@dataclass(frozen=True, kw_only=True)
class Job:
    """What is to be simulated, read and checked. `whole`: nothing of the log was left aside."""

    folder: Path
    agency: Agency
    log: Log
    calls: list[LoggedCall]
    records: list[LogRecord]
    whole: bool
    key: str
    """The same for the same work: an interrupted simulation is taken up only by the same."""


def simulate(options: Options, *, console: Console) -> Simulation:
    """Simulate, write the four files into `options.out`, and say how fast it went.

    Interrupted, the same call goes on where it stopped.

    Raises:
        LocalError, LogError, AgencyError: something that the person at the terminal can mend.
    """
    simulation = run_job(job_of(options), options.out, console=console)
    _say_how_it_went(simulation, options.out, console=console)
    return simulation


def run_job(job: Job, out: Path, *, console: Console) -> Simulation:
    """Simulate what `job_of` has read, and write the four files into `out`.

    Raises:
        LocalError: something that the person at the terminal can mend.
    """
    _say_what_was_read(job, console)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LocalError(f"{out}: cannot write there ({error.strerror}); choose another folder with --out") from None
    for folder in out.glob(f"{_WORK}*"):
        if folder.name != f"{_WORK}{job.key}":  # of another log, another policy
            forget(State.at(folder, chosen_with="--out"), say=_quiet)
    state = State.at(out / f"{_WORK}{job.key}", chosen_with="--out")
    began = time.monotonic()
    try:
        with leaving_on_signals(), Supervisor(state, say=_quiet) as supervisor:
            run = _Run(job=job, state=state, supervisor=supervisor, console=console)
            simulation = run.run()
    except (RPCError, OperationalError, CutOff):
        raise LocalError(f"the simulation was cut off; see {state.logs}. {_GOES_ON}") from None
    except (KeyboardInterrupt, SystemExit):
        console.print(f"\nInterrupted. {_GOES_ON}")
        raise
    try:
        write_all(simulation, out)
    except OSError as error:
        raise LocalError(f"{error.filename or out}: cannot be written ({error.strerror}). {_GOES_ON}") from None
    forget(state, say=_quiet)
    _say_how_fast(simulation, records=run.fed, of=len(job.records), seconds=time.monotonic() - began, console=console)
    return simulation


def job_of(options: Options) -> Job:
    """Read folder and log.

    Raises:
        LogError, AgencyError: one of them cannot be read.
    """
    agency = load_agency(options.agency)
    log = read_log(options.cad, agency.cad)
    feed = feed_of(log)
    window = window_of(agency, log, start=options.start, hours=options.hours)
    calls = [call for call in log.calls if window.has(call.received_at)][: options.limit]
    wanted = {call.cad_id for call in calls}
    records = records_of_log(log, agency, feed=feed, window=window, caller=number_of_its_own)
    what = f"{feed} {agency.version} {_program()} {options.start} {options.hours} {options.limit}"
    return Job(
        folder=options.agency,
        agency=agency,
        log=log,
        calls=calls,
        records=[record for record in records if record.cad_id in wanted],
        whole=len(calls) == len(log.calls),
        key=hashlib.sha256(what.encode()).hexdigest()[:12],
    )


def _program() -> str:
    """Another version of the program does not go on where this one stopped."""
    digest = hashlib.sha256()
    for room in _ROOMS:
        for path in sorted((_HOUSE / room).rglob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()


class _Run:
    """One run, from the servers being there to the simulation's end."""

    def __init__(self, *, job: Job, state: State, supervisor: Supervisor, console: Console) -> None:
        self._job = job
        self._state = state
        self._supervisor = supervisor
        self._console = console
        self.fed = 0
        """How many records this run took in; an interrupted one had the others."""

    def run(self) -> Simulation:
        postgres = Postgres(state=self._state, port=free_port(), durable=False)
        self._supervisor.start(postgres.child())
        url = f"{postgres.url()}?sslmode=disable"  # whatever PGSSLMODE says
        engine = connect(url, pool_size=_POOL)
        try:
            with self._state.log("simulation").open("a", encoding="utf-8") as log:
                configure_logging(service="simulation", format_="json", stream=log)
                migrate.upgrade(engine)
                asyncio.run(self._simulate(engine, url))
            job = self._job
            return read_out(
                engine, agency=job.agency, log=job.log, calls=job.calls, records=job.records, whole=job.whole
            )
        finally:
            engine.dispose()

    async def _simulate(self, engine: Engine, postgres_url: str) -> None:
        """Leg after leg, until all records are in and nothing more is owed to anyone."""
        job = self._job
        place: Place | None = begun(engine, job.records)
        done = 0 if place is None else place.done
        self.fed = len(job.records) - done
        longest_life = _longest_life(job.agency.policy.timetable)
        legs = Legs(
            records=job.records,
            folder=job.folder,
            agency=job.agency,
            engine=engine,
            postgres_url=postgres_url,
            state=self._state,
            supervisor=self._supervisor,
            longest_life=longest_life,
        )
        zone = job.agency.policy.timetable.zone_info
        with Bar(records=len(job.records), done=done, zone=zone, console=self._console) as bar:
            while place is not None:
                place = await legs.one(place, bar=bar)
        await let_the_loop_finish()
        if owed := still_owed(engine, job.agency.policy, now=job.records[-1].stamp + longest_life):
            raise LocalError(
                f"the simulation did not come to an end: {len(owed)} calls are still owed something, the first is "
                f"{owed[0]}; nothing was written. See {self._state.logs}"
            )


def _longest_life(timetable: Timetable) -> timedelta:
    """From a call's last record to when nothing more can be owed."""
    return timetable.give_up_after + timetable.survey.expires_after + timedelta(days=1)


def _say_what_was_read(job: Job, console: Console) -> None:
    log = job.log
    if not job.calls:
        raise LocalError(no_call_in(log, job.agency))
    console.print(
        f"{log.path}: {log.rows} rows, {len(log.calls)} calls, {len(job.calls)} of them in this window.",
        soft_wrap=True,
        markup=False,
    )
    for problem in log.problems[:_SHOWN_PROBLEMS]:
        console.print(f"  {problem}", soft_wrap=True, markup=False)
    if len(log.problems) > _SHOWN_PROBLEMS:
        console.print(f"  … and {len(log.problems) - _SHOWN_PROBLEMS} more rows with something to say")


def _say_how_fast(simulation: Simulation, *, records: int, of: int, seconds: float, console: Console) -> None:
    """By call only where the whole log went through in one go."""
    speed = f"It took {seconds:.0f} s for {records} CAD records"
    if records == of:
        speed += f", {seconds / max(1, len(simulation.calls)) * 1000:.0f} ms a call"
    console.print(f"{speed}.", soft_wrap=True)


def _say_how_it_went(simulation: Simulation, out: Path, *, console: Console) -> None:
    eligible = sum(call.eligible is Eligible.YES for call in simulation.calls)
    sent = sum(text.outcome == SENT for text in simulation.texts)
    console.print(
        f"{len(simulation.calls)} calls, {eligible} of them eligible at the end; {sent} texts. Nobody was texted.",
        soft_wrap=True,
    )
    console.print(
        f"Open {out / 'report.html'}; every decision is in decisions.csv, every text in texts.csv.",
        soft_wrap=True,
        markup=False,
    )


def _quiet(_line: str) -> None:
    """What the box says of itself is no news here."""
