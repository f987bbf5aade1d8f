"""Whatever is sent to an open call, by an operator's slip or by a stranger: it costs no text and wedges nothing.

A real dev server: it alone takes a payload in any encoding, and shows a workflow task that fails.
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from temporalio.api.common.v1 import Payload, Payloads, WorkflowExecution
from temporalio.api.enums.v1 import EventType
from temporalio.api.workflowservice.v1 import (
    RespondActivityTaskCompletedByIdRequest,
    RespondActivityTaskFailedByIdRequest,
    SignalWorkflowExecutionRequest,
)
from temporalio.client import Client, WorkflowHandle
from temporalio.exceptions import ApplicationError

from calls.clock import Clock
from calls.contracts import (
    SEARCH_ATTRIBUTES,
    WORKFLOW_TYPE,
    CallChange,
    CallInput,
    CallResult,
    KnownCall,
    SendText,
    Signal,
    TextOutcome,
    workflow_id,
)
from payloads import data_converter
from policy.agency import Agency
from tests.builders import NOON, a_call, minutes
from tests.servers import TemporalServer, running_temporal
from tests.workflows.stage import CALL_ID, Clerk, details_of, working
from workflows.call_updates import CallUpdates

# The SDK warns, now and then, of an activity that had ended when its call did; as an error it would stop its worker.
pytestmark = pytest.mark.filterwarnings("ignore:Cannot find activity to cancel")

Open = WorkflowHandle[CallUpdates, CallResult]
FAR = datetime(9999, 12, 31, 23, 59, tzinfo=UTC)
LONG_AGO = datetime(1, 1, 1, tzinfo=UTC)
A_CLOCK = {"real_origin": "2026-01-15T17:00:00Z", "virtual_origin": "2026-01-15T17:00:00Z", "speed": 1.0}


@pytest.fixture(scope="module")
def temporal() -> Iterator[TemporalServer]:
    with running_temporal(search_attributes=SEARCH_ATTRIBUTES) as server:
        yield server


@asynccontextmanager
async def open_call(server: TemporalServer, agency: Agency, clerk: Clerk | None = None) -> AsyncIterator[Open]:
    """A call received just now, whose confirmation is due in three minutes, and a worker that serves it."""
    client = await Client.connect(server.address, data_converter=data_converter)
    queue = f"poison-{uuid4().hex}"
    async with working(client, clerk or Clerk(), queue=queue):
        yield await _started(client, agency, queue, clock=Clock(real_origin=datetime.now(UTC), virtual_origin=NOON))


async def _started(client: Client, agency: Agency, queue: str, *, clock: Clock) -> Open:
    start = CallInput(call_id=CALL_ID, call=a_call(agency.policy), timetable=agency.policy.timetable, clock=clock)
    handle: Open = await client.start_workflow(
        WORKFLOW_TYPE, start, id=workflow_id(f"poison-{uuid4().hex}"), task_queue=queue, result_type=CallResult
    )
    return handle


async def is_well(handle: Open) -> str:
    """It ends when it is told to, no task of it having failed meanwhile; what it says then."""
    await handle.signal(Signal.CANCELLED)
    result = await asyncio.wait_for(handle.result(), timeout=10)
    events = (await handle.fetch_history()).events
    assert [event for event in events if event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED] == []
    return result.reason


WRONG: dict[str, Sequence[Any]] = {
    "a string": ["words instead of facts"],
    "a number": [42],
    "a list": [[1, 2, 3]],
    "true": [True],
    "an object with wrong fields": [{"call": {"version": "many", "facts": [], "decision": None}}],
    "a call without facts": [{"call": {"version": 7}}],
    "a call that is a list": [{"call": [1]}],
    "several": [{}, {}],
    "several, the first of them right": [CallChange(), "and more"],
    "a dozen": [None] * 12,
    "speed 0": [{"clock": A_CLOCK | {"speed": 0}}],
    "speed negative": [{"clock": A_CLOCK | {"speed": -60}}],
    "speed not a number": [{"clock": A_CLOCK | {"speed": "nan"}}],
    "speed without end": [{"clock": A_CLOCK | {"speed": "inf"}}],
    "speed next to nothing": [{"clock": A_CLOCK | {"speed": 1e-300}}],
    "speed of light": [{"clock": A_CLOCK | {"speed": 1e300}}],
    "a clock at the end of time": [{"clock": A_CLOCK | {"virtual_origin": FAR}}],
    "a clock at its beginning": [{"clock": A_CLOCK | {"virtual_origin": LONG_AGO}}],
    "a clock from the beginning": [{"clock": A_CLOCK | {"real_origin": LONG_AGO, "speed": 3600}}],
    "a clock without a zone": [{"clock": A_CLOCK | {"real_origin": "2026-01-15T17:00:00"}}],
    "100 kB of words": ["x" * 100_000],
    "deep": ["[" * 5000 + "]" * 5000],
}


@pytest.mark.parametrize("name", WRONG)
async def test_what_cannot_be_understood_is_not_taken(temporal: TemporalServer, ottawa: Agency, name: str) -> None:
    """Not even as `dispatched` without a payload, which would mean that it happened now."""
    async with open_call(temporal, ottawa) as handle:
        before = await details_of(handle)
        await handle.signal(Signal.HELD, args=WRONG[name])
        assert await details_of(handle) == before
        assert await is_well(handle) == "silent: cancelled"


RAW = {
    "an encoding that nobody knows": Payload(metadata={"encoding": b"binary/from-elsewhere"}, data=b"\x00\x01"),
    "no encoding at all": Payload(data=b"{}"),
    "an encoding that is no text": Payload(metadata={"encoding": b"\xff\xfe"}, data=b"{}"),
    "bytes": Payload(metadata={"encoding": b"binary/plain"}, data=b"{}"),
    "broken JSON": Payload(metadata={"encoding": b"json/plain"}, data=b'{"call":'),
    "a very deep JSON": Payload(metadata={"encoding": b"json/plain"}, data=b"[" * 50_000 + b"]" * 50_000),
    "not a number, as JSON has it not": Payload(
        metadata={"encoding": b"json/plain"},
        data=b'{"clock":{"real_origin":"2026-01-15T17:00:00Z","virtual_origin":"2026-01-15T17:00:00Z","speed":NaN}}',
    ),
    "protobuf": Payload(metadata={"encoding": b"json/protobuf", "messageType": b"no.such.Message"}, data=b"{}"),
}


@pytest.mark.parametrize("name", RAW)
async def test_a_payload_in_an_encoding_of_somebody_else_is_not_taken(
    temporal: TemporalServer, ottawa: Agency, name: str
) -> None:
    async with open_call(temporal, ottawa) as handle:
        before = await details_of(handle)
        await _signal_raw(temporal, handle, RAW[name])
        assert await details_of(handle) == before
        assert await is_well(handle) == "silent: cancelled"


async def _signal_raw(server: TemporalServer, handle: Open, payload: Payload) -> None:
    client = await Client.connect(server.address)
    await client.workflow_service.signal_workflow_execution(
        SignalWorkflowExecutionRequest(
            namespace="default",
            workflow_execution=WorkflowExecution(workflow_id=handle.id),
            signal_name=Signal.HELD,
            input=Payloads(payloads=[payload]),
        )
    )


@pytest.mark.parametrize("said", [[], [None], [{}], [{"an unknown field": 1}], [CallChange()]], ids=str)
async def test_a_signal_that_says_nothing_but_its_name_means_that_it_happened_now(
    temporal: TemporalServer, ottawa: Agency, said: Sequence[Any]
) -> None:
    async with open_call(temporal, ottawa) as handle:
        await handle.signal(Signal.HELD, args=said)
        assert "held by staff" in await details_of(handle)
        assert await is_well(handle) == "silent: cancelled"


async def test_a_signal_that_does_not_exist_changes_nothing(temporal: TemporalServer, ottawa: Agency) -> None:
    async with open_call(temporal, ottawa) as handle:
        before = await details_of(handle)
        for name in ("no_such_signal", "HELD", "cancel", "x" * 900):
            await handle.signal(name, {"call": 1})
        assert await details_of(handle) == before
        assert await is_well(handle) == "silent: cancelled"


def _told(ottawa: Agency, version: int = 2, **facts: Any) -> KnownCall:
    return a_call(ottawa.policy, version=version, **facts)


Telling = Callable[[Agency], KnownCall]
NOT_THIS_CALL: dict[str, Telling] = {
    "of another call": lambda ottawa: _told(ottawa, cad_id="2002", held=True),
    "of another agency": lambda ottawa: _told(ottawa, agency="new-york", held=True),
    "with a lower version": lambda ottawa: _told(ottawa, version=0, held=True),
    "with the same version": lambda ottawa: _told(ottawa, version=1, held=True),
    "received at the end of time": lambda ottawa: _told(ottawa, received_at=FAR),
    "received at its beginning": lambda ottawa: _told(ottawa, received_at=LONG_AGO),
    "requeued at the end of time": lambda ottawa: _told(ottawa, requeued_at=FAR, held=True),
    "cleared at the beginning of time": lambda ottawa: _told(ottawa, cleared_at=LONG_AGO, held=True),
    "with an impossible recipient": lambda ottawa: _told(ottawa, recipient_version=2**40, held=True),
}


@pytest.mark.parametrize("name", NOT_THIS_CALL)
async def test_facts_that_are_not_this_calls_or_of_no_time_are_not_taken(
    temporal: TemporalServer, ottawa: Agency, name: str
) -> None:
    async with open_call(temporal, ottawa) as handle:
        before = await details_of(handle)
        await handle.signal(Signal.UPDATED, CallChange(call=NOT_THIS_CALL[name](ottawa)))
        assert await details_of(handle) == before
        assert await is_well(handle) == "silent: cancelled"


@pytest.mark.parametrize("speed", [0.001, 0.01, 3600])
async def test_a_clock_that_is_only_unusual_is_taken(temporal: TemporalServer, ottawa: Agency, speed: float) -> None:
    """A call of the year 2290 told by the slowest of clocks: a timer longer than Temporal can count."""
    far = datetime(2290, 1, 1, tzinfo=UTC)
    async with open_call(temporal, ottawa) as handle:
        clock = Clock(real_origin=datetime.now(UTC), virtual_origin=NOON, speed=speed)
        await handle.signal(Signal.UPDATED, CallChange(call=_told(ottawa, received_at=far), clock=clock))
        assert "2289-12-31" in await details_of(handle)
        assert await is_well(handle) == "silent: cancelled"


# A text's activity, meddled with. The clock starts just before the confirmation is due.


@asynccontextmanager
async def sending(server: TemporalServer, agency: Agency, clerk: Clerk) -> AsyncIterator[Open]:
    """A call whose confirmation is being tried."""
    client = await Client.connect(server.address, data_converter=data_converter)
    queue = f"poison-{uuid4().hex}"
    async with working(client, clerk, queue=queue):
        due = Clock(real_origin=datetime.now(UTC), virtual_origin=NOON + minutes(3))
        handle = await _started(client, agency, queue, clock=due)
        await _until(lambda: bool(clerk.orders))
        yield handle


@asynccontextmanager
async def sending_slowly(server: TemporalServer, agency: Agency) -> AsyncIterator[tuple[Open, Clerk]]:
    """A call whose confirmation's only attempt lasts as long as the test."""
    over = threading.Event()

    def answer(_order: SendText) -> TextOutcome:
        over.wait(timeout=10)
        return TextOutcome()

    clerk = Clerk(answer=answer)
    async with sending(server, agency, clerk) as handle:
        try:
            yield handle, clerk
        finally:
            over.set()


def _carrier_is_down(_order: SendText) -> TextOutcome:
    raise ApplicationError("503", type="NotProcessed", next_retry_delay=timedelta(seconds=30))


RESULTS = {
    "a string": Payload(metadata={"encoding": b"json/plain"}, data=b'"sent, I believe"'),
    "a wrong object": Payload(metadata={"encoding": b"json/plain"}, data=b'{"record": {"key": 1}}'),
    "an empty object": Payload(metadata={"encoding": b"json/plain"}, data=b"{}"),
    "null": Payload(metadata={"encoding": b"binary/null"}),
    "an unknown encoding": Payload(metadata={"encoding": b"binary/from-elsewhere"}, data=b"\x00"),
    "nothing": None,
}


@pytest.mark.parametrize("name", RESULTS)
async def test_a_text_that_somebody_completes_by_hand_with_nonsense_is_asked_for_again(
    temporal: TemporalServer, ottawa: Agency, name: str
) -> None:
    """After a pause: at once, and for ever, it would fill the history."""
    async with sending_slowly(temporal, ottawa) as (handle, clerk):
        payload = RESULTS[name]
        client = await Client.connect(temporal.address)
        await client.workflow_service.respond_activity_task_completed_by_id(
            RespondActivityTaskCompletedByIdRequest(
                namespace="default",
                workflow_id=handle.id,
                activity_id="1",
                result=None if payload is None else Payloads(payloads=[payload]),
            )
        )
        await _until_details(handle, "nobody told what became of the confirmation")
        assert await is_well(handle) == "silent: cancelled"
        assert len(clerk.orders) == 1


async def test_a_text_that_somebody_fails_by_hand_is_asked_for_again(temporal: TemporalServer, ottawa: Agency) -> None:
    async with sending_slowly(temporal, ottawa) as (handle, clerk):
        client = await Client.connect(temporal.address)
        request = RespondActivityTaskFailedByIdRequest(namespace="default", workflow_id=handle.id, activity_id="1")
        request.failure.message = "by hand"
        request.failure.application_failure_info.non_retryable = True
        await client.workflow_service.respond_activity_task_failed_by_id(request)
        await _until_details(handle, "nobody told what became of the confirmation")
        assert await is_well(handle) == "silent: cancelled"
        assert len(clerk.orders) == 1


@pytest.mark.parametrize("signal", [Signal.CANCELLED, Signal.RECLASSIFIED])
async def test_r1_a_stop_by_hand_ends_a_call_whose_text_is_being_tried_again_and_again(
    temporal: TemporalServer, ottawa: Agency, signal: Signal
) -> None:
    clerk = Clerk(answer=_carrier_is_down)
    async with sending(temporal, ottawa, clerk) as handle:
        await handle.signal(signal)
        assert (await asyncio.wait_for(handle.result(), timeout=10)).reason == f"silent: {signal}"
    assert len(clerk.orders) == 1


async def _until_details(handle: Open, words: str) -> None:
    for _ in range(100):
        if words in (told := await details_of(handle)):
            return
        await asyncio.sleep(0.05)
    raise AssertionError(told)


async def _until(is_so: Callable[[], bool]) -> None:
    for _ in range(1000):
        if is_so():
            return
        await asyncio.sleep(0.01)
    raise AssertionError
