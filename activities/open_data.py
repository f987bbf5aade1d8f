"""The activities behind open data: which quarters are due, and a bundle of each, prepared for a person to look at."""

from datetime import datetime
from typing import Final

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, col, func, select
from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.prepare_open_data import CannotPrepare, Order, newest_due, prepare
from activities.services import TextServices
from calls.open_data import DUE_QUARTERS, PREPARE_QUARTER, DueQuarters, PreparedBundle
from database.open_data import OpenDataBundleRow
from database.tables import CallRow
from insights.open_data.quarters import Quarter

log = structlog.get_logger()

_MOST: Final = 4
"""So many quarters are made good where runs were missed; earlier ones a person can prepare."""


class OpenDataActivities:
    """Prepares; publishes nothing."""

    def __init__(self, services: TextServices) -> None:
        self._is = services

    @activity.defn(name=DUE_QUARTERS)
    def due_quarters(self) -> DueQuarters:
        """Those after the newest bundle that are over for long enough; without one, the newest of these. None where the
        agency's folder does not say `enabled: true`, or before the first call.

        Raises:
            ApplicationError: Temporal is to try again.
        """
        given = self._is.agency.open_data
        if given is None or not given.enabled:
            return DueQuarters()
        newest = newest_due(self._is.agency, self._is.clock.now())
        try:
            with Session(self._is.engine) as session:
                of_agency = col(OpenDataBundleRow.agency) == self._is.agency.key
                last: str | None = session.exec(select(func.max(col(OpenDataBundleRow.period))).where(of_agency)).one()
                began: datetime | None = session.exec(
                    select(func.min(col(CallRow.received_at))).where(col(CallRow.agency) == self._is.agency.key)
                ).one()
        except SQLAlchemyError as error:
            raise _again(error, what="due quarters") from None
        if began is None:
            return DueQuarters()
        first = Quarter.of(began.astimezone(self._is.agency.policy.timetable.zone_info).date())
        due: list[Quarter] = []
        while newest >= first and len(due) < _MOST and (last is None or newest > Quarter.read(last)):
            due.append(newest)
            newest = newest.before
            if last is None:
                break
        return DueQuarters(quarters=tuple(str(quarter) for quarter in reversed(due)))

    @activity.defn(name=PREPARE_QUARTER)
    def prepare_quarter(self, quarter: str) -> PreparedBundle:
        """All of a bundle or nothing; one that is there is left.

        Raises:
            ApplicationError: Temporal is to try again; its text holds nothing that was counted.
        """
        order = Order(quarter=Quarter.read(quarter), now=self._is.clock.now())
        try:
            done = prepare(self._is.engine, self._is.agency, order, keyring=self._is.keyring, beat=activity.heartbeat)
        except SQLAlchemyError as error:  # its text holds what was to be written
            raise _again(error, what="open data") from None
        except CannotPrepare as why:
            log.info("open data is not prepared", quarter=quarter, why=str(why))
            return PreparedBundle(quarter=quarter)
        log.info("open data waits for a person", quarter=quarter, version=done.version, is_safe=done.is_safe)
        return PreparedBundle(quarter=quarter, version=done.version, is_safe=done.is_safe)


def _again(error: SQLAlchemyError, *, what: str) -> ApplicationError:
    log.error("database trouble", what=what, cause=type(error).__name__)
    return ApplicationError("the database did not answer as it should", type="Database")
