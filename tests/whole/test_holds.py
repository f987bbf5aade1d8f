"""Staff hold one call: its history says so, nothing goes out; released, what is still true goes once. Real servers.

A third of an hour takes a second here. The confirmation is due forty minutes after receipt.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from sqlalchemy import Engine
from temporalio.api.enums.v1 import EventType

from activities.stop_and_go import scope_of_call
from calls.contracts import Kind, LedgerState
from database.encryption import Keyring
from policy.agency import Agency
from starter.wake import Wake
from tests.builders import minutes
from tests.phones import Phones
from tests.servers import TemporalServer
from tests.whole.small_town import Handle, SmallTown, small_town
from tests.whole.test_operators import phones, temporal
from tests.workflows.stage import details_of
from web.staff.one_call.actions import CallActions, Outcome
from web.staff.switches import Switches

__all__ = ["phones", "temporal"]

pytestmark = pytest.mark.filterwarnings("ignore:Cannot find activity to cancel")

STAFF = {"by": "the duty inspector", "why": "to look at it first"}
WENT_OUT = {LedgerState.ACCEPTED, LedgerState.SENT, LedgerState.DELIVERED}


@pytest.fixture
def unhurried(ottawa: Agency) -> Agency:
    table = ottawa.policy.timetable
    confirmation = table.confirmation.model_copy(update={"after_received": minutes(40)})
    table = table.model_copy(update={"confirmation": confirmation})
    return ottawa.model_copy(update={"policy": ottawa.policy.model_copy(update={"timetable": table})})


@pytest.fixture
async def town(
    engine: Engine, keyring: Keyring, unhurried: Agency, temporal: TemporalServer, phones: Phones
) -> AsyncIterator[SmallTown]:
    async with (
        small_town(engine=engine, keyring=keyring, agency=unhurried, temporal=temporal, phones=phones) as town,
        listening(town),
    ):
        yield town


@asynccontextmanager
async def listening(town: SmallTown) -> AsyncIterator[None]:
    """The starter forwards what changes, as its process does."""
    wake = Wake(town.engine)
    tasks = [asyncio.create_task(wake.listen()), asyncio.create_task(town.forwarder.keep_up_to_date(wake))]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@pytest.fixture
def switches(engine: Engine, keyring: Keyring) -> Switches:
    return Switches(engine=engine, keyring=keyring)


async def signals(handle: Handle) -> list[str]:
    events = (await handle.fetch_history()).events
    signaled = [event for event in events if event.event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED]
    return [event.workflow_execution_signaled_event_attributes.signal_name for event in signaled]


async def received(town: SmallTown) -> Handle:
    """CAD tells of the call, and its workflow has started: the town's own forwarder may have been quicker."""
    handle = await town.receive()
    await town.until(lambda: town.row().signalled_version > 0)
    return handle


async def until_it_says(handle: Handle, details: str) -> None:
    """A text that was being tried when the hold came is tried once more, twenty seconds later, and then waits."""
    deadline = time.monotonic() + 60
    while details not in (said := await details_of(handle)):
        assert time.monotonic() < deadline, said
        await asyncio.sleep(0.05)


def confirmations(town: SmallTown) -> list[str]:
    return [state for kind, state in town.ledger() if kind == Kind.CONFIRMATION]


async def test_a_held_call_says_so_and_sends_nothing_and_released_it_sends_once_what_is_still_true(
    town: SmallTown, switches: Switches
) -> None:
    handle = await received(town)
    switches.stop(scope_of_call(town.call_id), **STAFF)
    await until_it_says(handle, "Waiting: held by staff")
    await town.pass_by(minutes(80))  # the confirmation fell due 40 minutes ago
    await town.sweep()
    assert (await town.texts(), town.ledger(), town.row().trouble) == ([], [], None)
    assert await signals(handle) == ["held"]
    switches.go(scope_of_call(town.call_id), **STAFF)
    await town.until_texts(1)
    await town.sweep()
    await town.pass_by(minutes(30))
    assert await signals(handle) == ["held", "released"]
    assert len(confirmations(town)) == 1
    assert set(confirmations(town)) <= WENT_OUT
    bodies = await town.texts()
    assert len(set(bodies)) == len(bodies)
    await town.until(lambda: sum(state in WENT_OUT for _, state in town.ledger()) == len(bodies))
    assert town.row().trouble is None


async def test_a_text_that_is_being_tried_when_the_call_is_held_waits_for_release_and_comes_once(
    town: SmallTown, switches: Switches
) -> None:
    """The carrier does not take it; the hold is quicker than the carrier's recovery."""
    town.be_down(times=10_000)
    handle = await received(town)
    await town.until(lambda: confirmations(town) == [LedgerState.CLAIMED])
    switches.stop(scope_of_call(town.call_id), **STAFF)
    await until_it_says(handle, "Waiting: held by staff")
    town.phones.misbehave()
    await town.pass_by(minutes(40))
    assert await town.texts() == []
    assert confirmations(town) == []  # it is not being tried any more: that costs nothing while it is held
    switches.go(scope_of_call(town.call_id), **STAFF)
    await town.until_texts(1)
    await town.pass_by(minutes(20))
    assert len(confirmations(town)) == 1
    bodies = await town.texts()
    assert len(set(bodies)) == len(bodies)


@pytest.mark.parametrize("release", ["released at the end", "never released"])
async def test_r2_a_confirmation_that_expires_while_its_call_is_held_stands_in_the_ledger_as_expired(
    engine: Engine,
    keyring: Keyring,
    unhurried: Agency,
    temporal: TemporalServer,
    phones: Phones,
    switches: Switches,
    release: str,
) -> None:
    """Whatever comes afterwards: cleared, released, or nothing at all. Nobody need have noticed it in time."""
    async with (
        small_town(
            engine=engine,
            keyring=keyring,
            agency=unhurried,
            temporal=temporal,
            phones=phones,
            confirmation_true_for=timedelta(hours=1),
        ) as town,
        listening(town),
    ):
        handle = await received(town)
        switches.stop(scope_of_call(town.call_id), **STAFF)
        async with asyncio.timeout(60):
            result = await handle.result()
        assert await signals(handle) == ["held"]
        assert (result.reason, result.texts) == (
            "the confirmation was not sent: expired",
            ("confirmation: expired",),
        )
        await town.tell("cleared_at")
        if release == "released at the end":
            switches.go(scope_of_call(town.call_id), **STAFF)
        await town.sweep()
        await town.pass_by(minutes(20))
        assert (await town.texts(), confirmations(town), town.row().trouble) == ([], [LedgerState.EXPIRED], None)


async def test_r9_a_call_that_is_stopped_for_good_ends_in_silence_and_the_ledger_says_why(
    town: SmallTown, switches: Switches
) -> None:
    """Held first, then stopped: nothing waits, nothing raises an alarm, and its workflow ends as it should."""
    handle = await received(town)
    switches.stop(scope_of_call(town.call_id), **STAFF)
    await until_it_says(handle, "Waiting: held by staff")
    switches.stop_for_good(town.call_id, **STAFF)
    await town.until(lambda: confirmations(town) == [LedgerState.SUPPRESSED])
    await town.sweep()
    assert (await town.texts(), town.row().trouble) == ([], None)
    await town.tell("cleared_at")
    async with asyncio.timeout(60):
        result = await handle.result()
    assert (result.reason, result.texts) == (
        "the confirmation was not sent: suppressed",
        ("confirmation: suppressed",),
    )
    await town.sweep()
    assert (await town.texts(), town.row().trouble) == ([], None)


async def test_r10_a_call_whose_language_staff_have_chosen_is_told_in_it(town: SmallTown) -> None:
    await received(town)
    actions = CallActions(engine=town.engine, keyring=town.services.keyring)
    assert actions.choose_language(town.call_id, "fr", by="the duty inspector") is Outcome.LANGUAGE
    await town.until_texts(1)
    assert "votre appel" in (await town.texts())[0]
