"""Feeds a log to the service, each record at its time, and takes up a simulation that was interrupted."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from operator import attrgetter

from sqlalchemy import Engine
from sqlmodel import Session, col, delete, select, update

from activities.ledger import records_of
from calls.contracts import KnownCall, LedgerState
from calls.eligibility import decide
from calls.facts import CallFacts
from calls.policy import Policy
from calls.timetable import End, next_step
from database.tables import CallRow, Json, TextRow
from local.simulation.skipped_time import SkippedTime
from starter.accept import Acceptor
from starter.forward import Forwarder
from starter.records import LogRecord

# What CAD tells at the very second at which a text is due counts for that text, so records come a little before their
# time: 25 s of the server's, which moves on by some milliseconds while a record is taken in.
EARLY = timedelta(seconds=0.25)
_STRIDE = timedelta(hours=6)
_UNSETTLED = (LedgerState.CLAIMED, LedgerState.SENDING, LedgerState.UNKNOWN)


class CutOff(Exception):  # noqa: N818 - an outcome
    """The simulation cannot go on now; what is committed stays."""


class Feed:
    """Tells a part of a log to the service, and lets time go on."""

    def __init__(
        self,
        *,
        records: Sequence[LogRecord],
        time: SkippedTime,
        acceptor: Acceptor,
        forwarder: Forwarder,
        engine: Engine,
    ) -> None:
        self._engine = engine
        self._records = records
        self._time = time
        self._acceptor = acceptor
        self._forwarder = forwarder

    async def run(self, *, most: int, before: datetime, on_record: Callable[[], None]) -> int:
        """Feed records until Temporal has been told `most` times, and none of `before` or later; how many were fed.

        To take up many open calls does not count as telling: each leg gets on.

        Raises:
            CutOff: Temporal did not take what it was told.
        """
        fed, told = 0, 0
        most = max(most, 2 * await self._forward())
        for stamp, records in groupby(self._records, key=attrgetter("stamp")):
            if told >= most or stamp >= before:
                break
            await self._time.until(stamp - EARLY)
            must_hear = False
            for record in records:
                must_hear |= self._take(record)
                on_record()
                fed += 1
            if must_hear:
                told += await self._forward()
        return fed

    async def rest(self, *, until: datetime, on_time: Callable[[datetime], None]) -> None:
        """Let time go on to `until` (the log's) after the last record."""
        for moment in _strides(await self._time.now(), until):
            await self._time.until(moment)
            on_time(moment)

    async def _forward(self) -> int:
        """Bring Temporal up to date, and do not go on before it is: on skipped time there is no "a little later"."""
        told = await self._forwarder.forward_all()
        with Session(self._engine) as session:
            failed = select(CallRow.call_id).where(
                col(CallRow.signalled_version) < col(CallRow.version),
                col(CallRow.ended_reason).is_(None),
                col(CallRow.forwarding_until_real).is_not(None),
            )
            if session.exec(failed.limit(1)).first() is not None:
                raise CutOff("Temporal does not answer as it should")
        return told

    def _take(self, record: LogRecord) -> bool:
        """Take the record in. True where Temporal must hear of it now; of a call that is silent for ever, any time."""
        accepted = self._acceptor.accept(record)
        return accepted.changed and (accepted.decision.is_eligible or not accepted.is_new)


def take_up(engine: Engine, policy: Policy, *, now: datetime) -> None:
    """Bring the database to where a new Temporal can go on: that of the interrupted simulation is gone.

    A text that was on its way was on its way to nobody: it is sent again. A call that is still owed something gets a
    workflow again, to which the ledger tells what was sent (R2); the others have ended.
    """
    with Session(engine) as session, session.begin():
        session.execute(delete(TextRow).where(col(TextRow.state).in_(_UNSETTLED)))
        session.execute(update(CallRow).values(forwarding_until_real=None))
        open_calls = select(CallRow).where(col(CallRow.signalled).is_not(None), col(CallRow.ended_reason).is_(None))
        for row in session.exec(open_calls).all():
            if is_over(session, row, policy, knowing=row.signalled, now=now):
                row.ended_reason = "completed"
            else:
                row.signalled, row.signalled_version = None, 0
            session.add(row)


def is_over(session: Session, row: CallRow, policy: Policy, *, knowing: Json | None, now: datetime) -> bool:
    """A workflow that knows these facts of the call has ended: the state machine says that nothing more is owed."""
    facts = CallFacts.model_validate(knowing or row.facts)
    call = KnownCall(version=row.version, facts=facts, decision=decide(facts, policy))
    step = next_step(call=call, texts=records_of(session, row.call_id), timetable=policy.timetable, now=now)
    return isinstance(step, End)


def still_owed(engine: Engine, policy: Policy, *, now: datetime) -> list[str]:
    """The ids of calls that a finished simulation still owes something to: there must be none."""
    with Session(engine) as session:
        unsettled = session.exec(select(TextRow.call_id).where(col(TextRow.state).in_(_UNSETTLED))).all()
        open_calls = session.exec(
            select(CallRow).where(col(CallRow.signalled).is_not(None), col(CallRow.ended_reason).is_(None))
        ).all()
        owed = [row.call_id for row in open_calls if not is_over(session, row, policy, knowing=row.signalled, now=now)]
        return sorted({*owed, *(call_id for call_id in unsettled if call_id)})


def _strides(start: datetime, end: datetime) -> Iterator[datetime]:
    while start < end:
        start = min(start + _STRIDE, end)
        yield start
