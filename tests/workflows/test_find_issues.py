"""The workflow that has emerging issues looked for: one activity, tried again for as long as it takes."""

import json
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
from temporalio import activity
from temporalio.client import Client, WorkflowHistory
from temporalio.exceptions import ApplicationError
from temporalio.worker import Replayer, Worker

from calls.issues import FIND_ISSUES, LOOK_AT_DAYS, LookedAt
from payloads import data_converter
from tests.servers import TemporalServer
from tests.workflows.record_histories import FOLDER
from workflow_sandbox import workflow_runner
from workflows.find_issues import FindIssues

KEPT = FOLDER / "issues"
"""Recorded from the first test here, once for each change of the steps; never again (R8)."""


@dataclass
class Clerk:
    """Stands in for the activity; at first it fails so often."""

    fails: int = 0
    asked: int = 0

    @activity.defn(name=LOOK_AT_DAYS)
    def look_at_days(self) -> LookedAt:
        self.asked += 1
        if self.asked <= self.fails:
            raise ApplicationError("the database did not answer as it should", type="Database")
        return LookedAt(days=1, told=2, again=3)


@asynccontextmanager
async def working(server: TemporalServer, clerk: Clerk) -> AsyncIterator[Client]:
    client = await Client.connect(server.address, data_converter=data_converter)
    with ThreadPoolExecutor(1) as threads:
        async with Worker(
            client,
            task_queue="issues",
            workflows=[FindIssues],
            activities=[clerk.look_at_days],
            activity_executor=threads,
            workflow_runner=workflow_runner(),
        ):
            yield client


async def test_a_run_looks_once_and_says_how_much_it_found(temporal: TemporalServer) -> None:
    clerk = Clerk()
    async with working(temporal, clerk) as client:
        done = await client.execute_workflow(FIND_ISSUES, id="one", task_queue="issues", result_type=LookedAt)
    assert done == LookedAt(days=1, told=2, again=3)
    assert clerk.asked == 1


async def test_a_database_that_is_away_is_asked_again(temporal: TemporalServer) -> None:
    clerk = Clerk(fails=1)
    async with working(temporal, clerk) as client:
        done = await client.execute_workflow(FIND_ISSUES, id="again", task_queue="issues", result_type=LookedAt)
    assert (done.days, clerk.asked) == (1, 2)


@pytest.mark.parametrize("name", sorted(path.stem for path in KEPT.glob("*.json")))
async def test_r8_a_run_of_yesterday_replays_on_todays_code(name: str) -> None:
    history = WorkflowHistory.from_json("find-issues", json.loads((KEPT / f"{name}.json").read_text(encoding="utf-8")))
    replayer = Replayer(workflows=[FindIssues], data_converter=data_converter, workflow_runner=workflow_runner())
    await replayer.replay_workflow(history)


def test_a_history_is_kept() -> None:
    assert {path.stem for path in KEPT.glob("*.json")} >= {"looked_at", "tried_again"}
