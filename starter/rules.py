"""R9: the rules that calls start with are kept, so that a later version of the folder does not speak alone."""

from sqlalchemy import Engine
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session

from database.rules import RulesRow
from database.tables import real_now
from policy.agency import Agency


def keep_rules(engine: Engine, agency: Agency) -> None:
    """Keep this version's, before any call starts with it. Known ones stay as they are."""
    with Session(engine) as session, session.begin():
        session.execute(
            insert(RulesRow)
            .values(version=agency.version, rules=agency.rules.model_dump(mode="json"), since_real=real_now())
            .on_conflict_do_nothing()
        )
