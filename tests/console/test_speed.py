"""Every page within 300 ms with a year of a city: 274,075 calls and a million texts.

All such tests stand in this file: one process makes the year, once.
"""

from sqlalchemy import text

from calls.facts import CallFacts
from calls.merge import Stamped
from tests.console.year import CALLS, Year


def test_the_year_is_one_that_the_service_could_have_written(year: Year) -> None:
    with year.engine.connect() as connection:
        counts = {
            table: connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()  # noqa: S608
            for table in ("call", "text", "inbound_message", "opt_out", "survey_invitation", "audit_entry")
        }
        assert counts["call"] == CALLS
        assert 950_000 <= counts["text"] <= 1_050_000
        assert min(counts.values()) > 1000
        open_ones = "SELECT count(*) FROM call WHERE ended_reason IS NULL"
        assert connection.execute(text(open_ones)).scalar_one() == 90
        for row in connection.execute(text("SELECT * FROM call TABLESAMPLE SYSTEM (1) REPEATABLE (7)")):
            facts = CallFacts.model_validate(row.facts)
            assert facts.model_dump(mode="json").keys() == row.facts.keys()
            assert (facts.case_number, facts.received_at) == (row.case_number, row.received_at)
            assert (facts.recipient_version, facts.latch) == (row.recipient_version, row.latch)
            assert [Stamped.model_validate(stamped) for stamped in row.merged.values()]
