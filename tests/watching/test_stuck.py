"""A workflow that cannot go on is seen: by Temporal's own word for it, and by the SDK's counter."""

import asyncio
import time

import pytest
from temporalio import workflow
from temporalio.client import Client
from temporalio.runtime import Runtime, TelemetryConfig
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from starter.exporter import STUCK
from temporal_client import SdkMetrics
from tests.servers import running_temporal


@workflow.defn
class Broken:
    """Its code does not fit."""

    @workflow.run
    async def run(self) -> None:
        raise RuntimeError("a fault of ours")


@pytest.mark.deep
async def test_a_workflow_whose_tasks_fail_is_counted_within_two_minutes() -> None:
    """Temporal says so after five failures; the SDK's counter at the first."""
    sdk = SdkMetrics()
    with running_temporal() as server:
        client = await Client.connect(server.address, runtime=Runtime(telemetry=TelemetryConfig(metrics=sdk.config())))
        runner = UnsandboxedWorkflowRunner()
        async with Worker(client, task_queue="broken", workflows=[Broken], workflow_runner=runner):
            await client.start_workflow(Broken.run, id="broken", task_queue="broken")
            began = time.monotonic()
            while (await client.count_workflows(STUCK)).count != 1:
                assert time.monotonic() - began < 120
                await asyncio.sleep(1)
        assert b"temporal_workflow_task_execution_failed{" in await asyncio.to_thread(sdk.read)
