"""What a bundle of open data asks of the tables. PostgreSQL counts: what comes back has a line for each area, priority
and number of notices, and one for each option of a question, however many calls there were.
"""

from collections import defaultdict
from collections.abc import Callable
from typing import Final

from sqlalchemy import text
from sqlmodel import Session, func, select

from calls.contracts import WENT_OUT, LedgerState
from insights.open_data.counted import CallCounts, QuarterCounts
from insights.open_data.quarters import Quarter
from policy.agency import Agency

_TAKEN: Final = sorted(WENT_OUT - {LedgerState.UNKNOWN})
"""The carrier has it."""
_AT_MOST_MS: Final = 120_000
_CALLS: Final = text(
    """
WITH received AS (
    SELECT call_id, facts ->> 'area' AS area, CAST(facts ->> 'priority' AS int) AS priority,
           eligibility = 'eligible' AS is_eligible
    FROM call WHERE agency = :agency AND received_at >= :since AND received_at < :until
), told AS (
    SELECT call_id, bool_or(kind = 'confirmation') AS sent,
           bool_or(kind = 'confirmation' AND state = 'delivered') AS delivered,
           count(DISTINCT sequence) FILTER (WHERE kind = 'delay') AS notices, bool_or(kind = 'survey') AS invited
    FROM text JOIN received USING (call_id) WHERE state = ANY(:taken) GROUP BY call_id
)
SELECT area, priority, CASE WHEN sent THEN LEAST(notices, :most) ELSE 0 END AS notices, count(*) AS known,
       count(*) FILTER (WHERE is_eligible OR sent) AS eligible, count(*) FILTER (WHERE sent) AS sent,
       count(*) FILTER (WHERE sent AND delivered) AS delivered, count(*) FILTER (WHERE sent AND invited) AS invited
FROM received LEFT JOIN told USING (call_id) WHERE priority = ANY(:priorities) GROUP BY 1, 2, 3
"""
)
_OPT_OUTS: Final = text(
    "SELECT count(DISTINCT phone_hash) FROM opt_out WHERE entered_by IS NULL AND since >= :since AND since < :until "
    "OR stop_at >= :since AND stop_at < :until"
)
_ANSWERS: Final = text(
    """
WITH given AS (
    SELECT one.key AS question,
           CASE jsonb_typeof(one.value) WHEN 'array' THEN one.value ELSE jsonb_build_array(one.value) END AS chosen
    FROM survey_response, jsonb_each(answers) AS one WHERE agency = :agency AND week = ANY(:weeks)
)
SELECT question, '' AS option, count(*) AS times FROM given WHERE jsonb_array_length(chosen) > 0 GROUP BY 1
UNION ALL
SELECT question, option, count(*) FROM given, jsonb_array_elements_text(chosen) AS option GROUP BY 1, 2
"""
)
_BY_AREA: Final = text(
    "SELECT area, question, option, sum(count) AS times FROM survey_area_count "
    "WHERE agency = :agency AND month = ANY(:months) AND area <> '' AND question <> '' GROUP BY 1, 2, 3"
)


def count_quarter(
    session: Session, agency: Agency, quarter: Quarter, *, beat: Callable[[str], object]
) -> QuarterCounts:
    """Of one agency. A call counts as confirmed, delivered or told only once, however many numbers it had; as told of a
    delay or sent the survey only if it was confirmed."""
    session.execute(select(func.set_config("statement_timeout", str(_AT_MOST_MS), True)))  # noqa: FBT003
    since, until = quarter.span(agency.policy.timetable.zone_info)
    beat("counts calls")
    most = agency.policy.timetable.delay.at_most
    asked = {
        "agency": agency.key,
        "since": since,
        "until": until,
        "taken": _TAKEN,
        "most": most,
        "priorities": sorted(agency.policy.eligibility.priorities),
    }
    calls: dict[tuple[str | None, int], CallCounts] = defaultdict(lambda: CallCounts(known=0, told=(0,) * most))
    for row in session.execute(_CALLS, asked):
        before = calls[row.area, row.priority]
        calls[row.area, row.priority] = CallCounts(
            known=before.known + row.known,
            eligible=before.eligible + row.eligible,
            sent=before.sent + row.sent,
            delivered=before.delivered + row.delivered,
            told=tuple(n + row.known * (row.notices > times) for times, n in enumerate(before.told)),
            invited=before.invited + row.invited,
        )
    opt_outs = session.execute(_OPT_OUTS, {"since": since, "until": until}).scalar_one()
    beat("counts answers")
    of_weeks = {"agency": agency.key, "weeks": quarter.weeks()}
    of_months = {"agency": agency.key, "months": [str(month) for month in quarter.months]}
    return QuarterCounts(
        calls=dict(calls),
        opt_outs=opt_outs,
        answers={(row.question, row.option): row.times for row in session.execute(_ANSWERS, of_weeks)},
        by_area={(row.area, row.question, row.option): int(row.times) for row in session.execute(_BY_AREA, of_months)},
    )
