"""Schedules in Temporal, made or brought up to date by `communityconnect setup`; a pause by hand is left."""

from collections.abc import Sequence
from dataclasses import fields, replace
from datetime import time, timedelta
from typing import Final

from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleCalendarSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleRange,
    ScheduleSpec,
    ScheduleState,
    ScheduleUpdate,
    ScheduleUpdateInput,
)
from temporalio.service import RPCError, RPCStatusCode

from calls.contracts import RECONCILER_TASK_QUEUE

_AT_MOST: Final = timedelta(hours=20)
"""A run waits for the database or a worker for most of a day, and makes way for the next one."""
_CATCH_UP: Final = timedelta(hours=20)
"""Temporal was away: it starts the run when it is back. Of several days one is enough, for each makes good what was
missed."""


def daily(workflow: str, *, id_: str, at: time, zone: str, note: str) -> Schedule:
    """Every day at this time of the agency's own clock, `zone` as `America/Toronto`. From four in the morning on each
    time comes once, also on the two days on which the clocks change."""
    when = ScheduleCalendarSpec(hour=[ScheduleRange(at.hour)], minute=[ScheduleRange(at.minute)])
    return Schedule(
        action=ScheduleActionStartWorkflow(
            workflow, id=id_, task_queue=RECONCILER_TASK_QUEUE, execution_timeout=_AT_MOST
        ),
        spec=ScheduleSpec(calendars=[when], time_zone_name=zone),
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=_CATCH_UP),
        state=ScheduleState(note=note),
    )


async def set_up(client: Client, id_: str, schedule: Schedule) -> str:
    """Make it, or change one that is not as it should be. What was done, in words.

    Raises:
        RPCError: Temporal refuses.
    """
    try:
        await client.create_schedule(id_, schedule)
    except ScheduleAlreadyRunningError:
        return await _bring_up_to_date(client, id_, schedule)
    return "was made"


async def is_paused_by_hand(client: Client, id_: str) -> bool | None:
    """`None`: it is not there."""
    try:
        return (await client.get_schedule_handle(id_).describe()).schedule.state.paused
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return None
        raise


async def differs(client: Client, id_: str, schedule: Schedule) -> bool:
    """The one that is there is not as it should be."""
    return _what_matters((await client.get_schedule_handle(id_).describe()).schedule) != _what_matters(schedule)


async def _bring_up_to_date(client: Client, id_: str, schedule: Schedule) -> str:
    handle = client.get_schedule_handle(id_)
    there = (await handle.describe()).schedule
    if _what_matters(there) == _what_matters(schedule):
        return "is there"

    def ours(now: ScheduleUpdateInput) -> ScheduleUpdate:
        state = replace(schedule.state, paused=now.description.schedule.state.paused)
        return ScheduleUpdate(schedule=replace(schedule, state=state))

    await handle.update(ours)
    return "was brought up to date"


def _what_matters(schedule: Schedule) -> object:
    """What we set: the server fills in the rest."""
    action, spec = schedule.action, schedule.spec
    if not isinstance(action, ScheduleActionStartWorkflow):
        return None
    return (
        (action.workflow, action.id, action.task_queue, action.execution_timeout),
        [(interval.every, interval.offset or timedelta(0)) for interval in spec.intervals],
        (_times(spec.calendars), list(spec.cron_expressions), _times(spec.skip), spec.time_zone_name or ""),
        (schedule.policy.overlap, schedule.policy.catchup_window),
    )


def _times(calendars: Sequence[ScheduleCalendarSpec]) -> list[object]:
    """Without its comment, and ranges as the server writes them: an end and a step that say nothing are left out."""
    return [
        [
            [(part.start, max(part.end, part.start), part.step or 1) for part in getattr(one, field.name)]
            for field in fields(one)
            if field.name != "comment"
        ]
        for one in calendars
    ]
