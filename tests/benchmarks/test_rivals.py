"""What the service is measured against lives the same life: a confirmation, one delay notice, a survey."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from functools import partial

import psycopg
import pytest

from benchmarks.carrier import stub_carrier
from benchmarks.pool import connected
from benchmarks.rivals import notified, polled
from benchmarks.rivals.notified import telling
from benchmarks.rivals.table import CLEARED, DISPATCHED, RECEIVED, SCHEMA, Options
from tests.servers import create_database, drop_database

PHONE = "+13435550142"
RUNS: Mapping[str, Callable[[Options], Coroutine[None, None, None]]] = {
    "polled": partial(polled.run, every_seconds=0.05),
    "notified": notified.run,
}


@pytest.fixture
def tables(postgres_url: str) -> Iterator[str]:
    url = create_database(postgres_url, "rival").replace("+psycopg", "", 1)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(SCHEMA.encode())
    yield url
    drop_database(postgres_url, "rival")


class Driver:
    """CAD's steps as statements, and the POSTs that came to the carrier."""

    def __init__(self, connection: "psycopg.AsyncConnection[tuple[object, ...]]", *, is_notified: bool) -> None:
        self.posts: list[str] = []
        self._connection = connection
        self._told: Callable[[str], str] = telling if is_notified else str

    async def received(self) -> None:
        await self._connection.execute(self._told(RECEIVED).encode(), (1, PHONE, "26-1"))

    async def dispatched(self) -> None:
        await self._connection.execute(DISPATCHED.encode(), (1,))

    async def cleared(self) -> None:
        await self._connection.execute(self._told(CLEARED).encode(), (1,))

    async def until(self, kinds: list[str]) -> None:
        """Until these, and no others, have come to the carrier and the table knows it."""
        async with asyncio.timeout(20):
            while len(sent := await self._sent()) < len(kinds):  # noqa: ASYNC110 - a table tells nobody
                await asyncio.sleep(0.01)
        assert sent == kinds
        assert len(self.posts) == len(kinds)

    async def is_something_due(self) -> bool:
        """Now, or later."""
        cursor = await self._connection.execute(b"SELECT FROM life WHERE due_at IS NOT NULL")
        return await cursor.fetchone() is not None

    async def _sent(self) -> list[object]:
        statement = b"SELECT kind FROM text WHERE state = 'accepted' AND sid IS NOT NULL ORDER BY id"
        return [row[0] for row in await (await self._connection.execute(statement)).fetchall()]


@asynccontextmanager
async def running(name: str, tables: str, *, delay: float) -> AsyncIterator[Driver]:
    async with await connected(tables) as connection:
        driver = Driver(connection, is_notified=name == "notified")
        async with stub_carrier(lambda to, _kind, _at: driver.posts.append(to)) as stub:
            options = Options(database=tables, carrier=stub.origin, delay=timedelta(seconds=delay))
            rival = asyncio.create_task(RUNS[name](options))
            try:
                yield driver
            finally:
                rival.cancel()
                with suppress(asyncio.CancelledError):
                    await rival


@pytest.mark.parametrize("name", RUNS)
async def test_a_call_is_confirmed_delayed_once_and_asked(name: str, tables: str) -> None:
    kinds = ["confirmation", "delay", "survey"]
    async with running(name, tables, delay=0.2) as driver:
        await driver.received()
        await driver.until(kinds[:2])
        await driver.dispatched()
        await driver.cleared()
        await driver.until(kinds)


@pytest.mark.parametrize("name", RUNS)
async def test_a_call_with_an_officer_in_time_has_no_delay_notice(name: str, tables: str) -> None:
    kinds = ["confirmation", "survey"]
    async with running(name, tables, delay=600) as driver:
        await driver.received()
        await driver.until(kinds[:1])
        assert await driver.is_something_due()
        await driver.dispatched()
        assert not await driver.is_something_due()
        await driver.cleared()
        await driver.until(kinds)
        assert not await driver.is_something_due()


@pytest.mark.parametrize("name", RUNS)
async def test_a_call_with_an_officer_before_its_confirmation_has_no_delay_notice(name: str, tables: str) -> None:
    async with await connected(tables) as connection:
        early = Driver(connection, is_notified=False)
        await early.received()
        await early.dispatched()
    async with running(name, tables, delay=0) as driver:
        await driver.until(["confirmation"])
        assert not await driver.is_something_due()


async def test_what_is_more_than_there_are_places_for_goes_out_without_another_look(
    tables: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notified, "_LOOK_EVERY_SECONDS", 600)
    number = 1_000
    async with await connected(tables) as connection:
        for each in range(number):
            await connection.execute(RECEIVED.encode(), (each, PHONE, f"26-{each}"))
    async with running("notified", tables, delay=600) as driver:
        await driver.until(["confirmation"] * number)
