"""A worker that starts while the database is away waits for it, as every process of ours does (docs/watching.md)."""

import asyncio

from sqlalchemy import Engine

from database.engine import connect
from local.ports import free_port
from tests.watching.slow_database import wire
from worker import epoch_of


async def test_a_worker_that_starts_while_the_database_is_away_waits_for_it(engine: Engine) -> None:
    port = free_port()
    away = connect(engine.url.set(host="127.0.0.1", port=port).render_as_string(hide_password=False), pool_size=1)
    asking = asyncio.create_task(epoch_of(away))
    done, _ = await asyncio.wait({asking}, timeout=0.5)
    assert not done
    with wire(engine.url.render_as_string(hide_password=False), port=port):
        assert await asyncio.wait_for(asking, timeout=20) == 0
    away.dispose()
