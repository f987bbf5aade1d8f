"""PostgreSQL: is it there, is it one that we can work with, has it our tables, and may we use them?"""

from collections.abc import Iterator
from typing import Final

from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError

from cli.finding import SETUP, Finding
from database import migrate
from database.roles import rights

_OLDEST: Final = 17
"""Before, only an owner may vacuum, and a role of its own for the service cannot (database/roles.py)."""
_TRIED: Final = 18


def reached(engine: Engine) -> list[Finding]:
    """It answers, with a version and an encoding that we can work with, and it can be written to."""
    url = engine.url
    place = f"{url.database} at {url.host}:{url.port or 5432}"
    try:
        with engine.connect() as connection:
            version, number, encoding, standby, read_only = connection.execute(
                text(
                    "SELECT current_setting('server_version'), current_setting('server_version_num')::int,"
                    " current_setting('server_encoding'), pg_is_in_recovery(),"
                    " current_setting('default_transaction_read_only') = 'on'"
                )
            ).one()
    except SQLAlchemyError as error:
        return [_away(place, error, user=str(url.username))]
    found = [Finding(what="database", detail=f"{place}, PostgreSQL {version}")]
    if number // 10_000 < _OLDEST:
        detail = f"PostgreSQL {version} is older than {_OLDEST}; tried with {_TRIED}"
        found.append(Finding(what="database", detail=detail, mend=f"bring it to PostgreSQL {_TRIED}", works=True))
    if encoding != "UTF8":
        detail = f"{place} keeps texts in {encoding}: French does not fit"
        mend = "make the database anew: CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0"
        found.append(Finding(what="database", detail=detail, mend=mend))
    if standby or read_only:
        detail = f"{place} is {'a standby' if standby else 'read-only'}: nothing can be written"
        mend = (
            "point DATABASE_URL at the primary" if standby else "ALTER DATABASE … RESET default_transaction_read_only"
        )
        found.append(Finding(what="database", detail=detail, mend=mend))
    return found


def _away(place: str, error: SQLAlchemyError, *, user: str) -> Finding:
    """What the server said decides the mend; its words are not repeated, they may hold more than we know."""
    said = str(getattr(error, "orig", "") or "")
    if "password authentication failed" in said or "no password supplied" in said:
        detail, mend = f"{place} does not let {user} in", "check user and password of DATABASE_URL"
    elif "does not exist" in said:
        detail = f"{place}: there is no such database, or no such role"
        mend = "CREATE DATABASE, or mend DATABASE_URL; the role is made by: communityconnect setup"
    elif "too many" in said or "remaining connection slots" in said:
        detail, mend = f"{place} has no connection left", "raise its max_connections, or run fewer processes"
    else:
        detail = f"{place} does not answer ({type(error).__name__})"
        mend = "start PostgreSQL, or set DATABASE_URL=postgresql://user:password@host:5432/name"
    return Finding(what="database", detail=detail, mend=mend)


def tables(engine: Engine) -> Finding:
    """The migrations have run, these and no others."""
    current, head = migrate.current_revision(engine), migrate.head_revision()
    if current == head:
        return Finding(what="migrations", detail=f"at {head}")
    if current is not None and not migrate.knows(current):
        detail = f"at {current}, of a newer version; this code knows {head}"
        return Finding(
            what="migrations", detail=detail, mend="deploy the newer version: an older one must not write here"
        )
    return Finding(what="migrations", detail=f"at {current or 'none'}, this code needs {head}", mend=SETUP)


def rights_of_the_role(engine: Engine) -> Iterator[Finding]:
    """The service's role may do what it must, and no more than that."""
    found = rights(engine)
    if found.lacking:
        detail = f"the service's role may not use: {', '.join(found.lacking)}"
        yield Finding(what="rights", detail=detail, mend=SETUP + ", as the owner (COMMUNITYCONNECT_OWNER_DATABASE_URL)")
    else:
        yield Finding(what="rights", detail="the service's role may use every table")
    if found.can_change_audit:
        yield Finding(
            what="audit log",
            detail="its trigger alone protects it: the service's role could switch that off",
            mend="set COMMUNITYCONNECT_OWNER_DATABASE_URL for setup, another user in DATABASE_URL, and " + SETUP,
            works=True,
        )
    else:
        yield Finding(what="audit log", detail="the service's role can only add to it")
    if not found.can_vacuum:
        yield Finding(
            what="survey's tables",
            detail="the service's role may not vacuum them: what was cut at night can still be put together (R7)",
            mend=SETUP + "; it needs PostgreSQL 17 or newer for a role that does not own them",
        )
