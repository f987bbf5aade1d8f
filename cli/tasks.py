"""Short tasks behind the command that need Temporal and the database."""

import asyncio

from temporalio.service import RPCError

from cli.set_up import Say, set_up_database, set_up_temporal
from database.engine import connect
from settings import Settings, SettingsError
from temporal_client import connect_temporal, let_the_loop_finish


def run_setup(settings: Settings, *, say: Say) -> None:
    """Set up database, then Temporal."""
    engine = connect(settings.database_url.get_secret_value(), pool_size=1)
    try:
        set_up_database(engine, say=say)
    finally:
        engine.dispose()
    asyncio.run(_temporal(settings, say=say))


async def _temporal(settings: Settings, *, say: Say) -> None:
    client = await connect_temporal(patience_seconds=10)
    try:
        await set_up_temporal(client, clock=settings.clock, say=say)
    except RPCError as error:
        raise SettingsError(
            f"Temporal refuses ({error.status.name}); on Temporal Cloud make namespace and search attributes there"
        ) from None
    finally:
        await let_the_loop_finish()
