"""What workflows load. SQLAlchemy inside the sandbox would cost 276 ms and 15 MB a call, without any error."""

import subprocess

from temporalio.worker import Replayer
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner
from temporalio.workflow import SandboxImportNotificationPolicy

from payloads import data_converter
from settings import python
from tests.whole.town import ROOT
from tests.workflows.test_replay import kept
from workflow_sandbox import RESTRICTIONS
from workflows.call_updates import CallUpdates


def test_workflows_load_neither_database_nor_twilio() -> None:
    code = (
        "import sys, workflows.call_updates, workflows.reconcile\n"
        "heavy = {'sqlalchemy', 'sqlmodel', 'twilio', 'requests', 'structlog', 'fastapi'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    done = subprocess.run([python(), "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


async def test_everything_that_a_workflow_imports_is_passed_through_the_sandbox_on_purpose() -> None:
    policy = SandboxImportNotificationPolicy.RAISE_ON_UNINTENTIONAL_PASSTHROUGH
    restrictions = RESTRICTIONS.with_import_notification_policy(policy)
    replayer = Replayer(
        workflows=[CallUpdates],
        data_converter=data_converter,
        workflow_runner=SandboxedWorkflowRunner(restrictions=restrictions),
    )
    await replayer.replay_workflow(kept("surveyed"))
