"""The schedule in Temporal that has old personal data forgotten, every night on the agency's own clock."""

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
from calls.forgetting import FORGET, FORGET_SCHEDULE
from cli.schedules import set_up

_HOUR, _MINUTE = 5, 30
"""After the cut (three), the day's backup (from four) and the emerging issues (half past four); both nights on which
the clocks change have this time, once."""
_AT_MOST: Final = timedelta(hours=20)
"""A run waits for the database or a worker for most of a day, and makes way for the next night's."""
_CATCH_UP: Final = timedelta(hours=20)
"""Temporal was away at half past five: it starts the run when it is back. Of several nights one is enough."""


async def set_up_forget_schedule(client: Client, *, zone: str) -> str:
    """Make it, or change one that is not as it should be; a pause by hand is left. What was done, in words.

    Raises:
        RPCError: Temporal refuses.
    """
    return await set_up(client, FORGET_SCHEDULE, forget_schedule(zone=zone))


def forget_schedule(*, zone: str) -> Schedule:
    """As it should be. `zone`: the agency's, as `America/Toronto`."""
    night = ScheduleCalendarSpec(hour=[ScheduleRange(_HOUR)], minute=[ScheduleRange(_MINUTE)])
    return Schedule(
        action=ScheduleActionStartWorkflow(
            FORGET, id=FORGET_SCHEDULE, task_queue=RECONCILER_TASK_QUEUE, execution_timeout=_AT_MOST
        ),
        spec=ScheduleSpec(calendars=[night], time_zone_name=zone),
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=_CATCH_UP),
        state=ScheduleState(note="Forgets what is personal and has been kept as long as the agency's retention says"),
    )
