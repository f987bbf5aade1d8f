"""Databases for doors that need one: copies of one that was migrated."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final
from uuid import uuid4

from database import migrate
from database.engine import connect
from tests.fuzz.door import Database
from tests.servers import create_database, drop_database

_TEMPLATE: Final = "migrated"


def migrate_one(url: str) -> None:
    """Make the database that others are copies of, on the server of `url`."""
    engine = connect(create_database(url, _TEMPLATE), pool_size=1)
    migrate.upgrade(engine)
    engine.dispose()


def copies_of(url: str) -> Database:
    """Each a copy of its own."""

    @contextmanager
    def copy() -> Iterator[str]:
        name = f"fuzz_{uuid4().hex[:12]}"
        yield create_database(url, name, template=_TEMPLATE)
        drop_database(url, name)

    return copy
