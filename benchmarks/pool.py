"""Connections to PostgreSQL for a driver, or for a rival."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Self

import psycopg

Values = Sequence[object] | Mapping[str, object] | None


class Pool:
    """So many connections. Each statement is a transaction, on disk when it returns; it waits where none is free."""

    def __init__(self, connections: Sequence[psycopg.AsyncConnection[Any]]) -> None:
        self._free: asyncio.Queue[psycopg.AsyncConnection[Any]] = asyncio.Queue()
        self._all = connections
        for connection in connections:
            self._free.put_nowait(connection)

    @classmethod
    async def of(cls, database: str, *, connections: int) -> Self:
        """`database`: its address, as libpq takes it."""
        return cls([await connected(database) for _ in range(connections)])

    async def execute(self, statement: str, values: Values = None) -> None:
        """A statement that returns nothing, or nothing of interest."""
        await self._run(statement, values, returns=False)

    async def rows(self, statement: str, values: Values = None) -> list[tuple[Any, ...]]:
        """What it returns."""
        return await self._run(statement, values, returns=True)

    async def _run(self, statement: str, values: Values, *, returns: bool) -> list[tuple[Any, ...]]:
        connection = await self._free.get()
        try:
            cursor = await connection.execute(statement.encode(), values)
            return await cursor.fetchall() if returns else []
        finally:
            self._free.put_nowait(connection)

    async def close(self) -> None:
        for connection in self._all:
            await connection.close()


async def connected(database: str) -> psycopg.AsyncConnection[Any]:
    """One of them."""
    return await psycopg.AsyncConnection.connect(database, autocommit=True, options="-c synchronous_commit=on")
