import asyncio
import os
import signal
import urllib.request
from pathlib import Path

import pytest
from temporalio.client import Client, WorkflowExecutionStatus

from local.ports import free_port
from local.processes import Supervisor
from local.state import State
from local.temporal import Temporal
from tests.local.boxes import polled_until
from tests.servers import running_temporal


def read(url: str) -> bytes:
    with urllib.request.urlopen(url) as page:  # noqa: S310  # our own address
        return bytes(page.read())


@pytest.fixture
def state(tmp_path: Path) -> State:
    return State.at(tmp_path / "a folder with spaces, é and %" / "home")


async def test_an_open_workflow_survives_a_kill_of_the_server(state: State) -> None:
    temporal = Temporal(
        log=state.log("temporal"),
        port=free_port(),
        ui_port=free_port(),
        database=state.temporal_db,
        namespace="communityconnect",
        search_attributes={"Agency": "Keyword"},
    )
    said: list[str] = []
    with Supervisor(state, say=said.append) as supervisor:
        supervisor.start(temporal.child())
        client = await Client.connect(temporal.address, namespace="communityconnect")
        handle = await client.start_workflow("Call", id="call-1", task_queue="nobody-polls")
        pid = supervisor.pid("Temporal")
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        polled_until(supervisor, lambda: len(said) == 2)

        again = await Client.connect(temporal.address, namespace="communityconnect")
        found = await again.get_workflow_handle("call-1", run_id=handle.first_execution_run_id).describe()
        assert found.status == WorkflowExecutionStatus.RUNNING
        assert temporal.ui_url
        assert await asyncio.to_thread(read, temporal.ui_url)
    assert said[0] == "Temporal was killed by SIGKILL; starting it again."
    assert said[1].startswith("Temporal is back after ")


async def test_the_server_for_tests_takes_workflows_at_once_and_shows_its_metrics() -> None:
    with running_temporal(namespace="tests", search_attributes={"Agency": "Keyword"}) as server:
        client = await Client.connect(server.address, namespace="tests")
        await client.start_workflow("Call", id="call-1", task_queue="nobody-polls")
        assert b"service_requests" in await asyncio.to_thread(read, server.metrics_url)
