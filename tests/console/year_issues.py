"""Emerging issues of a year of a city, for tests of speed."""

from datetime import timedelta
from typing import Final

from sqlalchemy import text
from sqlmodel import Session, insert

from database.issues import EmergingIssueRow, IssueStepRow
from tests.console.year import Year

_ANSWERS_BY_AREA: Final = text(
    "INSERT INTO survey_area_count (agency, month, area, area_version, survey_version, question, option, count) "
    "SELECT 'ottawa', to_char(CAST(:last AS date) - 30 * m, 'YYYY-MM'), 'Area ' || a, '2022', '2026-2', 'Q' || q, "
    "(ARRAY['', 'noise', 'theft', 'driving', 'drugs'])[o], 10 + a FROM generate_series(0, 11) AS m, "
    "generate_series(1, 24) AS a, generate_series(1, 11) AS q, generate_series(1, 5) AS o ON CONFLICT DO NOTHING"
)


def some_issues(year: Year) -> tuple[int, int]:
    """Three a week for a year, and answers of 24 areas; the newest one of a group, and of an area as a whole."""
    last = year.ends.date() - timedelta(days=1)
    with Session(year.engine) as session, session.begin():
        rows = [
            EmergingIssueRow(
                agency="ottawa",
                area=("Bay", "Somerset", "River")[number % 3],
                call_type_group="" if number % 5 == 0 else "noise",
                first_day=last - timedelta(days=2 * (159 - number)),
                last_day=last - timedelta(days=2 * (159 - number)),
                observed=19,
                expected=6.5,
                p=0.0002,
                weeks=[6, 7, 5, 6, 8, 7, 6, 7, 19],
            )
            for number in range(160)
        ]
        session.add_all(rows)
        session.flush()
        step = {"state": "evaluated", "note": "x", "by": "x", "at_real": year.ends}
        steps = [{"issue_id": row.id, "useful": n % 2 == 0, **step} for n, row in enumerate(rows[:120])]
        session.execute(insert(IssueStepRow), steps)
        session.execute(_ANSWERS_BY_AREA, {"last": last})
        return rows[-1].id or 0, rows[155].id or 0
