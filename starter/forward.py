"""The forwarder: brings Temporal up to date with the rows, from the commit on.

A row says which version of its facts Temporal has. Whatever was missed, because Temporal was away or a process died, is
found by that and sent again; a version that comes twice changes nothing in the workflow.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.common import SearchAttributeKey, SearchAttributePair, TypedSearchAttributes, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from calls.clock import Clock
from calls.contracts import (
    TASK_QUEUE,
    WORKFLOW_TYPE,
    CallChange,
    CallInput,
    Signal,
    workflow_id,
)
from calls.facts import CallFacts, Language
from calls.policy import Policy, Since
from calls.signals import signal_for
from starter.holds import Holds
from starter.leases import BATCH, Forward, Leases
from starter.wake import Wake

log = structlog.get_logger()

_LOOK_EVERY_SECONDS = 0.5
_SWEEP_EVERY_SECONDS = 5.0
_AFTER_TROUBLE_SECONDS = 2.0
_NEVER_KNOWN = "never known to Temporal"
_ENDED_IN_TEMPORAL = frozenset(status.name.lower() for status in WorkflowExecutionStatus)


class WorkflowMissing(Exception):  # noqa: N818 - an outcome
    """Temporal does not know a workflow that it should have."""


class Forwarder:
    """Starts and signals workflows. Any number of them may run at once: rows are leased under a lock.

    `clock` goes along with a call; `now` is asked for the service's time where that clock cannot tell it here.
    """

    def __init__(
        self,
        *,
        engine: Engine,
        client: Client,
        policy: Policy,
        clock: Clock,
        now: Callable[[], datetime] | None = None,
    ) -> None:
        self._leases = Leases(engine=engine, policy=policy, now=now or clock.now)
        self._holds = Holds(engine=engine, policy=policy)
        self._client = client
        self._policy = policy
        self._clock = clock

    async def forward_all(self) -> int:
        """Forward every row that Temporal does not have yet; how many. A failure leaves the row for the next time."""
        count = 0
        while batch := await asyncio.to_thread(self._leases.take):
            await asyncio.gather(*(self._forward(item) for item in batch))
            count += len(batch)
            if len(batch) < BATCH:
                break
        return count

    async def keep_up_to_date(self, wake: Wake | None = None) -> None:
        """Forward what is behind, and what staff have held or released, for ever. This is what catches up after a time
        without Temporal.

        `wake` tells at once of a commit; without it, and should a word of it get lost, rows are looked at regularly.
        """
        while True:
            try:
                await asyncio.to_thread(self._holds.bring_into_line)
                await self.forward_all()
            except OperationalError:
                log.warning("the database does not answer; trying again")
                await asyncio.sleep(_AFTER_TROUBLE_SECONDS)
            if wake is None:
                await asyncio.sleep(_LOOK_EVERY_SECONDS)
            else:
                await wake.wait(seconds=_SWEEP_EVERY_SECONDS)

    async def resume_with(self, clock: Clock) -> int:
        """Tell every open call a new clock (a demonstration that was stopped goes on); how many were told."""
        ids = await asyncio.to_thread(self._leases.open_calls)
        for call in ids:
            try:
                handle = self._client.get_workflow_handle(workflow_id(call))
                await handle.signal(Signal.UPDATED, CallChange(clock=clock))
            except RPCError as error:
                if error.status is not RPCStatusCode.NOT_FOUND:
                    raise
        return len(ids)

    async def _forward(self, item: Forward) -> None:
        try:
            ended = await self._bring(item)
        except WorkflowMissing:
            await asyncio.to_thread(self._leases.missing, item)
        except RPCError as error:
            log.warning("temporal did not take the call; trying again", call_id=item.call_id, status=error.status.name)
        else:
            alarm = ended in _ENDED_IN_TEMPORAL and not await asyncio.to_thread(self._leases.is_over, item)
            await asyncio.to_thread(self._leases.done, item, ended=ended, alarm=alarm)

    async def _bring(self, item: Forward) -> str | None:
        """Start or signal the call's workflow; the reason of the end where there is none any more, or never will be."""
        if item.signalled is not None:
            return await self._signal(item)
        if item.call.decision.is_eligible:
            try:
                await self._start(item)
            except WorkflowAlreadyStartedError:
                return await self._signal(item)
        elif item.call.facts.latch is not None:
            # A start that was not written down may have gone through: then the workflow must hear of it.
            ended = await self._signal(item) if item.tried_before else _NEVER_KNOWN
            return f"never texted: {item.call.decision.rule}" if ended == _NEVER_KNOWN else ended
        return None

    async def _start(self, item: Forward) -> None:
        """Start the call's workflow. Never a second one, not even after the first has ended (R2).

        A running one is not joined silently either (`USE_EXISTING`): then it would not hear of these facts.
        """
        await self.start_workflow(item, reuse=WorkflowIDReusePolicy.REJECT_DUPLICATE)

    async def start_workflow(self, item: Forward, *, reuse: WorkflowIDReusePolicy) -> None:
        """Start the call's workflow, told what the ledger has.

        Raises:
            WorkflowAlreadyStartedError: there is one, or was one, after which `reuse` allows no other.
        """
        facts = item.call.facts
        group = self._policy.eligibility.groups.get(facts.call_type_group or "")
        label = "" if group is None else group.label[Language.ENGLISH]
        await self._client.start_workflow(
            WORKFLOW_TYPE,
            CallInput(
                call_id=item.call_id,
                call=item.call,
                timetable=self._policy.timetable,
                clock=self._clock,
                texts=item.texts,
            ),
            id=workflow_id(item.call_id),
            task_queue=TASK_QUEUE,
            id_reuse_policy=reuse,
            search_attributes=_search_attributes(facts),
            static_summary=f"{label}, priority {facts.priority}, case {facts.case_number}",
            static_details=f"Texts for one call for service of {facts.agency}, policy {self._policy.version}.",
        )

    async def _signal(self, item: Forward) -> str | None:
        """Send the one signal that says what changed; the reason of the end where the workflow has ended."""
        name = signal_for(item.signalled, item.call)
        if not item.heard_more and self._nothing_waits_for_it(item):
            return None  # it would cost an action and four events, and goes along with the next
        handle = self._client.get_workflow_handle(workflow_id(item.call_id))
        try:
            await handle.signal(name, CallChange(call=item.call, clock=self._clock if item.signalled is None else None))
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
            return await self._why_ended(item, refusal=error)
        return None

    def _nothing_waits_for_it(self, item: Forward) -> bool:
        """The officer who was known to be on the way is there, or the call was passed on to the dispatchers, where no
        threshold of its timetable counts from that; nothing else (a corrected number, say) has changed."""
        before, after = item.signalled, item.call.facts
        if before is None:
            return False
        told: dict[str, object] = {}
        if before.is_dispatched:
            told["arrived_at"] = before.arrived_at
        if item.is_of_newest_policy and not self._policy.timetable.delay.counts_since(Since.QUEUED):
            told["queued_at"] = before.queued_at
        return before != after and before == after.model_copy(update=told)

    async def _why_ended(self, item: Forward, *, refusal: RPCError) -> str:
        """A workflow that has ended is final. One that Temporal does not know ended long ago, or was lost.

        Raises:
            WorkflowMissing: it should be there, and is not.
            RPCError: it is there now (somebody has just reset it): the same again.
        """
        try:
            description = await self._client.get_workflow_handle(workflow_id(item.call_id)).describe()
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
            if item.signalled is None:
                return _NEVER_KNOWN
            if await asyncio.to_thread(self._leases.is_over, item):
                return "ended, and forgotten by Temporal"
            raise WorkflowMissing from None
        status = description.status or WorkflowExecutionStatus.COMPLETED
        if status is WorkflowExecutionStatus.RUNNING:
            raise refusal
        return status.name.lower()


def _search_attributes(facts: CallFacts) -> TypedSearchAttributes:
    """What staff search calls by in Temporal's UI. Nothing personal (R3); set at the start, which costs no action."""
    pairs: list[SearchAttributePair[str] | SearchAttributePair[int]] = [
        SearchAttributePair(SearchAttributeKey.for_keyword("Agency"), facts.agency)
    ]
    if facts.priority is not None:
        pairs.append(SearchAttributePair(SearchAttributeKey.for_int("CallPriority"), facts.priority))
    for name, value in (
        ("CallTypeGroup", facts.call_type_group),
        ("CallLanguage", facts.language),
        ("CaseNumber", facts.case_number),
    ):
        if value is not None:
            pairs.append(SearchAttributePair(SearchAttributeKey.for_keyword(name), str(value)))
    return TypedSearchAttributes(pairs)
