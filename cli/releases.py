"""The releases that Temporal knows: which takes new calls, which only ends its own (docs/deploys.md)."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from temporalio.api.deployment.v1 import WorkerDeploymentVersion
from temporalio.api.enums.v1 import VersionDrainageStatus, WorkerDeploymentVersionStatus
from temporalio.api.workflowservice.v1 import (
    DescribeWorkerDeploymentRequest,
    DescribeWorkerDeploymentResponse,
    SetWorkerDeploymentCurrentVersionRequest,
)
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from cli.finding import Finding
from local.errors import LocalError
from settings import Settings
from temporal_client import connect_temporal, let_the_loop_finish

Say = Callable[[str], None]

_PATIENCE_SECONDS: Final = 10
_IN_WORDS: Final = {
    WorkerDeploymentVersionStatus.WORKER_DEPLOYMENT_VERSION_STATUS_INACTIVE: "takes no calls yet",
    WorkerDeploymentVersionStatus.WORKER_DEPLOYMENT_VERSION_STATUS_CURRENT: "takes new calls",
    WorkerDeploymentVersionStatus.WORKER_DEPLOYMENT_VERSION_STATUS_RAMPING: "takes some of the new calls",
    WorkerDeploymentVersionStatus.WORKER_DEPLOYMENT_VERSION_STATUS_DRAINING: "ends its calls",
    WorkerDeploymentVersionStatus.WORKER_DEPLOYMENT_VERSION_STATUS_DRAINED: "has ended its calls",
}


@dataclass(frozen=True, kw_only=True)
class Release:
    """One release that Temporal knows."""

    build_id: str
    is_current: bool
    is_drained: bool
    stands: str
    open_calls: int
    """Workflows that are open and stay with it."""

    @property
    def may_be_stopped(self) -> bool:
        """Nobody waits for its workers any more."""
        return self.is_drained and not self.open_calls

    def __str__(self) -> str:
        calls = "nothing open" if not self.open_calls else f"{self.open_calls} open"
        return f"{self.build_id}: {self.stands}, {calls}{'; stop its workers' if self.may_be_stopped else ''}"


def show(settings: Settings, *, say: Say) -> None:
    """A line a release, and what is open on none.

    Raises:
        LocalError: workers are not versioned, or Temporal refuses.
    """
    _must_have_a_release(settings)

    async def look(client: Client) -> None:
        there = await _releases(client, settings.deployment_name)
        for release in there:
            say(str(release))
        if not any(release.is_current for release in there):
            say("no release takes calls: nothing is sent. Run: communityconnect deployment promote")

    _with_temporal(look)


def promote(settings: Settings, *, say: Say) -> None:
    """Let this release take the new calls. The caller has replayed what is open.

    Raises:
        LocalError: workers are not versioned, none of this release has asked for work, or Temporal refuses.
    """
    _must_have_a_release(settings)

    async def make_current(client: Client) -> None:
        known = await _releases(client, settings.deployment_name)
        if settings.build_id not in {release.build_id for release in known}:
            raise LocalError(
                f"no worker of {settings.build_id} has asked for work: start one first, as `communityconnect worker`"
            )
        await client.workflow_service.set_worker_deployment_current_version(
            SetWorkerDeploymentCurrentVersionRequest(
                namespace=client.namespace,
                deployment_name=settings.deployment_name,
                build_id=settings.build_id,
                identity="communityconnect deployment promote",
            )
        )
        say(f"{settings.build_id} takes new calls from now on; calls that are open end on the release they began on")

    _with_temporal(make_current)


async def look_at_release(client: Client, settings: Settings) -> Finding:
    """For `doctor`: a release that nobody promoted takes no call, and nothing else says so.

    Raises:
        RPCError: Temporal refuses.
    """
    what = "release"
    if not settings.deployment_name:
        return Finding(what=what, detail="workers have no names: one of any release takes any call")
    there = await _releases(client, settings.deployment_name)
    current = next((release.build_id for release in there if release.is_current), None)
    if current is None:
        return Finding(
            what=what,
            detail=f"none of {settings.deployment_name} takes calls: nothing is sent",
            mend="start a worker, then run: communityconnect deployment promote",
        )
    return Finding(what=what, detail=f"{current} takes new calls")


async def _releases(client: Client, name: str) -> list[Release]:
    """The newest first; none where no worker of this name has ever asked for work."""
    try:
        described: DescribeWorkerDeploymentResponse = await client.workflow_service.describe_worker_deployment(
            DescribeWorkerDeploymentRequest(namespace=client.namespace, deployment_name=name)
        )
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return []
        raise
    summaries = sorted(
        described.worker_deployment_info.version_summaries, key=lambda one: one.create_time.ToDatetime(), reverse=True
    )
    return [
        Release(
            build_id=one.deployment_version.build_id,
            is_current=one.status == WorkerDeploymentVersionStatus.WORKER_DEPLOYMENT_VERSION_STATUS_CURRENT,
            is_drained=one.drainage_info.status == VersionDrainageStatus.VERSION_DRAINAGE_STATUS_DRAINED,
            stands=_IN_WORDS.get(one.status, "stands in a way that this release does not know"),
            open_calls=await _open_on(client, one.deployment_version),
        )
        for one in summaries
    ]


async def _open_on(client: Client, version: WorkerDeploymentVersion) -> int:
    """The list lags some moments behind."""
    release = f"{version.deployment_name}:{version.build_id}".replace("'", "")
    where = f"ExecutionStatus = 'Running' AND TemporalWorkerDeploymentVersion = '{release}'"
    return (await client.count_workflows(where)).count


def _must_have_a_release(settings: Settings) -> None:
    if not settings.deployment_name:
        raise LocalError("workers are not versioned: set TEMPORAL_DEPLOYMENT_NAME and TEMPORAL_WORKER_BUILD_ID")


def _with_temporal(act: Callable[[Client], Awaitable[None]]) -> None:
    async def run() -> None:
        client = await connect_temporal(patience_seconds=_PATIENCE_SECONDS)
        try:
            await act(client)
        except RPCError as error:
            raise LocalError(f"Temporal refuses ({error.status.name}); see: communityconnect doctor") from None
        finally:
            await let_the_loop_finish()

    asyncio.run(run())
