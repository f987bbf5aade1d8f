"""Alembic's entry: migrations run on the connection that `database.migrate` hands over."""

from alembic import context
from sqlalchemy import text
from sqlmodel import SQLModel

import database.feeds
import database.finding
import database.issues
import database.line
import database.lookup_keys
import database.numbers
import database.open_data
import database.reconciliation
import database.staff
import database.surveys  # noqa: F401 - fills the metadata, as database.tables does that it imports
from database.migrate import LOCK_TIMEOUT

connection = context.config.attributes["connection"]


def _limit_the_next_one(*_what: object, **_about: object) -> None:
    """What makes an index beside everybody's work waits without a limit; the migration after it must not."""
    connection.execute(text(f"SET lock_timeout = '{LOCK_TIMEOUT}'"))


context.configure(
    connection=connection,
    target_metadata=SQLModel.metadata,
    compare_server_default=True,
    transaction_per_migration=True,
    on_version_apply=_limit_the_next_one,
)
with context.begin_transaction():
    context.run_migrations()
