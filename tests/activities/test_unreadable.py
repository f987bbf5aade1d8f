"""What the database says in words of a newer release: an older worker does not guess, and says so."""

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs
from temporalio.exceptions import ApplicationError

from tests.activities.desk import Desk


def test_r3_what_this_release_cannot_read_is_tried_again_and_said_without_a_word_of_it(desk: Desk) -> None:
    desk.call()
    with desk.services.engine.begin() as connection:
        connection.execute(
            text(
                "UPDATE call SET facts = jsonb_set(facts, '{source}', to_jsonb('+16135550142'::text))"
                " WHERE call_id = 'ottawa-1001'"
            )
        )
    with capture_logs() as lines, pytest.raises(ApplicationError) as caught:
        desk.send()
    assert (caught.value.type, caught.value.non_retryable) == ("Unreadable", False)
    assert [line["log_level"] for line in lines if line["event"] == "cannot read what the database says"] == ["error"]
    assert "5550142" not in f"{caught.value} {lines}"
    assert desk.phones.posts() == []
