"""Once a night: does any neighbourhood have more calls than was to be expected? What is found is written for people to
look at; nothing else comes of it (docs/decisions/0031-emerging-issues.md).
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
import structlog
from sqlalchemy import func
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, col, select
from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.counted_calls import Days, counted_calls
from activities.services import TextServices
from calls.issues import LOOK_AT_DAYS, LookedAt
from database.issues import FINDING, EmergingIssueRow, EmergingRunRow
from database.tables import real_now
from insights.emerging import SPAN_DAYS, WEEK, Counts, Series, Signal, Thresholds, Told, events_of, signals

log = structlog.get_logger()

MOST_DAYS: Final = 7
"""So many days are made good where runs were missed. What stood out earlier still does, or is over."""
STILL_THE_SAME: Final = timedelta(days=7)
"""A series that is told again so soon is the same issue."""
_A_DAY: Final = timedelta(days=1)
_DAY_IS_TOLD: Final = timedelta(hours=3)
"""Local time: so long after midnight CAD's records of the day may still come."""
_AT_MOST_MS: Final = 120_000
"""For a statement, and between two: ten weeks of a large city are read in some seconds."""


class IssueActivities:
    """Looks at the days that are over and that nobody has looked at."""

    def __init__(self, services: TextServices) -> None:
        self._is = services

    @activity.defn(name=LOOK_AT_DAYS)
    def look_at_days(self) -> LookedAt:
        """All of them or none: a crash on the way leaves everything as it was, and who comes meanwhile does nothing.

        Raises:
            ApplicationError: Temporal is to try again; its text holds nothing personal (R3).
        """
        try:
            with Session(self._is.engine) as session, session.begin():
                done = self._look(session)
        except SQLAlchemyError as error:  # its text holds what was to be written
            log.error("database trouble", what="emerging issues", cause=type(error).__name__)
            raise ApplicationError("the database did not answer as it should", type="Database") from None
        if done.days:
            log.info("looked for emerging issues", days=done.days, told=done.told, again=done.again)
        return done

    def _look(self, session: Session) -> LookedAt:
        if not session.execute(select(func.pg_try_advisory_xact_lock(FINDING))).scalar_one():
            return LookedAt()
        for limit in ("statement_timeout", "idle_in_transaction_session_timeout"):
            session.execute(select(func.set_config(limit, str(_AT_MOST_MS), True)))  # noqa: FBT003
        run = session.get(EmergingRunRow, self._is.agency.key)
        days = days_to_look_at(self._is.clock.now(), zone=self._zone, last=None if run is None else run.day)
        if not days:
            return LookedAt()
        found = self._found(session, days)
        told = sum(_tell(session, self._is.agency.key, signal) for signal in found)
        session.merge(EmergingRunRow(agency=self._is.agency.key, day=days[-1], at_real=real_now()))
        return LookedAt(days=len(days), told=told, again=len(found) - told)

    def _found(self, session: Session, days: Sequence[date]) -> list[Signal]:
        """What stands out on each day, in order."""
        span = Days(first=days[0] - _A_DAY * (SPAN_DAYS - 1), last=days[-1])
        # A day more: the first call of an event may have come before midnight.
        with_the_day_before = Days(first=span.first - _A_DAY, last=span.last)
        calls = [
            (call.at.astimezone(self._zone).date(), call)
            for call in counted_calls(session, self._is.agency, with_the_day_before)
        ]
        rules = self._is.agency.issues
        thresholds = Thresholds(p=rules.likelihood, at_least=rules.at_least)
        found: list[Signal] = []
        for day in days:
            # Each day by itself: what is made good later is told as it would have been that night.
            of_day = Days(first=day - _A_DAY * (SPAN_DAYS - 1), last=day)
            known = Days(first=of_day.first - _A_DAY, last=day)
            events = events_of((call for at, call in calls if at in known), within=_A_DAY * len(known))
            counts = _by_day(events, of_day, zone=self._zone)
            if _is_known_long_enough(counts.values()):
                found += signals(counts, last_day=day, thresholds=thresholds)
            else:
                log.info("too little is known to say what was to be expected", day=day.isoformat())
        return found

    @property
    def _zone(self) -> ZoneInfo:
        return self._is.agency.policy.timetable.zone_info


def days_to_look_at(now: datetime, *, zone: ZoneInfo, last: date | None) -> list[date]:
    """The days of the calendar of `zone` that are over and come after `last`: the newest seven at most, in order."""
    # By the hands of the clock: three o'clock comes on both nights on which the clocks change, and once.
    newest = (now.astimezone(zone).replace(tzinfo=None) - _DAY_IS_TOLD).date() - _A_DAY
    if last is not None and last > newest + _A_DAY:
        log.warning("the last day looked at is in the future: the clock has gone back", last=last.isoformat())
        last = None
    first = newest - _A_DAY * (MOST_DAYS - 1)
    if last is not None:
        first = max(first, last + _A_DAY)
    return [first + _A_DAY * number for number in range((newest - first).days + 1)]


def _by_day(events: Iterable[Told], span: Days, *, zone: ZoneInfo) -> dict[Series, Counts]:
    """Events of each day of the span, by local calendar."""
    counts: dict[Series, Counts] = {}
    for event in events:
        day = event.at.astimezone(zone).date()
        if day in span:
            numbers = counts.setdefault(Series(event.area, event.group), np.zeros(len(span), dtype=np.int64))
            numbers[(day - span.first).days] += 1
    return counts


def _is_known_long_enough(counts: Iterable[Counts]) -> bool:
    """Every one of the nine weeks has calls. In a service's first weeks everything would be new, everywhere."""
    parts = list(counts)
    return bool(parts) and bool(np.all(np.sum(parts, axis=0).reshape(-1, WEEK).sum(axis=1) > 0))


def _tell(session: Session, agency: str, signal: Signal) -> bool:
    """Write it: a new issue (`True`), or the newest figures of one that goes on."""
    same = select(EmergingIssueRow).where(
        col(EmergingIssueRow.agency) == agency,
        col(EmergingIssueRow.area) == signal.series.area,
        col(EmergingIssueRow.call_type_group) == signal.series.group,
        col(EmergingIssueRow.last_day).between(signal.day - STILL_THE_SAME, signal.day + STILL_THE_SAME),
    )
    row = session.exec(same.order_by(col(EmergingIssueRow.last_day).desc()).limit(1)).first()
    is_new = row is None
    row = row or EmergingIssueRow(
        agency=agency,
        area=signal.series.area,
        call_type_group=signal.series.group,
        first_day=signal.day,
        last_day=signal.day,
        observed=0,
        expected=0,
        p=1,
        weeks=[],
    )
    row.first_day, row.last_day = min(row.first_day, signal.day), signal.day
    row.observed, row.expected, row.p = signal.observed, signal.expected, signal.p
    row.weeks = list(signal.weeks)
    row.told_real = real_now()
    session.add(row)
    session.flush()
    return is_new
