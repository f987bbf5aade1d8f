"""A storm: many texts of all kinds fall due at once, and more of the most urgent kind while they are being sent."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlmodel import Session
from temporalio.api.enums.v1 import DescribeTaskQueueMode, EventType, TaskQueueType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client, WorkflowHistory
from temporalio.worker import Worker

from calls.contracts import PRIORITY, TASK_QUEUE, Kind, LedgerState, workflow_id
from database.tables import TextRow
from payloads import data_converter
from starter.records import CadRecord
from tests.builders import hours, minutes, some_facts
from tests.campaign.ground import Ground
from tests.campaign.script import NOT_CADS, phone_number
from workflow_sandbox import workflow_runner
from workflows.call_updates import CallUpdates

KINDS: Final = (Kind.CONFIRMATION, Kind.DELAY, Kind.SURVEY)
_STALE_IN: Final = timedelta(seconds=6)
"""A third of the surveys is true for so long yet, and comes last: nobody may get them."""


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """A text that is due. `queued`: real time, when Temporal had its task at the latest."""

    call_id: str
    phone: str
    kind: Kind
    queued: datetime


def fall_due(ground: Ground, numbers: range, *, kinds: Sequence[Kind], queued: datetime) -> list[Waiting]:
    """Calls whose next text is due now: one each, the kinds in turn."""
    due = []
    for number in numbers:
        kind = kinds[number % len(kinds)]
        cad_id, phone, now = f"storm-{number}", phone_number(number), ground.clock.now()
        facts: dict[str, object] = {"language": "en" if number % 4 else "fr"}
        if kind is Kind.CONFIRMATION:
            facts["received_at"] = now - minutes(4)
        elif kind is Kind.DELAY:
            facts["received_at"] = now - minutes(65)
        else:
            cleared = now - hours(72) + _STALE_IN if number % 9 == 2 else now - hours(5)
            facts |= {"received_at": cleared - hours(2), "dispatched_at": cleared - hours(1), "cleared_at": cleared}
        if kind is not Kind.CONFIRMATION:
            _was_confirmed(ground, cad_id, phone, now=now)
        told = some_facts(cad_id=cad_id, **facts).model_dump(mode="json")
        facts = {name: value for name, value in told.items() if value is not None and name not in NOT_CADS}
        record = {"feed": "storm", "cad_id": cad_id, "stamp": now, "facts": facts, "phone": phone}
        ground.acceptor.accept(CadRecord.model_validate(record))
        due.append(Waiting(call_id=f"ottawa-{cad_id}", phone=phone, kind=kind, queued=queued))
    return due


def _was_confirmed(ground: Ground, cad_id: str, phone: str, *, now: datetime) -> None:
    """In the ledger stands that its caller got the confirmation, long ago."""
    call_id = f"ottawa-{cad_id}"
    with Session(ground.engine) as session, session.begin():
        session.add(
            TextRow(
                call_id=call_id,
                kind=Kind.CONFIRMATION,
                recipient_version=ground.keyring.recipient_version(call=call_id, number=phone),
                state=LedgerState.DELIVERED,
                policy_version="x",
                due_at=now - hours(90),
                expires_at=now - hours(89),
                settled_at=now - hours(90),
            )
        )


async def until_all_are_queued(ground: Ground, count: int) -> None:
    """Run the calls' workflows, but send nothing, until Temporal has a task for each text."""
    client = await Client.connect(ground.box.environment()["TEMPORAL_ADDRESS"], data_converter=data_converter)
    async with Worker(client, task_queue=TASK_QUEUE, workflows=[CallUpdates], workflow_runner=workflow_runner()):
        for _ in range(3000):
            if await _backlog(client) >= count:
                return
            await asyncio.sleep(0.1)
    raise AssertionError(f"only {await _backlog(client)} of {count} texts are queued")


async def _backlog(client: Client) -> int:
    asked = DescribeTaskQueueRequest(
        namespace=client.namespace,
        task_queue=TaskQueue(name=TASK_QUEUE),
        api_mode=DescribeTaskQueueMode.DESCRIBE_TASK_QUEUE_MODE_ENHANCED,
        task_queue_types=[TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY],
        report_stats=True,
    )
    answer = await client.workflow_service.describe_task_queue(asked)
    return sum(
        info.types_info[TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY].stats.approximate_backlog_count
        for info in answer.versions_info.values()
    )


@dataclass(frozen=True, kw_only=True)
class InTheQueue:
    """When Temporal got a text's task, and when it gave it to a worker; `attempt`: the last one, from 1."""

    scheduled: datetime
    taken: datetime
    attempt: int


async def in_the_queue(ground: Ground, due: Sequence[Waiting]) -> dict[str, InTheQueue]:
    """By call, what its history says of its text."""
    client = await Client.connect(ground.box.environment()["TEMPORAL_ADDRESS"], data_converter=data_converter)
    at_once = asyncio.Semaphore(20)

    async def look(text: Waiting) -> tuple[str, InTheQueue]:
        async with at_once:
            history = await _with_its_end(client, text)
        scheduled = _first(history, EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED)
        taken = _first(history, EventType.EVENT_TYPE_ACTIVITY_TASK_STARTED)
        return text.call_id, InTheQueue(
            scheduled=scheduled.event_time.ToDatetime(UTC),
            taken=taken.event_time.ToDatetime(UTC),
            attempt=taken.activity_task_started_event_attributes.attempt,
        )

    return dict(await asyncio.gather(*map(look, due)))


async def _with_its_end(client: Client, text: Waiting) -> WorkflowHistory:
    """Temporal writes that an activity was started when it has ended: a moment after the ledger knows."""
    async with asyncio.timeout(30):
        while True:
            history = await client.get_workflow_handle(workflow_id(text.call_id)).fetch_history()
            if any(event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_STARTED for event in history.events):
                return history
            await asyncio.sleep(0.2)


def _first(history: WorkflowHistory, type_: "EventType.ValueType") -> HistoryEvent:
    return next(event for event in history.events if event.event_type == type_)


def out_of_the_queue_in_disorder(due: Sequence[Waiting], queue: Mapping[str, InTheQueue]) -> list[str]:
    """Texts of a lower kind that a worker got while one of a higher kind was in the queue, and had been for a second.

    One that was tried before was in hand already: when it came back into the queue its history does not say.
    """
    at_once = timedelta(seconds=1)
    found = []
    for low in due:
        taken = queue[low.call_id].taken
        for high in due:
            other = queue[high.call_id]
            is_higher = PRIORITY[high.kind] < PRIORITY[low.kind]
            if is_higher and other.attempt == 1 and other.scheduled + at_once < taken < other.taken - at_once:
                found.append(f"{low.kind} {low.call_id} was taken before {high.kind} {high.call_id}")
    return found


def out_of_the_line_in_disorder(
    due: Sequence[Waiting], queue: Mapping[str, InTheQueue], arrived: Mapping[str, datetime]
) -> list[str]:
    """Texts of a lower kind that went while one of a higher kind was in hand, and had been for three seconds (until a
    busy machine has asked for its turn)."""
    in_hand, at_once = timedelta(seconds=3), timedelta(seconds=1)
    found = []
    for low in due:
        went = arrived.get(low.call_id)
        for high in due:
            other = queue[high.call_id]
            if went is None or other.attempt > 1 or high.call_id not in arrived:
                continue
            is_higher = PRIORITY[high.kind] < PRIORITY[low.kind]
            if is_higher and other.taken + in_hand < went < arrived[high.call_id] - at_once:
                found.append(f"{low.kind} {low.call_id} went before {high.kind} {high.call_id}")
    return found


def waits(due: Sequence[Waiting], arrived: Mapping[str, datetime], *, since: datetime) -> str:
    """Waiting times per kind, in words."""
    told = []
    for kind in KINDS:
        seconds = sorted(
            (arrived[text.call_id] - max(text.queued, since)).total_seconds()
            for text in due
            if text.kind is kind and text.call_id in arrived
        )
        if seconds:
            p50, p95 = seconds[len(seconds) // 2], seconds[int(len(seconds) * 0.95)]
            told.append(f"{kind} {len(seconds)}: p50 {p50:.1f} s, p95 {p95:.1f} s, longest {seconds[-1]:.1f} s")
    return "; ".join(told)
