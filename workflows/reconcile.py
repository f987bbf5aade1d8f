"""Every quarter of an hour: what nobody needs is forgotten, what is not known is looked up, yesterday is counted, and
its surveys are cut from their calls.
"""

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from calls.reconciliation import CUT_SURVEYS, FORGET_BODIES, RECONCILE, SETTLE_TEXTS, SUM_A_DAY, Batch, Reconciled

# A batch of texts ends by itself after a minute and the text in hand (6 requests of 10 s at most); a day of a hundred
# cities is some 150 pages of the carrier's list. Each page is a heartbeat.
_BATCH_TIMEOUT = timedelta(minutes=3)
_DAY_TIMEOUT = timedelta(minutes=30)
_HEARTBEAT_TIMEOUT = timedelta(minutes=2)
# Some minutes of trying; the next run comes in a quarter of an hour anyway.
_RETRIES = RetryPolicy(initial_interval=timedelta(seconds=5), maximum_interval=timedelta(minutes=1), maximum_attempts=4)
_WITH_THE_CUT = "the cut of the surveys"
"""Runs that began before there was one go on without it (R8)."""
_MOST_BATCHES = 20
"""In one run: what is left is the next one's, and the history stays short."""


@workflow.defn(name=RECONCILE)
class Reconcile:
    """Brings ledger and carrier together, and cuts surveys from their calls. It never sends."""

    @workflow.init
    def __init__(self) -> None:
        self._not_done: list[str] = []

    @workflow.run
    async def run(self) -> Reconciled:
        """One after the other; a step that fails does not keep the others from being done."""
        forgotten = await self._all_of(FORGET_BODIES)
        looked_up = await self._all_of(SETTLE_TEXTS)
        summed = await self._all_of(SUM_A_DAY, at_most=_DAY_TIMEOUT)
        cut = await self._all_of(CUT_SURVEYS) if workflow.patched(_WITH_THE_CUT) else 0
        if self._not_done:
            raise ApplicationError(f"not done: {', '.join(self._not_done)}", type="NotDone", non_retryable=True)
        return Reconciled(bodies_forgotten=forgotten, texts_looked_up=looked_up, days_summed=summed, surveys_cut=cut)

    async def _all_of(self, step: str, *, at_most: timedelta = _BATCH_TIMEOUT) -> int:
        """Batch after batch until nothing is left; how much was done."""
        done, batch = 0, Batch()
        for _ in range(_MOST_BATCHES):
            try:
                batch = await workflow.execute_activity(
                    step,
                    batch.after,
                    result_type=Batch,
                    start_to_close_timeout=at_most,
                    heartbeat_timeout=_HEARTBEAT_TIMEOUT,
                    retry_policy=_RETRIES,
                )
            except ActivityError as error:
                if is_cancelled_exception(error):
                    raise
                self._not_done.append(step)
                return done
            done += batch.done
            if batch.after is None:
                break
        return done
