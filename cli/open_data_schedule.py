"""The schedule in Temporal that looks every day whether a quarter's open data is to be prepared."""

from datetime import time
from typing import Final

from temporalio.client import Client, Schedule

from calls.open_data import PREPARE_OPEN_DATA, PREPARE_OPEN_DATA_SCHEDULE
from cli.schedules import daily, set_up

_AT: Final = time(5)
"""After the cut of the surveys and the emerging issues. Every day, not once a quarter: the lag is the folder's own."""


async def set_up_open_data_schedule(client: Client, *, zone: str) -> str:
    """Make it, or change one that is not as it should be; a pause by hand is left. What was done, in words.

    Raises:
        RPCError: Temporal refuses.
    """
    return await set_up(client, PREPARE_OPEN_DATA_SCHEDULE, open_data_schedule(zone=zone))


def open_data_schedule(*, zone: str) -> Schedule:
    """As it should be. `zone`: the agency's, as `America/Toronto`."""
    note = "Looks whether the open data of a quarter is to be prepared"
    return daily(PREPARE_OPEN_DATA, id_=PREPARE_OPEN_DATA_SCHEDULE, at=_AT, zone=zone, note=note)
