"""R9: the rules that calls start with are kept, so that a later version of the folder does not speak alone."""

import asyncio
from typing import Final

import structlog
from sqlalchemy import Engine
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import OperationalError
from sqlmodel import Session

from database.rules import RulesRow
from database.tables import real_now
from policy.agency import Agency

log = structlog.get_logger()

_AWAY: Final = "the database does not answer yet; trying again"
_AGAIN_AFTER_SECONDS: Final = 2.0


def keep_rules(engine: Engine, agency: Agency) -> None:
    """Keep this version's, before any call starts with it. Known ones stay as they are."""
    with Session(engine) as session, session.begin():
        session.execute(
            insert(RulesRow)
            .values(version=agency.version, rules=agency.rules.model_dump(mode="json"), since_real=real_now())
            .on_conflict_do_nothing()
        )


def keep_rules_or_start_without(engine: Engine, agency: Agency) -> None:
    """For a way in of CAD's, whose `Intake` keeps them before its first record: a process that ends because the
    database is slow would be started again and again, and take nothing in meanwhile (R4)."""
    try:
        keep_rules(engine, agency)
    except OperationalError:
        log.warning(_AWAY)


async def keep_rules_soon(engine: Engine, agency: Agency) -> None:
    """Keep them as soon as the database answers."""
    while True:
        try:
            return await asyncio.to_thread(keep_rules, engine, agency)
        except OperationalError:
            log.warning(_AWAY)
        await asyncio.sleep(_AGAIN_AFTER_SECONDS)
