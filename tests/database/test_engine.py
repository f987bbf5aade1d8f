"""What a connection does when the server has ended it."""

import time

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError


def test_a_transaction_that_the_server_has_ended_is_a_database_that_does_not_answer(engine: Engine) -> None:
    """Everybody tries again then; a process that ended by it would come back as if it had been struck."""
    with engine.connect() as connection:
        connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 50"))
        time.sleep(0.3)  # the server's own time
        with pytest.raises(OperationalError) as ended:
            connection.execute(text("SELECT 1"))
    assert ended.value.connection_invalidated
    with engine.connect() as connection:
        assert connection.execute(text("SELECT 1")).scalar_one() == 1
