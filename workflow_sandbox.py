"""Temporal's sandbox, which finds what is not deterministic in a workflow (R8): for tests, replays and the reconciler.

The worker of the calls does without: decision 0050.
"""

from typing import Final

from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

RESTRICTIONS: Final = SandboxRestrictions.default.with_passthrough_modules("calls")
"""Our pure modules are shared: one identity of each class, and 6 ms a workflow instead of 276."""


def workflow_runner() -> SandboxedWorkflowRunner:
    """For every replay of ours, and wherever there are few workflows."""
    return SandboxedWorkflowRunner(restrictions=RESTRICTIONS)
