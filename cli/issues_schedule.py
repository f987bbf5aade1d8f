"""The schedule in Temporal that has emerging issues looked for, every night on the agency's own clock."""

from datetime import timedelta
from typing import Final

from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleCalendarSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleRange,
    ScheduleSpec,
    ScheduleState,
)

from calls.contracts import RECONCILER_TASK_QUEUE
from calls.issues import FIND_ISSUES, FIND_ISSUES_SCHEDULE
from cli.schedules import set_up

_HOUR, _MINUTE = 4, 30
"""After the last records of the day and the cut of the surveys, before the day shift; both nights on which the clocks
change have this time, once."""
_AT_MOST: Final = timedelta(hours=20)
"""A run waits for the database or a worker for most of a day, and makes way for the next night's."""
_CATCH_UP: Final = timedelta(hours=20)
"""Temporal was away at half past four: it starts the run when it is back. Of several nights one is enough: each run
makes good what was missed."""


async def set_up_issues_schedule(client: Client, *, zone: str) -> str:
    """Make it, or change one that is not as it should be; a pause by hand is left. What was done, in words.

    Raises:
        RPCError: Temporal refuses.
    """
    return await set_up(client, FIND_ISSUES_SCHEDULE, issues_schedule(zone=zone))


def issues_schedule(*, zone: str) -> Schedule:
    """As it should be. `zone`: the agency's, as `America/Toronto`."""
    night = ScheduleCalendarSpec(hour=[ScheduleRange(_HOUR)], minute=[ScheduleRange(_MINUTE)])
    return Schedule(
        action=ScheduleActionStartWorkflow(
            FIND_ISSUES, id=FIND_ISSUES_SCHEDULE, task_queue=RECONCILER_TASK_QUEUE, execution_timeout=_AT_MOST
        ),
        spec=ScheduleSpec(calendars=[night], time_zone_name=zone),
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=_CATCH_UP),
        state=ScheduleState(note="Looks whether any neighbourhood has more calls than was to be expected"),
    )
