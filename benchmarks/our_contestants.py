"""Our service as a contestant: its worker alone, and all of it."""

import asyncio
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlmodel import Session, col, select
from temporalio.client import Client

from activities.known_call import known_call
from benchmarks.connections import session_of
from benchmarks.ground import Ground
from benchmarks.pool import Pool
from calls.contracts import TASK_QUEUE, WORKFLOW_TYPE, CallChange, CallInput, Signal, workflow_id
from calls.contracts import call_id as id_of_call
from cli.set_up import set_up_temporal
from database.tables import CallRow
from payloads import data_converter
from starter.accept import Acceptor
from starter.fictional_numbers import fictional_number
from starter.push.senders import KEY, SIGNATURE, TIME, signature
from starter.records import CadRecord

_PATH: Final = "/cad/v1/calls"
_CONNECTIONS: Final = 8
_INSERT: Final = """
INSERT INTO call SELECT (jsonb_populate_record(call, %s::jsonb)).* FROM call WHERE call_id = %s
"""
_CHANGE: Final = "UPDATE call SET facts = %s::jsonb, version = %s WHERE call_id = %s"


@dataclass
class _OnGround:
    """What both have of their ground."""

    ground: Ground
    client: Client

    @classmethod
    async def of(cls, ground: Ground) -> "_OnGround":
        ground.set_up_database()
        client = await Client.connect(ground.temporal, data_converter=data_converter)
        await set_up_temporal(client, zone=ground.agency.policy.timetable.zone, say=lambda _: None)
        return cls(ground, client)

    def id(self, cad_id: object) -> str:
        return id_of_call(agency=self.ground.agency.key, cad_id=str(cad_id))


class WorkerAlone:
    """Our workflow and our worker with its database and POSTs. What the starter does, the driver does in short: a row
    of the call, changed at each step, and the same word to Temporal."""

    name = "our worker, ledger and POST"
    parts: tuple[str, ...] = ("Temporal", "worker", "PostgreSQL")
    posts = 3

    def __init__(self, *, is_delayed: bool = True, cache: int | None = None) -> None:
        self.posts = 3 if is_delayed else 2
        self._cache = cache
        self._facts: dict[int, Mapping[str, Any]] = {}

    async def begin(self, ground: Ground) -> None:
        self._on = await _OnGround.of(ground)
        self._pattern = await asyncio.to_thread(self._first_row)
        address = ground.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        self._pool = await Pool.of(address, connections=_CONNECTIONS)
        ground.start(ground.our_worker(), cache=self._cache)

    def _first_row(self) -> CallRow:
        """A call as our starter makes it, whose row is the pattern of all others."""
        ground = self._on.ground
        policy = ground.agency.policy
        acceptor = Acceptor(engine=ground.engine, keyring=ground.keyring, agency=ground.agency.key, policy=policy)
        acceptor.accept(_first_record(datetime.now(UTC)))
        with Session(ground.engine) as session:
            row = session.exec(select(CallRow).where(col(CallRow.call_id) == self._on.id("pattern"))).one()
            session.expunge(row)
            return row

    async def received(self, number: int) -> None:
        now, phone, row, keyring = datetime.now(UTC), fictional_number(number), self._pattern, self._on.ground.keyring
        told = {"received_at": now.isoformat(), "case_number": _case(number)}
        self._facts[number] = row.facts | told | {"cad_id": str(number)}
        sealed = {"phone_encrypted": keyring.encrypt(phone), "phone_hash": keyring.phone_hash(phone)}
        changes = told | sealed | {"call_id": self._on.id(number), "facts": self._facts[number]}
        await self._pool.execute(_INSERT, (json.dumps(changes), row.call_id))
        policy = self._on.ground.agency.policy
        known = known_call(row.model_copy(update={"facts": self._facts[number]}), policy)
        start = CallInput(call_id=self._on.id(number), call=known, timetable=policy.timetable)
        await self._on.client.start_workflow(WORKFLOW_TYPE, start, id=self.workflow(number), task_queue=TASK_QUEUE)

    async def dispatched(self, number: int) -> None:
        await self._tell(number, Signal.DISPATCHED, {"dispatched_at": datetime.now(UTC).isoformat()}, version=2)

    async def cleared(self, number: int) -> None:
        await self._tell(number, Signal.CLEARED, {"cleared_at": datetime.now(UTC).isoformat()}, version=3)
        del self._facts[number]

    async def _tell(self, number: int, signal: Signal, step: Mapping[str, str], *, version: int) -> None:
        facts = self._facts[number] = {**self._facts[number], **step}
        await self._pool.execute(_CHANGE, (json.dumps(facts), version, self._on.id(number)))
        row = self._pattern.model_copy(update={"facts": facts, "version": version})
        change = CallChange(call=known_call(row, self._on.ground.agency.policy))
        await self._on.client.get_workflow_handle(self.workflow(number)).signal(signal, change)

    def workflow(self, number: int) -> str:
        return workflow_id(self._on.id(number))

    async def end(self) -> None:
        await self._pool.close()


class WholeService:
    """All of it: CAD's records over HTTP, starter, worker, web with the carrier's callbacks, database."""

    name = "our whole service"
    parts: tuple[str, ...] = ("Temporal", "worker", "PostgreSQL", "starter", "web", "cad")
    posts = 3

    async def begin(self, ground: Ground) -> None:
        self._on = await _OnGround.of(ground)
        box = ground.box
        ground.start(ground.our_worker(), box.starter(), box.web(), box.cad())
        self._session = session_of(64)

    async def received(self, number: int) -> None:
        codes = {"priority": "4", "call_type": "NOISE", "source": "phone", "language": "en"}
        caller = {"case_number": _case(number), "phone": fictional_number(number)}
        await self._push(number, {"event": "received", **codes, **caller})

    async def dispatched(self, number: int) -> None:
        await self._push(number, {"event": "dispatched"})

    async def cleared(self, number: int) -> None:
        await self._push(number, {"event": "cleared", "disposition": "R"})

    async def _push(self, number: int, record: Mapping[str, str]) -> None:
        box, at = self._on.ground.box, str(int(time.time()))
        body = json.dumps({"cad_id": str(number), **record}).encode()
        signed = signature(box.cad_secret, method="POST", path=_PATH, at=at, body=body)
        headers = {KEY: "cad.1", TIME: at, SIGNATURE: signed}
        async with self._session.post(box.cad_url + _PATH, data=body, headers=headers) as answer:
            if answer.status != 202:
                raise RuntimeError(f"the port that CAD pushes to answered {answer.status}: {await answer.text()}")
            await answer.read()

    def workflow(self, number: int) -> str:
        return workflow_id(self._on.id(number))

    async def end(self) -> None:
        await self._session.close()


def _case(number: object) -> str:
    return f"26-{number}"


def _first_record(now: datetime) -> CadRecord:
    facts = {
        "case_number": _case("pattern"),
        "priority_code": "4",
        "priority": 4,
        "call_type_code": "NOISE",
        "call_type_group": "noise",
        "source_code": "phone",
        "source": "resident",
        "language": "en",
        "received_at": (now - timedelta(seconds=1)).isoformat(),
    }
    return CadRecord(feed="bench", cad_id="pattern", stamp=now, facts=facts, phone=fictional_number(0))
