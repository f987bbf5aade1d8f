"""Somebody who makes the database wait."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, text

from database.engine import connect


@contextmanager
def in_the_way(engine: Engine) -> Iterator[Connection]:
    """A transaction that keeps its locks until the block ends."""
    with engine.connect() as connection, connection.begin():
        yield connection


def wait_for_lock_waits(database_url: str, *, some: bool, seconds: float = 10) -> None:
    """Until somebody waits for a lock, or nobody. Asked over a connection of its own: the web's may all be waiting."""
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    give_up, engine = time.monotonic() + seconds, connect(database_url, pool_size=1)
    with closing_down(engine), engine.connect() as connection:
        while bool(connection.execute(waiting).scalar_one()) is not some:
            connection.rollback()
            assert time.monotonic() < give_up
            time.sleep(0.01)


@contextmanager
def closing_down(engine: Engine) -> Iterator[None]:
    try:
        yield
    finally:
        engine.dispose()
