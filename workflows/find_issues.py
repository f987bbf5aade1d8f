"""Every night: does any neighbourhood have more calls than was to be expected?"""

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from calls.issues import FIND_ISSUES, LOOK_AT_DAYS, LookedAt

# Ten weeks of a large city are read and counted in some seconds; a statement ends after two minutes.
_TIMEOUT = timedelta(minutes=10)
# For hours: whoever is at work in the morning finds what the night would have told.
_RETRIES = RetryPolicy(initial_interval=timedelta(seconds=10), maximum_interval=timedelta(minutes=15))


@workflow.defn(name=FIND_ISSUES)
class FindIssues:
    """Which days, the database says: a night that was missed is made good in the next run."""

    @workflow.run
    async def run(self) -> LookedAt:
        """One activity: all days or none."""
        done: LookedAt = await workflow.execute_activity(
            LOOK_AT_DAYS, result_type=LookedAt, start_to_close_timeout=_TIMEOUT, retry_policy=_RETRIES
        )
        return done
