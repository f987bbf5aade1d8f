"""PostgreSQL says when a call has changed: the forwarder hears of it at the commit, not at its next look."""

import asyncio
from typing import Final

import psycopg
import structlog
from psycopg import sql
from sqlalchemy import Engine

from database.notify import CHANGED

log = structlog.get_logger()

_AGAIN_AFTER_SECONDS: Final = 2.0


class Wake:
    """Listens on a connection of its own. A word that gets lost costs time only: the forwarder looks by itself, too."""

    def __init__(self, engine: Engine) -> None:
        # The driver's own address: SQLAlchemy has no word for LISTEN.
        self._address = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        self._event = asyncio.Event()

    async def listen(self) -> None:
        """For ever, also over restarts of the database."""
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(
                    self._address, autocommit=True, connect_timeout=5
                ) as connection:
                    await connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(CHANGED)))
                    self._event.set()  # whatever was said while nobody listened
                    async for _ in connection.notifies():
                        self._event.set()
            except psycopg.OperationalError:
                log.warning("the database does not say what changes; trying again")
            await asyncio.sleep(_AGAIN_AFTER_SECONDS)

    async def wait(self, *, seconds: float) -> None:
        """Until something has changed, but not for longer."""
        try:
            async with asyncio.timeout(seconds):
                await self._event.wait()
        except TimeoutError:
            return
        self._event.clear()
