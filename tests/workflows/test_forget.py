"""The workflow that has old data forgotten: part after part, tried again for as long as it takes."""

import json
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from temporalio import activity
from temporalio.client import Client, WorkflowHistory
from temporalio.exceptions import ApplicationError
from temporalio.worker import Replayer, Worker

from calls.forgetting import CLEAR_AWAY, FORGET, FORGET_SOME, Forgotten
from payloads import data_converter
from tests.servers import TemporalServer
from tests.workflows.record_histories import FOLDER
from workflow_sandbox import workflow_runner
from workflows.forget import Forget

KEPT = FOLDER / "forget"
"""Recorded from the first test here, once for each change of the steps; never again (R8)."""


@dataclass
class Clerk:
    """Stands in for the activities: a part each, and at first it fails."""

    parts: list[Forgotten]
    fails: int = 0
    asked: list[str | None] = field(default_factory=list)
    cleared: int = 0

    @activity.defn(name=FORGET_SOME)
    def forget_some(self, after: str | None) -> Forgotten:
        self.asked.append(after)
        if len(self.asked) <= self.fails:
            raise ApplicationError("the database did not answer as it should", type="Database")
        return self.parts.pop(0)

    @activity.defn(name=CLEAR_AWAY)
    def clear_away(self) -> None:
        self.cleared += 1


@asynccontextmanager
async def working(server: TemporalServer, clerk: Clerk) -> AsyncIterator[Client]:
    client = await Client.connect(server.address, data_converter=data_converter)
    with ThreadPoolExecutor(1) as threads:
        async with Worker(
            client,
            task_queue="forget",
            workflows=[Forget],
            activities=[clerk.forget_some, clerk.clear_away],
            activity_executor=threads,
            workflow_runner=workflow_runner(),
        ):
            yield client


async def test_a_night_goes_on_until_nothing_is_left_and_then_clears_away(temporal: TemporalServer) -> None:
    parts = [Forgotten(done={"calls": 500}, after="calls"), Forgotten(done={"calls": 20, "texts": 3})]
    clerk = Clerk(parts=parts)
    async with working(temporal, clerk) as client:
        done = await client.execute_workflow(FORGET, id="one", task_queue="forget", result_type=Forgotten)
    assert done == Forgotten(done={"calls": 520, "texts": 3})
    assert (clerk.asked, clerk.cleared) == ([None, "calls"], 1)


async def test_a_database_that_is_away_is_asked_again(temporal: TemporalServer) -> None:
    clerk = Clerk(parts=[Forgotten()], fails=1)
    async with working(temporal, clerk) as client:
        await client.execute_workflow(FORGET, id="again", task_queue="forget", result_type=Forgotten)
    assert (clerk.asked, clerk.cleared) == ([None, None], 1)


@pytest.mark.parametrize("name", sorted(path.stem for path in KEPT.glob("*.json")))
async def test_r8_a_run_of_yesterday_replays_on_todays_code(name: str) -> None:
    history = WorkflowHistory.from_json("forget", json.loads((KEPT / f"{name}.json").read_text(encoding="utf-8")))
    replayer = Replayer(workflows=[Forget], data_converter=data_converter, workflow_runner=workflow_runner())
    await replayer.replay_workflow(history)


def test_a_history_is_kept() -> None:
    assert {path.stem for path in KEPT.glob("*.json")} >= {"in_two_parts"}
