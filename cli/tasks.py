"""Short tasks behind the command that need Temporal and the database."""

import asyncio

from sqlalchemy import Engine, make_url
from sqlmodel import Session, select
from temporalio.service import RPCError

from activities.stop_and_go import Mode
from cli.set_up import Say, set_up_database, set_up_temporal
from database.encryption import keyring_of
from database.engine import connect
from database.move_numbers import note_key
from database.roles import RoleError
from database.tables import CallRow, ServiceModeRow
from policy.agency import load_agency
from settings import Settings, SettingsError
from starter.leases import bring_back
from temporal_client import connect_temporal, let_the_loop_finish


def run_setup(settings: Settings, *, say: Say) -> None:
    """Set up database, then Temporal. A new service begins in shadow."""
    service = settings.database_url.get_secret_value()
    owner = connect(settings.owner_database_url.get_secret_value() or service, pool_size=1)
    try:
        set_up_database(owner, service=make_url(service), say=say)
        if settings.lookup_key.get_secret_value():
            note_key(owner, keyring_of(settings))
        begin_in_shadow(owner, say=say)
    except RoleError as error:
        raise SettingsError(str(error)) from None
    finally:
        owner.dispose()
    zone = load_agency(settings.agency).policy.timetable.zone
    asyncio.run(_temporal(zone=zone, say=say))


def begin_in_shadow(engine: Engine, *, say: Say) -> None:
    """R1: a database in which there is no call yet, and no word of anybody's, texts nobody until somebody says so."""
    with Session(engine) as session, session.begin():
        if (
            session.exec(select(ServiceModeRow.id).limit(1)).first()
            or session.exec(select(CallRow.call_id).limit(1)).first()
        ):
            return
        session.add(ServiceModeRow(mode=Mode.SHADOW, set_by="communityconnect setup", why="a new database"))
    say("mode: shadow: nobody is texted, until somebody says: communityconnect mode live --by … --why …")


async def _temporal(*, zone: str, say: Say) -> None:
    client = await connect_temporal(patience_seconds=10)
    try:
        await set_up_temporal(client, zone=zone, say=say)
    except RPCError as error:
        raise SettingsError(
            f"Temporal refuses ({error.status.name}); on Temporal Cloud make namespace and search attributes there"
        ) from None
    finally:
        await let_the_loop_finish()


def run_bring_back(settings: Settings, *, say: Say) -> None:
    """Have the starters start anew what Temporal has lost."""
    engine = connect(settings.database_url.get_secret_value(), pool_size=1)
    try:
        count = bring_back(engine)
    finally:
        engine.dispose()
    say(f"{count} calls get a workflow again, as soon as a starter runs; each is told what was sent")
