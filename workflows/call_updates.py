"""The life of one call for service: one durable workflow per eligible call."""

from datetime import datetime, timedelta

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
    from calls.timetable import End, Send, Step, Wait, next_step
    from workflows.by_hand import ByHand

NOW = CallChange()
"""The payload of a signal sent by hand. Without a default, a bare signal would wedge the call for ever."""

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
        self._timetable = start.timetable
        self._clock = start.clock
        self._told = self._call = start.call
        self._by_hand = ByHand()
        self._texts: list[TextRecord] = list(start.texts)

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

    # What happens to the call. The facts in the payload decide, not the signal's name; one that is late or repeated
    # changes nothing. Handlers only take facts in; `run` decides.

    def _take(self, signal: Signal, change: CallChange | None) -> None:
        change = change or NOW  # somebody typed `null`
        if change.clock is not None:
            self._clock = change.clock
        if change.call is not None:
            self._learn(change.call)
        elif change.clock is None:
            self._by_hand.note(signal, now=self._now())
            self._call = self._by_hand.over(self._told)

    def _learn(self, told: KnownCall) -> None:
        """Take newer facts from the database."""
        if told.version > self._told.version:
            self._told = told
            self._call = self._by_hand.over(told)

    @workflow.signal(name=Signal.UPDATED, description="Something else about the call changed: number, language, …")
    def updated(self, change: CallChange | None = NOW) -> None:
        self._take(Signal.UPDATED, change)

    @workflow.signal(name=Signal.DISPATCHED, description="An officer has the call: no further delay notice")
    def dispatched(self, change: CallChange | None = NOW) -> None:
        self._take(Signal.DISPATCHED, change)

    @workflow.signal(name=Signal.REQUEUED, description="The officer was pulled away: the call waits again")
    def requeued(self, change: CallChange | None = NOW) -> None:
        self._take(Signal.REQUEUED, change)

    @workflow.signal(name=Signal.ARRIVED, description="An officer is there")
    def arrived(self, change: CallChange | None = NOW) -> None:
        self._take(Signal.ARRIVED, change)

    @workflow.signal(name=Signal.CLEARED, description="The call is over: the survey comes next")
    def cleared(self, change: CallChange | None = NOW) -> None:
        self._take(Signal.CLEARED, change)

    @workflow.signal(name=Signal.REOPENED, description="The call was opened again: back to waiting")
    def reopened(self, change: CallChange | None = NOW) -> None:
        self._take(Signal.REOPENED, change)

    @workflow.signal(name=Signal.RECLASSIFIED, description="The call may not be texted any more: silence for ever (R1)")
    def reclassified(self, change: CallChange | None = NOW) -> None:
        self._take(Signal.RECLASSIFIED, change)

    @workflow.signal(name=Signal.CANCELLED, description="Cancelled, duplicate, merged, transferred or a test: silence")
    def cancelled(self, change: CallChange | None = NOW) -> None:
        self._take(Signal.CANCELLED, change)

    @workflow.signal(name=Signal.HELD, description="Staff hold this call's texts")
    def held(self, change: CallChange | None = NOW) -> None:
        self._take(Signal.HELD, change)

    @workflow.signal(name=Signal.RELEASED, description="Staff release this call's texts")
    def released(self, change: CallChange | None = NOW) -> None:
        self._take(Signal.RELEASED, change)
