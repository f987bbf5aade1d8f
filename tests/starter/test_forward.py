"""From the commit to Temporal: once, by any number of forwarders, also after a time without Temporal.

A real dev server, and no worker: what stands in a call's history is what the forwarder did.
"""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, col, select
from temporalio.client import Client
from temporalio.service import RetryConfig, RPCError

from activities.known_call import known_call
from calls.clock import REAL_TIME, Clock
from calls.contracts import (
    SEARCH_ATTRIBUTES,
    CallChange,
    CallInput,
    Kind,
    KnownCall,
    LedgerState,
    workflow_id,
)
from calls.eligibility import Eligibility
from calls.policy import Since, Threshold
from database.encryption import Keyring
from database.tables import CallRow, TextRow, real_now
from payloads import data_converter
from policy.agency import load_agency
from starter.accept import Acceptor
from starter.csv_log import read_log
from starter.forward import Forwarder
from starter.log_records import Window, records_of_log
from starter.records import CadRecord
from starter.replay import Replay
from tests.builders import NOON, minutes, some_facts
from tests.conftest import AGENCIES
from tests.servers import TemporalServer, running_temporal
from tests.starter.logs import log_file, row
from tests.starter.test_accept import OTHER_PHONE, PHONE, RECEIVED, record

OTTAWA = load_agency(AGENCIES / "ottawa")


@pytest.fixture(scope="module")
def temporal() -> Iterator[TemporalServer]:
    with running_temporal(search_attributes=SEARCH_ATTRIBUTES) as server:
        yield server


@pytest.fixture
async def client(temporal: TemporalServer) -> Client:
    return await connected(temporal)


async def connected(server: TemporalServer) -> Client:
    return await Client.connect(
        server.address,
        data_converter=data_converter,
        retry_config=RetryConfig(max_retries=2, max_elapsed_time_millis=500),
    )


@pytest.fixture
def acceptor(engine: Engine, keyring: Keyring) -> Acceptor:
    return Acceptor(engine=engine, keyring=keyring, agency="ottawa", policy=OTTAWA.policy)


@pytest.fixture
def forwarder(engine: Engine, client: Client) -> Forwarder:
    return a_forwarder(engine, client)


def a_forwarder(engine: Engine, client: Client) -> Forwarder:
    """Its clock shows half an hour after the calls' receipt."""
    clock = Clock(real_origin=real_now(), virtual_origin=NOON + minutes(30))
    return Forwarder(engine=engine, client=client, policy=OTTAWA.policy, clock=clock)


@pytest.fixture
def cad_id() -> str:
    """A call of its own for each test: Temporal forgets none."""
    return uuid4().hex[:8]


def received(cad_id: str, *, phone: str | None = PHONE, **facts: Any) -> CadRecord:
    return record(0, cad_id=cad_id, phone=phone, **{**RECEIVED, "received_at": 0, **facts})


def the_row(engine: Engine, cad_id: str) -> CallRow:
    with Session(engine) as session:
        row = session.get(CallRow, f"ottawa-{cad_id}")
        assert row is not None
        return row


def lease_is_over(engine: Engine) -> None:
    with Session(engine) as session, session.begin():
        for row in session.exec(select(CallRow).where(col(CallRow.forwarding_until_real).is_not(None))):
            row.forwarding_until_real = datetime(2026, 1, 1, tzinfo=UTC)


def forget_the_start(engine: Engine, cad_id: str) -> None:
    with Session(engine) as session, session.begin():
        row = session.get(CallRow, f"ottawa-{cad_id}")
        assert row is not None
        row.signalled, row.signalled_version = None, 0


async def story(client: Client, cad_id: str) -> list[tuple[str, KnownCall | None]]:
    """What the call's history tells: how it was started, and each signal with the facts in it."""
    told: list[tuple[str, KnownCall | None]] = []
    converter = client.data_converter
    async for event in client.get_workflow_handle(workflow_id(f"ottawa-{cad_id}")).fetch_history_events():
        if event.HasField("workflow_execution_started_event_attributes"):
            started = event.workflow_execution_started_event_attributes
            (start,) = await converter.decode(started.input.payloads, [CallInput])
            told.append(("start", start.call))
        if event.HasField("workflow_execution_signaled_event_attributes"):
            signaled = event.workflow_execution_signaled_event_attributes
            (change,) = await converter.decode(signaled.input.payloads, [CallChange])
            told.append((signaled.signal_name, change.call))
    return told


async def names(client: Client, cad_id: str) -> list[str]:
    return [name for name, _ in await story(client, cad_id)]


async def test_an_eligible_call_starts_its_workflow_once_with_its_facts_and_nothing_personal(
    engine: Engine, acceptor: Acceptor, forwarder: Forwarder, client: Client, cad_id: str
) -> None:
    acceptor.accept(received(cad_id))
    assert await forwarder.forward_all() == 1
    assert await forwarder.forward_all() == 0
    ((name, call),) = await story(client, cad_id)
    assert name == "start"
    assert call is not None
    mark = the_row(engine, cad_id).recipient_version
    assert call.facts == some_facts(cad_id=cad_id, recipient_version=mark)
    row = the_row(engine, cad_id)
    assert (row.signalled_version, row.version, row.ended_reason, row.forwarding_until_real) == (1, 1, None, None)
    description = await client.get_workflow_handle(workflow_id(f"ottawa-{cad_id}")).describe()
    attributes = {pair.key.name: pair.value for pair in description.typed_search_attributes}
    assert {name: attributes[name] for name in SEARCH_ATTRIBUTES if name in attributes} == {
        "Agency": "ottawa",
        "CallPriority": 4,
        "CallTypeGroup": "noise",
        "CaseNumber": "26-104233",
    }
    assert await description.static_summary() == "Noise, priority 4, case 26-104233"
    history = await client.get_workflow_handle(workflow_id(f"ottawa-{cad_id}")).fetch_history()
    assert PHONE[-7:] not in history.to_json() + str(call)


@pytest.mark.parametrize(
    ("facts", "ended"),
    [
        ({"safety_flag": True}, "never texted: safety flag"),
        (
            {"call_type_code": "DVA", "call_type_group": "intimate_partner_violence"},
            "never texted: sensitive call type",
        ),
        ({"call_type_code": "NEW", "call_type_group": ""}, None),
        ({"source_code": "radio", "source": "officer"}, None),
        ({"case_number": None}, None),
    ],
)
async def test_r1_a_call_that_is_not_eligible_has_no_workflow(
    engine: Engine,
    acceptor: Acceptor,
    forwarder: Forwarder,
    client: Client,
    cad_id: str,
    facts: dict[str, Any],
    ended: str | None,
) -> None:
    acceptor.accept(received(cad_id, **facts))
    assert await forwarder.forward_all() == 1
    assert await forwarder.forward_all() == 0
    with pytest.raises(RPCError, match="not found"):
        await story(client, cad_id)
    row = the_row(engine, cad_id)
    assert (row.ended_reason, row.signalled, row.signalled_version) == (ended, None, row.version)


async def test_undecided_it_starts_when_what_was_missing_comes(
    acceptor: Acceptor, forwarder: Forwarder, client: Client, cad_id: str
) -> None:
    acceptor.accept(received(cad_id, phone=None, case_number=None))
    await forwarder.forward_all()
    acceptor.accept(record(5, cad_id=cad_id, phone=PHONE))
    await forwarder.forward_all()
    acceptor.accept(record(6, cad_id=cad_id, case_number="26-5"))
    await forwarder.forward_all()
    assert await names(client, cad_id) == ["start"]


async def test_what_changes_is_one_signal_each_with_all_the_facts_in_the_order_of_the_story(
    engine: Engine, acceptor: Acceptor, forwarder: Forwarder, client: Client, cad_id: str
) -> None:
    acceptor.accept(received(cad_id))
    await forwarder.forward_all()
    for after, facts in (
        (1, {"language": "fr"}),
        (10, {"dispatched_at": 10}),
        (12, {"requeued_at": 12}),
        (20, {"arrived_at": 20}),
        (30, {"cleared_at": 30}),
        (40, {"reopened_at": 40}),
        (50, {"safety_flag": True}),
    ):
        acceptor.accept(record(after, cad_id=cad_id, **facts))
        assert await forwarder.forward_all() == 1
    told = await story(client, cad_id)
    assert [name for name, _ in told] == [
        "start",
        "updated",
        "dispatched",
        "requeued",
        "arrived",
        "cleared",
        "reopened",
        "reclassified",
    ]
    assert [call.version for _, call in told if call] == list(range(1, 9))
    last = told[-1][1]
    assert last == known_call(the_row(engine, cad_id), OTTAWA.policy)


async def test_several_changes_since_the_last_time_are_one_signal(
    acceptor: Acceptor, forwarder: Forwarder, client: Client, cad_id: str
) -> None:
    acceptor.accept(received(cad_id))
    await forwarder.forward_all()
    acceptor.accept(record(10, cad_id=cad_id, dispatched_at=10))
    acceptor.accept(record(20, cad_id=cad_id, arrived_at=20))
    acceptor.accept(record(30, cad_id=cad_id, cleared_at=30))
    await forwarder.forward_all()
    assert await names(client, cad_id) == ["start", "cleared"]


async def test_the_arrival_of_an_officer_on_the_way_costs_no_signal_but_what_comes_with_it_does(
    engine: Engine, acceptor: Acceptor, forwarder: Forwarder, client: Client, cad_id: str
) -> None:
    acceptor.accept(received(cad_id, dispatched_at=0))
    await forwarder.forward_all()
    acceptor.accept(record(20, cad_id=cad_id, arrived_at=20))
    await forwarder.forward_all()
    assert await names(client, cad_id) == ["start"]
    assert the_row(engine, cad_id).signalled_version == 2
    acceptor.accept(record(21, cad_id=cad_id, arrived_at=21, phone=OTHER_PHONE))
    await forwarder.forward_all()
    assert await names(client, cad_id) == ["start", "arrived"]


@pytest.mark.parametrize("counts", [False, True])
async def test_that_a_call_was_passed_on_costs_no_signal_unless_a_threshold_counts_from_it(
    engine: Engine, acceptor: Acceptor, client: Client, cad_id: str, *, counts: bool
) -> None:
    policy = OTTAWA.policy
    if counts:
        threshold = Threshold(after=minutes(30), since=Since.QUEUED)
        delay = policy.timetable.delay.model_copy(update={"by_type": {"noise": {4: threshold}}})
        timetable = policy.timetable.model_copy(update={"delay": delay})
        policy = policy.model_copy(update={"timetable": timetable})
    forwarder = Forwarder(engine=engine, client=client, policy=policy, clock=REAL_TIME)
    acceptor.accept(received(cad_id))
    await forwarder.forward_all()
    acceptor.accept(record(1, cad_id=cad_id, queued_at=1))
    await forwarder.forward_all()
    assert await names(client, cad_id) == (["start", "updated"] if counts else ["start"])
    assert the_row(engine, cad_id).signalled_version == 2


async def test_a_call_that_started_by_another_policy_hears_of_every_change(
    engine: Engine, acceptor: Acceptor, forwarder: Forwarder, client: Client, cad_id: str
) -> None:
    acceptor.accept(received(cad_id))
    await forwarder.forward_all()
    with Session(engine) as session, session.begin():
        row = session.get_one(CallRow, f"ottawa-{cad_id}")
        row.started_policy = "an older one"
        session.add(row)
    acceptor.accept(record(1, cad_id=cad_id, queued_at=1))
    await forwarder.forward_all()
    assert await names(client, cad_id) == ["start", "updated"]


async def test_any_number_of_forwarders_at_once_start_and_signal_each_call_once(
    engine: Engine, acceptor: Acceptor, client: Client, cad_id: str
) -> None:
    calls = [f"{cad_id}-{number}" for number in range(12)]
    forwarders = [a_forwarder(engine, client) for _ in range(4)]
    for call in calls:
        acceptor.accept(received(call))
    assert sum(await asyncio.gather(*(each.forward_all() for each in forwarders))) == len(calls)
    for call in calls:
        acceptor.accept(record(10, cad_id=call, dispatched_at=10))
    assert sum(await asyncio.gather(*(each.forward_all() for each in forwarders))) == len(calls)
    for call in calls:
        assert await names(client, call) == ["start", "dispatched"]


async def test_a_forwarder_that_died_before_it_wrote_down_is_made_up_for_and_no_second_workflow_starts(
    engine: Engine, acceptor: Acceptor, forwarder: Forwarder, client: Client, cad_id: str
) -> None:
    acceptor.accept(received(cad_id))
    await forwarder.forward_all()
    forget_the_start(engine, cad_id)
    acceptor.accept(record(10, cad_id=cad_id, dispatched_at=10))
    await forwarder.forward_all()
    told = await story(client, cad_id)
    assert [name for name, _ in told] == ["start", "updated"]
    assert [call.facts.is_dispatched for _, call in told if call] == [False, True]
    assert the_row(engine, cad_id).ended_reason is None


async def test_r2_a_workflow_that_has_ended_is_final(
    engine: Engine, acceptor: Acceptor, forwarder: Forwarder, client: Client, cad_id: str
) -> None:
    acceptor.accept(received(cad_id))
    await forwarder.forward_all()
    handle = client.get_workflow_handle(workflow_id(f"ottawa-{cad_id}"))
    first = await handle.describe()
    await handle.terminate("by an operator")
    acceptor.accept(record(60, cad_id=cad_id, cleared_at=60))
    await forwarder.forward_all()
    assert the_row(engine, cad_id).ended_reason == "terminated"
    acceptor.accept(record(90, cad_id=cad_id, reopened_at=90))
    assert await forwarder.forward_all() == 0
    assert (await handle.describe()).run_id == first.run_id
    assert await names(client, cad_id) == ["start"]


async def test_r2_not_even_a_row_that_has_forgotten_it_starts_a_second_workflow(
    engine: Engine, acceptor: Acceptor, forwarder: Forwarder, client: Client, cad_id: str
) -> None:
    """The database was restored from a backup of before the start."""
    acceptor.accept(received(cad_id))
    await forwarder.forward_all()
    handle = client.get_workflow_handle(workflow_id(f"ottawa-{cad_id}"))
    first = await handle.describe()
    await handle.terminate("by an operator")
    forget_the_start(engine, cad_id)
    assert await forwarder.forward_all() == 1
    assert (await handle.describe()).run_id == first.run_id
    assert the_row(engine, cad_id).ended_reason == "terminated"


async def test_r2_a_workflow_that_starts_anew_is_told_what_the_ledger_has(
    engine: Engine, acceptor: Acceptor, forwarder: Forwarder, client: Client, cad_id: str
) -> None:
    """Temporal lost its data: to its new workflow the call would be one that nobody was told of yet."""
    acceptor.accept(received(cad_id))
    with Session(engine) as session, session.begin():
        session.add(_a_text(f"ottawa-{cad_id}", Kind.CONFIRMATION, LedgerState.DELIVERED))
        session.add(_a_text(f"ottawa-{cad_id}", Kind.DELAY, LedgerState.UNKNOWN))
        session.add(_a_text(f"ottawa-{cad_id}", Kind.SURVEY, LedgerState.CLAIMED))
    await forwarder.forward_all()
    handle = client.get_workflow_handle(workflow_id(f"ottawa-{cad_id}"))
    first = await anext(aiter(handle.fetch_history_events()))
    payloads = first.workflow_execution_started_event_attributes.input.payloads
    (start,) = await client.data_converter.decode(payloads, [CallInput])
    assert [(text.key.kind, text.state) for text in start.texts] == [(Kind.CONFIRMATION, LedgerState.DELIVERED)]


def _a_text(call_id: str, kind: Kind, state: LedgerState) -> TextRow:
    at = datetime(2026, 1, 15, 17, 3, tzinfo=UTC)
    return TextRow(call_id=call_id, kind=kind, state=state, policy_version="test", due_at=at, expires_at=at)


async def test_r4_while_temporal_is_away_nothing_is_lost_and_it_is_brought_there_later(
    engine: Engine, acceptor: Acceptor, temporal: TemporalServer, cad_id: str
) -> None:
    with running_temporal(search_attributes=SEARCH_ATTRIBUTES) as other:
        gone = await connected(other)
    acceptor.accept(received(cad_id))
    assert await a_forwarder(engine, gone).forward_all() == 1
    assert the_row(engine, cad_id).signalled_version == 0
    acceptor.accept(record(10, cad_id=cad_id, dispatched_at=10))
    client = await connected(temporal)
    assert await a_forwarder(engine, client).forward_all() == 0, "the other may still be at it"
    lease_is_over(engine)
    assert await a_forwarder(engine, client).forward_all() == 1
    ((name, call),) = await story(client, cad_id)
    assert (name, call is not None and call.facts.is_dispatched) == ("start", True)
    assert the_row(engine, cad_id).signalled_version == 2


async def test_r4_away_just_when_a_started_workflow_is_to_be_signalled_the_row_stays_behind(
    engine: Engine, acceptor: Acceptor, forwarder: Forwarder, cad_id: str
) -> None:
    acceptor.accept(received(cad_id))
    await forwarder.forward_all()
    acceptor.accept(record(10, cad_id=cad_id, dispatched_at=10))
    with running_temporal(search_attributes=SEARCH_ATTRIBUTES) as other:
        gone = await connected(other)
    await a_forwarder(engine, gone).forward_all()
    row = the_row(engine, cad_id)
    assert (row.signalled_version, row.ended_reason) == (1, None)


async def test_a_replay_counts_and_says_what_it_does_not_know(
    engine: Engine, acceptor: Acceptor, forwarder: Forwarder, client: Client, tmp_path: Path, cad_id: str
) -> None:
    cells: list[dict[str, str]] = [
        {},
        {"type_initial": "PIRACY"},
        {"type_initial": "PIRACY", "first_closed": "2026-01-15 13:00:00"},
        {"priority_native": "9"},
        {"source": "pigeon"},
        {"source": "radio"},
        {"type_initial": "BOMB THREAT"},
        {"priority_native": ""},
    ]
    rows = (row(incident_id=f"{cad_id}-{number}", **each) for number, each in enumerate(cells))
    log = read_log(log_file(tmp_path, *rows), OTTAWA.cad)
    records = records_of_log(log, OTTAWA, feed=f"log-{cad_id}", window=Window(start=None, end=None))
    replay = Replay(records=records, acceptor=acceptor, forwarder=forwarder, clock=REAL_TIME, engine=engine)
    await replay.run()
    assert (replay.progress.calls, replay.progress.played, replay.progress.is_done) == (8, 9, True)
    assert replay.progress.decisions == {Eligibility.ELIGIBLE: 1, Eligibility.INELIGIBLE: 6, Eligibility.UNDECIDED: 1}
    assert replay.progress.unknown_codes == {
        "the policy does not know the call type 'PIRACY'": 2,
        "the policy does not know the priority '9'": 1,
        "the policy does not know the source 'pigeon'": 1,
    }
    assert await names(client, f"{cad_id}-0") == ["start"]
    again = Replay(records=records, acceptor=acceptor, forwarder=forwarder, clock=REAL_TIME, engine=engine)
    await again.run()
    assert (again.progress.is_done, again.progress.calls) == (True, 0)
    assert await names(client, f"{cad_id}-0") == ["start"]


async def test_r4_a_starter_in_the_wrong_namespace_ends_no_call(
    engine: Engine, acceptor: Acceptor, forwarder: Forwarder, client: Client, temporal: TemporalServer, cad_id: str
) -> None:
    acceptor.accept(received(cad_id))
    await forwarder.forward_all()
    acceptor.accept(record(10, cad_id=cad_id, dispatched_at=10))
    lost = await Client.connect(temporal.address, namespace="nowhere", data_converter=data_converter)
    await a_forwarder(engine, lost).forward_all()
    row = the_row(engine, cad_id)
    assert (row.signalled_version, row.ended_reason) == (1, None)
    lease_is_over(engine)
    await forwarder.forward_all()
    assert await names(client, cad_id) == ["start", "dispatched"]


async def test_r1_silenced_between_a_start_and_its_commit_the_running_workflow_hears_of_it(
    engine: Engine, acceptor: Acceptor, forwarder: Forwarder, client: Client, cad_id: str
) -> None:
    acceptor.accept(received(cad_id))
    await forwarder.forward_all()
    with Session(engine) as session, session.begin():
        row = session.get(CallRow, f"ottawa-{cad_id}")
        assert row is not None
        row.signalled, row.signalled_version = None, 0
        row.forwarding_until_real = datetime(2026, 1, 1, tzinfo=UTC)  # the forwarder died before it could write
    acceptor.accept(record(1, cad_id=cad_id, safety_flag=True))
    await forwarder.forward_all()
    assert await names(client, cad_id) == ["start", "reclassified"]
    assert the_row(engine, cad_id).ended_reason is None


async def test_an_earlier_day_of_a_log_is_played_after_a_later_one(
    engine: Engine, acceptor: Acceptor, forwarder: Forwarder, tmp_path: Path, cad_id: str
) -> None:
    days = [
        row(incident_id=f"{cad_id}-{day}", received=f"2026-01-{day}T10:00:00", dispatched=f"2026-01-{day}T10:05:00")
        for day in (14, 15)
    ]
    log = read_log(log_file(tmp_path, *days), OTTAWA.cad)
    for day in (15, 14):
        start = datetime(2026, 1, day, tzinfo=UTC)
        window = Window(start=start, end=start.replace(day=day + 1))
        records = records_of_log(log, OTTAWA, feed="days", window=window)
        replay = Replay(records=records, acceptor=acceptor, forwarder=forwarder, clock=REAL_TIME, engine=engine)
        await replay.run()
        assert replay.progress.calls == 1
