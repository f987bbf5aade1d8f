"""A storm of signals on one call: no text comes of it, and no history that Temporal would complain of."""

import asyncio
from collections.abc import Sequence

import pytest
from temporalio.api.enums.v1 import EventType

from calls.contracts import CallChange, Signal
from policy.agency import Agency
from tests.builders import NOON, a_call, hours, minutes
from tests.workflows.stage import Stage, playing

MANY = 1000
AT_ONCE = 20
TEMPORAL_WARNS = 10_240
"""Events; at 51,200 Temporal ends the workflow."""


async def _storm(stage: Stage, signals: Sequence[tuple[Signal, CallChange | None]]) -> None:
    """Send them again and again, some at a time."""
    for begin in range(0, MANY, AT_ONCE):
        part = (signals[number % len(signals)] for number in range(begin, begin + AT_ONCE))
        await asyncio.gather(*(stage.handle.signal(name, args=[] if said is None else [said]) for name, said in part))


async def _counted(stage: Stage) -> int:
    events = (await stage.handle.fetch_history()).events
    assert sum(event.event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED for event in events) >= MANY
    assert not any(event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED for event in events)
    return len(events)


async def test_r2_a_thousand_repeated_signals_cost_no_text_and_the_call_still_ends(ottawa: Agency) -> None:
    policy = ottawa.policy
    dispatched = a_call(policy, version=2, dispatched_at=NOON + minutes(10))
    signals = [
        (Signal.DISPATCHED, CallChange(call=dispatched)),
        (Signal.UPDATED, CallChange(call=a_call(policy))),
        (Signal.ARRIVED, None),
        (Signal.UPDATED, None),
        (Signal.DISPATCHED, None),
    ]
    async with playing(policy, a_call(policy)) as stage:
        await stage.until(NOON + minutes(10))
        await _storm(stage, signals)
        await stage.until(NOON + hours(10))
        assert stage.clerk.sent == ["confirmation"]
        await stage.handle.signal(Signal.CLEARED)
        result = await stage.handle.result()
        assert stage.clerk.sent == ["confirmation", "survey link"]
        assert await _counted(stage) < TEMPORAL_WARNS
    assert result.texts == ("confirmation: accepted", "survey link: accepted")


@pytest.mark.parametrize(
    "names",
    [
        (Signal.REQUEUED,),
        (Signal.CLEARED, Signal.REOPENED),
        (Signal.HELD, Signal.RELEASED),
        (Signal.DISPATCHED, Signal.REQUEUED, Signal.CLEARED, Signal.REOPENED, Signal.HELD, Signal.RELEASED),
    ],
    ids=" ".join,
)
async def test_r2_a_thousand_bare_signals_that_each_change_the_call_cost_no_text_and_it_still_ends(
    ottawa: Agency, names: Sequence[Signal]
) -> None:
    async with playing(ottawa.policy, a_call(ottawa.policy)) as stage:
        await stage.until(NOON + minutes(10))
        await _storm(stage, [(name, None) for name in names])
        assert stage.clerk.sent == ["confirmation"]
        await stage.handle.signal(Signal.RELEASED)
        await stage.handle.signal(Signal.CLEARED)
        result = await stage.handle.result()
        assert stage.clerk.sent == ["confirmation", "survey link"]
        assert await _counted(stage) < TEMPORAL_WARNS
    assert result.reason == "the survey was offered"
