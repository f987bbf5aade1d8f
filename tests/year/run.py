"""One run of the year: starts the service on the data of the run before, feeds it calls, and stops in order."""

import asyncio
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import yaml
from sqlalchemy import Engine, make_url

from calls.clock import REAL_TIME, Clock
from cli.set_up import set_up_database, set_up_temporal
from database.engine import connect
from local.box import Box, Ports
from local.errors import LocalError
from local.place import new_clock
from local.processes import Supervisor
from local.state import State
from policy.agency import Agency, load_agency
from settings import adopt_environment
from starter.forward import Forwarder
from temporal_client import connect_temporal
from tests.year.clocks import CLOCKS, Clocks
from tests.year.fed import STANDING, Fed, Standing, last_standing
from tests.year.feeding import WAITED_FOR, Feeding, Options, Outcome, Say, supply_of
from tests.year.page import PAGE, keep, write_page
from tests.year.reading import account_for
from tests.year.results import RESULTS, results_of, told

OTTAWA: Final = Path(__file__).resolve().parents[2] / "agencies" / "ottawa"
BEGINS: Final = datetime(2026, 1, 5, 13, 0, tzinfo=UTC)
"""Eight in the morning in Ottawa."""
_SERVERS: Final = 2
_LEAD: Final = timedelta(seconds=8)
_LEAD_PER_OPEN_CALL: Final = timedelta(seconds=0.02)
"""Each is told the new clock, and looks at it, before the clock goes on."""


def folder_of(home: Path) -> Path:
    """Ottawa's folder, but for two things that are not the police's: there are 5,600 fictional numbers for 274,075
    callers, so that a number may be texted as often as it calls; and moved lives are written in UTC."""
    folder = home / "ottawa"
    if not folder.exists():
        fresh = home / "ottawa.new"
        shutil.rmtree(fresh, ignore_errors=True)
        shutil.copytree(OTTAWA, fresh)
        policy = yaml.safe_load((fresh / "policy.yaml").read_text(encoding="utf-8"))
        policy["numbers"] |= {"texts_a_day": 1_000_000, "one_survey_in": "0 s"}
        (fresh / "policy.yaml").write_text(yaml.safe_dump(policy), encoding="utf-8")
        cad = (fresh / "cad.yaml").read_text(encoding="utf-8")
        (fresh / "cad.yaml").write_text(cad.replace("zone: America/Toronto", "zone: UTC"), encoding="utf-8")
        fresh.rename(folder)
    return folder


class Run:
    """From the servers being there to the stop."""

    def __init__(self, options: Options, *, state: State, supervisor: Supervisor, say: Say) -> None:
        self._options = options
        self._state = state
        self._supervisor = supervisor
        self._say = say
        folder = folder_of(state.home)
        self._agency: Agency = load_agency(folder)
        self._box = Box(
            state=state,
            ports=Ports.from_(options.first_port),
            folder=folder,
            agency=self._agency,
            clock=REAL_TIME,
            extra={"PYTHONDONTWRITEBYTECODE": ""},  # as in use, where code is compiled once (Dockerfile)
        )

    def run(self) -> Outcome:
        """Feed until the time is over or the calls are; then account for every one."""
        self._box.ports.check()
        self._box.start_servers(self._supervisor)
        adopt_environment(self._box.environment())
        engine = connect(self._box.owner_url, pool_size=4)
        try:
            set_up_database(engine, service=make_url(self._box.environment()["DATABASE_URL"]), say=lambda _: None)
            with Fed(self._state.home / "fed.csv") as fed:
                outcome = self._feed(fed, engine)
            if outcome is Outcome.OVER:
                self._supervisor.stop(keep=_SERVERS)
                self._account(engine)
            return outcome
        finally:
            engine.dispose()

    def _feed(self, fed: Fed, engine: Engine) -> Outcome:
        last = last_standing(self._state.home / STANDING)
        supply = supply_of(
            fed,
            told_until=None if last is None else last.told_until,
            first=self._options.part.first,
            calls=self._options.calls,
            zone=self._agency.policy.timetable.zone_info,
        )
        clock = asyncio.run(self._bring_up(engine, last))
        self._box = box = self._box.with_clock(clock)
        self._supervisor.start(box.web(), box.phones(), box.worker(), box.starter(), box.cad())
        clocks = Clocks(self._state.home / CLOCKS)
        clocks.add(clock)
        feeding = Feeding(
            self._options,
            box=box,
            supervisor=self._supervisor,
            fed=fed,
            supply=supply,
            engine=engine,
            run=clocks.runs,
            say=self._say,
        )
        return feeding.go()

    def _account(self, engine: Engine) -> None:
        account = account_for(
            self._state.home,
            engine=engine,
            agency=self._agency.key,
            folder=self._box.folder,
            carrier=self._state.carrier_db,
        )
        results = results_of(self._state.home, account)
        for line in told(results):
            self._say(line)
        if results.counts["calls"] == self._options.part.calls:
            keep(self._state.home / RESULTS, self._options.part)
            write_page()
            self._say(f"Written: {PAGE}")
        if results.failures:
            raise LocalError(f"{len(results.failures)} failures, see {self._state.home / RESULTS}")

    async def _bring_up(self, engine: Engine, last: Standing | None) -> Clock:
        """The clock of this run, which every open call is told."""
        client = await connect_temporal(patience_seconds=20)
        await set_up_temporal(client, zone=self._agency.policy.timetable.zone, say=lambda _: None)
        if last is None:
            return new_clock(begins=BEGINS, lead=_LEAD, speed=self._options.speed)
        with engine.connect() as connection:
            open_calls = int(connection.execute(WAITED_FOR).scalar_one())
        goes_on = datetime.now(UTC) + _LEAD + open_calls * _LEAD_PER_OPEN_CALL
        clock = last.clock_going_on(at=goes_on, speed=self._options.speed)
        forwarder = Forwarder(engine=engine, client=client, policy=self._agency.policy, clock=clock)
        await forwarder.resume_with(clock)
        return clock
