"""The reconciler's workflow: every step is done, batch after batch, and one that fails does not keep the others."""

import json
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from temporalio import activity
from temporalio.client import Client, WorkflowFailureError, WorkflowHistory
from temporalio.exceptions import ApplicationError
from temporalio.worker import Replayer, Worker

from calls.reconciliation import CUT_SURVEYS, FORGET_BODIES, RECONCILE, SETTLE_TEXTS, SUM_A_DAY, Batch, Reconciled
from payloads import data_converter
from tests.servers import TemporalServer
from tests.workflows.record_histories import FOLDER
from workflow_sandbox import workflow_runner
from workflows.reconcile import Reconcile

KEPT = FOLDER / "reconciler"
"""Recorded from the first test here, once for each change of the steps; never again (R8)."""


@dataclass
class Clerk:
    """Stands in for the activities: `batches` texts in batches of ten; remembers who was asked for what."""

    batches: int = 3
    fails: str = ""
    asked: list[tuple[str, str | None]] = field(default_factory=list)

    @activity.defn(name=SETTLE_TEXTS)
    def settle_texts(self, after: str | None) -> Batch:
        self._hear(SETTLE_TEXTS, after)
        number = int(after or 0) + 1
        return Batch(done=10, after=None if number >= self.batches else str(number))

    @activity.defn(name=SUM_A_DAY)
    def sum_a_day(self, after: str | None) -> Batch:
        self._hear(SUM_A_DAY, after)
        return Batch() if after else Batch(done=1, after="2026-01-15")

    @activity.defn(name=FORGET_BODIES)
    def forget_bodies(self, after: str | None) -> Batch:
        self._hear(FORGET_BODIES, after)
        return Batch(done=7)

    @activity.defn(name=CUT_SURVEYS)
    def cut_surveys(self, after: str | None) -> Batch:
        self._hear(CUT_SURVEYS, after)
        return Batch(done=1)

    def _hear(self, step: str, after: str | None) -> None:
        self.asked.append((step, after))
        if step == self.fails:
            raise ApplicationError("no", type="NotProcessed", non_retryable=True)


@asynccontextmanager
async def working(server: TemporalServer, clerk: Clerk) -> AsyncIterator[Client]:
    client = await Client.connect(server.address, data_converter=data_converter)
    with ThreadPoolExecutor(2) as threads:
        async with Worker(
            client,
            task_queue="reconciling",
            workflows=[Reconcile],
            activities=[clerk.settle_texts, clerk.sum_a_day, clerk.forget_bodies, clerk.cut_surveys],
            activity_executor=threads,
            workflow_runner=workflow_runner(),
        ):
            yield client


async def run(client: Client, name: str) -> Reconciled:
    result: Reconciled = await client.execute_workflow(
        RECONCILE, id=name, task_queue="reconciling", result_type=Reconciled
    )
    return result


async def test_every_step_is_done_until_nothing_is_left(temporal: TemporalServer) -> None:
    clerk = Clerk()
    async with working(temporal, clerk) as client:
        done = await run(client, "all")
    assert done == Reconciled(bodies_forgotten=7, texts_looked_up=30, days_summed=1, surveys_cut=1)
    assert clerk.asked == [
        (FORGET_BODIES, None),
        *((SETTLE_TEXTS, after) for after in (None, "1", "2")),
        *((SUM_A_DAY, after) for after in (None, "2026-01-15")),
        (CUT_SURVEYS, None),
    ]


async def test_a_run_leaves_to_the_next_one_what_is_too_much_for_it(temporal: TemporalServer) -> None:
    async with working(temporal, Clerk(batches=1000)) as client:
        assert (await run(client, "much")).texts_looked_up == 200
        history = await client.get_workflow_handle("much").fetch_history()
    assert len(history.events) < 300


@pytest.mark.parametrize("step", [FORGET_BODIES, SETTLE_TEXTS, SUM_A_DAY, CUT_SURVEYS])
async def test_a_step_that_fails_is_said_and_keeps_no_other_from_being_done(
    temporal: TemporalServer, step: str
) -> None:
    clerk = Clerk(fails=step)
    async with working(temporal, clerk) as client:
        with pytest.raises(WorkflowFailureError) as failure:
            await run(client, f"without {step}")
    assert str(failure.value.cause) == f"NotDone: not done: {step}"
    assert {asked for asked, _ in clerk.asked} == {FORGET_BODIES, SETTLE_TEXTS, SUM_A_DAY, CUT_SURVEYS}


@pytest.mark.parametrize("name", ["all_done", "with_the_cut"])
async def test_r8_a_run_of_yesterday_replays_on_todays_code(name: str) -> None:
    history = WorkflowHistory.from_json("reconcile", json.loads((KEPT / f"{name}.json").read_text(encoding="utf-8")))
    replayer = Replayer(workflows=[Reconcile], data_converter=data_converter, workflow_runner=workflow_runner())
    await replayer.replay_workflow(history)
