"""The one question that a text asks."""

import pytest
from psycopg._queries import MAX_CACHED_STATEMENT_LENGTH
from pydantic import ValidationError

from activities.findings import _FIND, Findings


def test_the_driver_remembers_how_the_question_reads() -> None:
    """A longer one it would read anew for each text, and say nothing."""
    assert len(_FIND) <= MAX_CACHED_STATEMENT_LENGTH
    assert "--" not in _FIND


def test_r3_an_error_does_not_repeat_what_was_read() -> None:
    with pytest.raises(ValidationError) as caught:
        Findings.model_validate_json('{"phone_hash": ["+16135550142"]}')
    assert "5550142" not in str(caught.value)
