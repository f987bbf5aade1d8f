"""R2, R3: of a person who was erased, and of a call that is a year old, nothing is left, and nothing texts again."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, col, update
from temporalio.testing import ActivityEnvironment

from activities.forget import Forget
from activities.forgetting import ForgetActivities
from calls.clock import Clock
from calls.contracts import Signal
from database.encryption import Keyring
from database.tables import CadRecordRow, CallRow, InboundMessageRow, TextRow, real_now
from policy.agency import Agency
from starter.leases import MISSING, bring_back
from tests.leftovers import leftovers
from tests.phones import Phones
from tests.servers import TemporalServer
from tests.whole.search import numbers_in
from tests.whole.small_town import SmallTown, small_town
from tests.whole.test_operators import phones, temporal
from tests.whole.town import decoded
from texts.keywords import Keyword
from web.residents.opt_outs import say_start, say_stop
from web.staff.access.roles import Member, Role
from web.staff.erasure import Erasure

__all__ = ["phones", "temporal"]

pytestmark = pytest.mark.filterwarnings("ignore:Cannot find activity to cancel")

WHO = Member(subject="command:ada", name="ada", roles=frozenset({Role.ADMINISTRATOR}))
WORDS = "my name is Fictional Person"


@pytest.fixture
async def town(
    engine: Engine, keyring: Keyring, ottawa: Agency, temporal: TemporalServer, phones: Phones
) -> AsyncIterator[SmallTown]:
    async with small_town(engine=engine, keyring=keyring, agency=ottawa, temporal=temporal, phones=phones) as town:
        yield town


async def test_r2_r3_whoever_is_erased_gets_nothing_more_whatever_happens_to_the_open_call(town: SmallTown) -> None:
    handle = await town.receive()
    await town.until_texts(1)
    run_id = (await handle.describe()).run_id
    erasure = Erasure(engine=town.engine, keyring=town.services.keyring, policy=town.agency.policy)
    found = (await asyncio.to_thread(erasure.erase, town.number, who=WHO, why="asked for it")).found
    assert found.open_calls == 1
    await town.forwarder.forward_all()
    assert (await handle.result()).reason == "silent: forgotten"
    texts = await town.texts()  # one that was on its way at that moment may have come

    await town.tell("reopened_at", "requeued_at")  # a late record of CAD's, with the number
    again = await town.reset(run_id, (await town.tasks(handle))[0], with_signals=False)  # an operator, in Temporal's UI
    await again.signal(Signal.REQUEUED)
    sender = town.agency.identity.sender
    with Session(town.engine) as session, session.begin():
        say_stop(session, town.services.keyring, town.number, sender=sender, now=town.clock.now())
        say_start(
            session, phone_hash=town.services.keyring.phone_hash(town.number), sender=sender, now=town.clock.now()
        )
        session.execute(update(CallRow).values(trouble=MISSING, ended_reason=None))
    assert bring_back(town.engine) == 1  # Temporal lost everything, say
    await town.forwarder.forward_all()
    assert (await again.result()).reason == "silent: forgotten"
    await town.sweep()
    await town.pass_by(timedelta(hours=1))
    assert await town.texts() == texts
    assert (town.row().phone_hash, town.row().phone_encrypted, town.row().phone_versions) == (None, None, {})


async def test_r3_a_year_after_a_call_nothing_of_it_is_found_with_the_keys_and_what_is_planted_is(
    town: SmallTown,
) -> None:
    handle = await town.receive()
    await town.until_texts(2)
    await town.tell("dispatched_at", "cleared_at")
    await handle.result()
    keyring = town.services.keyring
    with Session(town.engine) as session, session.begin():
        session.add(
            InboundMessageRow(
                provider_sid="SM1",
                phone_hash=keyring.phone_hash(town.number),
                sender=town.agency.identity.sender,
                keyword=Keyword.OTHER.value,
                body_encrypted=keyring.encrypt(WORDS),
                received_at=town.clock.now(),
            )
        )
    await town.sweep()

    def left() -> dict[str, set[str]]:
        return leftovers(town.engine, keyring, numbers=[town.number], words=[WORDS, "Police"])

    assert {table: set(left()[table]) for table in ("call", "text", "inbound_message")} == {
        "call": {town.number},
        "text": {town.number, "Police"},
        "inbound_message": {town.number, WORDS},
    }
    await asyncio.to_thread(two_years_later, town)
    assert left() == {}
    history = decoded(await handle.fetch_history())
    assert numbers_in(history, [town.number]) == set()
    with Session(town.engine) as session, session.begin():  # the search finds what is planted
        session.execute(update(CallRow).values(reason=keyring.encrypt(f"call back {town.number}")))
        session.execute(update(TextRow).values(reason=keyring.phone_hash(town.number)))
    assert left() == {"call": {town.number}, "text": {town.number}}


def two_years_later(town: SmallTown) -> None:
    """The clock of the service moves; of times that are real, the rows are made older instead."""
    years = timedelta(days=731)
    with Session(town.engine) as session, session.begin():
        session.execute(update(CallRow).values(updated_real=col(CallRow.updated_real) - years))
        older = {"claimed_real": col(TextRow.claimed_real) - years, "updated_real": col(TextRow.updated_real) - years}
        session.execute(update(TextRow).values(**older))
        session.execute(update(CadRecordRow).values(accepted_real=col(CadRecordRow.accepted_real) - years))
    clock = Clock(real_origin=real_now(), virtual_origin=town.clock.now() + years)
    services = replace(town.services, clock=clock)
    Forget(services)()
    ActivityEnvironment().run(ForgetActivities(services).forget_some, None)
