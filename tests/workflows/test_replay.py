"""R8: the histories that are kept replay on today's code, and come out as they came out then."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowHistory
from temporalio.worker import (
    ExecuteWorkflowInput,
    Interceptor,
    Replayer,
    UnsandboxedWorkflowRunner,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
    WorkflowRunner,
)

from calls.contracts import CallResult, workflow_id
from payloads import data_converter
from tests.workflows.record_histories import FOLDER, STORIES
from tests.workflows.stage import CALL_ID
from workflow_sandbox import workflow_runner
from workflows.call_updates import CallUpdates

ENDS = {
    "surveyed": (
        "the survey was offered",
        ("confirmation: accepted", "delay notice 1: accepted", "survey link: accepted"),
    ),
    "played_from_new_yorks_log": ("the survey was offered", ("confirmation: accepted", "survey link: accepted")),
    "surveyed_with_a_disposition": (
        "the survey was offered",
        ("confirmation: accepted", "delay notice 1: accepted", "survey link: accepted"),
    ),
    "cleared_without_survey": ("cleared; no survey: unfounded", ("confirmation: accepted",)),
    "seen_late": ("the confirmation was not sent: expired", ("confirmation: expired",)),
    "reopened": ("the survey was offered", ("confirmation: accepted", "survey link: accepted")),
    "reclassified": ("silent: sensitive call type", ("confirmation: accepted",)),
    "held_and_released": ("silent: cancelled", ("confirmation: accepted",)),
    "held_by_hand_for_long": ("silent: cancelled", ()),
    "held_in_the_database": (
        "silent: cancelled",
        ("confirmation: accepted", "delay notice 1: expired", "delay notice 2: accepted"),
    ),
    "let_go": ("silent: cancelled", ("confirmation: accepted",)),
    "pestered": ("silent: cancelled", ("confirmation: accepted",)),
    "never_cleared": (
        "CAD never cleared the call",
        ("confirmation: accepted", *(f"delay notice {number}: accepted" for number in (1, 2, 3))),
    ),
}
"""How the stories end that do; the others stop in the middle."""


class Listener(Interceptor):
    """Hears what a replayed workflow returns: replay itself compares commands, not results."""

    def workflow_interceptor_class(self, _input: WorkflowInterceptorClassInput) -> type[WorkflowInboundInterceptor]:
        return _Ear


class _Ear(WorkflowInboundInterceptor):
    async def execute_workflow(self, input: ExecuteWorkflowInput) -> Any:  # noqa: A002 - Temporal's name
        result = await super().execute_workflow(input)
        _heard.append(result)
        return result


_heard: list[CallResult] = []


def kept(name: str) -> WorkflowHistory:
    return WorkflowHistory.from_json(workflow_id(CALL_ID), (FOLDER / f"{name}.json").read_text(encoding="utf-8"))


@pytest.fixture(autouse=True)
def _nothing_heard() -> Iterator[None]:
    _heard.clear()
    yield
    _heard.clear()


def replayer(runner: WorkflowRunner | None = None) -> Replayer:
    """In the sandbox, or by another runner."""
    return Replayer(
        workflows=[CallUpdates],
        data_converter=data_converter,
        workflow_runner=runner or workflow_runner(),
        interceptors=[Listener()],
    )


@pytest.mark.parametrize("runner", [workflow_runner(), UnsandboxedWorkflowRunner()], ids=["sandbox", "as the worker"])
@pytest.mark.parametrize("name", sorted(path.stem for path in FOLDER.glob("*.json")))
async def test_a_history_of_yesterday_replays_and_comes_out_the_same(name: str, runner: WorkflowRunner) -> None:
    await replayer(runner).replay_workflow(kept(name))
    if name in ENDS:
        assert [(result.reason, result.texts) for result in _heard] == [ENDS[name]]
    else:
        assert _heard == []


def test_a_history_of_every_stage_is_kept() -> None:
    assert {path.stem for path in FOLDER.glob("*.json")} >= set(STORIES)


async def test_a_history_that_does_not_fit_the_code_is_noticed() -> None:
    """The test of the tests above: with one timer fewer in the past, the replay fails."""
    content = json.loads((FOLDER / "surveyed.json").read_text(encoding="utf-8"))
    for event in content["events"]:
        if event["eventType"] == EventType.Name(EventType.EVENT_TYPE_TIMER_STARTED):
            event["eventType"] = EventType.Name(EventType.EVENT_TYPE_MARKER_RECORDED)
            event["markerRecordedEventAttributes"] = {"markerName": "something else"}
            del event["timerStartedEventAttributes"]
            break
    history = WorkflowHistory.from_json(workflow_id(CALL_ID), json.dumps(content))
    result = await replayer().replay_workflow(history, raise_on_replay_failure=False)
    assert result.replay_failure is not None
