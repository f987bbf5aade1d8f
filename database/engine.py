"""Connections to PostgreSQL."""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import Engine, Row
from sqlmodel import create_engine

from database.pools import ask_rested_connections, say_what_was_ended, watch_pool

GIVES_UP_IDLE_AFTER_SECONDS: Final = 10
"""A process that stands still, or is cut off, in the middle of a transaction loses it, and with it its locks: all who
send wait for one row (activities/line.py). What was not committed is done again."""


def connect(url: str, *, pool_size: int = 5) -> Engine:
    """An engine whose statements end, one way or the other, within real seconds: nobody waits for a dead database."""
    engine = create_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=10,
        hide_parameters=True,  # errors of SQL must not hold what was written (R3)
        connect_args={
            "connect_timeout": 5,
            "client_encoding": "utf8",  # of a database in SQL_ASCII the driver would make bytes, and everything fails
            "options": "-c statement_timeout=10000 -c lock_timeout=5000 -c timezone=UTC"
            f" -c idle_in_transaction_session_timeout={GIVES_UP_IDLE_AFTER_SECONDS * 1000}",
            # A server that is gone without a word (a failover) ends no statement: these end the wait for it, some
            # twenty seconds after its last sign of life.
            "keepalives_idle": 10,
            "keepalives_interval": 3,
            "keepalives_count": 3,
            "tcp_user_timeout": 15000,
        },
    )
    watch_pool(engine)
    ask_rested_connections(engine)
    say_what_was_ended(engine)
    return engine


def without_comments(statement: str) -> str:
    """As the driver should get it: one of more than 4,096 signs it reads anew each time, which took a twentieth of what
    sending a text costs."""
    lines = (line.strip() for line in statement.splitlines())
    return "\n".join(line for line in lines if line and not line.startswith("--"))


def alone(engine: Engine, statement: str, values: Mapping[str, Any]) -> Row[Any] | None:
    """Run one statement that is a transaction of its own, and return its first row.

    Without BEGIN and COMMIT it is one round trip instead of three. `statement` is our driver's: `%(name)s`.
    """
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        return connection.exec_driver_sql(statement, dict(values)).first()
