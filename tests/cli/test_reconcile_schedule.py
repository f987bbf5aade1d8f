"""`communityconnect setup` makes the reconciler's schedule, and brings one up to date that is there; for real."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select
from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionExecutionStartWorkflow,
    ScheduleHandle,
    ScheduleIntervalSpec,
    ScheduleOverlapPolicy,
    ScheduleSpec,
    ScheduleUpdate,
    ScheduleUpdateInput,
    WorkflowHandle,
)

from calls.reconciliation import Reconciled
from cli.doctor.temporal import reconciled
from cli.reconcile_schedule import SCHEDULE_ID, set_up_schedule
from cli.schedules import is_paused_by_hand
from cli.set_up import set_up_temporal
from database.encryption import Keyring
from database.tables import TextRow, real_now
from payloads import data_converter
from policy.agency import Agency
from tests.activities.desk import a_desk
from tests.builders import hours
from tests.carrier.carrier_box import eventually
from tests.phones import running_phones
from tests.servers import TemporalServer, running_temporal
from worker import build_reconciler


@pytest.fixture(scope="module")
def temporal() -> Iterator[TemporalServer]:
    with running_temporal() as server:
        yield server


async def in_a_new_namespace(server: TemporalServer) -> tuple[Client, list[str]]:
    """Set up, as the command does."""
    client = await Client.connect(server.address, namespace=f"n{uuid4().hex[:8]}", data_converter=data_converter)
    said: list[str] = []
    await set_up_temporal(client, zone="America/Toronto", say=said.append)
    return client, said


async def test_setup_makes_it_and_a_second_setup_leaves_it(temporal: TemporalServer) -> None:
    client, said = await in_a_new_namespace(temporal)
    assert said[-4:] == [
        "temporal: the reconciler's schedule was made",
        "temporal: the schedule of emerging issues was made",
        "temporal: the schedule of open data was made",
        "temporal: the schedule of forgetting was made",
    ]
    assert await is_paused_by_hand(client, SCHEDULE_ID) is False
    schedule = (await client.get_schedule_handle(SCHEDULE_ID).describe()).schedule
    assert [interval.every for interval in schedule.spec.intervals] == [timedelta(minutes=15)]
    assert schedule.policy.overlap is ScheduleOverlapPolicy.SKIP
    assert schedule.policy.catchup_window == timedelta(minutes=1)
    assert await set_up_schedule(client) == "is there"


async def said_to_be(handle: ScheduleHandle, holds: Callable[[Schedule], bool]) -> None:
    """Temporal may say the old thing for a moment."""
    for _ in range(1500):
        if holds((await handle.describe()).schedule):
            return
        await asyncio.sleep(0.02)
    raise AssertionError("Temporal says the old thing still")


async def test_setup_changes_one_that_an_earlier_version_made_and_leaves_it_paused(temporal: TemporalServer) -> None:
    client, _ = await in_a_new_namespace(temporal)
    handle = client.get_schedule_handle(SCHEDULE_ID)

    def earlier(now: ScheduleUpdateInput) -> ScheduleUpdate:
        spec = ScheduleSpec(intervals=[ScheduleIntervalSpec(every=timedelta(hours=1))])
        return ScheduleUpdate(schedule=replace(now.description.schedule, spec=spec))

    # Each is waited for: of a change and a pause that come to Temporal together, the change is done last and undoes it.
    await handle.update(earlier)
    await said_to_be(handle, lambda schedule: schedule.spec.intervals[0].every == timedelta(hours=1))
    await handle.pause(note="by an operator")
    await said_to_be(handle, lambda schedule: schedule.state.paused)
    assert await set_up_schedule(client) == "was brought up to date"
    schedule = (await handle.describe()).schedule
    assert [interval.every for interval in schedule.spec.intervals] == [timedelta(minutes=15)]
    assert schedule.state.paused
    assert await set_up_schedule(client) == "is there"
    assert await is_paused_by_hand(client, SCHEDULE_ID)
    finding = await reconciled(client)
    assert not finding.is_well
    assert finding.detail.startswith("is paused")


async def started(client: Client) -> WorkflowHandle[Any, Reconciled]:
    """The run that the schedule has started."""
    for _ in range(600):
        actions = (await client.get_schedule_handle(SCHEDULE_ID).describe()).info.recent_actions
        if actions and isinstance(actions[-1].action, ScheduleActionExecutionStartWorkflow):
            action = actions[-1].action
            return client.get_workflow_handle(
                action.workflow_id, run_id=action.first_execution_run_id, result_type=Reconciled
            )
        await asyncio.sleep(0.05)
    raise AssertionError("the schedule started nothing")


async def test_what_the_schedule_starts_settles_a_text_whose_callbacks_were_lost(
    temporal: TemporalServer, engine: Engine, keyring: Keyring, ottawa: Agency
) -> None:
    """Everything for real: the schedule, the worker, the carrier over HTTP, the ledger."""
    client, _ = await in_a_new_namespace(temporal)
    with running_phones(sender=ottawa.identity.sender) as phones:
        desk = a_desk(engine, keyring, ottawa, phones)
        desk.call()
        desk.send()
        sid = desk.row().provider_sid or ""
        await asyncio.to_thread(eventually, lambda: getattr(phones.client().fetch(sid), "status", "") == "delivered")
        desk.change_row({"updated_real": real_now() - hours(2), "lease_until_real": real_now() - hours(2)})
        async with build_reconciler(client, desk.services):
            await client.get_schedule_handle(SCHEDULE_ID).trigger()
            handle = await started(client)
            result = await handle.result()
        assert result == Reconciled(bodies_forgotten=0, texts_looked_up=1, days_summed=0, surveys_cut=1)
    with Session(engine) as session:
        assert session.exec(select(TextRow.state)).one() == "delivered"
