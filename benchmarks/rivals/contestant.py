"""The tables, and DBOS, as contestants: each step of CAD is one statement of the driver's."""

import asyncio
import socket
from dataclasses import replace
from pathlib import Path
from typing import Final

import psycopg

from benchmarks.ground import Ground
from benchmarks.pool import Pool
from benchmarks.rivals.notified import telling
from benchmarks.rivals.table import CLEARED, DISPATCHED, RECEIVED, SCHEMA, workflow
from local.ports import LOOPBACK
from settings import python
from starter.fictional_numbers import fictional_number

_CONNECTIONS: Final = 8
_OWN_PYTHON: Final = Path(__file__).resolve().parents[2] / ".venv-bench" / "bin" / "python"
_READY_SECONDS: Final = 120
_ENQUEUE: Final = f"""
WITH row AS ({RECEIVED}) SELECT dbos.enqueue_workflow(
    'call_updates', 'calls',
    ARRAY[to_json(%s::bigint), to_json(%s::text), to_json(%s::text), to_json(extract(epoch FROM now()))],
    workflow_id => %s
)
"""  # noqa: S608 - ours
_QUEUES: Final = "SELECT FROM dbos.queues WHERE name = 'calls'"
_SEND: Final = "WITH row AS ({}) SELECT dbos.send_message(%s, 'true'::json, %s)"


class _Rows:
    """A row for each call, and a process that looks after them."""

    parts: tuple[str, ...] = ("worker", "PostgreSQL")
    posts = 3
    name: str
    _module: str
    _python = python()

    def __init__(self) -> None:
        self._ear: socket.socket | None = None
        self._notices = 0

    async def begin(self, ground: Ground) -> None:
        self._ear, self._notices = socket.socket(socket.AF_INET, socket.SOCK_DGRAM), ground.notices
        url = ground.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        self._pool = await Pool.of(url, connections=_CONNECTIONS)
        await self._pool.execute(SCHEMA)
        worker = ground.python(self._module, "--database", url, "--carrier", ground.carrier)
        ground.start(replace(worker, argv=[self._python, *worker.argv[1:]]))

    def workflow(self, number: int) -> str:
        return workflow(number)

    async def end(self) -> None:
        await self._pool.close()
        if self._ear is not None:
            self._ear.close()

    def _reached(self, number: int, state: str) -> None:
        """The commit is all there is to it: no worker has to see it before the next step."""
        if self._ear is not None:
            self._ear.sendto(f"{workflow(number)} {state}".encode(), (LOOPBACK, self._notices))


class Rival(_Rows):
    """`benchmarks.rivals.polled`, or `benchmarks.rivals.notified`."""

    def __init__(self, *, is_notified: bool) -> None:
        super().__init__()
        self.name = "table, NOTIFY" if is_notified else "table, polled every second"
        self._module = f"benchmarks.rivals.{'notified' if is_notified else 'polled'}"
        self._received = telling(RECEIVED) if is_notified else RECEIVED
        self._cleared = telling(CLEARED) if is_notified else CLEARED

    async def received(self, number: int) -> None:
        await self._pool.execute(self._received, _call(number))

    async def dispatched(self, number: int) -> None:
        await self._pool.execute(DISPATCHED, (number,))
        self._reached(number, "dispatched")

    async def cleared(self, number: int) -> None:
        await self._pool.execute(self._cleared, (number,))
        self._reached(number, "cleared")


class Durable(_Rows):
    """`benchmarks.rivals.durable`: its states are reached when its workflow says so, as ours are."""

    name = "DBOS"
    _module = "benchmarks.rivals.durable"
    _python = str(_OWN_PYTHON)

    @classmethod
    def is_there(cls) -> bool:
        """Is it installed?"""
        return _OWN_PYTHON.exists()

    async def begin(self, ground: Ground) -> None:
        await super().begin(ground)
        async with asyncio.timeout(_READY_SECONDS):
            while not await self._is_ready():
                ground.supervisor.poll()
                await asyncio.sleep(0.1)

    async def received(self, number: int) -> None:
        await self._pool.execute(_ENQUEUE, (*_call(number), *_call(number), workflow(number)))

    async def dispatched(self, number: int) -> None:
        await self._pool.execute(_SEND.format(DISPATCHED), (number, workflow(number), "dispatched"))

    async def cleared(self, number: int) -> None:
        await self._pool.execute(_SEND.format(CLEARED), (number, workflow(number), "cleared"))

    async def _is_ready(self) -> bool:
        """Its tables are made, and its queue is looked at."""
        try:
            return bool(await self._pool.rows(_QUEUES))
        except psycopg.errors.UndefinedTable:
            return False


def _call(number: int) -> tuple[int, str, str]:
    return number, fictional_number(number), f"26-{number}"
