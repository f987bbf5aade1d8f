"""The generated quarter is one that the service could have written."""

import time
from collections import Counter
from collections.abc import Callable

from sqlalchemy import Engine, text

from policy.agency import Agency
from survey.cut import FEWEST
from tests.conftest import FIGURES
from tests.insights.quarter import CALLS, WEEKS, fill, weeks_of


def test_a_quarter_is_made_in_seconds_and_its_answers_are_cut(
    engine: Engine, ottawa: Agency, record_property: Callable[[str, object], None]
) -> None:
    began = time.perf_counter()
    quarter = fill(engine, ottawa)
    record_property(FIGURES, f"a quarter: {quarter.answers} answers in {time.perf_counter() - began:.0f} s")
    assert len(list(weeks_of(quarter))) in (WEEKS, WEEKS + 1)
    with engine.connect() as connection:

        def count(of: str) -> int:
            found: int = connection.execute(text(f"SELECT count(*) FROM {of}")).scalar_one()  # noqa: S608
            return found

        assert count("call") == quarter.calls == CALLS
        assert count("survey_response") == quarter.answers > 8000
        rows = connection.execute(text("SELECT week, language, survey_version, context FROM survey_response")).all()
        cells = Counter((row.week, row.language, row.survey_version, str(sorted(row.context.items()))) for row in rows)
        assert min(cells.values()) >= FEWEST
        assert 0 < count("survey_invitation WHERE used") < count("survey_invitation WHERE opened")
        assert count("call WHERE rule = 'no number to text'") > 1000
        assert count("text WHERE error_code = 30006") > 1000
        assert count("opt_out") > 500
        counted = connection.execute(text("SELECT sum(opened), sum(started) FROM survey_count")).one()
        assert quarter.answers < counted[1] < counted[0]
