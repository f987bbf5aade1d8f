"""Migrations and tables say the same, and every migration can be taken back."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, inspect
from sqlmodel import SQLModel

import database.feeds
import database.finding
import database.line
import database.reconciliation
import database.rules
import database.surveys
import database.tables  # noqa: F401 - fills the metadata
from database import migrate
from database.engine import connect
from tests.servers import create_database, drop_database


@pytest.fixture
def empty(postgres_url: str) -> Iterator[Engine]:
    name = f"empty_{uuid4().hex[:12]}"
    engine = connect(create_database(postgres_url, name), pool_size=2)
    yield engine
    engine.dispose()
    drop_database(postgres_url, name)


def test_the_migrations_make_exactly_the_tables_that_the_code_knows(engine: Engine) -> None:
    with engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), SQLModel.metadata)
    assert differences == []


def test_every_migration_goes_up_down_and_up_again(empty: Engine) -> None:
    migrate.upgrade(empty)
    assert migrate.current_revision(empty) == migrate.head_revision()
    migrate.downgrade(empty, "base")
    assert inspect(empty).get_table_names() == ["alembic_version"]
    migrate.upgrade(empty)
    assert migrate.current_revision(empty) == migrate.head_revision()


def test_setting_up_twice_changes_nothing(empty: Engine) -> None:
    migrate.upgrade(empty)
    migrate.upgrade(empty)
    assert migrate.current_revision(empty) == migrate.head_revision()
