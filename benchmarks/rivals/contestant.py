"""The tables as contestants: each step of CAD is one statement of the driver's."""

import asyncio
import socket
from typing import Any, Final

import psycopg

from benchmarks.ground import Ground
from benchmarks.rivals.notified import telling
from benchmarks.rivals.table import CLEARED, DISPATCHED, RECEIVED, SCHEMA, connected, workflow
from local.ports import LOOPBACK
from starter.fictional_numbers import fictional_number

_CONNECTIONS: Final = 8


class Rival:
    """`benchmarks.rivals.polled`, or `benchmarks.rivals.notified`."""

    parts: tuple[str, ...] = ("worker", "PostgreSQL")
    posts = 3

    def __init__(self, *, is_notified: bool) -> None:
        self.name = "table, NOTIFY" if is_notified else "table, polled every second"
        self._module = f"benchmarks.rivals.{'notified' if is_notified else 'polled'}"
        self._received = telling(RECEIVED) if is_notified else RECEIVED
        self._cleared = telling(CLEARED) if is_notified else CLEARED
        self._ear = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._free: asyncio.Queue[psycopg.AsyncConnection[Any]] = asyncio.Queue()
        self._ground: Ground | None = None

    async def begin(self, ground: Ground) -> None:
        self._ground = ground
        url = ground.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        for _ in range(_CONNECTIONS):
            self._free.put_nowait(await connected(url))
        await self._execute(SCHEMA, ())
        ground.start(ground.python(self._module, "--database", url, "--carrier", ground.carrier))

    async def received(self, number: int) -> None:
        await self._execute(self._received, (number, fictional_number(number), f"26-{number}"))

    async def dispatched(self, number: int) -> None:
        await self._execute(DISPATCHED, (number,))
        self._reached(number, "dispatched")

    async def cleared(self, number: int) -> None:
        await self._execute(self._cleared, (number,))
        self._reached(number, "cleared")

    def workflow(self, number: int) -> str:
        return workflow(number)

    async def end(self) -> None:
        while not self._free.empty():
            await self._free.get_nowait().close()
        self._ear.close()

    async def _execute(self, statement: str, values: tuple[object, ...]) -> None:
        connection = await self._free.get()
        try:
            await connection.execute(statement.encode(), values or None)
        finally:
            self._free.put_nowait(connection)

    def _reached(self, number: int, state: str) -> None:
        """The commit is all there is to it: no worker has to see it before the next step."""
        if self._ground is not None:
            self._ear.sendto(f"{workflow(number)} {state}".encode(), (LOOPBACK, self._ground.notices))
