"""The engine alone: the same life of a call as a workflow, with activities that do nothing. No database, no rules.

It is what our service is measured against, so it is as lean as Temporal's own examples: asynchronous activities, one
small payload, one queue. The SDK as it comes, or tuned as we have tuned it.
"""

import asyncio
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

with workflow.unsafe.imports_passed_through():
    import aiohttp

    from benchmarks.life import DELAY_SECONDS
    from benchmarks.watching_workflows import Watching
    from workflow_sandbox import workflow_runner

QUEUE: Final = "bare"
TUNED: Final = "tuned"
"""After the address: without the sandbox and with our worker's settings, as it is (worker.py)."""
AS_OURS: Final[Mapping[str, Any]] = {
    "max_concurrent_workflow_tasks": 16,
    "max_concurrent_workflow_task_polls": 10,
    "nonsticky_to_sticky_poll_ratio": 0.5,
    "sticky_queue_schedule_to_start_timeout": timedelta(seconds=3),
}
"""Worker's options, as build_worker (worker.py) has them: a test compares."""
_TIMEOUT: Final = timedelta(seconds=30)


@dataclass
class BareCall:
    """What a bare workflow is told. `carrier`: where each activity makes one raw POST; empty: it does nothing."""

    number: int
    carrier: str = ""
    is_delayed: bool = True


@dataclass
class BareText:
    """What a bare activity is told."""

    number: int
    kind: str
    carrier: str


@workflow.defn
class BareCallUpdates:
    """Confirmation, delay notice, dispatched, cleared, survey."""

    @workflow.init
    def __init__(self, call: BareCall) -> None:
        self._call = call
        self._dispatched = self._cleared = False

    @workflow.run
    async def run(self, call: BareCall) -> str:
        await self._send("confirmation")
        if call.is_delayed and not await self._is_dispatched_within(self._until_late()):
            await self._send("delay")
        # As in our service: whoever waits for an officer has a timer, of the day when the call is given up.
        await self._is_dispatched_within(14 * 86400)
        await self._is_cleared_within(14 * 86400)
        await self._send("survey")
        return "survey sent"

    def _until_late(self) -> float:
        """Counted from the call, as in our service."""
        return max(0.0, DELAY_SECONDS - (workflow.now() - workflow.info().start_time).total_seconds())

    async def _send(self, kind: str) -> None:
        text = BareText(number=self._call.number, kind=kind, carrier=self._call.carrier)
        await workflow.execute_activity(bare_text, text, start_to_close_timeout=_TIMEOUT)

    async def _is_dispatched_within(self, seconds: float) -> bool:
        return await _within(seconds, lambda: self._dispatched)

    async def _is_cleared_within(self, seconds: float) -> bool:
        return await _within(seconds, lambda: self._cleared)

    @workflow.signal
    def dispatched(self) -> None:
        self._dispatched = True

    @workflow.signal
    def cleared(self) -> None:
        self._cleared = True


async def _within(seconds: float, is_so: Callable[[], bool]) -> bool:
    try:
        await workflow.wait_condition(is_so, timeout=timedelta(seconds=seconds))
    except TimeoutError:
        return False
    return True


_session: aiohttp.ClientSession | None = None


@activity.defn
async def bare_text(text: BareText) -> str:
    """Nothing, or one POST without a word before or after it in a database."""
    if text.carrier and _session is not None:
        async with _session.post(text.carrier, data=f"{text.number} {text.kind}".encode()) as answer:
            await answer.read()
    return "accepted"


async def _work(address: str, *, is_tuned: bool) -> None:
    global _session
    client = await Client.connect(address, interceptors=[Watching()])
    async with aiohttp.ClientSession() as _session:
        worker = Worker(
            client,
            task_queue=QUEUE,
            workflows=[BareCallUpdates],
            activities=[bare_text],
            workflow_runner=UnsandboxedWorkflowRunner() if is_tuned else workflow_runner(),
            max_cached_workflows=int(os.environ.get("BENCHMARK_CACHE", "1000")),
            **(AS_OURS if is_tuned else {}),
        )
        await worker.run()


if __name__ == "__main__":
    asyncio.run(_work(sys.argv[1], is_tuned=TUNED in sys.argv[2:]))
