"""Where workflows run: Temporal's sandbox, which keeps them deterministic (R8)."""

from collections.abc import Sequence
from typing import Any, Final

from temporalio.bridge.proto.workflow_activation import WorkflowActivation
from temporalio.bridge.proto.workflow_completion import WorkflowActivationCompletion
from temporalio.converter import StorageDriverStoreContext
from temporalio.worker import WorkflowInstance, WorkflowInstanceDetails, WorkflowRunner
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions
from temporalio.workflow import Info

RESTRICTIONS: Final = SandboxRestrictions.default.with_passthrough_modules("calls")
"""Our pure modules are shared: one identity of each class, and 6 ms a workflow instead of 276."""


def workflow_runner() -> WorkflowRunner:
    """For every worker and every replay of ours."""
    return _Runner(SandboxedWorkflowRunner(restrictions=RESTRICTIONS))


class _Runner(WorkflowRunner):
    """The sandbox, asked only for what a payload needs.

    For each payload the SDK enters the sandbox three or four times to ask for a context of conversion. Our converter
    has no use for one: payloads are plain JSON, neither encrypted nor kept elsewhere. It was a quarter of what a
    worker's workflows cost (docs/benchmarks.md).
    """

    def __init__(self, sandbox: SandboxedWorkflowRunner) -> None:
        self._sandbox = sandbox

    def prepare_workflow(self, defn: Any) -> None:
        self._sandbox.prepare_workflow(defn)

    def create_instance(self, det: WorkflowInstanceDetails) -> WorkflowInstance:
        return _Instance(self._sandbox.create_instance(det))

    def set_worker_level_failure_exception_types(self, types: Sequence[type[BaseException]]) -> None:
        self._sandbox.set_worker_level_failure_exception_types(types)


class _Instance(WorkflowInstance):
    def __init__(self, sandboxed: WorkflowInstance) -> None:
        self._sandboxed = sandboxed

    def activate(self, act: WorkflowActivation) -> WorkflowActivationCompletion:
        return self._sandboxed.activate(act)

    def get_serialization_context(self, command_info: object) -> None:
        """None is needed."""

    def get_external_store_context(self, command_info: object) -> StorageDriverStoreContext:  # noqa: ARG002
        return StorageDriverStoreContext(target=None)

    def get_info(self) -> Info:
        return self._sandboxed.get_info()

    def get_thread_id(self) -> int | None:
        return self._sandboxed.get_thread_id()
