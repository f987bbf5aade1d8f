"""What a connection does when the server has ended it."""

import time

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError


def test_a_transaction_that_the_server_has_ended_is_a_database_that_does_not_answer(engine: Engine) -> None:
    """Everybody tries again then; a process that ended by it would come back as if it had been struck."""
    with engine.connect() as connection:
        own = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
        connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 50"))
        _until_it_is_gone(engine, own)
        with pytest.raises(OperationalError) as ended:
            connection.execute(text("SELECT 1"))
    assert ended.value.connection_invalidated
    with engine.connect() as connection:
        assert connection.execute(text("SELECT 1")).scalar_one() == 1


def _until_it_is_gone(engine: Engine, process: int) -> None:
    """One of the server's processes. It keeps its own time."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as other:
        for _ in range(500):
            if not other.execute(text("SELECT 1 FROM pg_stat_activity WHERE pid = :own"), {"own": process}).all():
                return
            time.sleep(0.02)
    raise AssertionError("it has not ended")
