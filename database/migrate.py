"""Migrations: what the tables are, and bringing a database up to date."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

_FOLDER = Path(__file__).parent / "migrations"
_ONE_AT_A_TIME = 5_118_043_803  # any number of ours: an advisory lock, so that two set-ups do not meet
_ASK_AGAIN_AFTER_SECONDS = 0.2
LOCK_TIMEOUT = "2s"
"""A migration that cannot have its lock at once fails, instead of stopping everyone behind it."""


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Bring the database to a revision. Safe to run again, and from several machines at once."""
    with one_at_a_time(engine) as connection:
        command.upgrade(_config(connection), revision)
        connection.commit()


@contextmanager
def one_at_a_time(engine: Engine) -> Iterator[Connection]:
    """A connection for changes of the database's own shape: no other set-up makes any meanwhile. What was not committed
    at the end is not done."""
    with engine.connect() as connection:
        _wait_for_our_turn(connection)
        connection.execute(text(f"SET lock_timeout = '{LOCK_TIMEOUT}'"))
        connection.execute(text("SET statement_timeout = 0"))
        connection.commit()
        try:
            yield connection
        finally:
            connection.rollback()
            connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _ONE_AT_A_TIME})
            connection.commit()


def _wait_for_our_turn(connection: Connection) -> None:
    """Asked again and again: whoever waits inside PostgreSQL holds a snapshot, and an index that is made meanwhile
    waits for that, each for the other."""
    while True:
        ours = connection.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": _ONE_AT_A_TIME}).scalar_one()
        connection.commit()
        if ours:
            return
        time.sleep(_ASK_AGAIN_AFTER_SECONDS)


def downgrade(engine: Engine, revision: str) -> None:
    """Take the database back to an earlier revision."""
    with engine.connect() as connection:
        command.downgrade(_config(connection), revision)
        connection.commit()


def new_revision(engine: Engine, message: str) -> None:
    """Write a migration from what the tables say and the database lacks. For developers; read it before you keep it."""
    head = head_revision()
    number = 1 if head is None else int(head) + 1
    with engine.connect() as connection:
        command.revision(_config(connection), message=message, autogenerate=True, rev_id=f"{number:04d}")


def current_revision(engine: Engine) -> str | None:
    """The database's revision; `None` where no migration has run."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def head_revision() -> str | None:
    """The newest revision that this code has."""
    return ScriptDirectory(str(_FOLDER)).get_current_head()


def knows(revision: str) -> bool:
    """This code has that migration."""
    return revision in {script.revision for script in ScriptDirectory(str(_FOLDER)).walk_revisions()}


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    config.attributes["connection"] = connection
    return config
