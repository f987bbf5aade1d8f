"""A hold by staff becomes a fact of the call: late, repeated, in any order, beside CAD's records. Real PostgreSQL."""

import asyncio
import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session, col, update
from temporalio.client import Client
from temporalio.service import RPCError

from activities.stop_and_go import EVERYTHING, scope_of_call, switched_off
from calls.contracts import SEARCH_ATTRIBUTES, LedgerState
from calls.facts import CallFacts
from database.encryption import Keyring
from database.tables import CallRow, SwitchRow, TextRow, real_now
from starter import forward
from starter.accept import Acceptor
from starter.holds import Holds
from starter.rows import write_facts
from starter.wake import Wake
from tests.builders import NOON, minutes
from tests.servers import TemporalServer, running_temporal
from tests.starter.test_accept import LIFE, POLICY, record, the_facts, the_row
from tests.starter.test_forward import a_forwarder, acceptor, cad_id, client, names, received, story
from tests.starter.test_sweep import a_text, somebody_listens, sweep
from web.staff.switches import Switches

__all__ = ["acceptor", "cad_id", "client"]

CALL = "ottawa-1001"
STAFF = {"by": "the duty inspector", "why": "a test"}


@pytest.fixture(scope="module")
def temporal() -> Iterator[TemporalServer]:
    with running_temporal(search_attributes=SEARCH_ATTRIBUTES) as server:
        yield server


@pytest.fixture
def switches(engine: Engine, keyring: Keyring) -> Switches:
    return Switches(engine=engine, keyring=keyring)


@pytest.fixture
def holds(engine: Engine) -> Holds:
    return Holds(engine=engine, policy=POLICY)


@pytest.fixture
def emptied(engine: Engine) -> Callable[[], None]:
    def empty() -> None:
        with engine.begin() as connection:
            connection.execute(text("TRUNCATE call, cad_record, switch"))

    return empty


def held(switches: Switches, call: str = CALL) -> bool:
    return switches.stop(scope_of_call(call), **STAFF)


def released(switches: Switches, call: str = CALL) -> bool:
    return switches.go(scope_of_call(call), **STAFF)


def is_off(engine: Engine) -> bool:
    with Session(engine) as session:
        return switched_off(session, [scope_of_call(CALL)]) is not None


def told_by_cad(engine: Engine) -> CallFacts:
    """The facts, but for the hold."""
    return the_facts(engine).model_copy(update={"held": False})


def test_a_hold_is_a_new_version_of_the_call_and_so_is_its_release(
    engine: Engine, acceptor: Acceptor, switches: Switches, holds: Holds
) -> None:
    acceptor.accept(received("1001"))
    before = the_facts(engine)
    held(switches)
    assert [holds.bring_into_line() for _ in range(3)] == [1, 0, 0]
    assert (the_facts(engine).held, the_row(engine).version) == (True, 2)
    released(switches)
    assert [holds.bring_into_line() for _ in range(3)] == [1, 0, 0]
    assert (the_facts(engine), the_row(engine).version) == (before, 3)


def test_a_hold_and_its_release_that_are_seen_together_change_nothing(
    engine: Engine, acceptor: Acceptor, switches: Switches, holds: Holds
) -> None:
    acceptor.accept(received("1001"))
    held(switches)
    released(switches)
    assert holds.bring_into_line() == 0
    assert the_row(engine).version == 1
    held(switches)  # the second time
    assert holds.bring_into_line() == 1
    assert the_facts(engine).held


def test_no_other_switch_and_no_other_call_holds_a_call(
    engine: Engine, acceptor: Acceptor, switches: Switches, holds: Holds
) -> None:
    acceptor.accept(received("1001"))
    for scope in (EVERYTHING, "kind:confirmation", "type:noise", scope_of_call("ottawa-10011"), scope_of_call("")):
        switches.stop(scope, **STAFF)
    assert holds.bring_into_line() == 0
    assert not acceptor.accept(record(1)).changed
    assert not the_facts(engine).held


def test_a_call_that_has_ended_is_left_alone(
    engine: Engine, acceptor: Acceptor, switches: Switches, holds: Holds
) -> None:
    acceptor.accept(received("1001"))
    with Session(engine) as session, session.begin():
        session.execute(update(CallRow).values(ended_reason="completed"))
    held(switches)
    assert holds.bring_into_line() == 0


def test_a_record_of_cads_takes_the_hold_in_before_anybody_has_looked_and_keeps_it(
    engine: Engine, acceptor: Acceptor, switches: Switches, holds: Holds
) -> None:
    acceptor.accept(received("1001"))
    held(switches)
    acceptor.accept(record(5, dispatched_at=5))
    assert the_facts(engine).held
    acceptor.accept(record(6, language="fr"))
    assert the_facts(engine).held
    assert holds.bring_into_line() == 0
    released(switches)
    acceptor.accept(record(7, language="en"))
    assert not the_facts(engine).held
    assert holds.bring_into_line() == 0


def test_a_record_that_was_begun_before_the_hold_and_is_committed_after_it_does_not_undo_it(
    engine: Engine, acceptor: Acceptor, switches: Switches, holds: Holds
) -> None:
    """As an acceptor is in the middle of: the row locked, the switch asked for, nothing committed."""
    acceptor.accept(received("1001"))
    with ThreadPoolExecutor(1) as pool:
        with Session(engine) as session, session.begin():
            row = session.get(CallRow, CALL, with_for_update=True)
            assert row is not None
            held(switches)
            looking = pool.submit(holds.bring_into_line)
            somebody_waits_for_a_lock(engine)
            facts = CallFacts.model_validate(row.facts).model_copy(update={"dispatched_at": NOON + minutes(5)})
            write_facts(row, facts, policy=POLICY)
            session.add(row)
        assert looking.result() == 1
    assert (the_facts(engine).held, the_facts(engine).dispatched_at) == (True, NOON + minutes(5))
    assert the_row(engine).version == 3


def somebody_waits_for_a_lock(engine: Engine) -> None:
    for _ in range(500):
        with engine.connect() as connection:
            if connection.execute(text("SELECT count(*) FROM pg_locks WHERE NOT granted")).scalar_one():
                return
        time.sleep(0.01)
    raise AssertionError("nobody waits")


def test_holds_releases_records_and_looks_in_any_order_come_to_the_same(
    engine: Engine, acceptor: Acceptor, switches: Switches, holds: Holds, emptied: Callable[[], None]
) -> None:
    chance = random.Random(5)
    for each in LIFE:
        acceptor.accept(each)
    expected = told_by_cad(engine)
    ends = set()
    for _ in range(25):
        emptied()
        steps: list[Callable[[], object]] = [*(lambda each=each: acceptor.accept(each) for each in LIFE)]
        steps += chance.choices([lambda: held(switches), lambda: released(switches), holds.bring_into_line], k=12)
        chance.shuffle(steps)
        for step in steps:
            step()
        holds.bring_into_line()
        assert told_by_cad(engine) == expected
        assert the_facts(engine).held == is_off(engine)
        assert holds.bring_into_line() == 0
        ends.add(is_off(engine))
    assert ends == {True, False}


def test_holds_and_releases_at_the_same_time_as_records_and_two_starters_come_to_the_same(
    engine: Engine, acceptor: Acceptor, switches: Switches, holds: Holds, emptied: Callable[[], None]
) -> None:
    for each in LIFE:
        acceptor.accept(each)
    expected = told_by_cad(engine)
    for turn in range(12):
        emptied()
        together = Barrier(4)

        def accept(together: Barrier = together) -> None:
            together.wait()
            for each in LIFE:
                acceptor.accept(each)

        def switch(together: Barrier = together, turn: int = turn) -> None:
            together.wait()
            for step in range(9 + turn % 2):
                held(switches) if step % 2 == 0 else released(switches)

        def look(together: Barrier = together) -> None:
            together.wait()
            for _ in range(15):
                holds.bring_into_line()

        with ThreadPoolExecutor(4) as pool:
            for done in [pool.submit(each) for each in (accept, switch, look, look)]:
                done.result()
        holds.bring_into_line()
        assert told_by_cad(engine) == expected
        assert the_facts(engine).held == is_off(engine) == (turn % 2 == 0)


async def test_a_hold_and_a_release_wake_the_starter_and_are_signalled_by_name(
    engine: Engine,
    client: Client,
    acceptor: Acceptor,
    switches: Switches,
    cad_id: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It would look by itself only in an hour."""
    monkeypatch.setattr(forward, "_SWEEP_EVERY_SECONDS", 3600.0)
    acceptor.accept(received(cad_id))
    wake = Wake(engine)
    tasks = [asyncio.create_task(wake.listen())]
    tasks.append(asyncio.create_task(a_forwarder(engine, client).keep_up_to_date(wake)))
    try:
        await somebody_listens(engine)
        for switch, name in ((held, "held"), (released, "released"), (held, "held")):
            await asyncio.to_thread(switch, switches, f"ottawa-{cad_id}")
            await the_last_signal(client, cad_id, name)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    told = await story(client, cad_id)
    assert [name for name, _ in told] == ["start", "held", "released", "held"]
    assert [call.facts.held for _, call in told if call is not None] == [False, True, False, True]
    assert [call.version for _, call in told if call is not None] == [1, 2, 3, 4]


async def the_last_signal(client: Client, cad_id: str, name: str) -> None:
    for _ in range(200):
        if (await names_so_far(client, cad_id))[-1:] == [name]:
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"{name}: not signalled within ten seconds")


async def names_so_far(client: Client, cad_id: str) -> list[str]:
    try:
        return await names(client, cad_id)
    except RPCError:  # not started yet
        return []


async def test_a_hold_of_which_no_word_came_is_found_at_the_next_look(
    engine: Engine, client: Client, acceptor: Acceptor, cad_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forward, "_SWEEP_EVERY_SECONDS", 0.2)
    acceptor.accept(received(cad_id))
    await a_forwarder(engine, client).forward_all()
    forwarding = asyncio.create_task(a_forwarder(engine, client).keep_up_to_date(Wake(engine)))  # nobody listens
    try:
        with Session(engine) as session, session.begin():
            session.add(SwitchRow(scope=scope_of_call(f"ottawa-{cad_id}"), stopped_by="x", why="x"))
        await the_last_signal(client, cad_id, "held")
    finally:
        forwarding.cancel()
        await asyncio.gather(forwarding, return_exceptions=True)


async def test_a_call_that_is_held_before_it_starts_starts_held(
    engine: Engine, client: Client, acceptor: Acceptor, switches: Switches, cad_id: str
) -> None:
    acceptor.accept(received(cad_id))
    held(switches, f"ottawa-{cad_id}")
    acceptor.accept(record(1, cad_id=cad_id, language="fr"))
    await a_forwarder(engine, client).forward_all()
    ((name, call),) = await story(client, cad_id)
    assert call is not None
    assert (name, call.facts.held) == ("start", True)


async def test_what_is_held_is_not_overdue_and_what_is_released_has_its_ten_minutes_again(
    engine: Engine, client: Client, acceptor: Acceptor, switches: Switches, holds: Holds, cad_id: str
) -> None:
    """A text that was tried many times meanwhile, and a sweep between the release and its sending."""
    acceptor.accept(received(cad_id))
    await a_forwarder(engine, client).forward_all()
    a_text(engine, cad_id, state=LedgerState.CLAIMED)
    with Session(engine) as session, session.begin():
        session.execute(update(TextRow).values(attempts=200))
    held(switches, f"ottawa-{cad_id}")
    assert (await sweep(engine, client, after=50)).trouble == 0  # by the switch
    holds.bring_into_line()
    await a_forwarder(engine, client).forward_all()
    assert (await sweep(engine, client, after=50)).trouble == 0  # by the fact
    released(switches, f"ottawa-{cad_id}")
    assert (await sweep(engine, client, after=50)).trouble == 0
    holds.bring_into_line()
    await a_forwarder(engine, client).forward_all()
    assert (await sweep(engine, client, after=50)).trouble == 0
    with Session(engine) as session, session.begin():
        session.execute(update(SwitchRow).values(released_real=real_now() - minutes(11)))
    assert (await sweep(engine, client, after=50)).trouble == 1
    with Session(engine) as session:
        row = session.get(CallRow, f"ottawa-{cad_id}")
        assert row is not None
        assert row.trouble == "overdue: confirmation"


async def test_a_call_that_was_stopped_for_good_is_no_trouble_and_holds_nothing(
    engine: Engine, client: Client, acceptor: Acceptor, switches: Switches, holds: Holds, cad_id: str
) -> None:
    """However long its text has been due and has no row: nobody waits for it."""
    call = f"ottawa-{cad_id}"
    acceptor.accept(received(cad_id))
    await a_forwarder(engine, client).forward_all()
    held(switches, call)
    holds.bring_into_line()
    switches.stop_for_good(call, **STAFF)
    assert holds.bring_into_line() == 1
    with Session(engine) as session:
        row = session.get(CallRow, call)
        assert row is not None
        assert not row.facts["held"]
    with Session(engine) as session, session.begin():  # not for the hold, which was released a moment ago
        session.execute(update(SwitchRow).where(col(SwitchRow.released_real).is_not(None)).values(released_real=NOON))
    assert (await sweep(engine, client, after=50)).trouble == 0
