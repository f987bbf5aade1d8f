"""A month of the service, counted out of the tables for the monthly report.

A month is one of the agency's own clocks. A call belongs to the month in which it was received, a text to the one in
which it was due, both by the service's clock; switches, modes and closed lines are on record in real time, and are
read and said by the service's clock as well.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Engine, TextClause
from sqlmodel import Session, col, func, select

from activities.error_codes import LANDLINE
from calls.clock import Clock
from calls.policy import DelayRule, Since
from calls.timetable import CLOCKS_DIFFER
from database.surveys import SurveyCutRow
from database.tables import CallRow
from insights.counted import Became, Calls, Counted, OptOuts, Survey, Terms, Texts, Wait
from insights.months import Month, midnight
from insights.operations import TAKEN
from policy.agency import Agency
from web.staff.report.queries import ANSWERED, CALLS, OPT_OUTS, SENT, TEXTS
from web.staff.report.stops import read_stops

IN_TIME: Final = timedelta(minutes=1)
"""After its due time a confirmation that the carrier has taken by then is in the policy's time: the minute is for the
workers and the line."""
_BEFORE_RECEIPT: Final = timedelta(days=1)
_QUIET: Final = timedelta(days=2)
"""Longer than any quiet hours."""
_AT_MOST_MS: Final = 30_000
_WEEK: Final = timedelta(weeks=1)


def terms_of(agency: Agency, *, at_least: int) -> Terms:
    """By what the agency's report is made."""
    price = agency.identity.segment_price
    return Terms(
        at_least=at_least,
        landline=LANDLINE,
        price=None if price is None else price.amount,
        budget=agency.identity.monthly_budget,
    )


class MonthReader:
    """Counts the months of one agency."""

    def __init__(self, *, engine: Engine, agency: Agency, clock: Clock) -> None:
        self._engine = engine
        self._agency = agency
        self._clock = clock
        self._zone = agency.policy.timetable.zone_info

    def read(self, month: Month) -> Counted:
        """The month as the tables have it now; of one that is not over, what there is of it."""
        since, until = month.span(self._zone)
        now = self._clock.now()
        with Session(self._engine) as session, session.begin():
            session.connection().exec_driver_sql(f"SET LOCAL statement_timeout = {_AT_MOST_MS}")
            values = self._values(since, until, now)
            groups = _rows(session, CALLS, values)
            times = groups[0].times if groups else None
            calls = [
                Calls(
                    eligibility=row.eligibility,
                    rule=row.rule,
                    first=Became(row.first),
                    first_rule=row.first_rule,
                    in_time=row.in_time,
                    wait=Wait(row.wait),
                    notice=Became(row.notice),
                    notice_rule=row.notice_rule,
                    calls=row.calls,
                )
                for row in groups
            ]
            stops, held, for_good = read_stops(session, clock=self._clock, since=since, until=until, now=now)
            return Counted(
                month=month,
                calls=calls,
                median=None if times is None else times[0],
                p95=None if times is None else times[1],
                texts=[Texts(**row._mapping) for row in _rows(session, TEXTS, values)],
                opt_outs=next(OptOuts(**row._mapping) for row in _rows(session, OPT_OUTS, values)),
                survey=self._survey(session, month),
                stops=stops,
                held=held,
                stopped_for_good=for_good,
            )

    def first(self) -> Month | None:
        """The month of the first call; `None` without calls."""
        with Session(self._engine) as session:
            found: datetime | None = session.exec(select(func.min(col(CallRow.received_at)))).one()
        return None if found is None else Month.of(found, self._zone)

    def _survey(self, session: Session, month: Month) -> Survey:
        """Answers are kept by the week of their cut and no finer (R7)."""
        row = session.get(SurveyCutRow, self._agency.key)
        cut = None if row is None else row.day
        weeks = [monday for monday in month.weeks() if cut is not None and monday + _WEEK <= cut + timedelta(days=1)]
        if not weeks:
            return Survey()
        values = {"since": midnight(weeks[0], self._zone), "until": midnight(weeks[-1] + _WEEK, self._zone)}
        sent = session.execute(SENT, {**values, "taken": sorted(TAKEN)}).scalar_one()
        named = ["{}-W{:02}".format(*monday.isocalendar()[:2]) for monday in weeks]
        answered = session.execute(ANSWERED, {"agency": self._agency.key, "weeks": named}).scalar_one()
        return Survey(weeks=weeks, sent=sent, answered=answered)

    def _values(self, since: datetime, until: datetime, now: datetime) -> dict[str, object]:
        return {
            "agency": self._agency.key,
            "since": since,
            "until": until,
            "since_real": real_of(self._clock, since),
            "until_real": real_of(self._clock, until),
            "first_due": since - _BEFORE_RECEIPT,
            "last_due": until + self._agency.policy.timetable.give_up_after + _QUIET,
            "now": now,
            "taken": sorted(TAKEN),
            "best": [became.value for became in Became if became is not Became.NONE],
            "in_time": IN_TIME,
            "differ": CLOCKS_DIFFER,
            "thresholds": json.dumps(_thresholds(self._agency.policy.timetable.delay)),
        }


def real_of(clock: Clock, moment: datetime) -> datetime:
    """The real time at which the service's clock shows `moment`."""
    return clock.real_origin.astimezone(UTC) + (moment - clock.virtual_origin) / clock.speed


def _rows(session: Session, query: TextClause, values: Mapping[str, object]) -> list[Any]:
    named = query.compile().params  # the driver refuses others
    return list(session.execute(query, {name: values[name] for name in named}))


def _thresholds(rule: DelayRule) -> dict[str, dict[str, str]]:
    """By group and priority, or priority alone. Without notices nobody waits for one."""
    if rule.at_most == 0:
        return {}
    of_all = {f" {priority}": threshold for priority, threshold in rule.first_after.items()}
    of_type = {
        f"{group} {priority}": threshold
        for group, thresholds in rule.by_type.items()
        for priority, threshold in thresholds.items()
    }
    return {
        key: {"after": f"{threshold.after.total_seconds()} seconds", "since": Since(threshold.since).value}
        for key, threshold in {**of_all, **of_type}.items()
    }
