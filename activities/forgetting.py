"""Once a night: what is personal and old enough is forgotten, in small batches (docs/decisions/0039-forgetting.md)."""

import time
from collections import Counter
from typing import Final

import structlog
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session
from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.forget_at_carrier import forget_at_carrier_or_say
from activities.forget_steps import BATCH, IN_BATCHES, STEPS
from activities.services import TextServices
from calls.forgetting import CLEAR_AWAY, FORGET_SOME, Forgotten
from database.forgotten import FORGOTTEN_IN

log = structlog.get_logger()

_LONGEST_SECONDS: Final = 60.0
"""Then the reconciler has its turn: both have one thread."""
_AT_CARRIER: Final = "at_carrier"
_ORDER: Final = (*STEPS, _AT_CARRIER)
_VACUUM_MS: Final = 600_000


class ForgetActivities:
    """Forgets what the agency's retention does not keep."""

    def __init__(self, services: TextServices) -> None:
        self._is = services

    @activity.defn(name=FORGET_SOME)
    def forget_some(self, after: str | None) -> Forgotten:
        """From the class `after` on, for a minute at most. An attempt that comes after a crash goes on where the last
        one was.

        Raises:
            ApplicationError: Temporal is to try again; its text holds nothing personal (R3).
        """
        beats = activity.info().heartbeat_details
        try:
            done = self._forget(beats[0] if beats else after)
        except SQLAlchemyError as error:  # its text holds what was to be written
            log.error("database trouble", what="forgetting", cause=type(error).__name__)
            raise ApplicationError("the database did not answer as it should", type="Database") from None
        if done.done:
            log.info("what was old enough is forgotten", **{f"n_{name}": count for name, count in done.done.items()})
        return done

    @activity.defn(name=CLEAR_AWAY)
    def clear_away(self) -> None:
        """Deleted rows stand in their pages until the tables are vacuumed. Nobody waits for it: it locks no row."""
        for table in FORGOTTEN_IN:
            activity.heartbeat(table)
            try:
                with self._is.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                    connection.detach()  # its limits are its own
                    connection.execute(text(f"SET statement_timeout = {_VACUUM_MS}"))
                    connection.execute(text(f"VACUUM (TRUNCATE FALSE) {table}"))
            except SQLAlchemyError as error:
                log.warning("a table was not vacuumed", table=table, cause=type(error).__name__)

    def _forget(self, after: str | None) -> Forgotten:
        began = time.monotonic()
        counts: Counter[str] = Counter()
        for name in _ORDER[_ORDER.index(after) if after in _ORDER else 0 :]:
            more = True
            while more:
                activity.heartbeat(name)
                if time.monotonic() - began > _LONGEST_SECONDS:
                    return Forgotten(done=dict(counts), after=name)
                count, more = self._some_of(name)
                counts += Counter({name: count})  # without those of which there were none
        return Forgotten(done=dict(counts))

    def _some_of(self, name: str) -> tuple[int, bool]:
        """How many, and whether there may be more."""
        if name == _AT_CARRIER:
            count = forget_at_carrier_or_say(self._is, beat=lambda: activity.heartbeat(name))
            return count, count > 0
        with Session(self._is.engine) as session, session.begin():
            count = STEPS[name](session, self._is)
        return count, name in IN_BATCHES and count >= BATCH
