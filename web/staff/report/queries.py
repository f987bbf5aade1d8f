"""What the monthly report asks of the tables."""

from typing import Final

from sqlalchemy import text

# Of several confirmations (a corrected number) the one that came best off speaks for the call. The bounds of `due_at`
# let an index find the texts: none is due before its call is received (but for clocks that differ), nor after the call
# is given up.
CALLS: Final = text(
    """
WITH told AS (
    SELECT call_id, received_at, eligibility, rule, facts ->> 'priority' AS priority,
           facts ->> 'call_type_group' AS call_type_group,
           CAST(facts ->> 'dispatched_at' AS timestamptz) AS dispatched_at,
           CAST(facts ->> 'arrived_at' AS timestamptz) AS arrived_at,
           CAST(facts ->> 'cleared_at' AS timestamptz) AS cleared_at,
           CAST(facts ->> 'reopened_at' AS timestamptz) AS reopened_at,
           CAST(facts ->> 'requeued_at' AS timestamptz) AS requeued_at,
           COALESCE(CAST(facts ->> 'queued_at' AS timestamptz), received_at) AS queued_at,
           CAST(facts ->> 'call_ended_at' AS timestamptz) AS call_ended_at
    FROM call
    WHERE agency = :agency AND (received_at >= :since AND received_at < :until
        OR received_at IS NULL AND created_real >= :since_real AND created_real < :until_real)
), received AS MATERIALIZED (
    SELECT *, GREATEST(requeued_at, reopened_at) AS back_at,
           CASE WHEN call_ended_at > received_at - CAST(:differ AS interval) THEN call_ended_at ELSE received_at END
               AS hung_up_at,
           COALESCE(CAST(:thresholds AS jsonb) -> (call_type_group || ' ' || priority),
                    CAST(:thresholds AS jsonb) -> (' ' || priority)) AS threshold
    FROM told
), known AS MATERIALIZED (
    SELECT text.call_id, kind, sequence, due_at, settled_at, COALESCE(text.rule, '') AS rule,
           CASE WHEN state = ANY(:taken) THEN 'taken' WHEN state IN ('claimed', 'sending') THEN 'waiting'
                WHEN state = 'failed' THEN 'refused' ELSE state END AS became
    FROM text JOIN received USING (call_id)
    WHERE kind IN ('confirmation', 'delay') AND due_at >= :first_due AND due_at < :last_due
), first AS MATERIALIZED (
    SELECT DISTINCT ON (call_id) call_id, became, rule, due_at, settled_at FROM known WHERE kind = 'confirmation'
    ORDER BY call_id, array_position(CAST(:best AS text[]), became), settled_at
), notice AS (
    SELECT DISTINCT ON (call_id) call_id, became, rule FROM known WHERE kind = 'delay'
    ORDER BY call_id, became = 'taken' DESC, became = 'unknown' DESC, sequence DESC
), waited AS (
    SELECT call_id, eligibility, rule,
           CASE WHEN eligibility <> 'eligible' OR threshold IS NULL OR received_at IS NULL THEN ''
                WHEN LEAST(CASE WHEN back_at IS NULL OR dispatched_at >= back_at THEN dispatched_at END,
                           CASE WHEN back_at IS NULL OR arrived_at >= back_at THEN arrived_at END,
                           CASE WHEN reopened_at IS NULL OR cleared_at >= reopened_at THEN cleared_at END, :now)
                     - GREATEST(CASE threshold ->> 'since' WHEN 'queued' THEN queued_at WHEN 'hung_up' THEN hung_up_at
                                ELSE received_at END, back_at)
                     > CAST(threshold ->> 'after' AS interval) THEN 'longer'
                ELSE 'shorter' END AS wait
    FROM received
), times AS MATERIALIZED (
    SELECT percentile_disc(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY settled_at - received_at) AS times
    FROM first JOIN received USING (call_id) WHERE became = 'taken'
)
SELECT waited.eligibility, waited.rule, COALESCE(first.became, '') AS first, COALESCE(first.rule, '') AS first_rule,
       COALESCE(first.became = 'taken' AND first.settled_at <= first.due_at + CAST(:in_time AS interval), false)
           AS in_time,
       waited.wait, COALESCE(notice.became, '') AS notice, COALESCE(notice.rule, '') AS notice_rule, count(*) AS calls,
       (SELECT times FROM times) AS times
FROM waited LEFT JOIN first USING (call_id) LEFT JOIN notice USING (call_id)
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
"""
)
TEXTS: Final = text(
    """
SELECT kind, state, COALESCE(rule, '') AS rule, error_code, count(*) AS texts, COALESCE(sum(segments), 0) AS segments
FROM text WHERE due_at >= :since AND due_at < :until GROUP BY 1, 2, 3, 4
"""
)
OPT_OUTS: Final = text(
    """
SELECT count(*) FILTER (WHERE began AND entered_by IS NULL) AS stopped,
       count(*) FILTER (WHERE began AND entered_by IS NOT NULL) AS entered,
       count(*) FILTER (WHERE ended AND ended_by IS NULL) AS started,
       count(*) FILTER (WHERE ended AND ended_by IS NOT NULL) AS taken_back
FROM (SELECT entered_by, ended_by, since >= :since AND since < :until AS began,
             COALESCE(ended_at >= :since AND ended_at < :until, false) AS ended FROM opt_out) AS opt_out
"""
)
SENT: Final = text(
    "SELECT count(*) FROM text WHERE kind = 'survey' AND state = ANY(:taken) AND due_at >= :since AND due_at < :until"
)
ANSWERED: Final = text("SELECT count(*) FROM survey_response WHERE agency = :agency AND week = ANY(:weeks)")
