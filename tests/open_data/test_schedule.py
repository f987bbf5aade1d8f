"""A quarter's bundle is prepared by Temporal, once, when it is due; what was missed is made good."""

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from temporalio.client import Client, WorkflowHistory
from temporalio.testing import ActivityEnvironment
from temporalio.worker import Replayer

from activities.carrier_client import CarrierClient
from activities.open_data import OpenDataActivities
from activities.services import TextServices
from calls.clock import Clock
from calls.open_data import PREPARE_OPEN_DATA, PREPARE_OPEN_DATA_SCHEDULE, PreparedBundle, PreparedBundles
from cli.open_data_schedule import open_data_schedule, set_up_open_data_schedule
from database.encryption import Keyring
from database.tables import real_now
from payloads import data_converter
from tests.open_data.conftest import City
from tests.open_data.made_up import open_data
from tests.servers import TemporalServer, running_temporal
from web.staff.open_data.bundles import Bundles
from worker import build_reconciler
from workflow_sandbox import workflow_runner
from workflows.prepare_open_data import PrepareOpenData

KEPT = Path(__file__).parents[1] / "histories" / "open_data"
ZONE = "America/Toronto"
DUE = datetime(2026, 11, 15, 10, tzinfo=UTC)


@pytest.fixture(scope="module")
def temporal() -> Iterator[TemporalServer]:
    with running_temporal() as server:
        yield server


def services(city: City, keyring: Keyring, now: datetime) -> TextServices:
    return TextServices(
        engine=city.engine,
        carrier=CarrierClient(account_sid="AC0", auth_token="none", address="http://127.0.0.1:1", timeout_seconds=1),
        keyring=keyring,
        agency=city.agency,
        clock=Clock(real_origin=real_now(), virtual_origin=now),
        origin="http://127.0.0.1:1",
        unknown_wait=timedelta(seconds=120),
    )


async def test_a_quarter_that_is_due_is_prepared_by_one_run_and_left_by_the_next(
    temporal: TemporalServer, city: City, keyring: Keyring
) -> None:
    with city.engine.begin() as connection:
        connection.execute(text("TRUNCATE open_data_bundle, open_data_file"))
    client = await Client.connect(temporal.address, data_converter=data_converter, identity="tests")
    assert await set_up_open_data_schedule(client, zone=ZONE) == "was made"
    assert await set_up_open_data_schedule(client, zone=ZONE) == "is there"
    handle = client.get_schedule_handle(PREPARE_OPEN_DATA_SCHEDULE)
    done: list[PreparedBundles] = []
    async with build_reconciler(client, services(city, keyring, DUE)):
        for number in range(2):
            await handle.trigger()
            for _ in range(300):
                runs = [one async for one in client.list_workflows(f"WorkflowType = '{PREPARE_OPEN_DATA}'")]
                if len(runs) == number + 1:
                    break
                await asyncio.sleep(0.1)  # Temporal's list is some moments late
            newest = max(runs, key=lambda run: run.start_time)
            of = client.get_workflow_handle(newest.id, run_id=newest.run_id, result_type=PreparedBundles)
            done.append(await of.result())
    assert done[0].bundles == (PreparedBundle(quarter="2026-q3", version=1, is_safe=True),)
    assert done[1].bundles == ()
    assert [one.state for one in Bundles(city.engine, "ottawa").all()] == ["prepared"]


def test_it_is_looked_for_every_morning_on_the_agencys_clock_and_a_missed_one_is_caught_up() -> None:
    schedule = open_data_schedule(zone=ZONE)
    assert [part.start for part in schedule.spec.calendars[0].hour] == [5]
    assert schedule.spec.time_zone_name == ZONE
    assert schedule.policy.catchup_window == timedelta(hours=20)


def test_quarters_that_were_missed_are_due_in_order_and_the_first_one_alone(city: City, keyring: Keyring) -> None:
    def due(now: datetime) -> tuple[str, ...]:
        return OpenDataActivities(services(city, keyring, now)).due_quarters().quarters

    with city.engine.begin() as connection:
        connection.execute(text("TRUNCATE open_data_bundle, open_data_file"))
    assert due(datetime(2026, 11, 14, 10, tzinfo=UTC)) == ("2026-q2",)
    assert due(DUE) == ("2026-q3",)
    clerk = OpenDataActivities(services(city, keyring, DUE))
    beats: list[object] = []
    at_work = ActivityEnvironment()
    at_work.on_heartbeat = beats.append
    assert at_work.run(clerk.prepare_quarter, "2026-q3").version == 1
    assert beats == ["counts calls", "counts answers", "writes the files", "attacks them"]
    assert at_work.run(clerk.prepare_quarter, "2026-q3").version == 0
    assert due(DUE + timedelta(days=1)) == ()
    assert due(datetime(2027, 8, 20, tzinfo=UTC)) == ("2026-q4", "2027-q1", "2027-q2")


def test_nothing_is_due_of_an_agency_that_has_not_switched_it_on(city: City, keyring: Keyring) -> None:
    off = open_data().model_copy(update={"enabled": False})
    agency = city.agency.model_copy(update={"open_data": off})
    quiet = City(engine=city.engine, agency=agency)
    assert OpenDataActivities(services(quiet, keyring, DUE)).due_quarters().quarters == ()


@pytest.mark.parametrize("name", sorted(path.stem for path in KEPT.glob("*.json")))
async def test_r8_a_run_of_yesterday_replays_on_todays_code(name: str) -> None:
    kept = json.loads((KEPT / f"{name}.json").read_text(encoding="utf-8"))
    replayer = Replayer(workflows=[PrepareOpenData], data_converter=data_converter, workflow_runner=workflow_runner())
    await replayer.replay_workflow(WorkflowHistory.from_json(PREPARE_OPEN_DATA_SCHEDULE, kept))


def test_a_history_is_kept() -> None:
    assert {path.stem for path in KEPT.glob("*.json")} == {"prepared"}
