"""`communityconnect replay-history`: do the histories of calls still fit today's code? Asked before a deploy (R8)."""

import asyncio
import json
import logging
import re
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from google.protobuf.json_format import ParseError
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowHistory
from temporalio.runtime import Runtime, TelemetryConfig
from temporalio.service import RPCError, RPCStatusCode
from temporalio.worker import Replayer

from calls.contracts import WORKFLOW_TYPE
from local.errors import LocalError
from payloads import for_replays
from temporal_client import connect_temporal, let_the_loop_finish
from watching.redaction import redact
from workflow_sandbox import workflow_runner
from workflows.call_updates import CallUpdates

Say = Callable[[str], None]

_OPEN = f"WorkflowType = '{WORKFLOW_TYPE}' AND ExecutionStatus = 'Running'"
_PATIENCE_SECONDS = 10
_LONGEST_CAUSE = 300

# The SDK's core gives its failures as Rust prints them: Failure { message: "…", … cause: Some(Failure { message: "…"
_MESSAGE = re.compile(r'\bmessage: "((?:[^"\\]|\\.)*)"')


@dataclass
class Tally:
    """What came out."""

    fit: int = 0
    misfit: int = 0
    vanished: int = 0

    def __str__(self) -> str:
        fit = f"{_histories(self.fit)} {'fits' if self.fit == 1 else 'fit'} today's code"
        line = f"{fit}, {self.misfit} {'does' if self.misfit == 1 else 'do'} not"
        return line + (f"; {self.vanished} vanished meanwhile" if self.vanished else "")


def replay_histories(*, files: Sequence[Path], workflow_id: str | None, open_calls: bool, say: Say) -> bool:
    """Replay what is asked for, name each history that does not fit, and count.

    Returns:
        whether all fit.

    Raises:
        LocalError: nothing or too much was asked for, a file is no history, Temporal has no such workflow or refuses.
        TemporalAway: Temporal does not answer.
    """
    if [bool(files), workflow_id is not None, open_calls].count(True) != 1:
        raise LocalError("replay-history wants exactly one of: files with histories, --workflow-id ID, --open")
    # All are read before the first is replayed: a name that is mistyped is said at once, and alone.
    kept = [_read(path) for path in files]
    tally = Tally()
    with _sdk_is_silent():
        asyncio.run(_from_files(kept, tally, say) if kept else _from_temporal(workflow_id, tally, say))
    if open_calls and tally == Tally():
        say("no call is open")
    else:
        say(str(tally))
    return not tally.misfit


async def _from_files(kept: Sequence[WorkflowHistory], tally: Tally, say: Say) -> None:
    async def one_by_one() -> AsyncIterator[WorkflowHistory]:
        for history in kept:
            yield history

    await _replay(one_by_one(), tally, say)


async def _from_temporal(workflow_id: str | None, tally: Tally, say: Say) -> None:
    client = await connect_temporal(patience_seconds=_PATIENCE_SECONDS)
    try:
        await _replay(_one(client, workflow_id) if workflow_id is not None else _open(client, tally), tally, say)
    except RPCError as error:
        raise LocalError(f"Temporal refuses ({error.status.name}); see: communityconnect doctor") from None
    finally:
        await let_the_loop_finish()


async def _one(client: Client, workflow_id: str) -> AsyncIterator[WorkflowHistory]:
    try:
        history = await client.get_workflow_handle(workflow_id).fetch_history()
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        raise LocalError(f"Temporal has no workflow {workflow_id} in its namespace {client.namespace}") from None
    _must_be_of_a_call(history, name=workflow_id)
    yield history


async def _open(client: Client, tally: Tally) -> AsyncIterator[WorkflowHistory]:
    """One after the other: each is fetched when the one before it was replayed.

    Temporal's list lags behind: a call that has ended since is replayed to its end; one that is gone is counted.
    """
    async for call in client.list_workflows(_OPEN):
        try:
            history = await client.get_workflow_handle(call.id, run_id=call.run_id).fetch_history()
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
            tally.vanished += 1
        else:
            yield history


async def _replay(histories: AsyncIterator[WorkflowHistory], tally: Tally, say: Say) -> None:
    async def that_began() -> AsyncIterator[WorkflowHistory]:
        """The replayer waits for ever for the first task of a call that has none. Any code fits such a call."""
        async for history in histories:
            if any(event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED for event in history.events):
                yield history
            else:
                tally.fit += 1

    replayer = Replayer(
        workflows=[CallUpdates],
        data_converter=for_replays,
        workflow_runner=workflow_runner(),
        # Of its own: the SDK's core logs each misfit to standard output, with a stack trace.
        runtime=Runtime(telemetry=TelemetryConfig(logging=None)),
    )
    async with replayer.workflow_replay_iterator(that_began()) as results:
        async for result in results:
            if result.replay_failure is None:
                tally.fit += 1
            else:
                tally.misfit += 1
                history = result.history
                say(f"{history.workflow_id} (run {history.run_id}) does not fit: {first_line(result.replay_failure)}")


def first_line(failure: Exception) -> str:
    """The cause in one line: what the SDK's core quotes, without its wrapping and stack trace."""
    quoted = [re.sub(r'\\(["\\])', r"\1", text.split(r"\n")[0]) for text in _MESSAGE.findall(str(failure))]
    line = ": ".join(filter(None, quoted)) or (str(failure).splitlines() or [type(failure).__name__])[0]
    return redact(line)[:_LONGEST_CAUSE]


def _read(path: Path) -> WorkflowHistory:
    """A history as Temporal's UI, `temporal workflow show -o json` or our tests keep it."""
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise LocalError(f"{path}: there is no such file") from None
    except OSError as error:
        raise LocalError(f"{path}: cannot be read ({error.strerror})") from None
    except (ValueError, RecursionError):
        raise LocalError(f"{path}: is not JSON") from None
    try:
        events = WorkflowHistory.from_json("", content).events
    except (ParseError, ValueError, TypeError, AttributeError, KeyError):
        raise LocalError(f"{path}: is JSON, but not the history of a workflow") from None
    # The replayer waits for ever for what is missing.
    if not events or not events[0].HasField("workflow_execution_started_event_attributes"):
        raise LocalError(f"{path}: is not the history of a workflow: it does not begin with a workflow's start")
    if [event.event_id for event in events] != list(range(1, len(events) + 1)):
        raise LocalError(f"{path}: is not a whole history: events are missing or out of order")
    start = events[0].workflow_execution_started_event_attributes
    if not start.original_execution_run_id:
        raise LocalError(f"{path}: is not a whole history: its start does not say which run it is")
    history = WorkflowHistory(start.workflow_id or path.stem, events)  # older servers do not write the id
    _must_be_of_a_call(history, name=str(path))
    return history


def _must_be_of_a_call(history: WorkflowHistory, *, name: str) -> None:
    type_ = history.events[0].workflow_execution_started_event_attributes.workflow_type.name
    if type_ != WORKFLOW_TYPE:
        raise LocalError(f"{name}: is a history of {type_ or 'no type of workflow'}, not of {WORKFLOW_TYPE}")


@contextmanager
def _sdk_is_silent() -> Iterator[None]:
    """The SDK logs each misfit with its traceback; we say it in one line."""
    logger = logging.getLogger("temporalio")
    before = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        logger.setLevel(before)


def _histories(number: int) -> str:
    return f"{number} {'history' if number == 1 else 'histories'}"
