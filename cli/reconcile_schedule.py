"""The schedule in Temporal that starts the reconciler, made or brought up to date by `communityconnect setup`."""

from dataclasses import replace
from datetime import timedelta
from typing import Final

from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleIntervalSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleSpec,
    ScheduleState,
    ScheduleUpdate,
    ScheduleUpdateInput,
)
from temporalio.service import RPCError, RPCStatusCode

from calls.contracts import RECONCILER_TASK_QUEUE
from calls.reconciliation import RECONCILE

SCHEDULE_ID: Final = RECONCILE.lower()

_EVERY: Final = timedelta(minutes=15)
_AT_MOST: Final = timedelta(hours=1)
"""A run that hangs, or whose history does not fit a new version's code, makes way for the next one."""
_CATCH_UP: Final = timedelta(minutes=1)
"""After an outage one run is enough: each does all that is left."""


async def set_up_schedule(client: Client) -> str:
    """Make it, or change one that is not as it should be; a pause by hand is left. What was done, in words.

    Raises:
        RPCError: Temporal refuses.
    """
    try:
        await client.create_schedule(SCHEDULE_ID, _schedule())
    except ScheduleAlreadyRunningError:
        return await _bring_up_to_date(client)
    return "was made"


async def is_paused(client: Client) -> bool | None:
    """`None`: it is not there."""
    try:
        return (await client.get_schedule_handle(SCHEDULE_ID).describe()).schedule.state.paused
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return None
        raise


async def _bring_up_to_date(client: Client) -> str:
    handle = client.get_schedule_handle(SCHEDULE_ID)
    there = (await handle.describe()).schedule
    if _what_matters(there) == _what_matters(_schedule()):
        return "is there"

    def ours(now: ScheduleUpdateInput) -> ScheduleUpdate:
        state = replace(_schedule().state, paused=now.description.schedule.state.paused)
        return ScheduleUpdate(schedule=replace(_schedule(), state=state))

    await handle.update(ours)
    return "was brought up to date"


def _schedule() -> Schedule:
    return Schedule(
        action=ScheduleActionStartWorkflow(
            RECONCILE, id=SCHEDULE_ID, task_queue=RECONCILER_TASK_QUEUE, execution_timeout=_AT_MOST
        ),
        spec=ScheduleSpec(intervals=[ScheduleIntervalSpec(every=_EVERY)]),
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=_CATCH_UP),
        state=ScheduleState(note="Looks up texts without an end, sums up each day, deletes old words"),
    )


def _what_matters(schedule: Schedule) -> object:
    """What we set: the server fills in the rest."""
    action = schedule.action
    if not isinstance(action, ScheduleActionStartWorkflow):
        return None
    return (
        (action.workflow, action.id, action.task_queue, action.execution_timeout),
        [(interval.every, interval.offset or timedelta(0)) for interval in schedule.spec.intervals],
        (list(schedule.spec.calendars), list(schedule.spec.cron_expressions), list(schedule.spec.skip)),
        (schedule.policy.overlap, schedule.policy.catchup_window),
    )
