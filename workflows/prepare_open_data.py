"""Every day: is a quarter over for long enough that has no bundle of open data yet? Four times a year there is one."""

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from calls.open_data import (
        DUE_QUARTERS,
        PREPARE_OPEN_DATA,
        PREPARE_QUARTER,
        DueQuarters,
        PreparedBundle,
        PreparedBundles,
    )

_LOOK_TIMEOUT = timedelta(minutes=1)
# A year of a large city takes under a minute; each step of it is a heartbeat, a statement ends after two minutes.
_TIMEOUT = timedelta(minutes=30)
_HEARTBEAT_TIMEOUT = timedelta(minutes=5)
_RETRIES = RetryPolicy(initial_interval=timedelta(seconds=10), maximum_interval=timedelta(minutes=15))


@workflow.defn(name=PREPARE_OPEN_DATA)
class PrepareOpenData:
    """Which quarters, the database says: one that was missed is made good in the next run. Nothing is published."""

    @workflow.run
    async def run(self) -> PreparedBundles:
        """One activity a quarter: all of its bundle or nothing."""
        due: DueQuarters = await workflow.execute_activity(
            DUE_QUARTERS, result_type=DueQuarters, start_to_close_timeout=_LOOK_TIMEOUT, retry_policy=_RETRIES
        )
        done: list[PreparedBundle] = []
        for quarter in due.quarters:
            bundle: PreparedBundle = await workflow.execute_activity(
                PREPARE_QUARTER,
                quarter,
                result_type=PreparedBundle,
                start_to_close_timeout=_TIMEOUT,
                heartbeat_timeout=_HEARTBEAT_TIMEOUT,
                retry_policy=_RETRIES,
            )
            done.append(bundle)
        return PreparedBundles(bundles=tuple(done))
