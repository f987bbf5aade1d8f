"""Emerging issues are looked for every night at half past four, through both clock changes; a missed night once."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine
from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleCalendarSpec,
    ScheduleOverlapPolicy,
    ScheduleRange,
    ScheduleSpec,
    ScheduleUpdate,
    ScheduleUpdateInput,
    WorkflowHandle,
)

from calls.issues import FIND_ISSUES_SCHEDULE, LookedAt
from cli.doctor.temporal import issues_looked_for
from cli.issues_schedule import issues_schedule, set_up_issues_schedule
from database.encryption import Keyring
from local.ports import free_port
from local.processes import Supervisor
from local.temporal import Temporal
from payloads import data_converter
from policy.agency import Agency
from tests.neighbourhoods import DAY, City, days, local
from tests.servers import TemporalServer, running_temporal, temporary_state
from worker import build_reconciler

ZONE = "America/Toronto"
LAST = date(2026, 1, 15)


@pytest.fixture(scope="module")
def temporal() -> Iterator[TemporalServer]:
    with running_temporal() as server:
        yield server


async def connected(address: str) -> Client:
    return await Client.connect(address, data_converter=data_converter)


def clock_changes(zone: ZoneInfo) -> list[date]:
    """The next two days on which the clocks of the zone change."""
    found: list[date] = []
    day = datetime.now(UTC).date() + DAY * 2
    while len(found) < 2:
        begins, ends = datetime.combine(day, time(), zone), datetime.combine(day + DAY, time(), zone)
        if ends.utcoffset() != begins.utcoffset():
            found.append(day)
        day += DAY
    return found


@pytest.mark.parametrize("which", [0, 1])
async def test_it_is_half_past_four_on_every_morning_around_a_clock_change(
    temporal: TemporalServer, which: int
) -> None:
    zone = ZoneInfo(ZONE)
    change = clock_changes(zone)[which]
    schedule = issues_schedule(zone=ZONE)
    start = datetime.combine(change - DAY * 2, time(12), zone)
    client = await connected(temporal.address)
    handle = await client.create_schedule(
        f"around-{which}", replace(schedule, spec=replace(schedule.spec, start_at=start))
    )
    times = (await handle.describe()).info.next_action_times[:4]
    assert [moment.astimezone(zone).replace(tzinfo=None) for moment in times] == [
        datetime.combine(change + DAY * n, time(4, 30)) for n in (-1, 0, 1, 2)
    ]
    apart = [(later - sooner) / timedelta(hours=1) for sooner, later in pairwise(times)]
    assert sorted(apart) in ([23, 24, 24], [24, 24, 25])


async def test_setup_makes_it_a_second_setup_leaves_it_and_a_new_zone_is_taken_over(temporal: TemporalServer) -> None:
    client = await connected(temporal.address)
    assert await set_up_issues_schedule(client, zone=ZONE) == "was made"
    assert await set_up_issues_schedule(client, zone=ZONE) == "is there"
    handle = client.get_schedule_handle(FIND_ISSUES_SCHEDULE)
    await handle.pause(note="by an operator")
    for _ in range(500):  # Temporal may say the old thing for a moment
        if (await handle.describe()).schedule.state.paused:
            break
        await asyncio.sleep(0.02)
    assert await set_up_issues_schedule(client, zone="America/Winnipeg") == "was brought up to date"
    for _ in range(500):
        there = (await handle.describe()).schedule
        if there.spec.time_zone_name == "America/Winnipeg":
            break
        await asyncio.sleep(0.02)
    assert there.state.paused
    assert there.policy.overlap is ScheduleOverlapPolicy.SKIP
    assert there.policy.catchup_window == timedelta(hours=20)
    assert (await issues_looked_for(client, zone=ZONE)).detail.startswith("is paused")
    await handle.delete()


def _at_these_seconds(moments: list[datetime]) -> Schedule:
    """Ours, but for the time: the nights are seconds apart."""

    def calendar(moment: datetime) -> ScheduleCalendarSpec:
        hour, minute, second = ([ScheduleRange(part)] for part in (moment.hour, moment.minute, moment.second))
        return ScheduleCalendarSpec(hour=hour, minute=minute, second=second)

    return replace(issues_schedule(zone=ZONE), spec=ScheduleSpec(calendars=[calendar(moment) for moment in moments]))


async def _runs(client: Client) -> list[WorkflowHandle[Any, Any]]:
    return [
        client.get_workflow_handle(one.id, run_id=one.run_id, result_type=LookedAt)
        async for one in client.list_workflows()
    ]


async def test_nights_that_temporal_was_away_are_caught_up_by_one_run_that_makes_good_every_day(
    engine: Engine, keyring: Keyring, ottawa: Agency
) -> None:
    """Everything for real: the server is stopped over three nights and started again on its own database."""
    city = City(engine=engine, keyring=keyring, agency=ottawa)
    city.quiet(LAST + DAY * 3, number=100)
    for day in days(LAST - DAY * 4, 8):
        city.calls("Somerset", "NOISE", [local(day, 20), local(day, 22)])
    city.night(local(LAST + DAY, 4, 30))
    before = city.told()
    with temporary_state() as state, Supervisor(state) as supervisor:
        server = Temporal(log=state.log("temporal"), port=free_port(), database=state.log("temporal.db"))
        supervisor.start(server.child())
        nights = [datetime.now(UTC) + timedelta(seconds=8 + n) for n in range(3)]
        handle = await (await connected(server.address)).create_schedule(
            FIND_ISSUES_SCHEDULE, _at_these_seconds(nights)
        )
        for _ in range(50):  # it has begun to count
            if (await handle.describe()).info.next_action_times:
                break
            await asyncio.sleep(0.05)
        supervisor.stop()
        assert datetime.now(UTC) < nights[0], "the machine is too slow for this test"
        await asyncio.sleep((nights[-1] - datetime.now(UTC)).total_seconds() + 2)
        supervisor.start(server.child())
        client = await connected(server.address)
        for _ in range(200):
            if await _runs(client):
                break
            await asyncio.sleep(0.1)  # Temporal's list is some moments late
        async with build_reconciler(client, city.services(local(LAST + DAY * 4, 9))):
            [run] = await _runs(client)
            done = await run.result()
            await asyncio.sleep(2)
            assert len(await _runs(client)) == 1
            info = (await client.get_schedule_handle(FIND_ISSUES_SCHEDULE).describe()).info
            assert (info.num_actions, info.num_actions_missed_catchup_window) == (1, 0)
            assert info.num_actions_skipped_overlap == 2
            await client.get_schedule_handle(FIND_ISSUES_SCHEDULE).trigger()
            for _ in range(200):
                if len(runs := await _runs(client)) == 2:
                    break
                await asyncio.sleep(0.1)
            again = [await one.result() for one in runs if one.run_id != run.run_id]
    assert done.days == 3
    assert again == [LookedAt()]
    noise = [issue for issue in city.told() if issue[1] == "noise"]
    assert noise == [(*before[0][:3], LAST + DAY * 3)]


async def test_an_action_that_is_not_ours_is_replaced(temporal: TemporalServer) -> None:
    client = await connected(temporal.address)
    await set_up_issues_schedule(client, zone=ZONE)
    handle = client.get_schedule_handle(FIND_ISSUES_SCHEDULE)

    def earlier(now: ScheduleUpdateInput) -> ScheduleUpdate:
        action = ScheduleActionStartWorkflow("Earlier", id=f"earlier-{uuid4()}", task_queue="elsewhere")
        return ScheduleUpdate(schedule=replace(now.description.schedule, action=action))

    await handle.update(earlier)
    for _ in range(500):
        action = (await handle.describe()).schedule.action
        if isinstance(action, ScheduleActionStartWorkflow) and action.workflow == "Earlier":
            break
        await asyncio.sleep(0.02)
    assert await set_up_issues_schedule(client, zone=ZONE) == "was brought up to date"
