"""The schedule in Temporal that looks every day whether a quarter's open data is to be prepared."""

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
from calls.open_data import PREPARE_OPEN_DATA, PREPARE_OPEN_DATA_SCHEDULE
from cli.schedules import set_up

_HOUR: Final = 5
"""After the cut of the surveys and the emerging issues; both nights on which the clocks change have this time, once.
Every day, not once a quarter: the lag is the folder's own, and a day that was missed is made good the day after."""
_AT_MOST: Final = timedelta(hours=20)
_CATCH_UP: Final = timedelta(hours=20)
"""Temporal was away: it starts the run when it is back. Of several days one is enough: it prepares what is due."""


async def set_up_open_data_schedule(client: Client, *, zone: str) -> str:
    """Make it, or change one that is not as it should be; a pause by hand is left. What was done, in words.

    Raises:
        RPCError: Temporal refuses.
    """
    return await set_up(client, PREPARE_OPEN_DATA_SCHEDULE, open_data_schedule(zone=zone))


def open_data_schedule(*, zone: str) -> Schedule:
    """As it should be. `zone`: the agency's, as `America/Toronto`."""
    morning = ScheduleCalendarSpec(hour=[ScheduleRange(_HOUR)])
    return Schedule(
        action=ScheduleActionStartWorkflow(
            PREPARE_OPEN_DATA,
            id=PREPARE_OPEN_DATA_SCHEDULE,
            task_queue=RECONCILER_TASK_QUEUE,
            execution_timeout=_AT_MOST,
        ),
        spec=ScheduleSpec(calendars=[morning], time_zone_name=zone),
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=_CATCH_UP),
        state=ScheduleState(note="Looks whether the open data of a quarter is to be prepared"),
    )
