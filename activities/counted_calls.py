"""Which calls count when it is asked whether there are more of them than there were; read from the facts as they are.

Calls of all eligibilities: a neighbourhood's trouble does not depend on who may be texted. Left out are those that are
no event of their own (duplicate, merged, a test), those without an area or a known type, and all that is, or ever was,
sensitive: nobody looks for patterns in violence between partners by street.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from sqlalchemy import Row, text
from sqlmodel import Session

from calls.eligibility import Rule
from calls.facts import CancelReason
from calls.policy import TypeRule
from insights.emerging import Told
from policy.agency import Agency

NO_EVENT: Final = frozenset({CancelReason.DUPLICATE, CancelReason.MERGED, CancelReason.TEST})
_SENSITIVE: Final = frozenset({Rule.SENSITIVE_TYPE.value})
_A_DAY: Final = timedelta(days=1)
_TOLD: Final = (
    "facts ->> 'call_type_code' AS code, facts ->> 'call_type_group' AS call_type_group, "
    "facts ->> 'cancelled' AS cancelled, latch"
)
_WHERE: Final = (
    "FROM call WHERE agency = :agency AND received_at >= :begins AND received_at < :ends AND facts ->> 'area'"
)
_EACH: Final = text(f"SELECT received_at, facts ->> 'area' AS area, {_TOLD} {_WHERE} IS NOT NULL")
_BY_HOUR: Final = text(
    f"SELECT {_TOLD}, CAST(at AS date) AS day, CAST(extract(hour FROM at) AS int) AS hour, count(*) AS calls FROM ("  # noqa: S608
    "SELECT facts, latch, CASE WHEN received_at >= :by_hour THEN received_at AT TIME ZONE :zone END AS at "
    f"{_WHERE} = :area) AS told GROUP BY 1, 2, 3, 4, 5, 6"
)


@dataclass(frozen=True, kw_only=True)
class Days:
    """Whole days of the agency's calendar, both included."""

    first: date
    last: date

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last

    def __len__(self) -> int:
        return (self.last - self.first).days + 1


@dataclass(frozen=True, kw_only=True)
class Hour:
    """So many calls of a group were received in this hour of the agency's clock; of none, where hours are not asked."""

    group: str
    day: date | None
    hour: int | None
    calls: int


def counted_calls(session: Session, agency: Agency, days: Days) -> Iterator[Told]:
    """The calls that were received on these days of the agency's own clock, also where one has 23 or 25 hours; in no
    order. Their times are in UTC: on local ones no length of time can be counted."""
    group_of = _Reader(agency)
    for row in session.execute(_EACH, {"agency": agency.key, **_bounds(agency, days)}):
        group = group_of(row)
        if group is not None and row.area:
            yield Told(area=row.area, group=group, at=row.received_at.astimezone(UTC))


def counted_by_hour(session: Session, agency: Agency, days: Days, *, area: str, by_hour: date) -> Iterator[Hour]:
    """The same calls of one area, as counts: from the day `by_hour` on by day and hour, before that together. A count
    may come in parts."""
    zone = agency.policy.timetable.zone_info
    asked = {
        "agency": agency.key,
        "area": area,
        "zone": zone.key,
        "by_hour": datetime.combine(by_hour, time(), zone),
        **_bounds(agency, days),
    }
    group_of = _Reader(agency)
    for row in session.execute(_BY_HOUR, asked):
        group = group_of(row)
        if group is not None:
            yield Hour(group=group, day=row.day, hour=row.hour, calls=row.calls)


def _bounds(agency: Agency, days: Days) -> dict[str, datetime]:
    zone = agency.policy.timetable.zone_info
    return {
        "begins": datetime.combine(days.first, time(), zone),
        "ends": datetime.combine(days.last + _A_DAY, time(), zone),
    }


class _Reader:
    """The group of a row's call, as the agency's folder reads its type today; `None`: the call does not count."""

    def __init__(self, agency: Agency) -> None:
        self._agency = agency
        self._read: dict[tuple[str | None, str | None], str | None] = {}  # to read a code takes longer than a row

    def __call__(self, row: Row[Any]) -> str | None:
        if row.cancelled in NO_EVENT or row.latch in _SENSITIVE:
            return None
        told = (row.code, row.call_type_group)
        if told not in self._read:
            self._read[told] = self._group(*told)
        return self._read[told]

    def _group(self, code: str | None, group: str | None) -> str | None:
        known = group if code is None else self._agency.call_types.group_of(code)
        rules = self._agency.policy.eligibility.groups
        if not known or known not in rules:
            return None
        return None if rules[known].rule is TypeRule.SENSITIVE else known
