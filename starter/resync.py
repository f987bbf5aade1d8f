"""Temporal has lost its data, or a part of it: every open call gets its workflow again, or hears of its facts anew.

Nothing is sent twice: a workflow that starts anew is told what the ledger has, and the ledger binds every order.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

import structlog
from sqlalchemy import Engine
from sqlmodel import Session, col, select
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from activities.known_call import known_call
from activities.ledger import records_of
from calls.clock import Clock
from calls.contracts import WORKFLOW_TYPE, CallChange, KnownCall, Signal, workflow_id
from calls.policy import Policy
from calls.timetable import End, next_step
from database.tables import CallRow
from starter.forward import Forwarder
from starter.leases import Leases

log = structlog.get_logger()

_FORGOTTEN: Final = "ended, and forgotten by Temporal"
_ENDED_BADLY: Final = frozenset(
    {
        WorkflowExecutionStatus.TERMINATED,
        WorkflowExecutionStatus.FAILED,
        WorkflowExecutionStatus.TIMED_OUT,
        WorkflowExecutionStatus.CANCELED,
    }
)
_RUNNING: Final = f"WorkflowType = '{WORKFLOW_TYPE}' AND ExecutionStatus = 'Running'"


class Found(StrEnum):
    """What Temporal has of a call that is open in PostgreSQL."""

    RUNNING = "running"
    MISSING = "missing"
    """Temporal does not know it, and its caller is still owed something."""
    OVER = "over"
    """Nothing more is owed, and it is not running."""
    ENDED = "ended in Temporal, and still owed a text"
    NOT_STARTED = "not to be texted, or not yet"
    """It needs no workflow."""


@dataclass(kw_only=True)
class Look:
    """Every open call, and what runs in Temporal without one. `ended_here`: over in PostgreSQL; `unknown_here`: not in
    it at all."""

    calls: Mapping[str, Found] = field(default_factory=dict)
    ended_here: Sequence[str] = ()
    unknown_here: Sequence[str] = ()

    def count(self, found: Found) -> int:
        return sum(each is found for each in self.calls.values())


@dataclass(kw_only=True)
class Done:
    """What was done. `failed`: Temporal did not take it; run it again."""

    signalled: int = 0
    started: int = 0
    closed: int = 0
    failed: Counter[str] = field(default_factory=Counter)


class Resync:
    """Asks and tells at most `per_second` times a second. Any number of times, also beside running starters."""

    def __init__(
        self,
        *,
        engine: Engine,
        client: Client,
        policy: Policy,
        clock: Clock,
        per_second: float,
        progress: Callable[[str, int, int], None] = lambda _what, _done, _of: None,
        now: Callable[[], datetime] | None = None,
    ) -> None:
        self._engine = engine
        self._client = client
        self._policy = policy
        self._clock = clock
        self._now = now or clock.now
        self._leases = Leases(engine=engine, policy=policy, now=self._now)
        self._forwarder = Forwarder(engine=engine, client=client, policy=policy, clock=clock, now=now)
        self._pause = 1 / per_second
        self._next = time.monotonic()
        self._progress = progress

    async def look(self) -> Look:
        """Ask Temporal for every open call; nothing is changed.

        Raises:
            RPCError: Temporal does not answer.
        """
        owed = await asyncio.to_thread(self._open_calls)
        calls: dict[str, Found] = {}
        for number, (call_id, is_owed) in enumerate(owed.items(), start=1):
            calls[call_id] = Found.NOT_STARTED if is_owed is None else await self._found(call_id, is_owed=is_owed)
            self._progress("looked at", number, len(owed))
        ended, unknown = await self._running_without(set(calls))
        return Look(calls=calls, ended_here=ended, unknown_here=unknown)

    async def apply(self, look: Look, *, ended_too: bool) -> Done:
        """Signal what runs, start what is missing, close what is over. `ended_too`: start anew also what was
        terminated, cancelled or failed in Temporal, which else is final."""
        done = Done()
        for number, (call_id, found) in enumerate(look.calls.items(), start=1):
            try:
                await self._bring(call_id, found, done, ended_too=ended_too)
            except RPCError as error:
                log.warning("temporal did not take the call", call_id=call_id, status=error.status.name)
                done.failed[error.status.name.lower()] += 1
            self._progress("done", number, len(look.calls))
        return done

    async def _bring(self, call_id: str, found: Found, done: Done, *, ended_too: bool) -> None:
        if found is Found.RUNNING:
            done.signalled += await self._signal(call_id)
        elif found is Found.MISSING:
            done.started += await self._start(call_id, WorkflowIDReusePolicy.REJECT_DUPLICATE)
        elif found is Found.ENDED and ended_too:
            done.started += await self._start(call_id, WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY)
        elif found is Found.OVER:
            await asyncio.to_thread(self._leases.close, call_id, _FORGOTTEN)
            done.closed += 1

    def _open_calls(self) -> dict[str, bool | None]:
        """By id, whether its caller is still owed something; `None`: it has no workflow, and needs none.

        One that was closed because its workflow had ended too soon is open here.
        """
        ended_badly = [name for status in _ENDED_BADLY for name in _names(status)]
        of_interest = col(CallRow.ended_reason).is_(None) | (
            col(CallRow.ended_reason).in_(ended_badly) & col(CallRow.trouble).is_not(None)
        )
        with Session(self._engine) as session:
            rows = session.exec(select(CallRow).where(of_interest).order_by(col(CallRow.call_id))).all()
            return {row.call_id: self._is_owed(session, row) for row in rows}

    def _is_owed(self, session: Session, row: CallRow) -> bool | None:
        call = known_call(row, self._policy)
        if row.signalled is None and not call.decision.is_eligible:
            return None
        texts = records_of(session, row.call_id)
        step = next_step(call=call, texts=texts, timetable=self._policy.timetable, now=self._now())
        return not isinstance(step, End)

    async def _found(self, call_id: str, *, is_owed: bool) -> Found:
        await self._turn()
        try:
            status = (await self._client.get_workflow_handle(workflow_id(call_id)).describe()).status
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
            return Found.MISSING if is_owed else Found.OVER
        if status is WorkflowExecutionStatus.RUNNING:
            return Found.RUNNING
        return Found.ENDED if is_owed else Found.OVER

    async def _signal(self, call_id: str) -> bool:
        """Tell it the facts of now; a workflow that has them changes nothing."""
        call = await asyncio.to_thread(self._call, call_id)
        await self._turn()
        handle = self._client.get_workflow_handle(workflow_id(call_id))
        try:
            await handle.signal(Signal.UPDATED, CallChange(call=call, clock=self._clock))
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
            return False  # it has just ended
        return True

    def _call(self, call_id: str) -> KnownCall:
        with Session(self._engine) as session:
            return known_call(session.get_one(CallRow, call_id), self._policy)

    async def _start(self, call_id: str, reuse: WorkflowIDReusePolicy) -> bool:
        item = await asyncio.to_thread(self._leases.take_anew, call_id)
        if item is None:
            return False
        await self._turn()
        try:
            await self._forwarder.start_workflow(item, reuse=reuse)
        except WorkflowAlreadyStartedError:
            return False  # a starter was quicker; what it must hear, that starter tells it
        await asyncio.to_thread(self._leases.done, item, ended=None)
        return True

    async def _running_without(self, here: set[str]) -> tuple[list[str], list[str]]:
        """The ids of what runs in Temporal and is not open in PostgreSQL: over there, and not there at all."""
        prefix = workflow_id("")
        strange = [
            one.id.removeprefix(prefix)
            async for one in self._client.list_workflows(_RUNNING)
            if one.id.removeprefix(prefix) not in here
        ]
        with Session(self._engine) as session:
            known = set(session.exec(select(CallRow.call_id).where(col(CallRow.call_id).in_(strange))))
        return sorted(known), sorted(set(strange) - known)

    async def _turn(self) -> None:
        """So many a second, and no more."""
        await asyncio.sleep(max(self._next - time.monotonic(), 0))
        self._next = max(self._next, time.monotonic()) + self._pause


def _names(status: WorkflowExecutionStatus) -> tuple[str, str]:
    """How forwarder and sweep write that a call has ended so."""
    return status.name.lower(), f"{status.name.lower()} in Temporal"
