"""Whom we do not reach, out of the tables: of every call whose caller was to be told, what became of the first text."""

from sqlalchemy import text
from sqlmodel import Session

from activities.error_codes import LANDLINE
from calls.eligibility import Rule
from insights.counts import Counts
from insights.reach import CONTEXT, Reached
from web.staff.nightly import AsOf

# A call may have had several numbers: it is reached if one of them was.
_CALLS = text(
    """
WITH first_text AS (
    SELECT call_id,
           CASE WHEN bool_or(state = 'delivered') THEN :reached
                WHEN bool_or(rule = 'opted out') THEN :opted_out
                WHEN bool_or(rule = 'landline' OR error_code = ANY(:landline)) THEN :landline_word
                WHEN bool_or(state IN ('undelivered', 'failed')) THEN :not_delivered
                WHEN bool_or(state IN ('claimed', 'sending', 'accepted', 'sent', 'unknown')) THEN :not_known
                ELSE :held_back END AS became
    FROM text WHERE kind = 'confirmation' AND call_id IS NOT NULL GROUP BY call_id
)
SELECT to_char(c.received_at AT TIME ZONE :zone, 'YYYY-MM') AS month,
       COALESCE(c.facts ->> 'language', '') AS language, COALESCE(c.facts ->> 'priority', '') AS priority,
       COALESCE(c.facts ->> 'call_type_group', '') AS call_type_group, COALESCE(c.facts ->> 'area', '') AS area,
       COALESCE(t.became, CASE c.rule WHEN :rule_no_number THEN :no_number ELSE :untextable END) AS became,
       count(*) AS times
FROM call c LEFT JOIN first_text t ON t.call_id = c.call_id
WHERE c.agency = :agency AND c.received_at IS NOT NULL
      AND (t.call_id IS NOT NULL OR c.rule IN (:rule_no_number, :rule_untextable))
GROUP BY 1, 2, 3, 4, 5, 6
"""
)


def read_reach(session: Session, as_of: AsOf, *, agency: str, zone: str) -> Counts:
    """By `insights.reach.CONTEXT`, of months that are over."""
    values = {
        "agency": agency,
        "zone": zone,
        "reached": Reached.REACHED.value,
        "no_number": Reached.NO_NUMBER.value,
        "untextable": Reached.UNTEXTABLE.value,
        "landline_word": Reached.LANDLINE.value,
        "opted_out": Reached.OPTED_OUT.value,
        "not_delivered": Reached.NOT_DELIVERED.value,
        "not_known": Reached.NOT_KNOWN.value,
        "held_back": Reached.HELD_BACK.value,
        "landline": sorted(LANDLINE),
        "rule_no_number": Rule.NO_NUMBER.value,
        "rule_untextable": Rule.UNTEXTABLE.value,
    }
    rows = session.execute(_CALLS, values)
    return Counts.of(
        CONTEXT,
        (
            ((row.month, row.area, row.call_type_group, row.language, row.priority), row.became, row.times)
            for row in rows
            if row.month < as_of.before_month
        ),
    )
