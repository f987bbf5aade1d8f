"""A release of tomorrow whose histories do not fit today's: it writes a note before it asks what is owed."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from calls.contracts import WORKFLOW_TYPE, CallInput, CallResult
    from workflows.call_updates import CallUpdates


@workflow.defn(name=WORKFLOW_TYPE)
class OfTomorrow(CallUpdates):
    @workflow.init
    def __init__(self, start: CallInput) -> None:
        super().__init__(start)

    @workflow.run
    async def run(self, start: CallInput) -> CallResult:
        workflow.upsert_memo({"release": "of tomorrow"})
        return await super().run(start)
