"""R2 after a restore: a worker that still works for the database of before is named, one of the restored one is not."""

from temporalio.client import Client
from temporalio.common import VersioningBehavior, WorkerDeploymentVersion
from temporalio.worker import Worker, WorkerDeploymentConfig

from calls.contracts import TASK_QUEUE
from calls.versions import identity_of
from starter.old_workers import old_workers
from tests.servers import TemporalServer
from tests.starter.test_forward import connected
from workflow_sandbox import workflow_runner
from workflows.call_updates import CallUpdates

OF_A_RELEASE = WorkerDeploymentConfig(
    version=WorkerDeploymentVersion(deployment_name="old-workers", build_id="1"),
    use_worker_versioning=True,
    default_versioning_behavior=VersioningBehavior.PINNED,
)
"""Temporal keeps the queues of releases apart."""


def a_worker(client: Client, identity: str, release: WorkerDeploymentConfig | None = None) -> Worker:
    return Worker(
        client,
        task_queue=TASK_QUEUE,
        workflows=[CallUpdates],
        workflow_runner=workflow_runner(),
        identity=identity,
        deployment_config=release,
    )


async def named(client: Client, *, epoch: int) -> list[str]:
    return [one.identity for one in await old_workers(client, epoch=epoch)]


async def test_r2_a_worker_of_before_the_restore_is_named_and_one_of_since_is_not(
    client: Client, temporal: TemporalServer
) -> None:
    before, since = identity_of("1@host", epoch=0), identity_of("2@host", epoch=1_764_000_000)
    of_a_release = identity_of("3@host", epoch=0)
    async with (
        a_worker(client, before),
        a_worker(await connected(temporal), since),
        a_worker(await connected(temporal), of_a_release, OF_A_RELEASE),
    ):
        for _ in range(100):
            if len(await named(client, epoch=2_000_000_000)) == 3:
                break
        assert await named(client, epoch=1_764_000_000) == [before, of_a_release]
        assert await named(client, epoch=0) == []
