"""Where a case is measured: fresh servers with a disk behind them, and the processes of one contestant."""

import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import yaml
from sqlalchemy import Engine, make_url

from benchmarks.life import DELAY_SECONDS
from benchmarks.notices import ADDRESS
from benchmarks.processor import Used, used
from calls.clock import REAL_TIME
from cli.set_up import set_up_database
from database.encryption import Keyring, load_keyring
from database.engine import connect
from local.box import Box, Ports
from local.child import Child
from local.processes import Supervisor
from local.state import State
from policy.agency import Agency, load_agency

_OTTAWA: Final = Path(__file__).resolve().parent.parent / "agencies" / "ottawa"


@dataclass(frozen=True, kw_only=True)
class Ground:
    """Servers of one case. `carrier`: the origin of the stub carrier; `notices`: the port of the driver's ear."""

    box: Box
    supervisor: Supervisor
    carrier: str
    notices: int

    @cached_property
    def engine(self) -> Engine:
        """As the database's owner."""
        return connect(self.box.owner_url, pool_size=10)

    @cached_property
    def keyring(self) -> Keyring:
        environment = self.box.environment()
        return load_keyring(
            encryption_keys=environment["COMMUNITYCONNECT_ENCRYPTION_KEYS"],
            lookup_key=environment["COMMUNITYCONNECT_LOOKUP_KEY"],
        )

    @property
    def agency(self) -> Agency:
        return self.box.agency

    @property
    def temporal(self) -> str:
        return f"127.0.0.1:{self.box.ports.temporal}"

    def set_up_database(self) -> None:
        """The tables, empty."""
        service = make_url(self.box.environment()["DATABASE_URL"])
        set_up_database(self.engine, service=service, say=lambda _: None)

    def start(self, *children: Child, cache: int | None = None) -> None:
        """Start these, and let their workers tell the driver what happens."""
        # As in use, where code is compiled once and not in every sandbox anew (Dockerfile).
        more = {ADDRESS: str(self.notices), "PYTHONDONTWRITEBYTECODE": ""} | (
            {} if cache is None else {"BENCHMARK_CACHE": str(cache)}
        )
        self.supervisor.start(*(replace(child, env={**child.env, **more}) for child in children))

    def python(self, module: str, *arguments: str, name: str = "worker") -> Child:
        """A process that runs a module of ours."""
        return Child(name=name, argv=[sys.executable, "-m", module, *arguments], log=self.box.state.log(name))

    def our_worker(self) -> Child:
        """Our worker, with an ear for the driver."""
        return replace(self.box.worker(), argv=[sys.executable, "-m", "benchmarks.ours"])

    def used(self, names: Iterable[str]) -> Used:
        """The processor time of the named processes, and of this one, the driver with its carrier."""
        pids = {name: pid for name in names if (pid := self.supervisor.pid(name)) is not None}
        return used(pids)


@contextmanager
def ground(
    *, carrier: str, notices: int, account: Mapping[str, str] | None = None, delay: str = f"{DELAY_SECONDS} s"
) -> Iterator[Ground]:
    """PostgreSQL and Temporal, both with a disk behind every commit; what they wrote goes away at the end.

    `account`: the settings of the carrier's account; `delay`: until a delay notice.
    """
    with tempfile.TemporaryDirectory(prefix="communityconnect-bench-", ignore_cleanup_errors=True) as place:
        Path(place).chmod(0o755)
        folder = in_no_time(Path(place), delay=delay)
        state = State.at(Path(place) / "home")
        with Supervisor(state) as supervisor:
            box = Box(
                state=state,
                ports=Ports.any_free(),
                folder=folder,
                agency=load_agency(folder),
                clock=REAL_TIME,
                durable_temporal=True,
                extra={"COMMUNITYCONNECT_TWILIO_ADDRESS": carrier, **(account or {})},
            )
            box.start_servers(supervisor)
            made = Ground(box=box, supervisor=supervisor, carrier=carrier, notices=notices)
            try:
                yield made
            finally:
                made.engine.dispose()


def in_no_time(place: Path, *, delay: str) -> Path:
    """Ottawa's folder, with a whole life of a call in some seconds: every text at once, but for the delay notice; any
    number of texts to a number, and a carrier that takes all."""
    folder = place / "ottawa"
    shutil.copytree(_OTTAWA, folder)
    policy = _read(folder / "policy.yaml")
    waits = {"first_after": {3: delay, 4: delay}, "repeat_every": "12 h", "at_most": 1, "expires_after": "60 min"}
    policy["timetable"] |= {
        "confirmation": {"after_received": "0 s", "after_hang_up": "0 s", "expires_after": "60 min"},
        "delay": waits,
        "survey": policy["timetable"]["survey"] | {"after_cleared": "0 s", "opens": "00:00", "closes": "23:59:59"},
    }
    policy["numbers"] |= {"texts_a_day": 1_000_000, "one_survey_in": "0 s"}
    _write(folder / "policy.yaml", policy)
    _write(folder / "agency.yaml", _read(folder / "agency.yaml") | {"segments_per_second": 1_000})
    return folder


def _read(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return content


def _write(path: Path, content: object) -> None:
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
