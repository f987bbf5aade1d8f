"""Alembic's entry: migrations run on the connection that `database.migrate` hands over."""

from alembic import context
from sqlmodel import SQLModel

import database.feeds
import database.finding
import database.issues
import database.line
import database.numbers
import database.open_data
import database.reconciliation
import database.staff
import database.surveys  # noqa: F401 - fills the metadata, as database.tables does that it imports

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=SQLModel.metadata,
    compare_server_default=True,
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
