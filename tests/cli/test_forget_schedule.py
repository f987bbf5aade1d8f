"""Old data is forgotten every night at half past five, on the agency's own clock; a missed night is caught up once."""

from dataclasses import replace
from datetime import timedelta

from temporalio.client import Client, ScheduleActionStartWorkflow, ScheduleOverlapPolicy

from calls.contracts import RECONCILER_TASK_QUEUE
from calls.forgetting import FORGET, FORGET_SCHEDULE
from cli.doctor.temporal import old_data_forgotten
from cli.forget_schedule import forget_schedule, set_up_forget_schedule
from cli.issues_schedule import issues_schedule
from payloads import data_converter
from tests.servers import running_temporal


async def test_setup_makes_it_and_doctor_says_when_it_is_not_there() -> None:
    with running_temporal() as server:
        client = await Client.connect(server.address, data_converter=data_converter)
        missing = await old_data_forgotten(client, zone=None)
        assert missing.detail == "is missing: what is personal is kept for longer than the agency's retention says"
        assert await set_up_forget_schedule(client, zone="America/Toronto") == "was made"
        assert await set_up_forget_schedule(client, zone="America/Toronto") == "is there"
        there = (await client.get_schedule_handle(FORGET_SCHEDULE).describe()).schedule
        assert await set_up_forget_schedule(client, zone="America/Winnipeg") == "was brought up to date"
        assert (await old_data_forgotten(client, zone=None)).is_well
    assert there.spec.time_zone_name == "America/Toronto"
    [night] = there.spec.calendars
    assert ([part.start for part in night.hour], [part.start for part in night.minute]) == ([5], [30])
    assert there.policy.overlap is ScheduleOverlapPolicy.SKIP
    assert there.policy.catchup_window == timedelta(hours=20)
    assert isinstance(there.action, ScheduleActionStartWorkflow)
    assert (there.action.workflow, there.action.task_queue) == (FORGET, RECONCILER_TASK_QUEUE)


def test_it_catches_up_as_the_schedule_of_emerging_issues_does_whose_outage_is_tried_for_real() -> None:
    """`tests/cli/test_issues_schedule.py` stops a server over three nights."""
    ours, tried = forget_schedule(zone="America/Toronto"), issues_schedule(zone="America/Toronto")
    assert ours.policy == tried.policy
    assert replace(ours.spec, calendars=()) == replace(tried.spec, calendars=())
