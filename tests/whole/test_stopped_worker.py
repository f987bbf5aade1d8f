"""R2: a worker that is told to end finishes its text; one that stood still does not go on where it was."""

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator

import pytest
from sqlalchemy import Engine

from calls.contracts import SEARCH_ATTRIBUTES
from database.encryption import load_keyring, new_key
from policy.agency import Agency
from tests.phones import Phones, running_phones
from tests.servers import TemporalServer, running_temporal
from tests.whole.small_town import SmallTown, small_town
from tests.whole.worker_process import BEFORE_THE_POST, worker_process
from worker import build_worker

KEYS = {"encryption_keys": f"k1:{new_key()}", "lookup_key": new_key()}


@pytest.fixture(scope="module")
def temporal() -> Iterator[TemporalServer]:
    with running_temporal(search_attributes=SEARCH_ATTRIBUTES) as server:
        yield server


@pytest.fixture(scope="module")
def phones(ottawa: Agency) -> Iterator[Phones]:
    with running_phones(sender=ottawa.identity.sender) as phones:
        yield phones


@pytest.fixture
async def town(engine: Engine, ottawa: Agency, temporal: TemporalServer, phones: Phones) -> AsyncIterator[SmallTown]:
    async with small_town(
        engine=engine,
        keyring=load_keyring(**KEYS),
        agency=ottawa,
        temporal=temporal,
        phones=phones,
        has_worker=False,
    ) as town:
        yield town


async def test_sigterm_in_mid_send_the_text_is_finished_and_not_repeated(
    town: SmallTown, temporal: TemporalServer
) -> None:
    town.answer_slowly(seconds=3)
    with worker_process(town, temporal, **KEYS) as first:
        await town.receive()
        await town.until_texts(1)  # the phone has it, and its sender waits for the answer
        assert ("confirmation", "sending") in town.ledger()
        first.process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(first.process.wait, 30) == 0
        assert first.has_said("text accepted")
    assert ("confirmation", "accepted") in town.ledger()
    async with build_worker(town.client, town.services, threads=4):
        await town.until_texts(2)
    assert [kind for kind, _ in town.ledger()].count("confirmation") == 1
    assert len(set(await town.texts())) == 2


async def test_sigstop_between_check_and_post_another_worker_sends_it_and_the_first_does_not_repeat_it(
    town: SmallTown, temporal: TemporalServer
) -> None:
    with worker_process(town, temporal, **KEYS, stops=BEFORE_THE_POST) as first:
        await town.receive()
        await town.until(first.is_stopped)
        assert town.ledger() == [("confirmation", "sending")]
        assert await town.texts() == []
        async with build_worker(town.client, town.services, threads=4):
            for _ in range(5):  # Temporal gives the first attempt up after 30 s, and the carrier is asked 35 s after it
                try:
                    await town.until_texts(1)
                except AssertionError:
                    continue
                break
        first.process.send_signal(signal.SIGCONT)
        assert await asyncio.to_thread(first.process.wait, 10) == -signal.SIGALRM
    texts = await town.texts()
    assert len(texts) == len(set(texts))
    assert [kind for kind, _ in town.ledger()].count("confirmation") == 1
