"""R2: whatever operators do to a call in Temporal's UI, no text comes twice. Real servers, and a call in three seconds.

`docs/operators.md` says in words what these tests show.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from itertools import takewhile

import pytest
from sqlalchemy import Engine
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import EventType
from temporalio.api.workflowservice.v1 import (
    PauseActivityRequest,
    UnpauseActivityRequest,
)
from temporalio.client import WorkflowExecutionStatus, WorkflowFailureError
from temporalio.service import RPCError

from calls.contracts import SEARCH_ATTRIBUTES, SEND_TEXT, CallChange, Signal, workflow_id
from database.encryption import Keyring
from policy.agency import Agency
from tests.builders import minutes
from tests.phones import Phones, running_phones
from tests.servers import TemporalServer, running_temporal
from tests.whole.small_town import Handle, SmallTown, small_town
from tests.workflows.stage import details_of

# The SDK warns, now and then, of an activity that had ended when its call did; as an error it would stop its worker.
pytestmark = pytest.mark.filterwarnings("ignore:Cannot find activity to cancel")


@pytest.fixture(scope="module")
def temporal() -> Iterator[TemporalServer]:
    with running_temporal(search_attributes=SEARCH_ATTRIBUTES) as server:
        yield server


@pytest.fixture(scope="module")
def phones(ottawa: Agency) -> Iterator[Phones]:
    with running_phones(sender=ottawa.identity.sender) as phones:
        yield phones


@pytest.fixture
async def town(
    engine: Engine, keyring: Keyring, ottawa: Agency, temporal: TemporalServer, phones: Phones
) -> AsyncIterator[SmallTown]:
    async with small_town(engine=engine, keyring=keyring, agency=ottawa, temporal=temporal, phones=phones) as town:
        yield town


async def _sends_before_the_end(handle: Handle) -> int:
    """How many texts the workflow had ordered when it was ended: a busy machine may be at the second by then."""
    ends = {
        EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CANCEL_REQUESTED,
        EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED,
    }
    events = (await handle.fetch_history()).events
    before = takewhile(lambda event: event.event_type not in ends, events)
    return sum(event.activity_task_scheduled_event_attributes.activity_type.name == SEND_TEXT for event in before)


async def _a_whole_life(town: SmallTown) -> Handle:
    """Confirmation, delay notice, dispatched, cleared, survey."""
    handle = await town.receive()
    await town.until_texts(2)
    await town.tell("dispatched_at")
    await town.tell("cleared_at")
    assert (await handle.result()).reason == "the survey was offered"
    assert len(await town.texts()) == 3
    return handle


async def test_r2_a_call_that_has_ended_is_reset_to_every_task_of_its_history_and_nothing_comes_again(
    town: SmallTown,
) -> None:
    handle = await _a_whole_life(town)
    first = await handle.result()
    run_id = (await handle.describe()).run_id
    texts = await town.texts()
    tasks = await town.tasks(handle)
    assert len(tasks) >= 6
    for with_signals in (True, False):
        for event_id in tasks:
            again = await town.reset(run_id, event_id, with_signals=with_signals)
            if not with_signals:
                await _until_it_ends_or_waits_for_cad(town, again)
                await town.tell_again(again)
            result = await again.result()
            assert await town.texts() == texts, event_id
            assert set(result.texts) <= set(first.texts)
            assert result.reason in {"the survey was offered", "cleared before the confirmation"}
            if event_id in tasks[-3:]:
                assert result == first
    assert town.ledger() == [("confirmation", "accepted"), ("delay", "accepted"), ("survey", "accepted")]


async def _until_it_ends_or_waits_for_cad(town: SmallTown, handle: Handle) -> None:
    """All that is due is asked for by then."""
    for _ in range(200):
        if (await details_of(handle)).startswith(("Ended", "Waiting: no further", "Waiting: an officer")):
            return
        await asyncio.sleep(0.02)
    raise AssertionError(await details_of(handle))


async def test_a_reset_of_an_open_call_sends_nothing_again_and_what_is_still_owed_comes_once(town: SmallTown) -> None:
    handle = await town.receive()
    await town.until_texts(1)
    run_id = (await handle.describe()).run_id
    for event_id in await town.tasks(handle):
        await town.reset(run_id, event_id)
    await town.until_texts(2)
    run_id, tasks = (await handle.describe()).run_id, await town.tasks(handle)
    for event_id in tasks:
        await town.reset(run_id, event_id, with_signals=False)
    await town.tell("dispatched_at")
    await town.tell("cleared_at")
    assert (await town.handle.result()).reason == "the survey was offered"
    assert len(await town.texts()) == 3


async def test_a_reset_forgets_a_stop_sent_by_hand_where_signals_are_left_out(town: SmallTown) -> None:
    handle = await town.receive()
    await town.until_texts(1)
    await handle.signal(Signal.CANCELLED)
    assert (await handle.result()).reason == "silent: cancelled"
    run_id = (await handle.describe()).run_id
    tasks = await town.tasks(handle)
    assert (await (await town.reset(run_id, tasks[0])).result()).reason == "silent: cancelled"
    await town.reset(run_id, tasks[0], with_signals=False)
    confirmation, notice = await town.until_texts(2)
    assert confirmation != notice


async def test_a_reset_of_a_cleared_call_to_before_its_confirmation_costs_the_survey_and_the_sweep_closes_it(
    town: SmallTown,
) -> None:
    """The signals come again at once: to the workflow the call was cleared before anything was sent."""
    handle = await town.receive()
    await town.until_texts(1)
    await town.tell("dispatched_at", "cleared_at")
    again = await town.reset((await handle.describe()).run_id, (await town.tasks(handle))[0])
    assert (await again.result()).reason == "cleared before the confirmation"
    had = await town.texts()
    await town.pass_by(minutes(35))
    assert await town.texts() == had
    await town.sweep()
    assert town.row().ended_reason == "completed in Temporal"


@pytest.mark.parametrize(("how", "ended"), [("terminate", "terminated"), ("cancel", "canceled")])
async def test_a_call_that_is_ended_in_temporal_gets_nothing_more_and_cads_next_record_closes_it(
    town: SmallTown, how: str, ended: str
) -> None:
    handle = await town.receive()
    await town.until_texts(1)
    await getattr(handle, how)()
    with pytest.raises(WorkflowFailureError):
        await handle.result()
    await town.pass_by(minutes(25))
    had = await town.texts()
    assert len(had) <= await _sends_before_the_end(handle)
    assert town.row().ended_reason is None
    await town.tell("dispatched_at", "cleared_at")
    assert town.row().ended_reason == ended
    await town.pass_by(minutes(25))
    assert await town.texts() == had


@pytest.mark.parametrize("how", ["terminate", "cancel", "reset", "reset twice", "stop", "hold"])
async def test_r2_ended_reset_or_silenced_while_its_text_is_being_posted_a_call_gets_that_text_once(
    town: SmallTown, how: str
) -> None:
    """The carrier has the text and takes its time to say so."""
    town.answer_slowly(seconds=0.7)
    handle = await town.receive()
    await town.until_texts(1)
    assert town.ledger() == [("confirmation", "sending")]
    run_id, tasks = (await handle.describe()).run_id, await town.tasks(handle)
    match how:
        case "terminate":
            await handle.terminate()
        case "cancel":
            await handle.cancel()
        case "stop":
            await handle.signal(Signal.CANCELLED)
        case "hold":
            await handle.signal(Signal.HELD)
        case _:
            for _ in how.split():
                await town.reset(run_id, tasks[0])
    await town.until(lambda: town.ledger()[0][1] == "accepted")
    if how == "hold":
        await town.handle.signal(Signal.RELEASED)
    goes_on = how in {"reset", "reset twice", "hold"}
    if goes_on:
        await town.until_texts(2)
        await town.handle.signal(Signal.CANCELLED)
        await town.handle.result()
    else:
        await town.pass_by(minutes(20))
        assert (await handle.describe()).status is not WorkflowExecutionStatus.RUNNING
    bodies = await town.texts()
    assert len(bodies) == len(set(bodies)) == 1 + goes_on
    assert town.ledger()[0] == ("confirmation", "accepted")


async def test_signals_in_an_odd_order_end_with_one_survey(town: SmallTown) -> None:
    handle = await town.receive()
    await town.until_texts(1)
    odd = (Signal.CLEARED, Signal.CLEARED, Signal.REOPENED, Signal.CLEARED, *[Signal.REQUEUED] * 3, Signal.RELEASED)
    for signal in odd:
        with suppress(RPCError):  # on a slow machine the survey is out, and the call has ended, before the last one
            await handle.signal(signal)
    assert (await handle.result()).reason == "the survey was offered"
    bodies = await town.texts()
    assert len(bodies) == len(set(bodies))
    assert [kind for kind, _ in town.ledger()].count("survey") == 1
    await town.tell("dispatched_at", "cleared_at")
    assert town.row().ended_reason == "completed"


async def test_r2_a_workflow_that_is_started_again_from_the_input_of_one_that_ended_sends_nothing_again(
    town: SmallTown,
) -> None:
    """As "Start Workflow Like This One" does."""
    await _a_whole_life(town)
    texts = await town.texts()
    again = await town.start_like_it(workflow_id(town.call_id))
    assert (await again.result()).reason == "the survey was offered"
    assert await town.texts() == texts


async def test_r2_a_second_workflow_of_an_open_call_under_another_id_sends_nothing_again(town: SmallTown) -> None:
    handle = await town.receive()
    twin = await town.start_like_it(f"twin-{town.cad_id}")
    await town.until_texts(2)
    await town.tell("dispatched_at")
    await town.tell("cleared_at")
    await handle.result()
    await town.tell_again(twin)
    assert (await twin.result()).reason == "the survey was offered"
    bodies = await town.texts()
    assert len(bodies) == len(set(bodies)) == 3


async def test_r2_facts_sent_by_hand_with_another_recipient_do_not_bring_a_text_to_the_same_phone_again(
    town: SmallTown,
) -> None:
    """An operator copies CAD's last signal, and edits it. Only the database knows which number is which."""
    handle = await town.receive()
    await town.until_texts(1)
    call = (await town.input()).call
    facts = call.facts.model_copy(update={"recipient_version": 2})
    edited = call.model_copy(update={"version": 7, "facts": facts})
    await handle.signal(Signal.UPDATED, CallChange(call=edited))
    await town.until(lambda: [kind for kind, _ in town.ledger()].count("confirmation") == 2)
    await town.pass_by(minutes(24))
    bodies = await town.texts()
    assert len(bodies) == len(set(bodies))
    await handle.signal(Signal.CANCELLED)
    assert (await handle.result()).reason == "silent: cancelled"


async def test_a_paused_text_waits_and_comes_once(town: SmallTown) -> None:
    town.be_down(times=1)
    handle = await town.receive()
    await town.until(lambda: town.ledger() != [])
    execution, service = WorkflowExecution(workflow_id=handle.id), town.client.workflow_service
    await service.pause_activity(PauseActivityRequest(namespace="default", execution=execution, id="1"))
    await asyncio.sleep(1.5)
    assert await town.texts() == []
    await service.unpause_activity(UnpauseActivityRequest(namespace="default", execution=execution, id="1"))
    await town.until_texts(2)
    await handle.signal(Signal.CANCELLED)
    await handle.result()
    bodies = await town.texts()
    assert len(bodies) == len(set(bodies)) == 2
