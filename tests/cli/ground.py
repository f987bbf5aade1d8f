"""A whole service that is well, for `communityconnect doctor` to look at, and what the tests break of it."""

import asyncio
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from uuid import uuid4

import psycopg
import requests
from google.protobuf.duration_pb2 import Duration
from psycopg import sql
from sqlalchemy import make_url
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.namespace.v1 import NamespaceConfig
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest, RegisterNamespaceRequest, UpdateNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from calls.clock import REAL_TIME
from calls.contracts import RECONCILER_TASK_QUEUE, TASK_QUEUE
from cli.forget_schedule import set_up_forget_schedule
from cli.issues_schedule import set_up_issues_schedule
from cli.open_data_schedule import set_up_open_data_schedule
from cli.reconcile_schedule import set_up_schedule
from cli.set_up import RETENTION, missing_search_attributes, set_up_database, set_up_temporal
from database.encryption import load_keyring
from database.engine import connect
from local.box import Box, Ports
from local.postgres import Postgres
from local.processes import Supervisor
from policy.agency import load_agency
from tests.carrier.carrier_box import ACCOUNT, TOKEN
from tests.conftest import AGENCIES
from tests.servers import create_database, drop_database, temporary_state

OTTAWA = AGENCIES / "ottawa"
WELL = "well"


@dataclass(frozen=True, kw_only=True)
class Ground:
    """The service, its settings and its servers."""

    box: Box
    environment: Mapping[str, str]
    folder: Path
    """For files of the test."""

    @property
    def server(self) -> str:
        """PostgreSQL, as its owner."""
        return Postgres(state=self.box.state, port=self.box.ports.postgres, durable=False).url()

    def database(self, name: str) -> str:
        """The address of one of its databases, as the service."""
        return f"{self.environment['DATABASE_URL'].rpartition('/')[0]}/{name}"

    def execute(self, database: str, *statements: str) -> None:
        """As the owner."""
        url = f"{self.server.rpartition('/')[0]}/{database}".replace("+psycopg", "")
        with psycopg.connect(url, autocommit=True) as connection:
            for statement in statements:
                connection.execute(sql.SQL(statement))

    @contextmanager
    def copy(self, *statements: str, template: str = WELL) -> Iterator[dict[str, str]]:
        """A database of its own, in which these statements were run."""
        name = f"broken_{uuid4().hex[:8]}"
        create_database(self.server, name, template=template)
        try:
            self.execute(name, *[statement.replace("THIS", name) for statement in statements])
            yield {"DATABASE_URL": self.database(name)}
        finally:
            drop_database(self.server, name)

    @contextmanager
    def agency(self, file: str, before: str, after: str) -> Iterator[dict[str, str]]:
        """Ottawa's folder, with something else in one file."""
        folder = self.folder / uuid4().hex
        shutil.copytree(OTTAWA, folder)
        path = folder / file
        text = path.read_text(encoding="utf-8")
        assert before in text
        path.write_text(text.replace(before, after, 1), encoding="utf-8")
        yield {"COMMUNITYCONNECT_AGENCY": str(folder)}

    def in_temporal(self, do: "Callable[[Client], object]") -> None:
        """Something done to the namespace."""

        async def run() -> None:
            client = await Client.connect(self.environment["TEMPORAL_ADDRESS"])
            await do(client)  # type: ignore[misc]

        asyncio.run(run())

    def opt_out(self, *, encryption_keys: str, lookup_key: str) -> str:
        """A STOP that was stored with these keys, as a statement."""
        ring = load_keyring(encryption_keys=encryption_keys, lookup_key=lookup_key)
        number = "+16135550142"
        return (
            "INSERT INTO opt_out (phone_hash, phone_encrypted, sender, since) VALUES "  # noqa: S608 - our own
            f"('{ring.phone_hash(number)}', '{ring.encrypt(number)}', '+13438036032', now())"
        )


@contextmanager
def well(folder: Path) -> Iterator[Ground]:
    """PostgreSQL, Temporal, phones, web and a worker, set up as the command does it."""
    agency = load_agency(OTTAWA)
    with temporary_state() as state, Supervisor(state) as supervisor:
        box = Box(
            state=state,
            ports=Ports.any_free(),
            folder=OTTAWA,
            agency=agency,
            clock=REAL_TIME,
            durable=False,
            extra={"TWILIO_ACCOUNT_SID": ACCOUNT, "TWILIO_AUTH_TOKEN": TOKEN},
        )
        box.start_servers(supervisor)
        environment = box.environment()
        ground = Ground(box=box, environment=environment, folder=folder)
        owner = connect(box.owner_url, pool_size=1)
        set_up_database(owner, service=make_url(environment["DATABASE_URL"]), say=lambda _: None)
        owner.dispose()
        keys = {
            "encryption_keys": environment["COMMUNITYCONNECT_ENCRYPTION_KEYS"],
            "lookup_key": environment["COMMUNITYCONNECT_LOOKUP_KEY"],
        }
        ground.execute("communityconnect", ground.opt_out(**keys))
        create_database(ground.server, WELL, template="communityconnect")
        zone = agency.policy.timetable.zone
        ground.in_temporal(lambda client: set_up_temporal(client, zone=zone, say=lambda _: None))
        supervisor.start(box.phones(), box.web(), box.worker())
        ground.in_temporal(polled)
        yield ground


@contextmanager
def answering(answer: "Callable[[BaseHTTPRequestHandler], None]", *methods: str) -> Iterator[str]:
    """An HTTP server that does this for every request; its address."""
    handler = type("Handler", (_Quiet,), {f"do_{method}": answer for method in methods})
    web = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=web.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{web.server_address[1]}"
    finally:
        web.shutdown()
        thread.join()
        web.server_close()


class _Quiet(BaseHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        pass


def always_ok(request: BaseHTTPRequestHandler) -> None:
    """Some page, whatever was asked."""
    request.send_response(200)
    request.send_header("Content-Length", "2")
    request.end_headers()
    request.wfile.write(b"ok" if request.command != "HEAD" else b"")


@contextmanager
def behind_a_slow_clock(address: str) -> Iterator[str]:
    """The server at the address, through a proxy that says it is ten minutes earlier."""

    def forward(request: BaseHTTPRequestHandler) -> None:
        headers = {"Authorization": request.headers.get("Authorization", "")}
        answer = requests.request(request.command, address + request.path, headers=headers, timeout=5)
        request.send_response_only(answer.status_code)
        request.send_header("Date", format_datetime(datetime.now(UTC) - timedelta(minutes=10), usegmt=True))
        request.send_header("Content-Type", answer.headers.get("Content-Type", "text/plain"))
        request.send_header("Content-Length", str(len(answer.content)))
        request.end_headers()
        request.wfile.write(b"" if request.command == "HEAD" else answer.content)

    with answering(forward, "GET", "HEAD") as proxied:
        yield proxied


async def polled(client: Client) -> None:
    """A worker that says that it is ready has not yet asked for work."""
    for queue in (TASK_QUEUE, RECONCILER_TASK_QUEUE):
        for type_ in (TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW, TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY):
            request = DescribeTaskQueueRequest(
                namespace=client.namespace, task_queue=TaskQueue(name=queue), task_queue_type=type_
            )
            while not (await client.workflow_service.describe_task_queue(request)).pollers:  # noqa: ASYNC110 - nobody tells us
                await asyncio.sleep(0.05)


async def keep_histories(client: Client, days: int) -> None:
    """So long, in the client's namespace."""
    config = NamespaceConfig(workflow_execution_retention_ttl=Duration(seconds=days * 86400))
    await client.workflow_service.update_namespace(UpdateNamespaceRequest(namespace=client.namespace, config=config))


async def bare_namespace(client: Client, name: str) -> None:
    """One that was made, with its schedules, and without search attributes."""
    await client.workflow_service.register_namespace(
        RegisterNamespaceRequest(
            namespace=name, workflow_execution_retention_period=Duration(seconds=int(RETENTION.total_seconds()))
        )
    )
    inside = await Client.connect(client.service_client.config.target_host, namespace=name)
    while True:  # it is not known everywhere at once
        try:
            await missing_search_attributes(inside)
            break
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
            await asyncio.sleep(0.2)
    await set_up_schedule(inside)
    await set_up_issues_schedule(inside, zone="America/Toronto")
    await set_up_open_data_schedule(inside, zone="America/Toronto")
    await set_up_forget_schedule(inside, zone="America/Toronto")
