"""R2 after a restore: a worker that still works for the database of before is named, one of the restored one is not."""

from temporalio.client import Client
from temporalio.worker import Worker

from calls.contracts import TASK_QUEUE
from calls.versions import identity_of
from starter.old_workers import old_workers
from tests.servers import TemporalServer
from tests.starter.test_forward import connected
from worker import workflow_runner
from workflows.call_updates import CallUpdates


def a_worker(client: Client, identity: str) -> Worker:
    return Worker(
        client, task_queue=TASK_QUEUE, workflows=[CallUpdates], workflow_runner=workflow_runner(), identity=identity
    )


async def named(client: Client, *, epoch: int) -> list[str]:
    return [one.identity for one in await old_workers(client, epoch=epoch)]


async def test_r2_a_worker_of_before_the_restore_is_named_and_one_of_since_is_not(
    client: Client, temporal: TemporalServer
) -> None:
    before, since = identity_of("1@host", epoch=0), identity_of("2@host", epoch=1_764_000_000)
    async with a_worker(client, before), a_worker(await connected(temporal), since):
        for _ in range(50):
            if len(await named(client, epoch=2_000_000_000)) == 2:
                break
        assert await named(client, epoch=1_764_000_000) == [before]
        assert await named(client, epoch=0) == []
