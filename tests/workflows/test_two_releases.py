"""Two releases of the worker at once: a call ends on the one on which it began, and none is stuck (R8)."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest
from temporalio.client import Client, WorkflowHandle
from temporalio.worker import Replayer, Worker

from calls.clock import Clock
from calls.contracts import SEARCH_ATTRIBUTES, TASK_QUEUE, WORKFLOW_TYPE, CallInput, CallResult, Signal, workflow_id
from cli.releases import look_at_release, promote, show
from cli.replay_history import replay_histories
from local.errors import LocalError
from payloads import data_converter
from policy.agency import Agency
from settings import Settings
from tests.builders import NOON, a_call, minutes
from tests.servers import TemporalServer, running_temporal
from tests.workflows.next_release import OfTomorrow
from tests.workflows.stage import Clerk
from worker import release_of
from workflow_sandbox import workflow_runner
from workflows.call_updates import CallUpdates

SPEED = 3600
"""An hour of the call is a second here: the hold of a few minutes, and the survey's delay."""

EACH = 10


@pytest.fixture
def server() -> Iterator[TemporalServer]:
    """For each test its own: where a release takes the calls, workers without one get none."""
    with running_temporal(search_attributes=SEARCH_ATTRIBUTES) as server:
        yield server


@pytest.fixture(autouse=True)
def temporal(monkeypatch: pytest.MonkeyPatch, server: TemporalServer) -> str:
    monkeypatch.setenv("TEMPORAL_ADDRESS", server.address)
    return server.address


def settings_of(name: str, build: str) -> Settings:
    return Settings.model_validate({"TEMPORAL_DEPLOYMENT_NAME": name, "TEMPORAL_WORKER_BUILD_ID": build})


@asynccontextmanager
async def working(address: str, settings: Settings | None, workflow: type[CallUpdates]) -> AsyncIterator[Clerk]:
    """A worker of a release as `worker.py` builds it, on a connection of its own, with a clerk who writes down."""
    client = await Client.connect(address, data_converter=data_converter)
    clerk = Clerk()
    with ThreadPoolExecutor(2) as threads:
        async with Worker(
            client,
            task_queue=TASK_QUEUE,
            workflows=[workflow],
            activities=[clerk.send_text],
            activity_executor=threads,
            workflow_runner=workflow_runner(),
            deployment_config=None if settings is None else release_of(settings),
        ):
            yield clerk


async def opened(address: str, agency: Agency, number: str) -> WorkflowHandle[CallUpdates, CallResult]:
    """A call to which an officer has been sent: its confirmation is owed, then nothing until it is cleared."""
    client = await Client.connect(address, data_converter=data_converter)
    call = a_call(agency.policy, cad_id=number, dispatched_at=NOON + minutes(1))
    clock = Clock(real_origin=datetime.now(UTC), virtual_origin=NOON, speed=SPEED)
    id_ = f"ottawa-{number}"
    return await client.start_workflow(
        WORKFLOW_TYPE,
        CallInput(call_id=id_, call=call, timetable=agency.policy.timetable, clock=clock),
        id=workflow_id(id_),
        task_queue=TASK_QUEUE,
        result_type=CallResult,
    )


async def soon(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not holds():  # noqa: ASYNC110 - what is waited for happens in Temporal
            await asyncio.sleep(0.05)


async def promoted(settings: Settings) -> list[str]:
    """As soon as Temporal knows the release's worker."""
    lines: list[str] = []
    for _ in range(100):
        try:
            await asyncio.to_thread(promote, settings, say=lines.append)
        except LocalError:  # no worker of it has asked for work yet
            await asyncio.sleep(0.1)
        else:
            return lines
    raise AssertionError("Temporal never heard of the release")


async def test_r8_a_call_ends_on_the_release_on_which_it_began_and_a_new_one_begins_on_the_new(
    temporal: str, ottawa: Agency
) -> None:
    today, tomorrow = settings_of("side-by-side", "today"), settings_of("side-by-side", "tomorrow")
    async with working(temporal, today, CallUpdates) as old:
        await promoted(today)
        first = [await opened(temporal, ottawa, f"1{number}") for number in range(EACH)]
        await soon(lambda: old.sent == ["confirmation"] * EACH)
        async with working(temporal, tomorrow, OfTomorrow) as new:
            [line] = await promoted(tomorrow)
            assert line.startswith("tomorrow takes new calls from now on")
            second = [await opened(temporal, ottawa, f"2{number}") for number in range(EACH)]
            await soon(lambda: new.sent == ["confirmation"] * EACH)
            for call in (*first, *second):
                await call.signal(Signal.CLEARED)
            results = await asyncio.wait_for(asyncio.gather(*(call.result() for call in (*first, *second))), 20)
            assert {result.reason for result in results} == {"the survey was offered"}
            assert sorted(old.sent) == sorted(new.sent) == ["confirmation"] * EACH + ["survey link"] * EACH
            lines: list[str] = []
            await asyncio.to_thread(show, tomorrow, say=lines.append)
    assert [line.partition(",")[0] for line in lines] == ["tomorrow: takes new calls", "today: ends its calls"]
    for calls, release in ((first, "today"), (second, "tomorrow")):
        for call in calls:
            info = (await call.describe()).raw_description.workflow_execution_info.versioning_info
            assert info.deployment_version.build_id == release
    replayer = Replayer(workflows=[OfTomorrow], data_converter=data_converter, workflow_runner=workflow_runner())
    misfit = await replayer.replay_workflow(await first[0].fetch_history(), raise_on_replay_failure=False)
    assert misfit.replay_failure is not None, "the two releases do not differ, and the test shows nothing"


@pytest.mark.deep  # up to 20 s: the server waits for the worker that went before it asks another
async def test_r8_a_call_that_began_before_workers_were_versioned_goes_on_on_the_first_release(
    temporal: str, ottawa: Agency
) -> None:
    async with working(temporal, None, CallUpdates) as plain:
        call = await opened(temporal, ottawa, "3")
        await soon(lambda: plain.sent == ["confirmation"])
    release = settings_of("from-then-on", "first")
    async with working(temporal, release, CallUpdates) as versioned:
        await promoted(release)
        await call.signal(Signal.CLEARED)
        result = await asyncio.wait_for(call.result(), 60)
    assert result.texts == ("confirmation: accepted", "survey link: accepted")
    assert versioned.sent == ["survey link"]


async def test_the_doctor_says_that_a_release_which_nobody_promoted_gets_no_call(temporal: str) -> None:
    release = settings_of("waiting", "first")
    async with working(temporal, release, CallUpdates):
        client = await Client.connect(temporal)
        assert "nothing is sent" in (await look_at_release(client, release)).detail
        await promoted(release)
        assert (await look_at_release(client, release)).detail == "first takes new calls"
    assert (await look_at_release(client, Settings.model_validate({}))).is_well


async def test_the_check_before_a_deploy_names_an_open_call_that_does_not_fit(
    temporal: str, ottawa: Agency, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with working(temporal, None, OfTomorrow) as clerk:
        call = await opened(temporal, ottawa, "4")
        await soon(lambda: clerk.sent == ["confirmation"])
        lines: list[str] = []
        client = await Client.connect(temporal)
        async with asyncio.timeout(20):
            while not (await client.count_workflows("ExecutionStatus = 'Running'")).count:  # noqa: ASYNC110
                await asyncio.sleep(0.05)  # Temporal's list lags behind
        assert not await asyncio.to_thread(
            replay_histories, files=[], workflow_id=None, open_calls=True, say=lines.append
        )
        assert any(line.startswith("call-ottawa-4 ") and "does not fit" in line for line in lines)
        await call.terminate()


def test_a_release_without_one_of_its_two_names_is_refused_in_a_line() -> None:
    with pytest.raises(ValueError, match="go together"):
        Settings.model_validate({"TEMPORAL_DEPLOYMENT_NAME": "communityconnect"})


def test_a_release_that_no_worker_runs_is_not_promoted() -> None:
    with pytest.raises(LocalError, match="start one first"):
        promote(settings_of("nobody-there", "lonely"), say=print)


def test_without_a_release_the_commands_say_what_to_set() -> None:
    for command in (show, promote):
        with pytest.raises(LocalError, match="TEMPORAL_DEPLOYMENT_NAME and TEMPORAL_WORKER_BUILD_ID"):
            command(Settings.model_validate({}), say=print)
