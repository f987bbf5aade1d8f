"""Migrations and tables say the same, and every migration can be taken back."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, inspect, text
from sqlmodel import SQLModel

import database.feeds
import database.finding
import database.issues
import database.line
import database.numbers
import database.open_data
import database.reconciliation
import database.recovery
import database.rules
import database.staff
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


LEFT_FOR_A_RELEASE = {("survey_held", "urgent"), ("survey_held", "seen")}
"""Nothing of this version writes or reads them; processes of the one before do, until they are started anew."""


def test_the_migrations_make_exactly_the_tables_that_the_code_knows(engine: Engine) -> None:
    with engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), SQLModel.metadata)
    left = {(one[2], one[3].name) for one in differences if one[0] == "remove_column"}
    assert left == LEFT_FOR_A_RELEASE
    assert len(differences) == len(left)


def test_r7_a_process_of_the_release_before_goes_on_after_the_marks_of_what_is_held_are_gone(empty: Engine) -> None:
    migrate.upgrade(empty, "0012")
    sent = text("INSERT INTO survey_held (id, body_encrypted, urgent, seen) VALUES (:id, '', true, false)")
    with empty.begin() as connection:
        connection.execute(sent, {"id": uuid4()})
    migrate.upgrade(empty)
    with empty.begin() as connection:
        assert connection.execute(text("SELECT count(*) FROM survey_held WHERE urgent OR seen")).scalar_one() == 0
        connection.execute(sent, {"id": uuid4()})
        connection.execute(text("INSERT INTO survey_held (id, body_encrypted) VALUES (:id, '')"), {"id": uuid4()})


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
