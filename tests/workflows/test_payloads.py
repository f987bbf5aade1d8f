"""What of ours is written down in Temporal, and how."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest
from temporalio import activity, workflow
from temporalio.client import Client, WorkflowHandle
from temporalio.common import RetryPolicy
from temporalio.contrib.pydantic import PydanticPayloadConverter
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from payloads import data_converter
from tests.servers import running_temporal

PHONE, CALLER = "+16135550142", "Alex Example"


def test_it_writes_and_reads_as_pydantics_own_and_is_made_once() -> None:
    made, again = (data_converter.payload_converter_class() for _ in range(2))
    assert isinstance(made, type(again))
    ours, theirs = vars(made)["converters"], PydanticPayloadConverter().converters
    assert {name: type(part) for name, part in ours.items()} == {name: type(part) for name, part in theirs.items()}
    assert list(ours) == list(theirs)
    assert all(part is vars(again)["converters"][name] for name, part in ours.items())


@activity.defn
async def unlucky() -> None:
    try:
        int(PHONE + " and more")
    except ValueError as error:
        raise KeyError(CALLER) from error


@workflow.defn
class Unlucky:
    @workflow.run
    async def run(self, in_the_workflow: bool) -> None:
        if in_the_workflow:
            raise LookupError(PHONE)
        once = RetryPolicy(maximum_attempts=1)
        await workflow.execute_activity(unlucky, start_to_close_timeout=timedelta(seconds=9), retry_policy=once)


async def test_r3_an_exception_that_nobody_foresaw_reaches_temporal_without_its_words() -> None:
    """In an activity, with what caused it, and in a workflow's own code: its kind and where it arose are all."""
    with running_temporal() as server:
        client = await Client.connect(server.address, data_converter=data_converter)
        async with Worker(
            client,
            task_queue="unlucky",
            workflows=[Unlucky],
            activities=[unlucky],
            workflow_runner=UnsandboxedWorkflowRunner(),
        ):
            activitys = await _its_history(client, in_the_workflow=False, until="workflowExecutionFailed")
            workflows = await _its_history(client, in_the_workflow=True, until="workflowTaskFailed")
    assert PHONE not in activitys + workflows
    assert CALLER not in activitys
    for kind in ('"KeyError"', '"ValueError"'):
        assert kind in activitys
    assert '"LookupError"' in workflows
    assert "in unlucky" in activitys


async def _its_history(client: Client, *, in_the_workflow: bool, until: str) -> str:
    handle: WorkflowHandle[Unlucky, None] = await client.start_workflow(
        "Unlucky", in_the_workflow, id=f"unlucky-{uuid4().hex}", task_queue="unlucky"
    )
    for _ in range(200):
        if until in (history := (await handle.fetch_history()).to_json()):
            return history
        await asyncio.sleep(0.05)
    pytest.fail("it has not failed")
