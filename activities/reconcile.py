"""The activities of the reconciler: each does a part that can be repeated at any point. None of them sends."""

from collections.abc import Callable

import structlog
from sqlalchemy.exc import SQLAlchemyError
from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.carrier_client import NotProcessed
from activities.daily_sum import DailySum
from activities.forget import Forget
from activities.services import TextServices
from activities.settle import Settle
from activities.survey_cut import SurveyCut
from calls.reconciliation import CUT_SURVEYS, FORGET_BODIES, SETTLE_TEXTS, SUM_A_DAY, Batch

log = structlog.get_logger()


class ReconcileActivities:
    """What is safe to do again at any point: each takes up what the last one left."""

    def __init__(self, services: TextServices) -> None:
        self._settle = Settle(services)
        self._sum = DailySum(services)
        self._forget = Forget(services)
        self._cut = SurveyCut(services)

    @activity.defn(name=SETTLE_TEXTS)
    def settle_texts(self, after: str | None) -> Batch:
        """Look up some texts that have no end, from the id `after` on."""
        return _done("texts", lambda: self._settle(after, beat=activity.heartbeat))

    @activity.defn(name=SUM_A_DAY)
    def sum_a_day(self, _after: str | None) -> Batch:
        """Compare the next day that was not summed yet with the carrier's list. Which, the database says."""
        return _done("the daily sum", lambda: self._sum(beat=activity.heartbeat))

    @activity.defn(name=FORGET_BODIES)
    def forget_bodies(self, _after: str | None) -> Batch:
        """Delete some words that have been kept long enough."""
        return _done("retention", self._forget)

    @activity.defn(name=CUT_SURVEYS)
    def cut_surveys(self, _after: str | None) -> Batch:
        """Cut what was answered from the calls, once a night."""
        return _done("the cut of the surveys", self._cut)


def _done(what: str, work: Callable[[], Batch]) -> Batch:
    """Do it.

    Raises:
        ApplicationError: Temporal is to try again; its text holds nothing personal (R3).
    """
    try:
        return work()
    except SQLAlchemyError as error:  # its text holds what was to be written
        log.error("database trouble", what=what, cause=type(error).__name__)
        raise ApplicationError("the database did not answer as it should", type="Database") from None
    except NotProcessed as refusal:
        log.error("the carrier cannot be asked", what=what, cause=refusal.cause)
        raise ApplicationError(refusal.cause, type="NotProcessed") from None
