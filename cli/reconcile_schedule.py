"""The schedule in Temporal that starts the reconciler."""

from datetime import timedelta
from typing import Final

from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleIntervalSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleSpec,
    ScheduleState,
)

from calls.contracts import RECONCILER_TASK_QUEUE
from calls.reconciliation import RECONCILE
from cli.schedules import set_up

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
    return await set_up(client, SCHEDULE_ID, reconcile_schedule())


def reconcile_schedule() -> Schedule:
    """As it should be."""
    return Schedule(
        action=ScheduleActionStartWorkflow(
            RECONCILE, id=SCHEDULE_ID, task_queue=RECONCILER_TASK_QUEUE, execution_timeout=_AT_MOST
        ),
        spec=ScheduleSpec(intervals=[ScheduleIntervalSpec(every=_EVERY)]),
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=_CATCH_UP),
        state=ScheduleState(note="Looks up texts without an end, sums up each day, deletes old words"),
    )
