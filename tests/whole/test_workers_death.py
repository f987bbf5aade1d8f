"""Two workers, of which the one that remembers a call dies: the other has it within seconds."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from temporalio.api.enums.v1 import EventType, TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client
from temporalio.service import RPCError

from calls.contracts import TASK_QUEUE, CallResult, Kind, Signal, workflow_id
from local.child import Child
from local.ports import free_port
from payloads import data_converter
from tests.campaign.ground import Ground, ground, in_a_hurry
from tests.campaign.storm import Waiting, fall_due
from tests.campaign.troop import Troop

_AS_THE_SDK_HAS_IT: Final = 10.0
"""Seconds for which a task waits for the worker that is dead."""
_UNTIL_THE_SERVER_KNOWS: Final = 1.0
"""That its polls are gone: a task that it hands to one of them in that moment waits for the end of its own time, ten
seconds, whatever our worker is set to."""


def test_a_call_whose_worker_has_died_does_not_wait_for_it_for_long(tmp_path: Path) -> None:
    agency = in_a_hurry(tmp_path, segments_per_second=100)
    with ground(agency, seed=1, speed=1, workers=0, starters=1) as town:
        (text,) = fall_due(town, range(1), kinds=[Kind.CONFIRMATION], queued=datetime.now(UTC))
        first = Troop(children=[_worker(town, 1)], dice=random.Random(1))
        second: Troop | None = None
        try:
            asyncio.run(_until_it_waits(town, text))
            second = Troop(children=[_worker(town, 2)], dice=random.Random(1))
            asyncio.run(_until_so_many_poll(town, 2))
            first.end()
            time.sleep(_UNTIL_THE_SERVER_KNOWS)
            assert asyncio.run(_seconds_until_it_has_heard(town, text)) < _AS_THE_SDK_HAS_IT - 2
        finally:
            first.end()
            if second is not None:
                second.end()


def _worker(town: Ground, number: int) -> Child:
    return town.box.worker(name=f"worker {number}", metrics_port=free_port())


async def _client(town: Ground) -> Client:
    return await Client.connect(town.box.environment()["TEMPORAL_ADDRESS"], data_converter=data_converter)


async def _until(is_so: Callable[[], Awaitable[bool]]) -> None:
    for _ in range(300):
        if await is_so():
            return
        await asyncio.sleep(0.2)
    raise TimeoutError


async def _until_it_waits(town: Ground, text: Waiting) -> None:
    """The text is out, and the first worker remembers the call."""
    handle = (await _client(town)).get_workflow_handle(workflow_id(text.call_id))

    async def waits() -> bool:
        with suppress(RPCError):  # the starter has not begun it yet
            types = [event.event_type for event in (await handle.fetch_history()).events]
            is_out = EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED in types
            return is_out and types[-1] == EventType.EVENT_TYPE_TIMER_STARTED
        return False

    await _until(waits)


async def _until_so_many_poll(town: Ground, workers: int) -> None:
    client = await _client(town)
    queue = TaskQueue(name=TASK_QUEUE)
    asked = DescribeTaskQueueRequest(
        namespace="default", task_queue=queue, task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW
    )

    async def poll() -> bool:
        pollers = (await client.workflow_service.describe_task_queue(asked)).pollers
        return len({one.identity for one in pollers}) >= workers

    await _until(poll)


async def _seconds_until_it_has_heard(town: Ground, text: Waiting) -> float:
    handle = (await _client(town)).get_workflow_handle(workflow_id(text.call_id), result_type=CallResult)
    begin = time.monotonic()
    await handle.signal(Signal.CANCELLED)
    async with asyncio.timeout(60):
        assert (await handle.result()).reason == "silent: cancelled"
    return time.monotonic() - begin
