"""Plays a log on the service's clock, as a live feed would have told it."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import structlog
from sqlalchemy import Engine, func
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, col, select

from calls.clock import Clock
from calls.eligibility import decide
from calls.facts import CallFacts
from calls.policy import Policy
from database.tables import CadRecordRow
from starter.accept import UNKNOWN_CODES, Acceptor
from starter.forward import Forwarder
from starter.records import LogRecord

log = structlog.get_logger()

_LOOK_EVERY_SECONDS = 0.2
_AT_ONCE = 200


@dataclass(kw_only=True)
class Progress:
    """How far the replay is. `decisions` counts calls by what was decided at their first record."""

    records: int
    played: int = 0
    calls: int = 0
    decisions: Counter[str] = field(default_factory=Counter)
    unknown_codes: Counter[str] = field(default_factory=Counter)

    @property
    def is_done(self) -> bool:
        return self.played >= self.records


class Replay:
    """One run over a log's records. A record that an earlier run has fed is not fed again."""

    def __init__(
        self, *, records: Sequence[LogRecord], acceptor: Acceptor, forwarder: Forwarder, clock: Clock, engine: Engine
    ) -> None:
        self._records = records
        self._acceptor = acceptor
        self._forwarder = forwarder
        self._clock = clock
        self._engine = engine
        self.progress = Progress(records=len(records))

    async def run(self) -> None:
        """Feed each record when its time has come, and return when Temporal has heard of the last one."""
        place = await asyncio.to_thread(self._place)
        while place is not None and not self.progress.is_done and self._next.stamp < place:
            self.progress.played += 1
        while not self.progress.is_done:
            try:
                fed = await asyncio.to_thread(self._feed_due)
                await self._forwarder.forward_all()
            except OperationalError:  # what was not committed is fed again, what was is not
                log.warning("the database does not answer; trying again")
                fed = 0
            if not fed:
                await asyncio.sleep(_LOOK_EVERY_SECONDS)

    @property
    def _next(self) -> LogRecord:
        return self._records[self.progress.played]

    def _feed_due(self) -> int:
        """Feed what is due, a limited number at once so that the forwarder keeps up."""
        fed = 0
        while fed < _AT_ONCE and not self.progress.is_done and self._next.stamp <= self._clock.now():
            accepted = self._acceptor.accept(self._next)
            if accepted.is_new:
                self.progress.calls += 1
                self.progress.decisions[accepted.decision.eligibility] += 1
                if accepted.decision.rule in UNKNOWN_CODES:
                    self.progress.unknown_codes[accepted.decision.reason] += 1
            self.progress.played += 1
            fed += 1
        return fed

    def _place(self) -> datetime | None:
        """Where the last run of this window stopped: the stamp of its last record."""
        if not self._records:
            return None
        with Session(self._engine) as session:
            return session.exec(
                select(func.max(CadRecordRow.stamp)).where(
                    col(CadRecordRow.feed) == self._records[0].feed,
                    col(CadRecordRow.stamp).between(self._records[0].stamp, self._records[-1].stamp),
                )
            ).one()


def first_eligible(records: Sequence[LogRecord], policy: Policy, *, agency: str) -> datetime | None:
    """When the first call that will be texted is received: a demonstration's clock starts shortly before it."""
    for record in records:
        if record.phone is None:
            continue
        facts = CallFacts.model_validate(
            {**record.facts, "agency": agency, "cad_id": record.cad_id, "recipient_version": 1}
        )
        if decide(facts, policy).is_eligible:
            return record.stamp.astimezone(UTC)
    return None
