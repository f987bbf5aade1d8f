"""Tells the driver which state a workflow has reached: the same few lines around our workflow and the bare one."""

from typing import Any

from temporalio import client, worker, workflow
from temporalio.worker import (
    ExecuteWorkflowInput,
    HandleSignalInput,
    StartActivityInput,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
    WorkflowOutboundInterceptor,
)

with workflow.unsafe.imports_passed_through():
    from benchmarks import notices


class Watching(client.Interceptor, worker.Interceptor):
    """For the client that a worker is made of."""

    def workflow_interceptor_class(self, input: WorkflowInterceptorClassInput) -> type[WorkflowInboundInterceptor]:  # noqa: A002, ARG002
        return _Inbound


class _Inbound(WorkflowInboundInterceptor):
    def init(self, outbound: WorkflowOutboundInterceptor) -> None:
        super().init(_Outbound(outbound))

    async def execute_workflow(self, input: ExecuteWorkflowInput) -> Any:  # noqa: A002
        result = await super().execute_workflow(input)
        _reached("ended")
        return result

    async def handle_signal(self, input: HandleSignalInput) -> None:  # noqa: A002
        await super().handle_signal(input)
        _reached(input.signal)


class _Outbound(WorkflowOutboundInterceptor):
    def start_activity(self, input: StartActivityInput) -> workflow.ActivityHandle[Any]:  # noqa: A002
        handle = super().start_activity(input)
        handle.add_done_callback(lambda _: _reached("sent"))
        return handle


def _reached(state: str) -> None:
    if not workflow.unsafe.is_replaying():
        with workflow.unsafe.sandbox_unrestricted():
            notices.tell(workflow.info().workflow_id, state)
