"""The schedule in Temporal that has emerging issues looked for, every night on the agency's own clock."""

from datetime import time
from typing import Final

from temporalio.client import Client, Schedule

from calls.issues import FIND_ISSUES, FIND_ISSUES_SCHEDULE
from cli.schedules import daily, set_up

_AT: Final = time(4, 30)
"""After the last records of the day and the cut of the surveys, before the day shift."""


async def set_up_issues_schedule(client: Client, *, zone: str) -> str:
    """Make it, or change one that is not as it should be; a pause by hand is left. What was done, in words.

    Raises:
        RPCError: Temporal refuses.
    """
    return await set_up(client, FIND_ISSUES_SCHEDULE, issues_schedule(zone=zone))


def issues_schedule(*, zone: str) -> Schedule:
    """As it should be. `zone`: the agency's, as `America/Toronto`."""
    note = "Looks whether any neighbourhood has more calls than was to be expected"
    return daily(FIND_ISSUES, id_=FIND_ISSUES_SCHEDULE, at=_AT, zone=zone, note=note)
