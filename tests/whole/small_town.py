"""A small town: real PostgreSQL, Temporal and phones, with starter and worker in the test's own process."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import time, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import Engine
from sqlmodel import Session, col, select
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import EventType, ResetReapplyExcludeType
from temporalio.api.workflowservice.v1 import ResetWorkflowExecutionRequest
from temporalio.client import Client, WorkflowHandle
from temporalio.service import RPCError

from activities.known_call import known_call
from activities.services import TextServices
from calls.clock import Clock
from calls.contracts import (
    TASK_QUEUE,
    WORKFLOW_TYPE,
    CallChange,
    CallInput,
    CallResult,
    Signal,
    workflow_id,
)
from calls.policy import Threshold
from database.encryption import Keyring
from database.tables import CallRow, TextRow, real_now
from payloads import data_converter
from policy.agency import Agency
from starter.accept import Acceptor
from starter.forward import Forwarder
from starter.records import CadRecord
from starter.sweep import Sweep
from tests.builders import NOON, minutes, some_facts
from tests.phones import Phones
from tests.servers import TemporalServer
from worker import build_worker
from workflows.call_updates import CallUpdates

Handle = WorkflowHandle[CallUpdates, CallResult]
SPEED = 1200
"""A third of an hour a second."""


def in_a_hurry(agency: Agency, *, confirmation_true_for: timedelta = timedelta(days=5)) -> Agency:
    """The agency with short times and long expiries, and surveys at any hour: a whole call in three seconds."""
    table = agency.policy.timetable
    thresholds = dict.fromkeys((3, 4), Threshold(after=minutes(24)))
    hurried = table.model_copy(
        update={
            "confirmation": table.confirmation.model_copy(update={"expires_after": confirmation_true_for}),
            "delay": table.delay.model_copy(update={"first_after": thresholds, "at_most": 1}),
            "survey": table.survey.model_copy(
                update={"after_cleared": minutes(20), "opens": time.min, "closes": time.max}
            ),
        }
    )
    return agency.model_copy(update={"policy": agency.policy.model_copy(update={"timetable": hurried})})


_numbers = itertools.count()


@dataclass
class SmallTown:
    """One call at a time, on a phone of its own."""

    engine: Engine
    client: Client
    services: TextServices
    phones: Phones
    agency: Agency
    clock: Clock
    acceptor: Acceptor
    forwarder: Forwarder
    cad_id: str
    number: str

    @property
    def call_id(self) -> str:
        return f"ottawa-{self.cad_id}"

    @property
    def handle(self) -> Handle:
        """The workflow of the call, whichever run is the newest."""
        return self.client.get_workflow_handle(workflow_id(self.call_id), result_type=CallResult)

    async def receive(self) -> Handle:
        """CAD tells of the call."""
        facts = some_facts(cad_id=self.cad_id, received_at=self.clock.now()).model_dump(mode="json")
        kept = {"agency", "cad_id", "in_progress", "safety_flag", "recipient_version", "held"}
        await self._cad({name: value for name, value in facts.items() if value is not None and name not in kept})
        return self.handle

    async def tell(self, *happened: str) -> None:
        """CAD tells that this happened now: `dispatched_at`, …"""
        await self._cad({name: self.clock.now().isoformat() for name in happened})

    async def tell_again(self, handle: Handle) -> None:
        """What the forwarder would send to this run: all that the database knows. One that has ended hears nothing."""
        change = CallChange(call=known_call(self.row(), self.agency.policy))
        with suppress(RPCError):
            await handle.signal(Signal.UPDATED, change)

    async def start_like_it(self, id_: str) -> Handle:
        """Start a workflow from a copy of the call's input, as Temporal's UI offers it."""
        start = await self.input()
        handle: Handle = await self.client.start_workflow(
            WORKFLOW_TYPE, start, id=id_, task_queue=TASK_QUEUE, result_type=CallResult
        )
        return handle

    async def sweep(self) -> None:
        """What the starter does every minute: on a clock at real speed, which gives a busy machine no time extra."""
        clock = Clock(real_origin=real_now(), virtual_origin=self.clock.now())
        await Sweep(engine=self.engine, client=self.client, policy=self.agency.policy, clock=clock).once()

    def answer_slowly(self, *, seconds: float) -> None:
        self.phones.misbehave({"what": "slow_answer", "next": 1, "seconds": seconds})

    def be_down(self, *, times: int) -> None:
        self.phones.misbehave({"what": "too_many_requests", "next": times})

    async def close(self) -> None:
        """Leave nothing behind for the next town, which has the same Temporal and the same phones."""
        self.phones.forget()
        for id_ in (workflow_id(self.call_id), f"twin-{self.cad_id}"):
            with suppress(RPCError):
                await self.client.get_workflow_handle(id_).terminate()

    async def _cad(self, facts: dict[str, Any]) -> None:
        record = CadRecord(feed="test", cad_id=self.cad_id, stamp=self.clock.now(), facts=facts, phone=self.number)
        await asyncio.to_thread(self.acceptor.accept, record)
        await self.forwarder.forward_all()

    async def texts(self) -> list[str]:
        """What the phone got."""
        return await asyncio.to_thread(self.phones.bodies, self.number)

    async def until_texts(self, number: int) -> list[str]:
        """Wait until the phone has so many."""
        for _ in range(1000):
            if len(bodies := await self.texts()) >= number:
                return bodies
            await asyncio.sleep(0.02)
        raise AssertionError(f"{len(bodies)} texts instead of {number}: {self.ledger()}")

    async def pass_by(self, moment: timedelta) -> None:
        """Let so much of the service's time pass."""
        await asyncio.sleep(self.clock.real_duration(moment).total_seconds())

    def row(self) -> CallRow:
        with Session(self.engine) as session:
            return session.exec(select(CallRow).where(col(CallRow.call_id) == self.call_id)).one()

    def ledger(self) -> list[tuple[str, str]]:
        """Kind and state of each text."""
        with Session(self.engine) as session:
            rows = session.exec(select(TextRow).where(col(TextRow.call_id) == self.call_id).order_by("claimed_real"))
            return [(row.kind, row.state) for row in rows.all()]

    async def until(self, what: Callable[[], bool]) -> None:
        for _ in range(1000):
            if what():
                return
            await asyncio.sleep(0.02)
        raise AssertionError(self.ledger())

    async def input(self) -> CallInput:
        """What the call's workflow was started with."""
        first = await anext(aiter(self.handle.fetch_history_events()))
        payloads = first.workflow_execution_started_event_attributes.input.payloads
        (start,) = await self.client.data_converter.decode(payloads, [CallInput])
        assert isinstance(start, CallInput)
        return start

    async def tasks(self, handle: Handle) -> list[int]:
        """The events that Temporal's UI offers to reset to."""
        events = (await handle.fetch_history()).events
        return [event.event_id for event in events if event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED]

    async def reset(self, run_id: str, event_id: int, *, with_signals: bool = True) -> Handle:
        """Reset the workflow to the event, as Temporal's UI does; the new run."""
        excluded = [] if with_signals else [ResetReapplyExcludeType.RESET_REAPPLY_EXCLUDE_TYPE_SIGNAL]
        id_ = workflow_id(self.call_id)
        answer = await self.client.workflow_service.reset_workflow_execution(
            ResetWorkflowExecutionRequest(
                namespace="default",
                workflow_execution=WorkflowExecution(workflow_id=id_, run_id=run_id),
                reason="by an operator",
                workflow_task_finish_event_id=event_id,
                request_id=uuid4().hex,
                reset_reapply_exclude_types=excluded,
            )
        )
        return self.client.get_workflow_handle(id_, run_id=answer.run_id, result_type=CallResult)


@asynccontextmanager
async def small_town(
    *,
    engine: Engine,
    keyring: Keyring,
    agency: Agency,
    temporal: TemporalServer,
    phones: Phones,
    has_worker: bool = True,
    confirmation_true_for: timedelta = timedelta(days=5),
) -> AsyncIterator[SmallTown]:
    """Open it at noon, with a call that nobody has made yet. Without a worker the test brings its own."""
    agency = in_a_hurry(agency, confirmation_true_for=confirmation_true_for)
    clock = Clock(real_origin=real_now(), virtual_origin=NOON, speed=SPEED)
    client = await Client.connect(temporal.address, data_converter=data_converter)
    services = TextServices(
        engine=engine,
        carrier=phones.client(timeout_seconds=5),
        keyring=keyring,
        agency=agency,
        clock=clock,
        origin="http://127.0.0.1:1",
        unknown_wait=timedelta(seconds=3),
    )
    async with AsyncExitStack() as stack:
        if has_worker:
            await stack.enter_async_context(build_worker(client, services, threads=4))
        town = SmallTown(
            engine=engine,
            client=client,
            services=services,
            phones=phones,
            agency=agency,
            clock=clock,
            acceptor=Acceptor(engine=engine, keyring=keyring, agency="ottawa", policy=agency.policy),
            forwarder=Forwarder(engine=engine, client=client, policy=agency.policy, clock=clock),
            cad_id=uuid4().hex[:8],
            number=f"+161355501{next(_numbers) % 100:02}",
        )
        try:
            yield town
        finally:
            await town.close()
