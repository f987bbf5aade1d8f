"""The one question that a text asks."""

from psycopg._queries import MAX_CACHED_STATEMENT_LENGTH

from activities.findings import _FIND


def test_the_driver_remembers_how_the_question_reads() -> None:
    """A longer one it would read anew for each text, and say nothing."""
    assert len(_FIND) <= MAX_CACHED_STATEMENT_LENGTH
    assert "--" not in _FIND
