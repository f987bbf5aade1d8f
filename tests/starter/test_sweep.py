"""The sweep: a call that is stuck is said, one that is over is closed, one that waits too long loses its number."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, nullcontext
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, update
from temporalio import workflow
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowFailureError
from temporalio.service import RPCError
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from calls.clock import Clock
from calls.contracts import (
    SEARCH_ATTRIBUTES,
    TASK_QUEUE,
    WORKFLOW_TYPE,
    CallChange,
    CallInput,
    LedgerState,
    Signal,
    workflow_id,
)
from database.encryption import Keyring
from database.tables import CallRow, TextRow, real_now
from starter.accept import Acceptor
from starter.forward import Forwarder
from starter.leases import MISSING, bring_back
from starter.sweep import Sweep, SweepReport
from tests.builders import NOON, minutes
from tests.servers import TemporalServer, running_temporal
from tests.starter.test_accept import record
from tests.starter.test_forward import (
    OTTAWA,
    a_forwarder,
    acceptor,
    cad_id,
    client,
    connected,
    lease_is_over,
    names,
    received,
    the_row,
)
from tests.workflows.stage import Clerk
from workflow_sandbox import workflow_runner
from workflows.call_updates import CallUpdates

__all__ = ["acceptor", "cad_id", "client"]


_LISTENERS = "FROM pg_stat_activity WHERE datname = current_database() AND query ILIKE 'LISTEN%%'"


@pytest.fixture(scope="module")
def temporal() -> Iterator[TemporalServer]:
    with running_temporal(search_attributes=SEARCH_ATTRIBUTES) as server:
        yield server


def at(after: float) -> Clock:
    """A clock that shows so many minutes after the calls' receipt."""
    return Clock(real_origin=real_now(), virtual_origin=NOON + minutes(after))


async def sweep(engine: Engine, client: Client, *, after: float) -> SweepReport:
    report = await Sweep(engine=engine, client=client, policy=OTTAWA.policy, clock=at(after)).once()
    assert report is not None
    return report


def looked_at(engine: Engine, *, clock: Clock) -> SweepReport:
    """What the database alone tells a sweep."""
    look = Sweep(engine=engine, client=None, policy=OTTAWA.policy, clock=clock)._look()  # type: ignore[arg-type]
    assert look is not None
    return look.report


async def started(engine: Engine, client: Client, acceptor: Acceptor, cad_id: str) -> None:
    acceptor.accept(received(cad_id))
    await a_forwarder(engine, client).forward_all()


@asynccontextmanager
async def working(client: Client, *workflows: type, clerk: Clerk | None = None) -> AsyncIterator[None]:
    clerk = clerk or Clerk()
    runner = workflow_runner() if CallUpdates in workflows else UnsandboxedWorkflowRunner()
    with ThreadPoolExecutor(2) as threads:
        async with Worker(
            client,
            task_queue=TASK_QUEUE,
            workflows=list(workflows),
            activities=[clerk.send_text],
            activity_executor=threads,
            workflow_runner=runner,
            max_cached_workflows=0,
        ):
            yield


@workflow.defn(name=WORKFLOW_TYPE)
class OfAnotherVersion:
    """A call as a version of the program lives it that nobody has made compatible."""

    @workflow.run
    async def run(self, _start: CallInput) -> None:
        await workflow.execute_activity("send_text", start_to_close_timeout=timedelta(days=9))


async def until_there_is_trouble(engine: Engine, client: Client, *, clock: Clock) -> datetime:
    """When (the service's time) the sweep raised its alarm."""
    look = Sweep(engine=engine, client=client, policy=OTTAWA.policy, clock=clock)
    for _ in range(600):
        report = await look.once()
        if report is not None and report.trouble:
            return clock.now()
        await asyncio.sleep(0.05)
    raise AssertionError("no alarm")


async def test_r2_a_call_that_is_wedged_because_its_history_no_longer_fits_raises_its_alarm_in_time(
    engine: Engine, client: Client, acceptor: Acceptor, cad_id: str
) -> None:
    """Ten minutes after the text was due, and a minute for the sweep: of the service's time, here much faster."""
    await started(engine, client, acceptor, cad_id)
    async with working(client, OfAnotherVersion):
        handle = client.get_workflow_handle(workflow_id(f"ottawa-{cad_id}"))
        for _ in range(100):
            if len((await handle.fetch_history()).events) >= 5:
                break
            await asyncio.sleep(0.05)
    clock = Clock(real_origin=real_now(), virtual_origin=NOON + minutes(2), speed=60)
    clerk = Clerk()
    async with working(client, CallUpdates, clerk=clerk):
        await handle.signal(Signal.UPDATED, CallChange(clock=clock))
        raised = await until_there_is_trouble(engine, client, clock=clock)
    assert clerk.orders == []
    assert NOON + minutes(13) <= raised < NOON + minutes(13 + 1)
    assert the_row(engine, cad_id).trouble == "overdue: confirmation"
    assert the_row(engine, cad_id).ended_reason is None


async def test_what_is_said_once_is_not_said_again_and_is_taken_back_when_it_is_over(
    engine: Engine, client: Client, acceptor: Acceptor, cad_id: str
) -> None:
    await started(engine, client, acceptor, cad_id)
    assert (await sweep(engine, client, after=12)).trouble == 0
    first, second = await sweep(engine, client, after=14), await sweep(engine, client, after=15)
    assert [(found.trouble, found.new_trouble) for found in (first, second)] == [(1, 1), (1, 0)]
    a_text(engine, cad_id, state=LedgerState.DELIVERED)
    assert (await sweep(engine, client, after=16)).trouble == 0
    assert the_row(engine, cad_id).trouble is None


@pytest.mark.parametrize("state", [LedgerState.SENDING, LedgerState.CLAIMED])
async def test_a_text_that_is_being_sent_is_in_hand_until_nothing_has_moved_for_ten_minutes(
    engine: Engine, client: Client, acceptor: Acceptor, cad_id: str, state: LedgerState
) -> None:
    await started(engine, client, acceptor, cad_id)
    a_text(engine, cad_id, state=state)
    assert (await sweep(engine, client, after=14)).trouble == 0
    with Session(engine) as session, session.begin():
        session.execute(update(TextRow).values(updated_real=real_now() - minutes(11)))
    assert (await sweep(engine, client, after=14)).trouble == 1


def a_text(engine: Engine, cad_id: str, *, state: LedgerState) -> None:
    with Session(engine) as session, session.begin():
        row = session.get(CallRow, f"ottawa-{cad_id}")
        assert row is not None
        session.add(
            TextRow(
                call_id=row.call_id,
                recipient_version=row.recipient_version,
                kind="confirmation",
                state=state,
                policy_version="",
                due_at=NOON,
                expires_at=NOON,
            )
        )


@pytest.mark.parametrize("how", ["terminate", "cancel"])
async def test_a_call_that_an_operator_ended_is_closed_and_staff_are_told(
    engine: Engine, client: Client, acceptor: Acceptor, cad_id: str, how: str
) -> None:
    await started(engine, client, acceptor, cad_id)
    handle = client.get_workflow_handle(workflow_id(f"ottawa-{cad_id}"))
    await getattr(handle, how)()
    # A cancelled call ends when a worker has heard of it, a terminated one at once.
    async with working(client, CallUpdates) if how == "cancel" else nullcontext():
        with pytest.raises(WorkflowFailureError):
            await handle.result()
    await sweep(engine, client, after=14)
    row = the_row(engine, cad_id)
    assert row.ended_reason == {"terminate": "terminated", "cancel": "canceled"}[how] + " in Temporal"
    assert row.trouble == "overdue: confirmation"


async def test_a_call_whose_last_text_went_while_temporal_was_asked_is_closed_without_an_alarm(
    engine: Engine, client: Client, acceptor: Acceptor, cad_id: str
) -> None:
    """After everything was stopped and let go again, many texts go in the very minute in which the sweep looks."""
    await started(engine, client, acceptor, cad_id)
    await client.get_workflow_handle(workflow_id(f"ottawa-{cad_id}")).terminate()

    class Slow(Sweep):
        async def _status(self, call_id: str) -> "WorkflowExecutionStatus | str | None":
            status = await super()._status(call_id)
            a_text(engine, cad_id, state=LedgerState.ACCEPTED)
            return status

    report = await Slow(engine=engine, client=client, policy=OTTAWA.policy, clock=at(14)).once()
    assert report is not None
    row = the_row(engine, cad_id)
    assert (row.ended_reason, row.trouble, row.trouble_since_real) == ("terminated in Temporal", None, None)


async def test_a_call_that_is_over_is_closed_once_its_workflow_has_ended(
    engine: Engine, client: Client, acceptor: Acceptor, cad_id: str
) -> None:
    await started(engine, client, acceptor, cad_id)
    acceptor.accept(record(2, cad_id=cad_id, cleared_at=2))
    await a_forwarder(engine, client).forward_all()
    await sweep(engine, client, after=3)
    assert the_row(engine, cad_id).ended_reason is None  # nobody works: it has not ended yet
    async with working(client, CallUpdates):
        await client.get_workflow_handle(workflow_id(f"ottawa-{cad_id}")).result()
    assert (await sweep(engine, client, after=3)).closed == 1
    assert the_row(engine, cad_id).ended_reason == "cleared before the confirmation"


async def test_r2_a_late_record_opens_no_second_workflow_for_a_finished_call_not_even_after_temporal_has_forgotten_it(
    engine: Engine, client: Client, acceptor: Acceptor, cad_id: str
) -> None:
    await test_a_call_that_is_over_is_closed_once_its_workflow_has_ended(engine, client, acceptor, cad_id)
    acceptor.accept(record(600, cad_id=cad_id, reopened_at=600))
    with running_temporal(search_attributes=SEARCH_ATTRIBUTES) as forgetful:
        client = await connected(forgetful)
        assert await a_forwarder(engine, client).forward_all() == 0
        with pytest.raises(RPCError, match="not found"):
            await names(client, cad_id)


async def test_r2_also_where_nobody_had_noticed_its_end(
    engine: Engine, client: Client, acceptor: Acceptor, cad_id: str
) -> None:
    await started(engine, client, acceptor, cad_id)
    acceptor.accept(record(2, cad_id=cad_id, cleared_at=2))
    await a_forwarder(engine, client).forward_all()
    await forgotten(client, cad_id)
    acceptor.accept(record(600, cad_id=cad_id, reopened_at=600))
    await a_forwarder(engine, client).forward_all()
    assert the_row(engine, cad_id).ended_reason == "ended, and forgotten by Temporal"
    with pytest.raises(RPCError, match="not found"):
        await names(client, cad_id)


async def forgotten(client: Client, cad_id: str) -> None:
    """As after the namespace's retention."""
    from temporalio.api.common.v1 import WorkflowExecution
    from temporalio.api.workflowservice.v1 import DeleteWorkflowExecutionRequest

    execution = WorkflowExecution(workflow_id=workflow_id(f"ottawa-{cad_id}"))
    await client.workflow_service.delete_workflow_execution(
        DeleteWorkflowExecutionRequest(namespace=client.namespace, workflow_execution=execution)
    )
    for _ in range(200):
        try:
            await client.get_workflow_handle(execution.workflow_id).describe()
        except RPCError:
            return
        await asyncio.sleep(0.05)
    raise AssertionError("it is still there")


async def test_r2_a_workflow_that_temporal_has_lost_is_shown_and_brought_back_only_by_a_person(
    engine: Engine, client: Client, acceptor: Acceptor, cad_id: str
) -> None:
    await started(engine, client, acceptor, cad_id)
    a_text(engine, cad_id, state=LedgerState.DELIVERED)
    await forgotten(client, cad_id)
    acceptor.accept(record(20, cad_id=cad_id, language="fr"))
    for _ in range(2):
        await a_forwarder(engine, client).forward_all()
        lease_is_over(engine)
    row = the_row(engine, cad_id)
    assert (row.trouble, row.ended_reason) == (MISSING, None)
    await sweep(engine, client, after=31)
    assert the_row(engine, cad_id).trouble == MISSING
    assert bring_back(engine) == 1
    await a_forwarder(engine, client).forward_all()
    assert await names(client, cad_id) == ["start"]
    assert the_row(engine, cad_id).trouble is None
    clerk = Clerk()
    async with working(client, CallUpdates, clerk=clerk):
        await client.get_workflow_handle(workflow_id(f"ottawa-{cad_id}")).signal(Signal.CANCELLED)
        await client.get_workflow_handle(workflow_id(f"ottawa-{cad_id}")).result()
    assert clerk.sent == []  # the confirmation stands in the ledger


@pytest.mark.parametrize(
    ("facts", "rule"),
    [
        ({"case_number": None}, "a fact is missing"),
        ({"call_type_code": "NEW", "call_type_group": ""}, "unknown call type"),
        ({"source_code": "radio", "source": "officer"}, "not from a resident"),
    ],
)
async def test_r3_a_call_waits_for_two_hours_for_what_nobody_told_then_it_is_closed_and_its_number_is_gone(
    engine: Engine, client: Client, acceptor: Acceptor, cad_id: str, facts: dict[str, Any], rule: str
) -> None:
    acceptor.accept(received(cad_id, **facts))
    await a_forwarder(engine, client).forward_all()
    await sweep(engine, client, after=119)
    assert the_row(engine, cad_id).phone_encrypted is not None
    with Session(engine) as session, session.begin():
        session.execute(update(CallRow).values(created_real=real_now() - minutes(121)))
    await sweep(engine, client, after=121)
    row = the_row(engine, cad_id)
    assert (row.ended_reason, row.phone_encrypted, row.phone_hash) == (f"never texted: {rule}", None, None)
    acceptor.accept(received(cad_id).model_copy(update={"stamp": NOON + minutes(130)}))
    assert the_row(engine, cad_id).phone_encrypted is None
    assert await a_forwarder(engine, client).forward_all() == 0


async def test_a_change_that_temporal_was_not_told_for_ten_minutes_needs_somebody(
    engine: Engine, client: Client, acceptor: Acceptor, cad_id: str
) -> None:
    acceptor.accept(received(cad_id))
    with Session(engine) as session, session.begin():
        session.execute(update(CallRow).values(behind_since_real=real_now() - minutes(11)))
    assert (await sweep(engine, client, after=1)).trouble == 1
    assert the_row(engine, cad_id).trouble == "Temporal has not been told of its last change"
    await a_forwarder(engine, client).forward_all()
    assert (await sweep(engine, client, after=1)).trouble == 0


async def test_without_temporal_it_still_says_what_is_overdue(
    engine: Engine, acceptor: Acceptor, cad_id: str, keyring: Keyring
) -> None:
    with running_temporal(search_attributes=SEARCH_ATTRIBUTES) as away:
        client = await connected(away)
        await started(engine, client, acceptor, cad_id)
    assert (await sweep(engine, client, after=14)).trouble == 1


async def test_two_starters_do_not_sweep_at_the_same_time(engine: Engine, client: Client) -> None:
    from sqlalchemy import text

    with Session(engine) as session, session.begin():
        session.execute(text("SELECT pg_advisory_xact_lock(7220415531)"))
        assert await Sweep(engine=engine, client=client, policy=OTTAWA.policy, clock=at(0)).once() is None


async def test_r4_a_commit_wakes_the_forwarder_at_once(
    engine: Engine, client: Client, acceptor: Acceptor, cad_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would look by itself only in an hour."""
    from starter import forward
    from starter.wake import Wake

    monkeypatch.setattr(forward, "_SWEEP_EVERY_SECONDS", 3600.0)
    wake = Wake(engine)
    tasks = [asyncio.create_task(wake.listen())]
    tasks.append(asyncio.create_task(a_forwarder(engine, client).keep_up_to_date(wake)))
    try:
        await somebody_listens(engine)
        await asyncio.to_thread(acceptor.accept, received(cad_id))
        await signalled(engine, cad_id, version=1)
        with engine.begin() as connection:  # a restart of the database ends every connection
            connection.exec_driver_sql("SELECT pg_terminate_backend(pid) " + _LISTENERS)
        await asyncio.to_thread(acceptor.accept, record(5, cad_id=cad_id, language="fr"))
        await signalled(engine, cad_id, version=2)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def somebody_listens(engine: Engine) -> None:
    for _ in range(200):
        with engine.begin() as connection:
            if connection.exec_driver_sql("SELECT count(*) " + _LISTENERS).scalar_one():
                return
        await asyncio.sleep(0.05)
    raise AssertionError("nobody listens")


async def signalled(engine: Engine, cad_id: str, *, version: int) -> None:
    for _ in range(100):
        if the_row(engine, cad_id).signalled_version == version:
            return
        await asyncio.sleep(0.05)
    raise AssertionError("not forwarded within five seconds")


async def test_r4_two_starters_at_once_on_the_same_calls_tell_temporal_once(
    engine: Engine, client: Client, acceptor: Acceptor, cad_id: str
) -> None:
    for call in range(30):
        acceptor.accept(received(f"{cad_id}-{call}"))
    forwarders: list[Forwarder] = [a_forwarder(engine, client) for _ in range(4)]
    counts = await asyncio.gather(*(forwarder.forward_all() for forwarder in forwarders))
    assert sum(counts) == 30
    for call in range(30):
        acceptor.accept(record(5, cad_id=f"{cad_id}-{call}", dispatched_at=5))
    counts = await asyncio.gather(*(forwarder.forward_all() for forwarder in forwarders))
    assert sum(counts) == 30
    assert [await names(client, f"{cad_id}-{call}") for call in range(30)] == [["start", "dispatched"]] * 30


async def test_r2_a_call_that_was_ended_in_temporal_and_told_of_again_is_still_shown(
    engine: Engine, client: Client, acceptor: Acceptor, cad_id: str
) -> None:
    await started(engine, client, acceptor, cad_id)
    await client.get_workflow_handle(workflow_id(f"ottawa-{cad_id}")).terminate()
    acceptor.accept(record(1, cad_id=cad_id, language="fr"))
    await a_forwarder(engine, client).forward_all()
    row = the_row(engine, cad_id)
    assert (row.ended_reason, row.trouble) == ("terminated", "terminated in Temporal")


async def test_r2_an_alarm_is_not_taken_back_by_a_record_that_finds_the_workflow_ended(
    engine: Engine, client: Client, acceptor: Acceptor, cad_id: str
) -> None:
    await started(engine, client, acceptor, cad_id)
    await client.get_workflow_handle(workflow_id(f"ottawa-{cad_id}")).terminate()
    acceptor.accept(record(1, cad_id=cad_id, language="fr"))
    await sweep(engine, client, after=14)
    assert the_row(engine, cad_id).trouble == "overdue: confirmation"
    await a_forwarder(engine, client).forward_all()
    assert the_row(engine, cad_id).trouble is not None


async def test_a_call_that_is_rightly_over_is_closed_without_an_alarm(
    engine: Engine, client: Client, acceptor: Acceptor, cad_id: str
) -> None:
    await started(engine, client, acceptor, cad_id)
    acceptor.accept(record(2, cad_id=cad_id, cancelled="duplicate"))
    await a_forwarder(engine, client).forward_all()
    async with working(client, CallUpdates):
        await client.get_workflow_handle(workflow_id(f"ottawa-{cad_id}")).result()
    acceptor.accept(record(3, cad_id=cad_id, language="fr"))
    await a_forwarder(engine, client).forward_all()
    assert (the_row(engine, cad_id).ended_reason, the_row(engine, cad_id).trouble) == ("completed", None)


async def test_r2_a_lost_call_that_cad_says_nothing_more_of_can_be_brought_back(
    engine: Engine, client: Client, acceptor: Acceptor, cad_id: str
) -> None:
    await started(engine, client, acceptor, cad_id)
    await forgotten(client, cad_id)
    await sweep(engine, client, after=14)
    assert the_row(engine, cad_id).trouble == MISSING
    assert bring_back(engine) == 1


async def test_a_text_that_is_tried_in_vain_again_and_again_needs_somebody(
    engine: Engine, client: Client, acceptor: Acceptor, cad_id: str
) -> None:
    """Each attempt takes the claim anew."""
    await started(engine, client, acceptor, cad_id)
    a_text(engine, cad_id, state=LedgerState.CLAIMED)
    with Session(engine) as session, session.begin():
        session.execute(update(TextRow).values(attempts=20))
    assert (await sweep(engine, client, after=14)).trouble == 1


def test_a_change_that_is_untold_needs_somebody_though_cad_repeats_itself(engine: Engine, acceptor: Acceptor) -> None:
    acceptor.accept(received("1001"))
    with Session(engine) as session, session.begin():
        session.execute(update(CallRow).values(behind_since_real=real_now() - minutes(11)))
    acceptor.accept(record(11, cad_id="1001", case_number="26-104233"))
    assert looked_at(engine, clock=at(12)).trouble == 1


def test_r4_a_call_that_is_told_late_has_its_two_hours_from_when_it_was_heard(
    engine: Engine, acceptor: Acceptor
) -> None:
    """A feed that catches up, or a CAD whose clock is behind."""
    late = received("1001", case_number=None)
    acceptor.accept(late.model_copy(update={"stamp": NOON - minutes(300)}))
    looked_at(engine, clock=at(1))
    assert the_row(engine, "1001").ended_reason is None
