"""Connections: how many there may be and are in use, and whether one that has rested is still good."""

import select
import time
from collections.abc import Iterator
from typing import Final
from weakref import WeakSet

import psycopg
from prometheus_client import REGISTRY
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from psycopg import errors
from sqlalchemy import Engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection, ExceptionContext
from sqlalchemy.exc import DisconnectionError, OperationalError
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool

_GOOD_FOR_SECONDS: Final = 1.0
_RESTS_SINCE: Final = "rests_since"
_ENDED_BY_SERVER: Final = (errors.IdleInTransactionSessionTimeout, errors.TransactionTimeout)
_ENGINES: Final[WeakSet[Engine]] = WeakSet()


def watch_pool(engine: Engine) -> None:
    """Count it."""
    _ENGINES.add(engine)


def ask_rested_connections(engine: Engine) -> None:
    """A connection that has rested for a second, or on which the server has said something (its goodbye, say),
    is asked whether it is still good, before it is given to anybody.

    Each time would be half the round trips of a short transaction.
    """

    @event.listens_for(engine, "checkin")
    def note(_connection: object, record: ConnectionPoolEntry) -> None:
        record.info[_RESTS_SINCE] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def ask(connection: DBAPIConnection, record: ConnectionPoolEntry, _proxy: object) -> None:
        rests = time.monotonic() - record.info.get(_RESTS_SINCE, -_GOOD_FOR_SECONDS)
        if rests < _GOOD_FOR_SECONDS and not _has_something_to_read(record):
            return
        try:
            answers = engine.dialect.do_ping(connection)
        except Exception as error:  # whatever a driver raises of a connection that is gone
            raise DisconnectionError from error
        if not answers:
            raise DisconnectionError  # the pool makes a new one


def say_what_was_ended(engine: Engine) -> None:
    """A transaction that the server has ended because nothing happened in it (its process stood still) is a database
    that does not answer: psycopg calls it an internal error, by which whoever would try again ended instead (chaos,
    seed 12: both starters)."""

    @event.listens_for(engine, "handle_error", retval=True)
    def lost(context: ExceptionContext) -> OperationalError | None:
        error = context.original_exception
        if not isinstance(error, _ENDED_BY_SERVER):
            return None
        return OperationalError(context.statement, None, error, hide_parameters=True, connection_invalidated=True)


def _has_something_to_read(record: ConnectionPoolEntry) -> bool:
    """Between transactions a server is silent."""
    connection = record.driver_connection
    if not isinstance(connection, psycopg.Connection) or connection.closed:
        return True
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return bool(poll.poll(0))


class _Pools(Collector):
    def collect(self) -> Iterator[Metric]:
        in_use = GaugeMetricFamily("communityconnect_database_connections_in_use", "Taken out of the process's pools")
        most = GaugeMetricFamily("communityconnect_database_connections_most", "That its pools may have")
        pools = [engine.pool for engine in list(_ENGINES)]
        in_use.add_metric([], sum(pool.checkedout() for pool in pools if isinstance(pool, QueuePool)))
        most.add_metric([], sum(pool.size() for pool in pools if isinstance(pool, QueuePool)))
        yield from (in_use, most)


REGISTRY.register(_Pools())
