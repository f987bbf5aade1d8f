"""What each database and its driver is told, so that a view is only read, and nobody waits for a dead server.

PostgreSQL and SQLite are run in our tests; the others as their documentation has it.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

import psycopg
from psycopg.types.datetime import DateLoader, TimestampLoader, TimestamptzLoader
from sqlalchemy import Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from settings import SettingsError

_ADDRESS: Final = "COMMUNITYCONNECT_CAD_DATABASE_URL"
_CONNECTS_WITHIN_SECONDS: Final = 10
_LIBPQ: Final[Mapping[str, Any]] = {
    "connect_timeout": _CONNECTS_WITHIN_SECONDS,
    "application_name": "communityconnect poll",
    # A server that is gone without a word: see database/engine.py.
    "keepalives_idle": 10,
    "keepalives_interval": 3,
    "keepalives_count": 3,
    "tcp_user_timeout": 15000,
}


def engine_for(url: str, *, patience: timedelta) -> Engine:
    """An engine with one connection, which is made when it is needed. `patience`: for one answer.

    Raises:
        SettingsError: the address is none, or its driver is not installed.
    """
    try:
        driver = make_url(url).get_driver_name()
        engine = create_engine(
            url,
            pool_size=1,
            max_overflow=0,
            pool_pre_ping=True,
            hide_parameters=True,
            connect_args=_connect_arguments(driver, patience),
        )
    except (ArgumentError, NoSuchModuleError, TypeError, ValueError):  # the message must not repeat it: a password
        what = "is no address of a database; write it as in postgresql+psycopg://user:password@host:5432/name"
        raise SettingsError(f"{_ADDRESS} {what}") from None
    except ImportError as error:
        what = f"needs a driver that is not installed, {error.name}: see docs/cad-view.md"
        raise SettingsError(f"{_ADDRESS} {what}") from None
    event.listen(engine, "connect", lambda connection, _record: _prepare(connection, driver, patience))
    return engine


def _connect_arguments(driver: str, patience: timedelta) -> dict[str, Any]:
    known: Mapping[str, Mapping[str, Any]] = {
        "psycopg": _LIBPQ,
        "psycopg2": _LIBPQ,
        "pysqlite": {"timeout": 5},
        "pyodbc": {"timeout": _CONNECTS_WITHIN_SECONDS},
        "oracledb": {"tcp_connect_timeout": _CONNECTS_WITHIN_SECONDS},
        "pymysql": {"connect_timeout": _CONNECTS_WITHIN_SECONDS, "read_timeout": int(patience.total_seconds())},
    }
    return dict(known.get(driver, {}))


def _prepare(connection: Any, driver: str, patience: timedelta) -> None:
    """What a driver wants to be told on its own connection."""
    if driver == "psycopg":
        for name, loader in _LENIENT.items():
            connection.adapters.register_loader(name, loader)
    elif driver == "pyodbc":
        connection.timeout = int(patience.total_seconds())  # of a query
    elif driver == "oracledb":
        connection.call_timeout = int(patience.total_seconds() * 1000)  # of a round trip


def first_statements(dialect: str, *, patience: timedelta) -> Sequence[str]:
    """What each transaction begins with: it only reads, and does not wait for long."""
    milliseconds = int(patience.total_seconds() * 1000)
    known: Mapping[str, Sequence[str]] = {
        "postgresql": (
            "SET TRANSACTION READ ONLY",
            f"SET LOCAL statement_timeout = {milliseconds}",
            f"SET LOCAL lock_timeout = {milliseconds // 6}",
        ),
        "sqlite": ("PRAGMA query_only = ON",),
        "oracle": ("SET TRANSACTION READ ONLY",),
        "mssql": (f"SET LOCK_TIMEOUT {milliseconds // 6}", "SET DEADLOCK_PRIORITY LOW"),
    }
    return known.get(dialect, ())


class _LenientTimestamp(TimestampLoader):
    """`infinity` and the year 20260 are times for PostgreSQL and none for Python: one such row, whose cell is handed
    on as a text, must not stop the others."""

    def load(self, data: Any) -> Any:
        try:
            return super().load(data)
        except psycopg.DataError:
            return bytes(data).decode()


class _LenientTimestamptz(TimestamptzLoader):
    def load(self, data: Any) -> Any:
        try:
            return super().load(data)
        except psycopg.DataError:
            return bytes(data).decode()


class _LenientDate(DateLoader):
    def load(self, data: Any) -> Any:
        try:
            return super().load(data)
        except psycopg.DataError:
            return bytes(data).decode()


_LENIENT: Final = {"timestamp": _LenientTimestamp, "timestamptz": _LenientTimestamptz, "date": _LenientDate}
