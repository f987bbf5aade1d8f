"""Every night: what is personal and has been kept long enough is forgotten."""

from datetime import timedelta
from typing import Final

from temporalio import workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from calls.forgetting import CLEAR_AWAY, FORGET, FORGET_SOME, Forgotten

# A part ends by itself after a minute and the statement in hand (10 s at most), or a message at the carrier (10 s).
_PART: Final = timedelta(minutes=5)
_VACUUM: Final = timedelta(hours=2)
_VACUUM_OF_ONE_TABLE: Final = timedelta(minutes=12)
_SILENCE: Final = timedelta(minutes=2)
_RETRIES: Final = RetryPolicy(initial_interval=timedelta(seconds=10), maximum_interval=timedelta(minutes=15))
_MOST_PARTS: Final = 120
"""Two hours. What is left then is the next night's, and the history stays short."""


@workflow.defn(name=FORGET)
class Forget:
    """What is old enough, the database says: a night that was missed is made good by the next run."""

    @workflow.run
    async def run(self) -> Forgotten:
        """Part after part, until nothing is left; then the tables are cleared of what was deleted, by day too,
        where one person was erased."""
        all_ = Forgotten()
        for _ in range(_MOST_PARTS):
            part = await workflow.execute_activity(
                FORGET_SOME,
                all_.after,
                result_type=Forgotten,
                start_to_close_timeout=_PART,
                heartbeat_timeout=_SILENCE,
                retry_policy=_RETRIES,
            )
            all_ = all_.and_then(part)
            if all_.after is None:
                break
        await workflow.execute_activity(
            CLEAR_AWAY,
            start_to_close_timeout=_VACUUM,
            heartbeat_timeout=_VACUUM_OF_ONE_TABLE,
            retry_policy=_RETRIES,
        )
        return all_
