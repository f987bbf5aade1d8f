"""What workflows load, and whom they ask. SQLAlchemy inside the sandbox would cost 276 ms and 15 MB a call, without any
error; and the calls' worker runs without the sandbox, which never looked into `calls/`."""

import ast
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from temporalio.worker import Replayer
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner
from temporalio.workflow import SandboxImportNotificationPolicy

from payloads import data_converter
from settings import python
from tests.whole.town import ROOT
from tests.workflows.test_replay import kept
from workflow_sandbox import RESTRICTIONS
from workflows.call_updates import CallUpdates

_KNOWN: Final = {
    *("calls", "workflows", "temporalio", "pydantic", "phonenumbers"),
    *("collections.abc", "dataclasses", "datetime", "enum", "functools", "json", "re", "typing", "zoneinfo"),
}
"""All that they import: nothing by which the world could be asked."""
_ASKING: Final = {"now", "today", "utcnow", "open", "input", "hash", "id", "eval", "exec", "__import__"}
_WRITABLE: Final = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp)
_MAKING: Final = {"list", "dict", "set", "Counter", "defaultdict", "deque"}


def _nodes(*rooms: str) -> Iterator[tuple[Path, ast.AST]]:
    for room in rooms:
        for path in sorted((ROOT / room).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                yield path, node


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [name.name for name in node.names]
    return [node.module or ""] if isinstance(node, ast.ImportFrom) else []


def _called(node: ast.Call) -> str:
    called = node.func.value if isinstance(node.func, ast.Subscript) else node.func  # set[str]()
    return called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")


def test_r8_workflows_and_what_they_know_import_nothing_by_which_the_world_could_be_asked() -> None:
    for path, node in _nodes("calls", "workflows"):
        for name in _imported(node):
            assert name in _KNOWN or name.split(".")[0] in _KNOWN, f"{path} imports {name}"


def test_r8_workflows_take_their_time_from_temporal_and_nobody_else() -> None:
    asking = {
        f"{path.relative_to(ROOT)}: {ast.unparse(node)}"
        for path, node in _nodes("calls", "workflows")
        if isinstance(node, ast.Call) and _called(node) in _ASKING
    }
    not_for_workflows = "calls/clock.py: datetime.now(UTC)"
    assert asking == {"workflows/call_updates.py: workflow.now()", not_for_workflows}


def test_r8_workflows_keep_nothing_in_a_module_which_all_calls_share() -> None:
    """Nor in a class. What is a Mapping by its type cannot be written to: mypy sees to that."""
    for path, node in _nodes("workflows"):
        assert not isinstance(node, ast.Global), path
        for line in node.body if isinstance(node, ast.Module | ast.ClassDef) else []:
            is_read_only = isinstance(line, ast.AnnAssign) and "Mapping[" in ast.unparse(line.annotation)
            assert is_read_only or not _can_be_written_to(getattr(line, "value", None)), f"{path}: {line.lineno}"


def _can_be_written_to(value: ast.AST | None) -> bool:
    return isinstance(value, _WRITABLE) or (isinstance(value, ast.Call) and _called(value) in _MAKING)


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
