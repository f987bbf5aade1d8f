"""The schedule in Temporal that has old personal data forgotten, every night on the agency's own clock."""

from datetime import time
from typing import Final

from temporalio.client import Client, Schedule

from calls.forgetting import FORGET, FORGET_SCHEDULE
from cli.schedules import daily, set_up

_AT: Final = time(5, 30)
"""After the cut (three), the day's backup (from four) and the emerging issues (half past four)."""


async def set_up_forget_schedule(client: Client, *, zone: str) -> str:
    """Make it, or change one that is not as it should be; a pause by hand is left. What was done, in words.

    Raises:
        RPCError: Temporal refuses.
    """
    return await set_up(client, FORGET_SCHEDULE, forget_schedule(zone=zone))


def forget_schedule(*, zone: str) -> Schedule:
    """As it should be. `zone`: the agency's, as `America/Toronto`."""
    note = "Forgets what is personal and has been kept as long as the agency's retention says"
    return daily(FORGET, id_=FORGET_SCHEDULE, at=_AT, zone=zone, note=note)
