"""Who is measured: each takes the same steps of a call's life from the driver."""

import asyncio
import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Protocol

import aiohttp
import psycopg
from sqlmodel import Session, col, select
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter

from activities.known_call import known_call
from benchmarks.bare import QUEUE, BareCall, BareCallUpdates
from benchmarks.ground import Ground
from calls.contracts import TASK_QUEUE, WORKFLOW_TYPE, CallChange, CallInput, Signal, workflow_id
from calls.contracts import call_id as id_of_call
from cli.set_up import set_up_temporal
from database.tables import CallRow
from starter.accept import Acceptor
from starter.fictional_numbers import fictional_number
from starter.push.senders import KEY, SIGNATURE, TIME, signature
from starter.records import CadRecord

_PATH: Final = "/cad/v1/calls"


class Contestant(Protocol):
    """Calls are numbers from 0 on. Each step returns when it was taken in: by Temporal, a database, or our port."""

    name: str
    parts: tuple[str, ...]
    """Its processes, as the supervisor knows them; the driver counts besides."""
    posts: int
    """Texts at the carrier per lifecycle."""

    async def begin(self, ground: Ground) -> None:
        """Start its processes on the ground's servers, until they are ready."""

    async def received(self, number: int) -> None: ...

    async def dispatched(self, number: int) -> None: ...

    async def cleared(self, number: int) -> None: ...

    def workflow(self, number: int) -> str:
        """The id of the call's workflow."""

    async def end(self) -> None:
        """Let go what the driver holds; the ground stops the processes."""


class Bare:
    """The bare workflow. Its activities do nothing, or make one raw POST."""

    def __init__(self, *, posts_raw: bool = False, is_delayed: bool = True, cache: int | None = None) -> None:
        self.name = "bare engine, raw POST" if posts_raw else "bare engine"
        self.parts: tuple[str, ...] = ("Temporal", "worker")
        self.posts = (3 if is_delayed else 2) if posts_raw else 0
        self._posts_raw, self._is_delayed, self._cache = posts_raw, is_delayed, cache
        self._carrier = ""

    async def begin(self, ground: Ground) -> None:
        self._carrier = f"{ground.carrier}/raw" if self._posts_raw else ""
        ground.start(ground.python("benchmarks.bare", ground.temporal), cache=self._cache)
        self._client = await Client.connect(ground.temporal)

    async def received(self, number: int) -> None:
        call = BareCall(number=number, carrier=self._carrier, is_delayed=self._is_delayed)
        await self._client.start_workflow(BareCallUpdates.run, call, id=self.workflow(number), task_queue=QUEUE)

    async def dispatched(self, number: int) -> None:
        await self._client.get_workflow_handle(self.workflow(number)).signal("dispatched")

    async def cleared(self, number: int) -> None:
        await self._client.get_workflow_handle(self.workflow(number)).signal("cleared")

    def workflow(self, number: int) -> str:
        return f"call-bare-{number}"

    async def end(self) -> None:
        """Nothing is held."""


class WorkerAlone:
    """Our workflow and our worker with its database and POSTs. What the starter does, the driver does in short: a row
    of the call, changed at each step, and the same word to Temporal."""

    name = "our worker, ledger and POST"
    parts: tuple[str, ...] = ("Temporal", "worker", "PostgreSQL")
    posts = 3

    def __init__(self, *, cache: int | None = None) -> None:
        self._cache = cache

    async def begin(self, ground: Ground) -> None:
        self._ground = ground
        ground.set_up_database()
        self._client = await Client.connect(ground.temporal, data_converter=pydantic_data_converter)
        zone = ground.agency.policy.timetable.zone
        await set_up_temporal(self._client, zone=zone, say=lambda _: None)
        self._pattern = await asyncio.to_thread(self._first_row)
        self._rows: dict[int, CallRow] = {}
        self._pool = [await self._connect() for _ in range(8)]
        self._free: asyncio.Queue[psycopg.AsyncConnection[Any]] = asyncio.Queue()
        for connection in self._pool:
            self._free.put_nowait(connection)
        ground.start(ground.our_worker(), cache=self._cache)

    async def _connect(self) -> psycopg.AsyncConnection[Any]:
        address = self._ground.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        return await psycopg.AsyncConnection.connect(address, autocommit=True)

    def _first_row(self) -> CallRow:
        """A call as our starter makes it, whose row is the pattern of all others."""
        ground = self._ground
        acceptor = Acceptor(
            engine=ground.engine, keyring=ground.keyring, agency=ground.agency.key, policy=ground.agency.policy
        )
        acceptor.accept(_record("pattern", datetime.now(UTC)))
        with Session(ground.engine) as session:
            row = session.exec(select(CallRow).where(col(CallRow.call_id) == self._id("pattern"))).one()
            session.expunge(row)
            return row

    async def received(self, number: int) -> None:
        now, phone = datetime.now(UTC), fictional_number(number)
        keyring, row = self._ground.keyring, self._pattern
        facts = row.facts | {"cad_id": str(number), "received_at": now.isoformat(), "case_number": _case(number)}
        changes = {
            "call_id": self._id(number),
            "case_number": _case(number),
            "received_at": now.isoformat(),
            "facts": facts,
            "phone_encrypted": keyring.encrypt(phone),
            "phone_hash": keyring.phone_hash(phone),
        }
        statement = (
            """INSERT INTO call SELECT (jsonb_populate_record(call, %s::jsonb)).* FROM call WHERE call_id = %s"""
        )
        await self._execute(statement, (json.dumps(changes), row.call_id))
        known = known_call(row.model_copy(update={"facts": facts}), self._ground.agency.policy)
        start = CallInput(call_id=self._id(number), call=known, timetable=self._ground.agency.policy.timetable)
        self._facts[number] = facts
        await self._client.start_workflow(WORKFLOW_TYPE, start, id=self.workflow(number), task_queue=TASK_QUEUE)

    _facts: dict[int, dict[str, Any]] = {}

    async def dispatched(self, number: int) -> None:
        await self._tell(number, Signal.DISPATCHED, "dispatched_at", version=2)

    async def cleared(self, number: int) -> None:
        await self._tell(number, Signal.CLEARED, "cleared_at", version=3)

    async def _tell(self, number: int, signal: Signal, step: str, *, version: int) -> None:
        facts = self._facts[number] = self._facts[number] | {step: datetime.now(UTC).isoformat()}
        statement = "UPDATE call SET facts = %s::jsonb, version = %s WHERE call_id = %s"
        await self._execute(statement, (json.dumps(facts), version, self._id(number)))
        row = self._pattern.model_copy(update={"facts": facts, "version": version})
        known = known_call(row, self._ground.agency.policy)
        await self._client.get_workflow_handle(self.workflow(number)).signal(signal, CallChange(call=known))

    async def _execute(self, statement: str, values: tuple[object, ...]) -> None:
        connection = await self._free.get()
        try:
            await connection.execute(statement.encode(), values)
        finally:
            self._free.put_nowait(connection)

    def _id(self, cad_id: object) -> str:
        return id_of_call(agency=self._ground.agency.key, cad_id=str(cad_id))

    def workflow(self, number: int) -> str:
        return workflow_id(self._id(number))

    async def end(self) -> None:
        for connection in self._pool:
            await connection.close()


class WholeService:
    """All of it: CAD's records over HTTP, starter, worker, web with the carrier's callbacks, database."""

    name = "our whole service"
    parts: tuple[str, ...] = ("Temporal", "worker", "PostgreSQL", "starter", "web", "cad")
    posts = 3

    async def begin(self, ground: Ground) -> None:
        self._ground = ground
        ground.set_up_database()
        client = await Client.connect(ground.temporal, data_converter=pydantic_data_converter)
        await set_up_temporal(client, zone=ground.agency.policy.timetable.zone, say=lambda _: None)
        box = ground.box
        ground.start(ground.our_worker(), box.starter(), box.web(), box.cad())
        self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=64))

    async def received(self, number: int) -> None:
        codes = {"priority": "4", "call_type": "NOISE", "source": "phone", "language": "en"}
        phone = {"case_number": _case(number), "phone": fictional_number(number)}
        await self._push(number, {"event": "received", **codes, **phone})

    async def dispatched(self, number: int) -> None:
        await self._push(number, {"event": "dispatched"})

    async def cleared(self, number: int) -> None:
        await self._push(number, {"event": "cleared", "disposition": "R"})

    async def _push(self, number: int, record: dict[str, str]) -> None:
        body = json.dumps({"cad_id": str(number), **record}).encode()
        at = str(int(time.time()))
        signed = signature(self._ground.box.cad_secret, method="POST", path=_PATH, at=at, body=body)
        headers = {KEY: "cad.1", TIME: at, SIGNATURE: signed}
        async with self._session.post(self._ground.box.cad_url + _PATH, data=body, headers=headers) as answer:
            if answer.status != 202:
                raise RuntimeError(f"the port that CAD pushes to answered {answer.status}: {await answer.text()}")
            await answer.read()

    def workflow(self, number: int) -> str:
        return workflow_id(id_of_call(agency=self._ground.agency.key, cad_id=str(number)))

    async def end(self) -> None:
        await self._session.close()


def _case(number: object) -> str:
    return f"26-{number}"


def _record(cad_id: str, now: datetime) -> CadRecord:
    facts = {
        "case_number": _case(cad_id),
        "priority_code": "4",
        "priority": 4,
        "call_type_code": "NOISE",
        "call_type_group": "noise",
        "source_code": "phone",
        "source": "resident",
        "received_at": (now - timedelta(seconds=1)).isoformat(),
    }
    return CadRecord.model_validate(
        {"feed": "bench", "cad_id": cad_id, "stamp": now, "facts": facts, "phone": fictional_number(0)}
    )
