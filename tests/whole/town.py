"""A town: the whole service in a box on free ports, a log to play into it, and what can be seen of it from outside."""

import csv
import re
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import requests
from sqlalchemy import Engine
from sqlmodel import Session
from temporalio.api.common.v1 import Payload
from temporalio.client import Client, WorkflowHistory

from activities.stop_and_go import Mode
from calls.clock import Clock
from calls.contracts import workflow_id
from calls.policy import Timetable
from database.engine import connect
from database.tables import ServiceModeRow
from local.box import Box, Ports
from local.place import new_clock
from local.processes import Supervisor
from payloads import data_converter
from policy.agency import Agency, load_agency
from settings import child_environment, python
from tests.servers import temporary_state

ROOT = Path(__file__).parents[2]
COLUMNS = [
    *("incident_id", "agency", "priority_native", "type_initial", "type_final", "source", "phone", "language"),
    *("received", "call_ended", "dispatched", "arrived", "first_closed", "area"),
    *("reopened_at", "final_closed", "disposition"),
]
_LEAD = timedelta(seconds=7)  # what phones, web, worker and starter need to start, and the first command after them


@dataclass
class Town:
    """The running service; its clock stood at `begins` when it was ready."""

    box: Box
    supervisor: Supervisor
    begins: datetime
    folder: Path
    engine: Engine

    def command(self, *arguments: str, check: bool = True) -> "subprocess.CompletedProcess[str]":
        """Run `communityconnect …` with the settings of this town; `setup` as the owner of the database."""
        owner = {"COMMUNITYCONNECT_OWNER_DATABASE_URL": self.box.owner_url} if arguments[0] == "setup" else {}
        done = subprocess.run(
            [python(), "-m", "cli.main", *arguments],
            env=child_environment({**self.box.environment(), **owner}),
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == 0 or not check, done.stderr
        return done

    def play(self, *calls: dict[str, str], name: str = "log") -> str:
        """Write the calls into a log and play it; what the command said."""
        path = self.folder / f"{name}.csv"
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, COLUMNS, restval="")
            writer.writeheader()
            writer.writerows(calls)
        return self.command("replay", "--cad", str(path)).stdout

    def local(self, minutes: float) -> str:
        """So many minutes after the beginning, as the CAD system of this town writes it."""
        moment = self.begins + timedelta(minutes=minutes)
        return moment.astimezone(self.timetable.zone_info).strftime("%Y-%m-%dT%H:%M:%S")

    def wait_for(self, what: str, is_so: Callable[[], Any], *, seconds: float = 60) -> Any:
        """Wait until something is so; its value. Fails, with the ends of the logs, when it takes too long."""
        deadline = time.monotonic() + seconds
        while not (value := is_so()):
            self.supervisor.poll()
            assert time.monotonic() < deadline, f"{what}: not within {seconds} s\n{self.log_ends()}"
            time.sleep(0.05)
        return value

    def texts(self, number: str) -> list[str]:
        """What a phone got from us."""
        answer = requests.get(f"{self.box.phones_url}/carrier/phones/{number}", timeout=10).json()
        return [message["body"] for message in answer["messages"] if message["direction"].startswith("outbound")]

    def phones(self) -> list[dict[str, Any]]:
        """Every phone with its messages, as the carrier tells them."""
        answer = requests.get(f"{self.box.phones_url}/carrier/phones", timeout=10).json()
        return list(answer["phones"])

    def urls(self) -> list[str]:
        """Every address that we gave to the carrier or to a resident."""
        messages = [message for phone in self.phones() for message in phone["messages"]]
        links = [link for message in messages for link in re.findall(r"https?://\S+", message["body"] or "")]
        return [message["status_callback"] or "" for message in messages] + links

    def curl_signal(self, workflow: str, signal: str) -> requests.Response:
        """What `curl -X POST …/signal/…` does: Temporal's API over HTTP, no payload."""
        api = f"http://127.0.0.1:{self.box.ports.temporal_http}/api/v1/namespaces/default"
        return requests.post(f"{api}/workflows/{workflow}/signal/{signal}", timeout=10)

    def metrics(self) -> dict[str, str]:
        """What every process that runs tells a monitor."""
        ports = {
            "worker": self.box.ports.worker_metrics,
            "starter": self.box.ports.starter_metrics,
            "web": self.box.ports.web_metrics,
            "cad": self.box.ports.cad_metrics,
            "Temporal": self.box.ports.temporal_metrics,
        }
        return {
            f"metrics of {name}": requests.get(f"http://127.0.0.1:{port}/metrics", timeout=10).text
            for name, port in ports.items()
        }

    def logs(self) -> dict[str, str]:
        """What every process of the service has written; the carrier is the outside world."""
        names = [path for path in self.box.state.logs.glob("*.log") if path.stem != "phones"]
        return {path.name: path.read_text(errors="replace") for path in names}

    def log_ends(self) -> str:
        return "\n".join(f"{name}: …{text[-1500:]}" for name, text in self.logs().items())

    @property
    def timetable(self) -> Timetable:
        return self.box.agency.policy.timetable

    async def client(self) -> Client:
        return await Client.connect(self.box.environment()["TEMPORAL_ADDRESS"], data_converter=data_converter)

    async def history(self, cad_id: str) -> WorkflowHistory:
        """The history of a call's workflow."""
        client = await self.client()
        return await client.get_workflow_handle(workflow_id(f"{self.box.agency.key}-{cad_id}")).fetch_history()


@contextmanager
def running_town(
    agency_folder: Path,
    *,
    speed: float,
    begins: datetime,
    durable: bool = False,
    services: Sequence[str] = ("phones", "web", "worker", "starter", "cad"),
) -> Iterator[Town]:
    """Start everything, or those services, as `make run` does, set it up with the command, and stop it at the end.

    `durable`: what PostgreSQL has committed survives it.
    """
    agency: Agency = load_agency(agency_folder)
    with temporary_state() as state, Supervisor(state) as supervisor:
        box = Box(
            state=state,
            ports=Ports.any_free(),
            folder=agency_folder,
            agency=agency,
            clock=Clock(),
            durable=durable,
            extra={"COMMUNITYCONNECT_UNKNOWN_WAIT_SECONDS": "3"},
        )
        box.start_servers(supervisor)
        engine = connect(box.owner_url)
        town = Town(box=box, supervisor=supervisor, begins=begins, folder=state.home, engine=engine)
        assert "shadow" in town.command("setup").stdout
        with Session(engine) as session, session.begin():
            session.add(ServiceModeRow(mode=Mode.LIVE, set_by="the town", why="its phones are in the box"))
        town.box = box = box.with_clock(new_clock(begins=begins, lead=_LEAD, speed=speed))
        supervisor.start(*(getattr(box, service)() for service in services))
        try:
            yield town
        finally:
            engine.dispose()


def decoded(history: WorkflowHistory) -> str:
    """The whole history as text, every payload in clear: what somebody with access to Temporal can read."""
    parts = [str(event) for event in history.events]
    for event in history.events:
        parts.extend(payload.data.decode(errors="replace") for payload in _payloads(event))
    return "\n".join(parts)


def _payloads(message: Any) -> Iterator[Payload]:
    """Every payload in a protobuf message, however deep."""
    if isinstance(message, Payload):
        yield message
        return
    for descriptor, value in message.ListFields():
        if descriptor.message_type is None:
            continue
        if descriptor.message_type.GetOptions().map_entry:
            values = list(value.values())
        else:
            values = list(value) if descriptor.is_repeated else [value]
        for item in values:
            if hasattr(item, "ListFields"):
                yield from _payloads(item)
