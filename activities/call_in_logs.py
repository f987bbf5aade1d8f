"""Every line that an activity writes says whose call it is, whoever writes it: the ledger, the line, a library."""

from typing import Any

import structlog
from temporalio import activity
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from calls.contracts import call_id_of


class CallInLogs(Interceptor):
    """For a worker whose activities are calls'."""

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002 - so it is called
        return _Bound(super().intercept_activity(next))


class _Bound(ActivityInboundInterceptor):
    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002 - so it is called
        call_id = call_id_of(activity.info().workflow_id or "")
        with structlog.contextvars.bound_contextvars(**({} if call_id is None else {"call_id": call_id})):
            return await super().execute_activity(input)
