"""The life of one call for service: one durable workflow per eligible call."""

from datetime import datetime, timedelta
from typing import Any

from temporalio import workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from calls.contracts import (
        SEND_TEXT,
        WORKFLOW_TYPE,
        CallChange,
        CallInput,
        CallResult,
        KnownCall,
        SendText,
        Signal,
        TextOutcome,
        TextRecord,
    )
    from calls.eligibility import Decision, Eligibility
    from calls.facts import CancelReason
    from calls.timetable import End, Send, Step, Wait, next_step

# Longer than one attempt can take: connection 5 s, ledger 10 s, Twilio 10 s. No limit over all attempts: only the
# activity itself declares a text expired, so that the ledger always says why a text was not sent (R2, R5).
_ATTEMPT_TIMEOUT = timedelta(seconds=30)
_RETRIES = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(minutes=1))


@workflow.defn(name=WORKFLOW_TYPE)
class CallUpdates:
    """Keeps one caller informed: confirmation, delay notices until an officer is dispatched, survey link at the end."""

    @workflow.init
    def __init__(self, start: CallInput) -> None:
        self._call_id = start.call_id
        self._call = start.call
        self._timetable = start.timetable
        self._clock = start.clock
        self._texts: list[TextRecord] = []
        self._by_hand: dict[str, Any] = {}
        self._stopped_by_hand: Decision | None = None

    @workflow.run
    async def run(self, _start: CallInput) -> CallResult:
        """Ask what is owed, wait for it or send it, and ask again, until nothing more is."""
        step = self._ask()
        while not isinstance(step, End):
            if isinstance(step, Wait):
                await self._wait(step)
            else:
                await self._send(step)
            step = self._ask()
        return self._end(step)

    def _ask(self) -> Step:
        return next_step(call=self._call, texts=self._texts, timetable=self._timetable, now=self._now())

    async def _wait(self, step: Wait) -> None:
        """Until its time comes, or something happens to the call that changes what is owed."""
        local = step.until.astimezone(self._timetable.zone_info)
        workflow.set_current_details(f"Waiting: {step.reason}, {local:%Y-%m-%d %H:%M:%S}")
        # A millisecond more: rounding must not wake us a moment before the time, to wait again.
        timeout = self._clock.real_duration(step.until - self._now()) + timedelta(milliseconds=1)
        try:
            await workflow.wait_condition(lambda: self._ask() != step, timeout=timeout, timeout_summary=step.reason)
        except TimeoutError:
            return

    async def _send(self, step: Send) -> None:
        """One text is one activity: ledger, check, carrier and outcome together."""
        workflow.set_current_details(f"Sending: {step.key.title}")
        outcome: TextOutcome = await workflow.execute_activity(
            SEND_TEXT,
            SendText(
                call_id=self._call_id,
                key=step.key,
                due_at=step.due_at,
                expires_at=step.expires_at,
                version=self._call.version,
            ),
            result_type=TextOutcome,
            start_to_close_timeout=_ATTEMPT_TIMEOUT,
            retry_policy=_RETRIES,
            summary=step.key.title,
        )
        if outcome.record is not None:
            self._texts.append(outcome.record)
        if outcome.call is not None:
            self._learn(outcome.call)

    def _end(self, step: End) -> CallResult:
        workflow.set_current_details(f"Ended: {step.reason}")
        return CallResult(
            reason=step.reason, texts=tuple(f"{record.key.title}: {record.state}" for record in self._texts)
        )

    def _now(self) -> datetime:
        """The service's time, from Temporal's: the same on replay."""
        return self._clock.at(workflow.now())

    # What happens to the call. The facts in the payload decide; a signal that is late or repeated changes nothing.

    def _take(self, change: CallChange, **now_by_hand: object) -> None:
        if change.clock is not None:
            self._clock = change.clock
        if change.call is not None:
            self._learn(change.call)
        elif now_by_hand:
            self._by_hand.update(now_by_hand)
            self._learn(self._call, again=True)

    def _learn(self, call: KnownCall, *, again: bool = False) -> None:
        """Take newer facts. What was said by hand stands where CAD says nothing of it."""
        if call.version <= self._call.version and not again:
            return
        own = {name: value for name, value in self._by_hand.items() if name == "held" or not getattr(call.facts, name)}
        self._call = call.model_copy(
            update={
                "facts": call.facts.model_copy(update=own),
                "decision": self._stopped_by_hand or call.decision,
            }
        )

    def _stop_by_hand(self, change: CallChange, *, rule: str) -> None:
        if change.call is None:
            self._stopped_by_hand = Decision(
                eligibility=Eligibility.INELIGIBLE,
                rule=rule,
                reason="sent by hand",
                policy_version=self._call.decision.policy_version,
            )

    @workflow.signal(name=Signal.UPDATED, description="Something else about the call changed: number, language, …")
    def updated(self, change: CallChange = CallChange()) -> None:  # noqa: B008 - frozen; the default keeps a bare signal harmless
        self._take(change)

    @workflow.signal(name=Signal.DISPATCHED, description="An officer has the call: no further delay notice")
    def dispatched(self, change: CallChange = CallChange()) -> None:  # noqa: B008
        self._take(change, dispatched_at=self._now())

    @workflow.signal(name=Signal.REQUEUED, description="The officer was pulled away: the call waits again")
    def requeued(self, change: CallChange = CallChange()) -> None:  # noqa: B008
        self._take(change, requeued_at=self._now())

    @workflow.signal(name=Signal.ARRIVED, description="An officer is there")
    def arrived(self, change: CallChange = CallChange()) -> None:  # noqa: B008
        self._take(change, arrived_at=self._now())

    @workflow.signal(name=Signal.CLEARED, description="The call is over: the survey comes next")
    def cleared(self, change: CallChange = CallChange()) -> None:  # noqa: B008
        self._take(change, cleared_at=self._now())

    @workflow.signal(name=Signal.REOPENED, description="The call was opened again: back to waiting")
    def reopened(self, change: CallChange = CallChange()) -> None:  # noqa: B008
        self._take(change, reopened_at=self._now())

    @workflow.signal(name=Signal.RECLASSIFIED, description="The call may not be texted any more: silence for ever (R1)")
    def reclassified(self, change: CallChange = CallChange()) -> None:  # noqa: B008
        self._stop_by_hand(change, rule="reclassified")
        self._take(change, latch="by hand")

    @workflow.signal(name=Signal.CANCELLED, description="Cancelled, duplicate, merged, transferred or a test: silence")
    def cancelled(self, change: CallChange = CallChange()) -> None:  # noqa: B008
        self._stop_by_hand(change, rule="cancelled")
        self._take(change, cancelled=CancelReason.CANCELLED)

    @workflow.signal(name=Signal.HELD, description="Staff hold this call's texts")
    def held(self, change: CallChange = CallChange()) -> None:  # noqa: B008
        self._take(change, held=True)

    @workflow.signal(name=Signal.RELEASED, description="Staff release this call's texts")
    def released(self, change: CallChange = CallChange()) -> None:  # noqa: B008
        self._take(change, held=False)
