"""Temporal lost, in part or altogether: every open call gets a workflow again, or hears its facts. No worker runs."""

import time
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, col, delete, select
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import DeleteWorkflowExecutionRequest
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.service import RPCError

from calls.clock import Clock
from calls.contracts import CallInput, Kind, LedgerState, workflow_id
from calls.versions import epoch_of
from database.tables import CadRecordRow, CallRow, TextRow, real_now
from starter.accept import Acceptor
from starter.resync import Found, Resync
from tests.builders import NOON, minutes
from tests.recovery.restoring import recovered, restored
from tests.starter.test_accept import PHONE, RECEIVED, record
from tests.starter.test_forward import OTTAWA, a_forwarder, names, received, story, the_row

CLOCK = Clock(real_origin=real_now(), virtual_origin=NOON + minutes(30))


@pytest.fixture
def cad_ids() -> list[str]:
    return [uuid4().hex[:8] for _ in range(3)]


def a_resync(engine: Engine, client: Client, *, per_second: float = 1000) -> Resync:
    return Resync(engine=engine, client=client, policy=OTTAWA.policy, clock=CLOCK, per_second=per_second)


async def opened(engine: Engine, client: Client, acceptor: Acceptor, cad_ids: list[str]) -> None:
    for cad_id in cad_ids:
        acceptor.accept(received(cad_id))
    assert await a_forwarder(engine, client).forward_all() == len(cad_ids)


async def lose(client: Client, cad_id: str) -> None:
    """Its workflow is no more, as with a Temporal that lost its data."""
    id_ = workflow_id(f"ottawa-{cad_id}")
    execution = WorkflowExecution(workflow_id=id_)
    await client.workflow_service.delete_workflow_execution(
        DeleteWorkflowExecutionRequest(namespace=client.namespace, workflow_execution=execution)
    )
    end = time.monotonic() + 10
    while time.monotonic() < end:
        try:
            await client.get_workflow_handle(id_).describe()
        except RPCError:
            return
    raise AssertionError("it is still there")


def confirmed(engine: Engine, cad_id: str) -> None:
    row = the_row(engine, cad_id)
    with Session(engine) as session, session.begin():
        session.add(
            TextRow(
                call_id=row.call_id,
                kind=Kind.CONFIRMATION,
                recipient_version=row.recipient_version,
                state=LedgerState.DELIVERED,
                policy_version="x",
                due_at=NOON,
                expires_at=NOON,
            )
        )


async def told_at_start(client: Client, cad_id: str) -> CallInput:
    async for event in client.get_workflow_handle(workflow_id(f"ottawa-{cad_id}")).fetch_history_events():
        started = event.workflow_execution_started_event_attributes
        (start,) = await client.data_converter.decode(started.input.payloads, [CallInput])
        assert isinstance(start, CallInput)
        return start
    raise AssertionError


async def test_r2_what_is_missing_is_started_anew_and_told_what_was_sent_and_what_runs_hears_its_facts(
    engine: Engine, client: Client, acceptor: Acceptor, cad_ids: list[str]
) -> None:
    await opened(engine, client, acceptor, cad_ids)
    lost, *running = cad_ids
    confirmed(engine, lost)
    await lose(client, lost)
    resync = a_resync(engine, client)
    look = await resync.look()
    assert (look.count(Found.MISSING), look.count(Found.RUNNING), look.count(Found.ENDED)) == (1, 2, 0)
    assert [await names(client, cad_id) for cad_id in running] == [["start"], ["start"]]  # so far it only looked
    done = await resync.apply(look, ended_too=False)
    assert (done.started, done.signalled, done.closed, done.failed) == (1, 2, 0, {})
    start = await told_at_start(client, lost)
    assert [text.key.kind for text in start.texts] == [Kind.CONFIRMATION]
    assert [await names(client, cad_id) for cad_id in running] == [["start", "updated"], ["start", "updated"]]
    assert (await resync.look()).count(Found.RUNNING) == 3
    assert the_row(engine, lost).signalled is not None
    assert await a_forwarder(engine, client).forward_all() == 0


async def test_what_is_missing_is_started_though_a_starter_has_it_in_hand(
    engine: Engine, client: Client, acceptor: Acceptor, cad_ids: list[str]
) -> None:
    """It tries every 15 seconds to signal what is not there: else the call would be passed over."""
    cad_id = cad_ids[0]
    await opened(engine, client, acceptor, [cad_id])
    await lose(client, cad_id)
    acceptor.accept(record(5, cad_id=cad_id, dispatched_at=5))
    await a_forwarder(engine, client).forward_all()
    lease = the_row(engine, cad_id).forwarding_until_real
    assert lease is not None
    assert lease > real_now()
    resync = a_resync(engine, client)
    assert (await resync.apply(await resync.look(), ended_too=False)).started == 1
    row = the_row(engine, cad_id)
    assert (row.trouble, row.signalled_version) == (None, row.version)


async def test_what_was_terminated_is_final_unless_a_person_says_otherwise(
    engine: Engine, client: Client, acceptor: Acceptor, cad_ids: list[str]
) -> None:
    await opened(engine, client, acceptor, cad_ids)
    terminated, noticed, _ = cad_ids
    for cad_id in (terminated, noticed):
        await client.get_workflow_handle(workflow_id(f"ottawa-{cad_id}")).terminate()
    acceptor.accept(record(5, cad_id=noticed, dispatched_at=5))  # the forwarder meets it, and closes the call
    await a_forwarder(engine, client).forward_all()
    assert the_row(engine, noticed).ended_reason == "terminated"
    resync = a_resync(engine, client)
    look = await resync.look()
    assert (look.count(Found.ENDED), look.count(Found.RUNNING)) == (2, 1)
    assert (await resync.apply(look, ended_too=False)).started == 0
    assert (await resync.apply(look, ended_too=True)).started == 2
    assert (await resync.look()).count(Found.RUNNING) == 3
    row = the_row(engine, noticed)
    assert (row.ended_reason, row.trouble, row.signalled_version) == (None, None, row.version)


async def test_r2_a_call_that_was_asked_already_gets_no_second_workflow_when_temporal_has_forgotten_it(
    engine: Engine, client: Client, acceptor: Acceptor, cad_ids: list[str]
) -> None:
    cad_id = cad_ids[0]
    await opened(engine, client, acceptor, [cad_id])
    acceptor.accept(record(1, cad_id=cad_id, dispatched_at=1, cleared_at=2))  # cleared before the confirmation
    await lose(client, cad_id)
    resync = a_resync(engine, client)
    look = await resync.look()
    assert look.calls[f"ottawa-{cad_id}"] is Found.OVER
    assert (await resync.apply(look, ended_too=True)).closed == 1
    with pytest.raises(RPCError, match="not found"):
        await story(client, cad_id)
    assert the_row(engine, cad_id).ended_reason == "ended, and forgotten by Temporal"


async def test_what_runs_in_temporal_and_is_not_in_the_database_is_said(
    engine: Engine, client: Client, acceptor: Acceptor, cad_ids: list[str]
) -> None:
    await opened(engine, client, acceptor, cad_ids)
    unknown, over, _ = (f"ottawa-{cad_id}" for cad_id in cad_ids)
    with Session(engine) as session, session.begin():
        session.execute(delete(CallRow).where(col(CallRow.call_id) == unknown))
        session.get_one(CallRow, over).ended_reason = "over"
    end = time.monotonic() + 10
    while True:  # Temporal's list of what runs is a moment late
        look = await a_resync(engine, client).look()
        if (unknown in look.unknown_here and over in look.ended_here) or time.monotonic() > end:
            break
    assert unknown in look.unknown_here
    assert over in look.ended_here


async def test_temporal_is_asked_no_faster_than_was_said(
    engine: Engine, client: Client, acceptor: Acceptor, cad_ids: list[str]
) -> None:
    await opened(engine, client, acceptor, cad_ids)
    resync, began = a_resync(engine, client, per_second=10), time.monotonic()
    await resync.apply(await resync.look(), ended_too=False)
    assert time.monotonic() - began >= 0.5  # six requests


async def test_r2_nothing_is_told_to_temporal_until_the_recovery_is_complete_and_then_no_signal_looks_old(
    engine: Engine, client: Client, acceptor: Acceptor, cad_ids: list[str]
) -> None:
    """The workflow has heard more than the restored database knows: of one call, and of another all there was."""
    known, unknown, _ = cad_ids
    await opened(engine, client, acceptor, [known, unknown])
    for step in range(1, 4):
        acceptor.accept(record(step, cad_id=unknown, area=f"area {step}"))
        await a_forwarder(engine, client).forward_all()
    (*_, (_, last)) = await story(client, unknown)
    assert last is not None
    with Session(engine) as session, session.begin():  # what came after the backup is lost
        session.execute(delete(CallRow).where(col(CallRow.call_id) == f"ottawa-{unknown}"))
        session.execute(delete(CadRecordRow).where(col(CadRecordRow.call_id) == f"ottawa-{unknown}"))
    epoch = restored(engine, as_of=real_now() - timedelta(hours=1))
    acceptor.accept(received(unknown))
    assert await a_forwarder(engine, client).forward_all() == 0
    recovered(engine)
    assert await a_forwarder(engine, client).forward_all() == 2
    for cad_id in (known, unknown):
        told = [(name, call) for name, call in await story(client, cad_id) if call is not None]
        assert (told[-1][0], epoch_of(told[-1][1].version)) == ("updated", epoch)
        assert told[-1][1].version > last.version
    with Session(engine) as session:
        assert set(session.exec(select(CallRow.signalled_version))) == {1}


async def test_an_arrival_that_is_all_that_changed_is_told_after_a_restore(
    engine: Engine, client: Client, acceptor: Acceptor, cad_ids: list[str]
) -> None:
    """Else it costs no signal; but nobody knows what else the workflow had heard, a hold that is lost, say."""
    cad_id = cad_ids[0]
    acceptor.accept(record(1, cad_id=cad_id, phone=PHONE, **{**RECEIVED, "received_at": 0, "dispatched_at": 1}))
    forwarder = a_forwarder(engine, client)
    await forwarder.forward_all()
    restored(engine)
    acceptor.accept(record(2, cad_id=cad_id, arrived_at=2))
    recovered(engine)
    await forwarder.forward_all()
    assert await names(client, cad_id) == ["start", "arrived"]


async def test_r1_a_latch_that_is_fed_again_reaches_a_workflow_that_the_backup_did_not_know(
    engine: Engine, client: Client, acceptor: Acceptor, cad_ids: list[str]
) -> None:
    cad_id = cad_ids[0]
    await opened(engine, client, acceptor, [cad_id])
    with Session(engine) as session, session.begin():
        session.execute(delete(CallRow).where(col(CallRow.call_id) == f"ottawa-{cad_id}"))
        session.execute(delete(CadRecordRow).where(col(CadRecordRow.call_id) == f"ottawa-{cad_id}"))
    restored(engine)
    acceptor.accept(received(cad_id, safety_flag=True))
    recovered(engine)
    await a_forwarder(engine, client).forward_all()
    assert await names(client, cad_id) == ["start", "reclassified"]
    description = await client.get_workflow_handle(workflow_id(f"ottawa-{cad_id}")).describe()
    assert description.status is WorkflowExecutionStatus.RUNNING  # no worker runs that would end it
