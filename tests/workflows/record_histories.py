"""Records the histories that tests/histories/ keeps: one of each stage of a call's life.

    python -m tests.workflows.record_histories NAME …

Record a new one when the story gets a new turn. Never record an old one again: that the code of today still replays
the histories of yesterday is what they are kept for (R8).
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from temporalio.exceptions import ApplicationError

from calls.contracts import CallChange, Kind, LedgerState, SendText, Signal, TextOutcome, TextRecord
from calls.facts import Outcome
from calls.policy import Policy
from policy.agency import load_agency
from tests.builders import NOON, a_call, hours, minutes
from tests.workflows.stage import Clerk, Stage, playing

FOLDER = Path(__file__).parents[1] / "histories"
AGENCY = Path(__file__).parents[2] / "agencies" / "ottawa"

Story = Callable[[Stage, Policy], Awaitable[None]]


async def just_started(stage: Stage, _policy: Policy) -> None:
    await stage.until(NOON + minutes(1))


async def confirmed(stage: Stage, _policy: Policy) -> None:
    await stage.until(NOON + minutes(30))


async def told_of_the_delay(stage: Stage, _policy: Policy) -> None:
    await stage.until(NOON + minutes(70))


async def dispatched(stage: Stage, policy: Policy) -> None:
    await told_of_the_delay(stage, policy)
    call = a_call(policy, version=2, dispatched_at=NOON + minutes(70))
    await stage.handle.signal(Signal.DISPATCHED, CallChange(call=call))
    await stage.until(NOON + minutes(80))


async def cleared(stage: Stage, policy: Policy) -> None:
    await dispatched(stage, policy)
    call = a_call(policy, version=3, dispatched_at=NOON + minutes(70), cleared_at=NOON + minutes(80))
    await stage.handle.signal(Signal.CLEARED, CallChange(call=call))
    await stage.until(NOON + hours(2))


async def surveyed(stage: Stage, policy: Policy) -> None:
    await cleared(stage, policy)
    await stage.handle.result()


async def surveyed_with_a_disposition(stage: Stage, policy: Policy) -> None:
    """Recorded by a program that read no outcome from dispositions: there was none to be seen."""
    await dispatched(stage, policy)
    call = a_call(policy, version=3, dispatched_at=NOON + minutes(70), cleared_at=NOON + minutes(80), disposition="R")
    await stage.handle.signal(Signal.CLEARED, CallChange(call=call))
    await stage.handle.result()


async def corrected(stage: Stage, policy: Policy) -> None:
    """Another number, after the first was confirmed: it gets a confirmation of its own."""
    await stage.until(NOON + minutes(20))
    call = a_call(policy, version=2, recipient_version=2, number_corrected_at=NOON + minutes(20))
    await stage.handle.signal(Signal.UPDATED, CallChange(call=call))
    await stage.until(NOON + minutes(30))


async def cleared_without_survey(stage: Stage, policy: Policy) -> None:
    await confirmed(stage, policy)
    call = a_call(policy, version=2, cleared_at=NOON + minutes(40), disposition="UNF", outcome=Outcome.UNFOUNDED)
    await stage.handle.signal(Signal.CLEARED, CallChange(call=call))
    await stage.handle.result()


async def seen_late(stage: Stage, policy: Policy) -> None:
    """An hour after its receipt: its confirmation would be stale, says the ledger."""
    await stage.handle.result()


async def requeued(stage: Stage, _policy: Policy) -> None:
    for after, signal in ((10, Signal.DISPATCHED), (20, Signal.ARRIVED), (30, Signal.REQUEUED)):
        await stage.until(NOON + minutes(after))
        await stage.handle.signal(signal)
    await stage.until(NOON + minutes(100))


async def reopened(stage: Stage, _policy: Policy) -> None:
    for after, signal in ((30, Signal.CLEARED), (60, Signal.REOPENED), (90, Signal.CLEARED)):
        await stage.until(NOON + minutes(after))
        await stage.handle.signal(signal)
    await stage.handle.result()


async def reclassified(stage: Stage, policy: Policy) -> None:
    await stage.until(NOON + minutes(5))
    call = a_call(policy, version=2, call_type_code="DOMESTIC", call_type_group="intimate_partner_violence")
    await stage.handle.signal(Signal.RECLASSIFIED, CallChange(call=call))
    await stage.handle.result()


async def held_and_released(stage: Stage, _policy: Policy) -> None:
    await stage.handle.signal(Signal.HELD)
    await stage.until(NOON + minutes(10))
    await stage.handle.signal(Signal.RELEASED)
    await stage.handle.signal(Signal.UPDATED)
    await stage.until(NOON + minutes(20))
    await stage.handle.signal(Signal.CANCELLED)
    await stage.handle.result()


async def held_by_hand_for_long(stage: Stage, _policy: Policy) -> None:
    """Longer than the confirmation is true, and to its end: nothing was ordered, not even what had expired.

    Recorded before a hold in the database was a fact of the call.
    """
    await stage.handle.signal(Signal.HELD)
    for after in (90, 150):
        await stage.until(NOON + minutes(after))
        await stage.handle.signal(Signal.UPDATED)
    await stage.until(NOON + minutes(200))
    await stage.handle.signal(Signal.CANCELLED)
    await stage.handle.result()


async def held_in_the_database(stage: Stage, policy: Policy) -> None:
    """Confirmed, then held for longer than a delay notice is true."""

    def expired(order: SendText) -> TextOutcome:
        return TextOutcome(record=TextRecord(key=order.key, state=LedgerState.EXPIRED, due_at=order.due_at))

    await stage.until(NOON + minutes(10))
    await stage.handle.signal(Signal.HELD, CallChange(call=a_call(policy, version=2, held=True)))
    stage.clerk.answer = expired
    await stage.until(NOON + minutes(130))
    stage.clerk.answer = None
    await stage.handle.signal(Signal.RELEASED, CallChange(call=a_call(policy, version=3)))
    await stage.until(NOON + minutes(200))
    await stage.handle.signal(Signal.CANCELLED)
    await stage.handle.result()


async def never_cleared(stage: Stage, _policy: Policy) -> None:
    await stage.handle.result()


async def let_go(stage: Stage, _policy: Policy) -> None:
    """A confirmation that nobody tells of, then one that the carrier does not take, and a hold by hand meanwhile."""

    def nobody_tells(_order: SendText) -> TextOutcome:
        return TextOutcome()

    def carrier_is_down(_order: SendText) -> TextOutcome:
        raise ApplicationError("503", type="NotProcessed")

    stage.clerk.answer = nobody_tells
    await stage.until(NOON + minutes(4))
    stage.clerk.answer = carrier_is_down
    await stage.until(NOON + minutes(6))
    await stage.handle.signal(Signal.HELD)
    stage.clerk.answer = None
    await stage.until(NOON + minutes(10))
    await stage.handle.signal(Signal.RELEASED)
    await stage.until(NOON + minutes(20))
    await stage.handle.signal(Signal.CANCELLED)
    await stage.handle.result()


async def pestered(stage: Stage, policy: Policy) -> None:
    """Signals that make no sense, and one of another call."""
    nonsense: list[list[object]] = [["words"], [{}, {}], [{"clock": {"speed": 1e300}}], [b"bytes"]]
    for said in nonsense:
        await stage.handle.signal(Signal.HELD, args=said)
    await stage.handle.signal(Signal.CLEARED, CallChange(call=a_call(policy, version=9, cad_id="2002", held=True)))
    await stage.handle.signal("no_such_signal")
    await stage.until(NOON + minutes(20))
    await stage.handle.signal(Signal.CANCELLED)
    await stage.handle.result()


STORIES: dict[str, Story] = {
    story.__name__: story
    for story in (
        just_started,
        confirmed,
        told_of_the_delay,
        dispatched,
        cleared,
        surveyed,
        surveyed_with_a_disposition,
        corrected,
        cleared_without_survey,
        seen_late,
        requeued,
        reopened,
        reclassified,
        held_and_released,
        held_by_hand_for_long,
        held_in_the_database,
        never_cleared,
        let_go,
        pestered,
    )
}


def _as_the_ledger_would(order: SendText) -> TextOutcome:
    """What is stale is not sent."""
    is_stale = order.key.kind is Kind.CONFIRMATION and order.expires_at <= NOON
    state = LedgerState.EXPIRED if is_stale else LedgerState.ACCEPTED
    return TextOutcome(record=TextRecord(key=order.key, state=state, due_at=order.due_at))


async def record(name: str) -> None:
    """Play the story and keep its history."""
    policy = load_agency(AGENCY).policy
    facts: dict[str, Any] = {"received_at": NOON - minutes(70)} if name == seen_late.__name__ else {}
    async with playing(policy, a_call(policy, **facts), clerk=Clerk(answer=_as_the_ledger_would)) as stage:
        await STORIES[name](stage, policy)
        history = await stage.handle.fetch_history()
    (FOLDER / f"{name}.json").write_text(history.to_json() + "\n", encoding="utf-8")


async def main(names: list[str]) -> None:
    """Record the named stories."""
    for name in names:
        await record(name)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
