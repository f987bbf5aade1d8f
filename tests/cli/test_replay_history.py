"""R8: before a deploy, the histories of calls are replayed on the new code; what does not fit is named."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from temporalio import workflow
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowHandle
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from calls.clock import Clock
from calls.contracts import SEARCH_ATTRIBUTES, TASK_QUEUE, WORKFLOW_TYPE, CallInput, workflow_id
from cli.replay_history import first_line, replay_histories
from local.errors import LocalError
from payloads import data_converter
from policy.agency import Agency
from tests.builders import NOON, a_call
from tests.cli.test_errors import run, the_one_line
from tests.servers import TemporalServer, running_temporal
from tests.workflows.record_histories import FOLDER
from workflows.call_updates import CallUpdates

Events = list[dict[str, Any]]
Handle = WorkflowHandle[Any, Any]


@workflow.defn(name=WORKFLOW_TYPE)
class OtherCallUpdates:
    """A call's workflow as no version of ours is: it begins with an activity."""

    @workflow.run
    async def run(self, _start: CallInput) -> None:
        await workflow.execute_activity("knock_on_the_door", start_to_close_timeout=timedelta(seconds=10))


@pytest.fixture(scope="module")
def temporal() -> Iterator[TemporalServer]:
    with running_temporal(search_attributes=SEARCH_ATTRIBUTES) as server:
        yield server


@pytest.fixture
async def client(temporal: TemporalServer) -> Client:
    return await Client.connect(temporal.address, data_converter=data_converter)


def where(server: TemporalServer, **changes: str) -> dict[str, str]:
    return {"TEMPORAL_ADDRESS": server.address, "TEMPORAL_NAMESPACE": server.namespace, **changes}


@asynccontextmanager
async def an_open_call(
    client: Client, agency: Agency, name: str, *, code: type | None = CallUpdates, delay: timedelta | None = None
) -> AsyncIterator[Handle]:
    """A call whose first step was taken by this code; its worker is gone again. Without code, nobody took it."""
    handle: Handle = await client.start_workflow(
        WORKFLOW_TYPE,
        CallInput(
            call_id=name,
            call=a_call(agency.policy),
            timetable=agency.policy.timetable,
            clock=Clock(real_origin=datetime.now(UTC), virtual_origin=NOON),
        ),
        id=workflow_id(name),
        task_queue=TASK_QUEUE,
        start_delay=delay,
    )
    try:
        if code is not None:
            runner = UnsandboxedWorkflowRunner()  # this module is none that the sandbox could import
            async with Worker(client, task_queue=TASK_QUEUE, workflows=[code], workflow_runner=runner):
                await soon(lambda: has_stepped(handle))
        yield handle
    finally:
        await handle.terminate()


async def has_stepped(handle: Handle) -> bool:
    history = await handle.fetch_history()
    return any(event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED for event in history.events)


async def so_many_are_listed_as_open(client: Client, number: int) -> None:
    """Temporal's list lags behind what happened."""

    async def listed() -> bool:
        return (await client.count_workflows("ExecutionStatus = 'Running'")).count == number

    await soon(listed)


async def soon(happened: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(20):
        while not await happened():  # noqa: ASYNC110 - the server tells nobody
            await asyncio.sleep(0.05)


def events(name: str = "surveyed") -> Events:
    content: dict[str, Events] = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return content["events"]


def written(folder: Path, name: str, changed: Events) -> str:
    path = folder / f"{name}.json"
    path.write_text(json.dumps({"events": changed}), encoding="utf-8")
    return str(path)


def without_its_first_timer() -> Events:
    """As in test_a_history_that_does_not_fit_the_code_is_noticed: something else happened in the past."""
    changed = events()
    event = next(event for event in changed if "timerStartedEventAttributes" in event)
    event["eventType"] = EventType.Name(EventType.EVENT_TYPE_MARKER_RECORDED)
    event["markerRecordedEventAttributes"] = {"markerName": "something else"}
    del event["timerStartedEventAttributes"]
    return changed


def started_with_nothing() -> Events:
    """The input of a contract that is none of ours: the workflow's task fails, which is not a NondeterminismError."""
    changed = events()
    changed[0]["workflowExecutionStartedEventAttributes"]["input"]["payloads"][0]["data"] = "e30="
    return changed


def run_id(changed: Events) -> str:
    return str(changed[0]["workflowExecutionStartedEventAttributes"]["originalExecutionRunId"])


def test_the_kept_histories_fit_and_nothing_else_is_said(tmp_path: Path) -> None:
    files = sorted(str(path) for path in FOLDER.glob("*.json"))
    done = run("replay-history", *files, home=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{len(files)} histories fit today's code, 0 do not\n"


def test_each_history_that_does_not_fit_is_named_in_one_line_with_its_cause(tmp_path: Path) -> None:
    """Among others that fit, before and after: one must not colour the next."""
    files = [
        str(FOLDER / "cleared.json"),
        written(tmp_path, "timer", without_its_first_timer()),
        str(FOLDER / "reopened.json"),
        written(tmp_path, "input", started_with_nothing()),
        written(tmp_path, "timer-again", without_its_first_timer()),
        str(FOLDER / "played_from_new_yorks_log.json"),
    ]
    done = run("replay-history", *files, home=tmp_path)
    assert (done.returncode, done.stderr) == (1, "")
    other_timer, other_input, again, total = done.stdout.splitlines()
    run_ = run_id(events())
    assert other_timer == (
        f"timer (run {run_}) does not fit: [TMPRL1100] Nondeterminism error: "
        "Timer machine does not handle this event: HistoryEvent(id: 5, MarkerRecorded)"
    )
    assert other_input == (
        f"input (run {run_}) does not fit: Failed decoding arguments: 3 validation errors for CallInput"
    )
    assert again == other_timer.replace("timer ", "timer-again ", 1)
    assert total == "3 histories fit today's code, 3 do not"


def test_a_history_tells_its_own_workflow_id_where_it_has_it(tmp_path: Path) -> None:
    changed = without_its_first_timer()
    changed[0]["workflowExecutionStartedEventAttributes"]["workflowId"] = "call-ottawa-7"
    done = run("replay-history", written(tmp_path, "download", changed), home=tmp_path)
    assert done.stdout.startswith(f"call-ottawa-7 (run {run_id(changed)}) does not fit: ")
    assert done.stdout.endswith("\n0 histories fit today's code, 1 does not\n")


def _other_type() -> str:
    changed = events()
    changed[0]["workflowExecutionStartedEventAttributes"]["workflowType"]["name"] = "SomethingElse"
    return json.dumps({"events": changed})


def _no_run() -> str:
    changed = events()
    del changed[0]["workflowExecutionStartedEventAttributes"]["originalExecutionRunId"]
    return json.dumps({"events": changed})


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("", "is not JSON"),
        ("{'events': []}", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ("[]", "is JSON, but not the history of a workflow"),
        ('{"events": 5}', "is JSON, but not the history of a workflow"),
        ('{"events": ["start"]}', "is JSON, but not the history of a workflow"),
        ('{"events": {}}', "is JSON, but not the history of a workflow"),
        ('{"events": [{"eventId": "first"}]}', "is JSON, but not the history of a workflow"),
        ('{"events": []}', "is not the history of a workflow: it does not begin with a workflow's start"),
        (json.dumps({"events": events()[1:]}), "it does not begin with a workflow's start"),
        (json.dumps({"events": events()[:3] + events()[6:]}), "events are missing or out of order"),
        (_no_run(), "its start does not say which run it is"),
        (_other_type(), "is a history of SomethingElse, not of CallUpdates"),
    ],
)
def test_a_file_that_is_no_history_of_a_call_is_refused(tmp_path: Path, content: str, complaint: str) -> None:
    """Some of these the SDK's replayer would wait for, for ever."""
    path = tmp_path / "history.json"
    path.write_text(content, encoding="utf-8")
    said: list[str] = []
    with pytest.raises(LocalError) as caught:
        replay_histories(files=[path], workflow_id=None, open_calls=False, say=said.append)
    assert str(caught.value).startswith(f"{path}: ")
    assert complaint in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1
    assert said == []


def test_what_is_not_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "history.json"
    path.write_bytes(b"\x1f\x8b\xff\xfe")
    with pytest.raises(LocalError, match="is not JSON"):
        replay_histories(files=[path], workflow_id=None, open_calls=False, say=print)


@pytest.mark.parametrize(
    ("name", "complaint"),
    [("nowhere.json", "nowhere.json: there is no such file"), (str(FOLDER), "cannot be read (Is a directory)")],
)
def test_a_file_that_cannot_be_read_is_said_in_one_line_before_anything_is_replayed(
    tmp_path: Path, name: str, complaint: str
) -> None:
    done = run("replay-history", str(FOLDER / "cleared.json"), name, home=tmp_path)
    assert complaint in the_one_line(done)
    assert (done.returncode, done.stdout) == (1, "")


@pytest.mark.parametrize(
    "arguments",
    [(), ("--open", "--workflow-id", "call-1"), ("a.json", "--open"), ("a.json", "--workflow-id", "call-1")],
)
def test_exactly_one_source_of_histories_is_wanted(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    line = the_one_line(run("replay-history", *arguments, home=tmp_path))
    assert line == (
        "communityconnect: replay-history wants exactly one of: files with histories, --workflow-id ID, --open"
    )


async def test_of_two_open_calls_the_one_that_does_not_fit_is_named(
    temporal: TemporalServer, client: Client, ottawa: Agency, tmp_path: Path
) -> None:
    async with AsyncExitStack() as calls:
        await calls.enter_async_context(an_open_call(client, ottawa, "ottawa-fits"))
        other = await calls.enter_async_context(an_open_call(client, ottawa, "ottawa-other", code=OtherCallUpdates))
        await so_many_are_listed_as_open(client, 2)
        done = await asyncio.to_thread(run, "replay-history", "--open", home=tmp_path, changes=where(temporal))
    assert (done.returncode, done.stderr) == (1, "")
    named, total = done.stdout.splitlines()
    assert named.startswith(f"call-ottawa-other (run {other.first_execution_run_id}) does not fit: [TMPRL1100] ")
    assert total == "1 history fits today's code, 1 does not"


async def test_one_call_is_asked_for_by_its_workflow_id(
    temporal: TemporalServer, client: Client, ottawa: Agency, tmp_path: Path
) -> None:
    async with AsyncExitStack() as calls:
        await calls.enter_async_context(an_open_call(client, ottawa, "ottawa-fits"))
        await calls.enter_async_context(an_open_call(client, ottawa, "ottawa-other", code=OtherCallUpdates))
        fits, other = [
            await asyncio.to_thread(
                run, "replay-history", "--workflow-id", f"call-ottawa-{name}", home=tmp_path, changes=where(temporal)
            )
            for name in ("fits", "other")
        ]
    assert (fits.returncode, fits.stderr, fits.stdout) == (0, "", "1 history fits today's code, 0 do not\n")
    assert (other.returncode, other.stderr) == (1, "")
    assert other.stdout.endswith("\n0 histories fit today's code, 1 does not\n")


async def test_calls_that_no_worker_took_up_yet_fit(
    temporal: TemporalServer, client: Client, ottawa: Agency, tmp_path: Path
) -> None:
    """Not even the first task of one of them is scheduled: the SDK's replayer would wait for it for ever."""
    async with AsyncExitStack() as calls:
        await calls.enter_async_context(an_open_call(client, ottawa, "ottawa-new", code=None))
        later = an_open_call(client, ottawa, "ottawa-later", code=None, delay=timedelta(hours=1))
        await calls.enter_async_context(later)
        await so_many_are_listed_as_open(client, 2)
        done = await asyncio.to_thread(run, "replay-history", "--open", home=tmp_path, changes=where(temporal))
    assert (done.returncode, done.stdout) == (0, "2 histories fit today's code, 0 do not\n")


async def test_only_open_calls_are_replayed_and_that_there_is_none_is_said(
    temporal: TemporalServer, client: Client, ottawa: Agency, tmp_path: Path
) -> None:
    """Neither a call that ended nor an open workflow of another type."""
    async with an_open_call(client, ottawa, "ottawa-ended", code=OtherCallUpdates):
        pass
    other = await client.start_workflow("SomethingElse", id="something-else", task_queue=TASK_QUEUE)
    await so_many_are_listed_as_open(client, 1)
    done = await asyncio.to_thread(run, "replay-history", "--open", home=tmp_path, changes=where(temporal))
    one = await asyncio.to_thread(
        run, "replay-history", "--workflow-id", "something-else", home=tmp_path, changes=where(temporal)
    )
    await other.terminate()
    assert (done.returncode, done.stderr, done.stdout) == (0, "", "no call is open\n")
    assert the_one_line(one) == "communityconnect: something-else: is a history of SomethingElse, not of CallUpdates"


async def test_a_call_that_ended_since_it_was_listed_is_replayed_and_one_that_is_gone_is_counted(
    temporal: TemporalServer, client: Client, ottawa: Agency, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run that was listed, whatever goes on under the same id by now."""
    async with an_open_call(client, ottawa, "ottawa-ended") as ended:
        pass

    async def a_list_that_lags(_client: Client, _query: str) -> AsyncIterator[SimpleNamespace]:
        yield SimpleNamespace(id="call-ottawa-gone", run_id=str(uuid4()))
        yield SimpleNamespace(id=ended.id, run_id=ended.first_execution_run_id)

    monkeypatch.setattr(Client, "list_workflows", a_list_that_lags)
    monkeypatch.setenv("TEMPORAL_ADDRESS", temporal.address)
    said: list[str] = []
    async with an_open_call(client, ottawa, "ottawa-ended", code=OtherCallUpdates):
        assert await asyncio.to_thread(replay_histories, files=[], workflow_id=None, open_calls=True, say=said.append)
    assert said == ["1 history fits today's code, 0 do not; 1 vanished meanwhile"]


def test_a_workflow_or_namespace_that_temporal_does_not_have_is_said_in_one_line(
    temporal: TemporalServer, tmp_path: Path
) -> None:
    unknown = run("replay-history", "--workflow-id", "call-ottawa-0", home=tmp_path, changes=where(temporal))
    assert the_one_line(unknown) == (
        "communityconnect: Temporal has no workflow call-ottawa-0 in its namespace default"
    )
    elsewhere = where(temporal, TEMPORAL_NAMESPACE="elsewhere")
    line = the_one_line(run("replay-history", "--open", home=tmp_path, changes=elsewhere))
    assert line == "communityconnect: Temporal refuses (NOT_FOUND); see: communityconnect doctor"


@pytest.mark.parametrize(
    ("cause", "line"),
    [
        (r'Failure { message: "told \"no\"\nat line 3", stack_trace: "File" }', 'told "no"'),
        (r'Failure { message: "", cause: Some(Failure { message: "below" }) }', "below"),
        ("another wording\nTraceback", "another wording"),
        ("", "RuntimeError"),
        ('message: "call 613-555-0142 back"', "call [number] back"),
        ("x" * 1000, "x" * 300),
    ],
)
def test_a_cause_is_one_line_without_numbers(cause: str, line: str) -> None:
    assert first_line(RuntimeError(cause)) == line
