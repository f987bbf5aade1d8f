"""The life of one call for service: one durable workflow per eligible call."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from temporalio import workflow
from temporalio.common import Priority, RawValue, RetryPolicy
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():
    from calls.contracts import (
        PRIORITY,
        SEND_TEXT,
        WORKFLOW_TYPE,
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
    from workflows.heard import heard, outcome_of
    from workflows.in_hand import InHand

# Longer than one attempt can take: connection 5 s, ledger 10 s, Twilio 10 s. No limit over all attempts: only the
# activity itself declares a text expired, so that the ledger always says why a text was not sent (R2, R5).
_ATTEMPT_TIMEOUT = timedelta(seconds=30)
_RETRIES = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(minutes=1))
_PAUSE = timedelta(minutes=1)

_NOTHING_CAME_OF_IT = "nothing came of a text"
"""A patch (R8): histories of before it go on as they began. It leaves a marker only where it is needed."""

_A_NEW_CLOCK = "a new clock"
"""Another patch: a wait that began on another clock begins anew."""


@workflow.defn(name=WORKFLOW_TYPE)
class CallUpdates:
    """Keeps one caller informed: confirmation, delay notices until an officer is dispatched, survey link at the end."""

    @workflow.init
    def __init__(self, start: CallInput) -> None:
        self._call_id = start.call_id
        self._timetable = start.timetable
        self._clock = start.clock
        self._new_clocks = 0
        self._told = self._call = start.call
        self._by_hand = ByHand()
        self._texts: list[TextRecord] = list(start.texts)
        self._in_hand: InHand | None = None

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
        return next_step(
            call=self._call,
            texts=self._texts,
            timetable=self._timetable,
            now=self._now(),
            held_by_hand=self._by_hand.held is True,
        )

    async def _wait(self, step: Wait) -> None:
        """Until its time comes, or something happens to the call that changes what is owed."""
        local = step.until.astimezone(self._timetable.zone_info)
        workflow.set_current_details(f"Waiting: {step.reason}, {local:%Y-%m-%d %H:%M:%S}")
        # A millisecond more: rounding must not wake us a moment before the time, to wait again.
        timeout = self._clock.real_duration(step.until - self._now()) + timedelta(milliseconds=1)
        clocks = self._new_clocks
        try:
            await workflow.wait_condition(
                lambda: self._ask() != step or self._new_clocks > clocks, timeout=timeout, timeout_summary=step.reason
            )
        except TimeoutError:
            return

    async def _send(self, step: Send) -> None:
        """Order the text, and take in what became of it."""
        workflow.set_current_details(f"Sending: {step.key.title}")
        outcome = await self._order(step)
        if outcome.record is not None:
            self._texts.append(outcome.record)
        if outcome.call is not None:
            self._learn(outcome.call)
        if outcome.record is None and self._ask() == step and workflow.patched(_NOTHING_CAME_OF_IT):
            await self._pause(step)

    async def _order(self, step: Send) -> TextOutcome:
        """One text is one activity: ledger, check, carrier and outcome together."""
        sending = workflow.start_activity(
            SEND_TEXT,
            SendText(
                call_id=self._call_id,
                key=step.key,
                due_at=step.due_at,
                expires_at=step.expires_at,
                version=self._call.version,
            ),
            result_type=RawValue,
            start_to_close_timeout=_ATTEMPT_TIMEOUT,
            retry_policy=_RETRIES,
            summary=step.key.title,
            priority=Priority(priority_key=PRIORITY[step.key.kind]),
        )
        self._in_hand = InHand(step=step, sending=sending)
        try:
            return outcome_of(await sending)
        except ActivityError:  # the call is cancelled; else it was let go, or failed by hand in Temporal's API
            if workflow.cancellation_reason() is not None or not workflow.patched(_NOTHING_CAME_OF_IT):
                raise
            return TextOutcome()
        finally:
            self._in_hand = None

    async def _pause(self, step: Send) -> None:
        """The same text would be ordered again at once, and so for ever: two clocks differ, or somebody meddled."""
        reason = f"nobody told what became of the {step.key.title}"
        workflow.set_current_details(f"Waiting: {reason}")
        try:
            await workflow.wait_condition(lambda: self._ask() != step, timeout=_PAUSE, timeout_summary=reason)
        except TimeoutError:
            return

    def _let_go(self) -> None:
        """Give up a text that is being tried, where it is not owed any more by what was said by hand.

        The database knows nothing of that: the text would go out as soon as the carrier takes it.
        """
        held = self._in_hand
        if held is not None and self._ask() != held.step and workflow.patched(_NOTHING_CAME_OF_IT):
            held.sending.cancel()

    def _end(self, step: End) -> CallResult:
        workflow.set_current_details(f"Ended: {step.reason}")
        return CallResult(
            reason=step.reason, texts=tuple(f"{record.key.title}: {record.state}" for record in self._texts)
        )

    def _now(self) -> datetime:
        """The service's time, from Temporal's: the same on replay."""
        return self._clock.at(workflow.now())

    # What happens to the call. The facts in the payload decide, not the signal's name; one that is late or repeated
    # changes nothing. Handlers only take facts in; `run` decides. They accept whatever is sent: with one typed argument
    # a signal that came with two would fail the task for ever.

    def _take(self, signal: Signal, said: Sequence[object]) -> None:
        change = heard(said, now=workflow.now())
        if change is None:
            workflow.logger.warning("a signal made no sense and was dropped", extra={"signal": signal.value})
            return
        if change.clock is not None:
            self._new_clocks += change.clock != self._clock and workflow.patched(_A_NEW_CLOCK)
            self._clock = change.clock
        if change.call is not None:
            self._learn(change.call)
        elif change.clock is None:
            self._by_hand.note(signal, now=self._now())
            self._call = self._by_hand.over(self._told)
            self._let_go()

    def _learn(self, told: KnownCall) -> None:
        """Take newer facts from the database; those of another call, sent here by mistake, are not ours."""
        if told.version > self._told.version and _is_same_call(told, self._told):
            self._by_hand.hear(self._told, told)
            self._told = told
            self._call = self._by_hand.over(told)

    @workflow.signal(name=Signal.UPDATED, description="Something else about the call changed: number, language, …")
    def updated(self, *said: object) -> None:
        self._take(Signal.UPDATED, said)

    @workflow.signal(name=Signal.DISPATCHED, description="An officer has the call: no further delay notice")
    def dispatched(self, *said: object) -> None:
        self._take(Signal.DISPATCHED, said)

    @workflow.signal(name=Signal.REQUEUED, description="The officer was pulled away: the call waits again")
    def requeued(self, *said: object) -> None:
        self._take(Signal.REQUEUED, said)

    @workflow.signal(name=Signal.ARRIVED, description="An officer is there")
    def arrived(self, *said: object) -> None:
        self._take(Signal.ARRIVED, said)

    @workflow.signal(name=Signal.CLEARED, description="The call is over: the survey comes next")
    def cleared(self, *said: object) -> None:
        self._take(Signal.CLEARED, said)

    @workflow.signal(name=Signal.REOPENED, description="The call was opened again: back to waiting")
    def reopened(self, *said: object) -> None:
        self._take(Signal.REOPENED, said)

    @workflow.signal(name=Signal.RECLASSIFIED, description="The call may not be texted any more: silence for ever (R1)")
    def reclassified(self, *said: object) -> None:
        self._take(Signal.RECLASSIFIED, said)

    @workflow.signal(name=Signal.CANCELLED, description="Cancelled, duplicate, merged, transferred or a test: silence")
    def cancelled(self, *said: object) -> None:
        self._take(Signal.CANCELLED, said)

    @workflow.signal(name=Signal.HELD, description="Staff hold this call's texts")
    def held(self, *said: object) -> None:
        self._take(Signal.HELD, said)

    @workflow.signal(name=Signal.RELEASED, description="Staff release this call's texts")
    def released(self, *said: object) -> None:
        self._take(Signal.RELEASED, said)


def _is_same_call(one: KnownCall, other: KnownCall) -> bool:
    return (one.facts.agency, one.facts.cad_id) == (other.facts.agency, other.facts.cad_id)
