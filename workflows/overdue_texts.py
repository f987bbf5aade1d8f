"""Looks, every few minutes, for texts that are due and have not been tried: a stuck call is never silent."""

from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from calls.contracts import FIND_OVERDUE_TEXTS, OVERDUE_TEXTS_WORKFLOW, OverdueReport


@workflow.defn(name=OVERDUE_TEXTS_WORKFLOW)
class OverdueTexts:
    """One sweep over all open calls."""

    @workflow.run
    async def run(self) -> OverdueReport:
        """Ask the state machine about every open call, and raise an alarm for what should have gone out."""
        report: OverdueReport = await workflow.execute_activity(
            FIND_OVERDUE_TEXTS,
            result_type=OverdueReport,
            start_to_close_timeout=timedelta(minutes=2),
            schedule_to_close_timeout=timedelta(minutes=5),
            summary="texts due without a row in the ledger",
        )
        return report
