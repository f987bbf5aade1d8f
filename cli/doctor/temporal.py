"""Temporal: does it answer, has it what our workflows need, and does anybody work?"""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Final

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client, Schedule
from temporalio.service import RPCError

from calls.contracts import RECONCILER_TASK_QUEUE, TASK_QUEUE
from calls.forgetting import FORGET_SCHEDULE
from calls.issues import FIND_ISSUES_SCHEDULE
from calls.open_data import PREPARE_OPEN_DATA_SCHEDULE
from cli.finding import SETUP, Finding
from cli.forget_schedule import forget_schedule
from cli.issues_schedule import issues_schedule
from cli.open_data_schedule import open_data_schedule
from cli.reconcile_schedule import SCHEDULE_ID, reconcile_schedule
from cli.releases import look_at_release
from cli.schedules import differs, is_paused_by_hand
from cli.set_up import RETENTION, has_namespace, missing_search_attributes, retention_of
from settings import Settings, SettingsError
from temporal_client import TemporalAway, connect_temporal

_QUEUES: Final = {
    TASK_QUEUE: "nobody is texted",
    RECONCILER_TASK_QUEUE: "what became of texts is not looked up, no survey is cut from its call",
}
_POLLED_WITHIN: Final = timedelta(seconds=90)
"""A poll lasts a minute; Temporal remembers whoever polled for five."""
_TYPES: Final = (TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW, TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY)


async def temporal(settings: Settings, *, zone: str | None) -> list[Finding]:
    """All about it. `zone`: the agency's, by which its nightly schedule runs; None where its folder cannot be read."""
    try:
        client = await connect_temporal(patience_seconds=2)
    except TemporalAway as error:
        mend = "start Temporal, or set TEMPORAL_ADDRESS (and TEMPORAL_NAMESPACE, TEMPORAL_API_KEY, … for a cluster)"
        return [Finding(what="temporal", detail=str(error), mend=mend)]
    except SettingsError as error:
        return [Finding(what="temporal", detail=str(error), mend="mend that variable")]
    try:
        inside = [finding async for finding in _inside(client, settings, zone=zone)]
        return [Finding(what="temporal", detail="answers"), *inside]
    except RPCError as error:
        mend = "check TEMPORAL_API_KEY and the rights of its user"
        return [Finding(what="temporal", detail=f"refuses: {error.status.name}", mend=mend)]


async def _inside(client: Client, settings: Settings, *, zone: str | None) -> AsyncIterator[Finding]:
    name = f"temporal namespace {client.namespace}"
    if not await has_namespace(client):
        mend = "mend TEMPORAL_NAMESPACE, or " + SETUP
        yield Finding(what=name, detail="is not there", mend=mend)
        return
    yield Finding(what=name, detail="is there")
    yield await _retention(client)
    missing = await missing_search_attributes(client)
    detail = f"missing, or of another type: {', '.join(missing)}" if missing else "registered"
    yield Finding(what="search attributes", detail=detail, mend=SETUP if missing else "")
    yield await reconciled(client)
    yield await issues_looked_for(client, zone=zone)
    yield await _open_data_prepared(client, zone=zone)
    yield await old_data_forgotten(client, zone=zone)
    yield await look_at_release(client, settings)
    for queue, so in _QUEUES.items():
        yield await _workers(client, queue, so=so)


async def _retention(client: Client) -> Finding:
    kept = await retention_of(client)
    what, detail = "histories", f"are kept for {kept.days} days after a call's end"
    if kept >= RETENTION:
        return Finding(what=what, detail=detail)
    mend = f"{SETUP}; on Temporal Cloud set the namespace's retention to {RETENTION.days} days"
    return Finding(what=what, detail=f"{detail}; {RETENTION.days} are wanted", mend=mend, works=True)


async def reconciled(client: Client) -> Finding:
    """The reconciler's schedule is there and runs."""
    so = "texts without an end are not looked up, no day is summed up"
    return await _schedule(client, SCHEDULE_ID, reconcile_schedule(), what="reconciler's schedule", so=so)


async def issues_looked_for(client: Client, *, zone: str | None) -> Finding:
    """So is that of emerging issues, in the agency's zone where it is known."""
    so = "nobody is told where there are more calls than was to be expected"
    wanted = None if zone is None else issues_schedule(zone=zone)
    return await _schedule(client, FIND_ISSUES_SCHEDULE, wanted, what="schedule of emerging issues", so=so)


async def _open_data_prepared(client: Client, *, zone: str | None) -> Finding:
    """So is that of open data."""
    so = "no quarter's open data is prepared"
    wanted = None if zone is None else open_data_schedule(zone=zone)
    return await _schedule(client, PREPARE_OPEN_DATA_SCHEDULE, wanted, what="schedule of open data", so=so)


async def old_data_forgotten(client: Client, *, zone: str | None) -> Finding:
    """And that of forgetting."""
    so = "what is personal is kept for longer than the agency's retention says"
    wanted = None if zone is None else forget_schedule(zone=zone)
    return await _schedule(client, FORGET_SCHEDULE, wanted, what="schedule of forgetting", so=so)


async def _schedule(client: Client, id_: str, wanted: Schedule | None, *, what: str, so: str) -> Finding:
    paused = await is_paused_by_hand(client, id_)
    if paused is None:
        return Finding(what=what, detail=f"is missing: {so}", mend=SETUP)
    if paused:
        return Finding(what=what, detail=f"is paused: {so}", mend=f"unpause {id_} among Temporal's schedules")
    if wanted is not None and await differs(client, id_, wanted):
        return Finding(what=what, detail="is not as this version and this agency need it", mend=SETUP)
    return Finding(what=what, detail="is there")


async def _workers(client: Client, queue: str, *, so: str) -> Finding:
    since = datetime.now(UTC) - _POLLED_WITHIN
    alive = set[str]()
    for type_ in _TYPES:
        answer = await client.workflow_service.describe_task_queue(
            DescribeTaskQueueRequest(
                namespace=client.namespace, task_queue=TaskQueue(name=queue), task_queue_type=type_
            )
        )
        seen = [poller for poller in answer.pollers if poller.last_access_time.ToDatetime(UTC) > since]
        if not seen:
            mend = "start: communityconnect worker, on this TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE"
            return Finding(what=f"workers on {queue}", detail=f"there is none: {so}", mend=mend)
        alive |= {poller.identity for poller in seen}
    return Finding(what=f"workers on {queue}", detail=f"{len(alive)} in the last {_POLLED_WITHIN.seconds} s")
