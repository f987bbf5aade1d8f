"""The sweep: every open call, asked of the state machine, so that a stuck call is never silent (R2).

It lives here and not in Temporal: what it looks for is a Temporal that does not do what it should. It also closes what
is over: a call whose workflow has ended, and one that has waited too long for what nobody told (R3: its number goes).
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import structlog
from sqlalchemy import Engine, func
from sqlmodel import Session, col, select
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode

from activities.known_call import known_call
from activities.ledger import record_of
from activities.stop_and_go import all_switched_off, scope_for_good, scopes_of
from calls.clock import Clock
from calls.contracts import LedgerState, workflow_id
from calls.eligibility import Eligibility
from calls.facts import CallFacts
from calls.policy import Policy
from calls.timetable import End, Send, Step, next_step
from database.recovery import is_recovering
from database.tables import CallRow, TextRow, real_now
from starter.leases import MISSING, NOT_TAKEN

log = structlog.get_logger()

OVERDUE_AFTER: Final = timedelta(minutes=10)
"""Of the service's time: so long a text may be due, or a change untold, before somebody must look."""

_AT_LEAST_REAL: Final = timedelta(seconds=10)
"""A demonstration on a fast clock gives the machine as much: at 900 times real time ten minutes are over at once."""
_ONE_AT_A_TIME: Final = 7_220_415_531  # any number of ours: starters do not sweep at the same time
_BATCH: Final = 500
_AWAY: Final = "Temporal does not answer"
_PATIENCE: Final = timedelta(seconds=2)
_FEW_ATTEMPTS: Final = 3
_UNSETTLED: Final = (LedgerState.CLAIMED, LedgerState.SENDING)


@dataclass(kw_only=True)
class SweepReport:
    """What one sweep saw. `trouble`: calls that somebody must look at; `new_trouble`: since the last sweep."""

    open_calls: int = 0
    undecided: int = 0
    trouble: int = 0
    new_trouble: int = 0
    closed: int = 0


@dataclass(frozen=True, kw_only=True)
class _Over:
    """By the state machine nothing more is owed: is the workflow over, too?"""

    call_id: str
    reason: str


@dataclass(kw_only=True)
class _Look:
    report: SweepReport = field(default_factory=SweepReport)
    over: list[_Over] = field(default_factory=list)
    overdue: list[str] = field(default_factory=list)
    off: set[str] = field(default_factory=set)
    """What staff have switched off waits, and has its time again from the release on: it is not overdue."""


class Sweep:
    """Looks at all open calls, some hundred at a time."""

    def __init__(self, *, engine: Engine, client: Client, policy: Policy, clock: Clock) -> None:
        self._engine = engine
        self._client = client
        self._policy = policy
        self._clock = clock
        self._overdue_after = max(OVERDUE_AFTER, _AT_LEAST_REAL * clock.speed)

    async def once(self, *, tell: Callable[[SweepReport], None] | None = None) -> SweepReport | None:
        """Look once; `None` where another starter is at it. `tell` hears of it before Temporal is asked anything.

        Without Temporal it still says what is overdue; what is over is closed the next time.
        """
        look = await asyncio.to_thread(self._look)
        if look is None:
            return None
        if tell is not None:
            tell(look.report)
        await self._ask_temporal(look)
        return look.report

    async def _ask_temporal(self, look: _Look) -> None:
        """Close what has ended; say of what is overdue why it is. At the first silence it stops asking."""
        for over in look.over:
            status = await self._status(over.call_id)
            if status == _AWAY:
                return
            if status is not WorkflowExecutionStatus.RUNNING:
                await asyncio.to_thread(self._close, over.call_id, over.reason)
                look.report.closed += 1
        for call_id in look.overdue:
            status = await self._status(call_id)
            if status == _AWAY:
                return
            if status is None:
                await asyncio.to_thread(self._lost, call_id)
            elif isinstance(status, WorkflowExecutionStatus) and status is not WorkflowExecutionStatus.RUNNING:
                await asyncio.to_thread(self._close, call_id, f"{status.name.lower()} in Temporal", alarm=True)

    def _look(self) -> _Look | None:
        look = _Look()
        last: str | None = ""
        while last is not None:
            with Session(self._engine) as session, session.begin():
                if not session.execute(select(func.pg_try_advisory_xact_lock(_ONE_AT_A_TIME))).scalar_one():
                    return look if last else None
                if is_recovering(session):  # it knows neither what was sent since the backup nor what has ended
                    return None
                last = self._look_at_some(session, after=last, look=look)
        return look

    def _look_at_some(self, session: Session, *, after: str, look: _Look) -> str | None:
        """Some hundred open calls; the last one's id. A row that is being written to is looked at the next time."""
        rows = session.exec(
            select(CallRow)
            .where(col(CallRow.ended_reason).is_(None), col(CallRow.call_id) > after)
            .order_by(col(CallRow.call_id))
            .limit(_BATCH)
            .with_for_update(skip_locked=True)
        ).all()
        texts = self._texts(session, rows)
        look.off = all_switched_off(session, or_released_since=self._long_ago())
        for row in rows:
            self._look_at(row, texts[row.call_id], look)
            session.add(row)
        return rows[-1].call_id if rows else None

    def _texts(self, session: Session, rows: Sequence[CallRow]) -> dict[str, list[TextRow]]:
        texts: dict[str, list[TextRow]] = defaultdict(list)
        for text in session.exec(select(TextRow).where(col(TextRow.call_id).in_([row.call_id for row in rows]))):
            texts[text.call_id or ""].append(text)
        return texts

    def _look_at(self, row: CallRow, texts: Sequence[TextRow], look: _Look) -> None:
        now = self._clock.now()
        look.report.open_calls += 1
        look.report.undecided += row.eligibility == Eligibility.UNDECIDED
        if row.signalled is None:
            trouble = self._without_workflow(row, look, now=now)
        else:
            trouble = self._with_workflow(row, texts, look, now=now)
        if row.trouble == MISSING:  # the forwarder's to take back
            trouble = MISSING
        _note(row, trouble, look.report)

    def _without_workflow(self, row: CallRow, look: _Look, *, now: datetime) -> str | None:
        if row.signalled_version < row.version and known_call(row, self._policy).decision.is_eligible:
            return NOT_TAKEN if self._waits_long(row) else None
        # From when it was heard of first: CAD's clock may be behind, and a feed that was away catches up.
        if now >= self._clock.at(row.created_real) + self._policy.undecided_for:
            row.ended_reason = f"never texted: {row.rule}"
            row.phone_encrypted, row.phone_hash, row.recipient_version = None, None, 0
            look.report.closed += 1
        return None

    def _with_workflow(self, row: CallRow, texts: Sequence[TextRow], look: _Look, *, now: datetime) -> str | None:
        step = self._step(row, texts, now=now)
        if isinstance(step, End):
            look.over.append(_Over(call_id=row.call_id, reason=step.reason))
        if isinstance(step, Send) and self._is_overdue(row, step, texts, look.off, now=now):
            look.overdue.append(row.call_id)
            return f"overdue: {step.key.title}"
        return NOT_TAKEN if self._waits_long(row) else None

    def _step(self, row: CallRow, texts: Sequence[TextRow], *, now: datetime) -> Step:
        return next_step(
            call=known_call(row, self._policy),
            texts=[record_of(text) for text in texts if text.state not in _UNSETTLED],
            timetable=self._policy.timetable,
            now=now,
        )

    def _is_overdue(self, row: CallRow, step: Send, texts: Sequence[TextRow], off: set[str], *, now: datetime) -> bool:
        return (
            now >= step.due_at + self._overdue_after
            and not self._in_hand(step, texts)
            and not off.intersection(_scopes(row, step))
        )

    def _in_hand(self, step: Send, texts: Sequence[TextRow]) -> bool:
        """It is being sent, or has just been begun; one that is tried in vain again and again is not."""
        since = self._long_ago()
        return any(
            text.updated_real > since and (text.state != LedgerState.CLAIMED or text.attempts <= _FEW_ATTEMPTS)
            for text in texts
            if record_of(text).key == step.key
        )

    def _waits_long(self, row: CallRow) -> bool:
        return row.signalled_version < row.version and (row.behind_since_real or row.updated_real) < self._long_ago()

    def _long_ago(self) -> datetime:
        """In real time: what has been waiting since then has waited too long."""
        return real_now() - self._clock.real_duration(self._overdue_after)

    async def _status(self, call_id: str) -> "WorkflowExecutionStatus | str | None":
        """What Temporal says of the call's workflow; `None`: it does not know it."""
        try:
            handle = self._client.get_workflow_handle(workflow_id(call_id))
            return (await handle.describe(rpc_timeout=_PATIENCE)).status
        except RPCError as error:
            return None if error.status is RPCStatusCode.NOT_FOUND else _AWAY

    def _lost(self, call_id: str) -> None:
        """Its workflow is owed to send a text, and Temporal does not know it."""
        with Session(self._engine) as session, session.begin():
            row = session.get(CallRow, call_id, with_for_update=True)
            if row is not None and row.ended_reason is None:
                row.trouble = MISSING
                session.add(row)

    def _close(self, call_id: str, reason: str, *, alarm: bool = False) -> None:
        """`alarm`: it was owed a text when it was looked at. Its last text may have gone since, and its workflow ended
        as it should: the ledger is asked again."""
        with Session(self._engine) as session, session.begin():
            row = session.get(CallRow, call_id, with_for_update=True)
            if row is None or row.ended_reason is not None or row.signalled_version < row.version:
                return  # what has just been told comes first
            texts = self._texts(session, [row])[call_id]
            alarm = alarm and isinstance(self._step(row, texts, now=self._clock.now()), Send)
            row.ended_reason = reason
            if not alarm:
                row.trouble, row.trouble_since_real = None, None
            session.add(row)
        if alarm:
            log.error("a call that is still owed a text was ended in Temporal", call_id=call_id, how=reason)


def _scopes(row: CallRow, step: Send) -> list[str]:
    """Whatever can be switched off so that nobody waits for this text."""
    group = CallFacts.model_validate(row.facts).call_type_group
    return [*scopes_of(row.call_id, [group], step.key.kind), scope_for_good(row.call_id)]


def _note(row: CallRow, trouble: str | None, report: SweepReport) -> None:
    """Say it once, keep it as long as it lasts."""
    report.trouble += trouble is not None
    if trouble == row.trouble:
        return
    row.trouble = trouble
    row.trouble_since_real = None if trouble is None else real_now()
    if trouble is not None:
        report.new_trouble += 1
        log.error("a call needs somebody", call_id=row.call_id, trouble=trouble)
