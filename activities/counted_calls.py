"""Which calls count when it is asked whether there are more of them than there were; read from the facts as they are.

Calls of all eligibilities: a neighbourhood's trouble does not depend on who may be texted. Left out are those that are
no event of their own (duplicate, merged, a test), those without an area or a known type, and all that is, or ever was,
sensitive: nobody looks for patterns in violence between partners by street.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from sqlalchemy import text
from sqlmodel import Session

from calls.eligibility import Rule
from calls.facts import CancelReason
from calls.policy import TypeRule
from insights.emerging import Told
from policy.agency import Agency

NO_EVENT: Final = frozenset({CancelReason.DUPLICATE, CancelReason.MERGED, CancelReason.TEST})
_SENSITIVE: Final = frozenset({Rule.SENSITIVE_TYPE.value})
_A_DAY: Final = timedelta(days=1)
_READ: Final = (
    "SELECT received_at, facts ->> 'area' AS area, facts ->> 'call_type_code' AS code, "
    "facts ->> 'call_type_group' AS call_type_group, facts ->> 'cancelled' AS cancelled, latch FROM call "
    "WHERE agency = :agency AND received_at >= :begins AND received_at < :ends AND facts ->> 'area' {area}"
)
_ANYWHERE: Final = text(_READ.format(area="IS NOT NULL"))
_SOMEWHERE: Final = text(_READ.format(area="= :area"))


@dataclass(frozen=True, kw_only=True)
class Days:
    """Whole days of the agency's calendar, both included."""

    first: date
    last: date

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last

    def __len__(self) -> int:
        return (self.last - self.first).days + 1


def counted_calls(session: Session, agency: Agency, days: Days, *, area: str | None = None) -> Iterator[Told]:
    """The calls that were received on these days of the agency's own clock, also where one has 23 or 25 hours; of one
    area, or of all; in no order. Their times are in UTC: on local ones no length of time can be counted."""
    zone = agency.policy.timetable.zone_info
    asked = {
        "agency": agency.key,
        "begins": datetime.combine(days.first, time(), zone),
        "ends": datetime.combine(days.last + _A_DAY, time(), zone),
        **({} if area is None else {"area": area}),
    }
    read: dict[tuple[str | None, str | None], str | None] = {}  # to read a code takes longer than to read a row
    for row in session.execute(_ANYWHERE if area is None else _SOMEWHERE, asked):
        if (row.code, row.call_type_group) not in read:
            read[row.code, row.call_type_group] = _group_that_counts(agency, row.code, row.call_type_group)
        group = read[row.code, row.call_type_group]
        if group is None or not row.area or row.cancelled in NO_EVENT or row.latch in _SENSITIVE:
            continue
        yield Told(area=row.area, group=group, at=row.received_at.astimezone(UTC))


def _group_that_counts(agency: Agency, code: str | None, group: str | None) -> str | None:
    """The call's group as the agency's folder reads its type today; `None`: no call of it counts."""
    known = group if code is None else agency.call_types.group_of(code)
    rules = agency.policy.eligibility.groups
    if not known or known not in rules:
        return None
    return None if rules[known].rule is TypeRule.SENSITIVE else known
