"""The workflow of one call, from receipt to its end, with time skipped."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError

from calls.contracts import CallChange, Kind, LedgerState, SendText, Signal, TextOutcome, TextRecord
from calls.eligibility import Rule
from policy.agency import Agency
from tests.builders import CONFIRMED, NOON, a_call, hours, minutes, text
from tests.workflows.stage import Clerk, near, playing


async def test_a_caller_hears_of_receipt_and_delay_and_gets_the_survey_after_clearing(ottawa: Agency) -> None:
    policy = ottawa.policy
    async with playing(policy, a_call(policy)) as stage:
        await stage.until(NOON + minutes(70))
        assert stage.clerk.sent == ["confirmation", "delay notice 1"]
        await stage.handle.signal(
            Signal.DISPATCHED, CallChange(call=a_call(policy, version=2, dispatched_at=NOON + minutes(70)))
        )
        await stage.until(NOON + hours(4))
        cleared_at = NOON + hours(4)
        cleared = a_call(policy, version=3, dispatched_at=NOON + minutes(70), cleared_at=cleared_at)
        await stage.handle.signal(Signal.CLEARED, CallChange(call=cleared))
        result = await stage.handle.result()
        clerk, clock = stage.clerk, stage.clock
    assert result.reason == "the survey was offered"
    assert result.texts == ("confirmation: accepted", "delay notice 1: accepted", "survey link: accepted")
    assert near(clock.at(clerk.asked_at("confirmation")), NOON + minutes(3))
    assert near(clock.at(clerk.asked_at("delay notice 1")), NOON + minutes(60))
    # Cleared at 16:00, four hours later it is 20:00: the window is closed until 9:00 the next morning.
    assert near(clock.at(clerk.asked_at("survey link")), datetime(2026, 1, 16, 14, 0, tzinfo=UTC))


async def test_three_delay_notices_then_silence_and_the_call_ends_by_itself_after_14_days(ottawa: Agency) -> None:
    async with playing(ottawa.policy, a_call(ottawa.policy)) as stage:
        result = await stage.handle.result()
        events = (await stage.handle.fetch_history()).events
        ended = stage.clock.at(events[-1].event_time.ToDatetime(tzinfo=UTC))
        clerk, clock = stage.clerk, stage.clock
    assert result.reason == "CAD never cleared the call"
    assert clerk.sent == ["confirmation", "delay notice 1", "delay notice 2", "delay notice 3"]
    assert near(clock.at(clerk.asked_at("delay notice 3")), NOON + minutes(60 + 2 * 120))
    assert near(ended, NOON + timedelta(days=14))


async def test_a_clock_that_goes_on_faster_brings_the_next_text_sooner(ottawa: Agency) -> None:
    async with playing(ottawa.policy, a_call(ottawa.policy)) as stage:
        await stage.until(NOON + minutes(20))
        now = await stage.environment.get_current_time()
        quick = stage.clock.paused_between(now, now).model_copy(update={"speed": 60.0})
        await stage.handle.signal(Signal.UPDATED, CallChange(clock=quick))
        await stage.environment.sleep(minutes(1))  # of the quick clock an hour
        assert stage.clerk.sent == ["confirmation", "delay notice 1"]
        assert near(quick.at(stage.clerk.asked_at("delay notice 1")), NOON + minutes(60))


async def test_signals_sent_by_hand_without_a_payload_mean_that_it_happened_now(ottawa: Agency) -> None:
    async with playing(ottawa.policy, a_call(ottawa.policy)) as stage:
        await stage.until(NOON + minutes(20))
        await stage.handle.signal(Signal.DISPATCHED)
        await stage.until(NOON + minutes(90))
        assert stage.clerk.sent == ["confirmation"]
        await stage.handle.signal(Signal.CLEARED)
        await stage.handle.result()
        assert stage.clerk.sent == ["confirmation", "survey link"]
        assert near(stage.clock.at(stage.clerk.asked_at("survey link")), NOON + minutes(90) + hours(4))


@pytest.mark.parametrize(
    ("signal", "reason"), [(Signal.RECLASSIFIED, "silent: reclassified"), (Signal.CANCELLED, "silent: cancelled")]
)
async def test_a_call_that_is_stopped_by_hand_falls_silent_at_once(ottawa: Agency, signal: Signal, reason: str) -> None:
    async with playing(ottawa.policy, a_call(ottawa.policy)) as stage:
        await stage.until(NOON + minutes(10))
        await stage.handle.signal(signal)
        result = await stage.handle.result()
    assert result.reason == reason
    assert result.texts == ("confirmation: accepted",)


async def test_a_call_that_becomes_sensitive_is_silent_for_ever(ottawa: Agency) -> None:
    policy = ottawa.policy
    sensitive = a_call(policy, version=2, call_type_code="DOMESTIC", call_type_group="intimate_partner_violence")
    async with playing(policy, a_call(policy)) as stage:
        await stage.until(NOON + minutes(1))
        await stage.handle.signal(Signal.RECLASSIFIED, CallChange(call=sensitive))
        result = await stage.handle.result()
        assert stage.clerk.sent == []
    assert result.reason == f"silent: {Rule.SENSITIVE_TYPE}"


async def test_a_held_call_gets_nothing_until_it_is_released(ottawa: Agency) -> None:
    policy = ottawa.policy
    async with playing(policy, a_call(policy)) as stage:
        await stage.handle.signal(Signal.HELD)
        await stage.until(NOON + minutes(30))
        assert stage.clerk.sent == []
        assert "held by staff" in await stage.details()
        await stage.handle.signal(Signal.RELEASED)
        await stage.until(NOON + minutes(31))
        assert stage.clerk.sent == ["confirmation"]


async def test_r2_a_call_that_is_held_in_the_database_orders_a_text_when_it_has_expired_and_no_sooner(
    ottawa: Agency,
) -> None:
    policy = ottawa.policy
    async with playing(policy, a_call(policy)) as stage:
        await stage.handle.signal(Signal.HELD, CallChange(call=a_call(policy, version=2, held=True)))
        await stage.until(NOON + minutes(62))
        assert stage.clerk.sent == []
        assert "held by staff" in await stage.details()
        await stage.until(NOON + minutes(64))
        assert near(stage.clock.at(stage.clerk.asked_at("confirmation")), NOON + minutes(63))


@pytest.mark.parametrize("order", [(2, 3), (3, 2), (2, 3, 3, 2, 2)])
async def test_a_hold_and_its_release_come_to_the_same_late_repeated_and_in_any_order(
    ottawa: Agency, order: tuple[int, ...]
) -> None:
    policy = ottawa.policy
    async with playing(policy, a_call(policy)) as stage:
        for version in order:
            call = a_call(policy, version=version, held=version == 2)
            name = Signal.HELD if version == 2 else Signal.RELEASED
            await stage.handle.signal(name, CallChange(call=call))
        await stage.until(NOON + minutes(4))
        assert stage.clerk.sent == ["confirmation"]


async def test_of_a_hold_by_hand_and_one_in_the_database_the_last_word_counts(ottawa: Agency) -> None:
    policy = ottawa.policy
    async with playing(policy, a_call(policy)) as stage:
        await stage.handle.signal(Signal.HELD)
        await stage.handle.signal(Signal.HELD, CallChange(call=a_call(policy, version=2, held=True)))
        await stage.until(NOON + minutes(10))
        await stage.handle.signal(Signal.RELEASED)  # by hand, while the database still holds it
        await stage.until(NOON + minutes(11))
        assert stage.clerk.sent == ["confirmation"]  # the activity asks the database
        await stage.handle.signal(Signal.HELD)
        await stage.until(NOON + minutes(61))
        assert stage.clerk.sent == ["confirmation"]
        await stage.handle.signal(Signal.RELEASED, CallChange(call=a_call(policy, version=3)))
        await stage.until(NOON + minutes(62))
        assert stage.clerk.sent == ["confirmation", "delay notice 1"]


async def test_a_late_or_repeated_signal_changes_nothing(ottawa: Agency) -> None:
    policy = ottawa.policy
    dispatched = a_call(policy, version=3, dispatched_at=NOON + minutes(10))
    async with playing(policy, a_call(policy)) as stage:
        await stage.until(NOON + minutes(10))
        for _ in range(3):
            await stage.handle.signal(Signal.DISPATCHED, CallChange(call=dispatched))
        await stage.handle.signal(Signal.UPDATED, CallChange(call=a_call(policy, version=2)))
        await stage.until(NOON + hours(10))
        assert stage.clerk.sent == ["confirmation"]


async def test_newer_facts_that_the_database_answers_with_are_taken_at_once(ottawa: Agency) -> None:
    """The workflow ordered a delay notice; the database knew already that an officer has the call."""
    policy = ottawa.policy
    dispatched = a_call(policy, version=2, dispatched_at=NOON + minutes(59))

    def answer(order: SendText) -> TextOutcome:
        if order.key.kind is Kind.DELAY:
            return TextOutcome(call=dispatched)
        return TextOutcome(record=TextRecord(key=order.key, state=LedgerState.ACCEPTED, due_at=order.due_at))

    async with playing(policy, a_call(policy), clerk=Clerk(answer=answer)) as stage:
        await stage.until(NOON + hours(12))
        assert stage.clerk.sent == ["confirmation", "delay notice 1"]
        assert "an officer has the call" in await stage.details()


async def test_a_confirmation_that_is_not_sent_is_the_end_of_the_story(ottawa: Agency) -> None:
    def answer(order: SendText) -> TextOutcome:
        return TextOutcome(record=TextRecord(key=order.key, state=LedgerState.EXPIRED, due_at=order.due_at))

    async with playing(ottawa.policy, a_call(ottawa.policy), clerk=Clerk(answer=answer)) as stage:
        result = await stage.handle.result()
    assert result.reason == "the confirmation was not sent: expired"


async def test_reopened_before_the_survey_the_call_waits_again_and_gets_one_survey(ottawa: Agency) -> None:
    async with playing(ottawa.policy, a_call(ottawa.policy)) as stage:
        for after, signal in (
            (10, Signal.DISPATCHED),
            (30, Signal.CLEARED),
            (60, Signal.REOPENED),
            (80, Signal.CLEARED),
        ):
            await stage.until(NOON + minutes(after))
            await stage.handle.signal(signal)
        await stage.handle.result()
        assert stage.clerk.sent == ["confirmation", "survey link"]
        assert near(stage.clock.at(stage.clerk.asked_at("survey link")), NOON + minutes(80) + hours(4))


@pytest.mark.parametrize(
    ("signal", "payload"),
    [
        ("no_such_signal", {"call": 1}),
        ("dispatched", "words instead of facts"),
        ("dispatched", {"call": {"version": "many"}}),
        ("arrived", None),
        ("arrived", {"an unknown field": True, "call": None}),
    ],
)
async def test_a_poisonous_signal_does_not_wedge_the_call(ottawa: Agency, signal: str, payload: Any) -> None:
    async with playing(ottawa.policy, a_call(ottawa.policy)) as stage:
        await stage.until(NOON + minutes(1))
        await stage.handle.signal(signal, payload)
        await stage.until(NOON + minutes(5))
        await stage.handle.signal(Signal.CANCELLED)
        assert (await stage.handle.result()).reason == "silent: cancelled"


async def test_the_history_reads_as_a_story(ottawa: Agency) -> None:
    """Names and summaries that staff see in Temporal's UI, in their order."""
    async with playing(ottawa.policy, a_call(ottawa.policy)) as stage:
        await stage.until(NOON + minutes(70))
        await stage.handle.signal(Signal.DISPATCHED)
        await stage.until(NOON + minutes(100))
        await stage.handle.signal(Signal.CLEARED)
        await stage.handle.result()
        history = await stage.handle.fetch_history()
    story = []
    for event in history.events:
        if event.HasField("workflow_execution_signaled_event_attributes"):
            story.append(event.workflow_execution_signaled_event_attributes.signal_name)
        elif event.HasField("user_metadata"):
            story.append(event.user_metadata.summary.data.decode().strip('"'))
    assert story == [
        "confirmation due",
        "confirmation",
        "delay notice 1 due",
        "delay notice 1",
        "delay notice 2 due",
        "dispatched",
        "an officer has the call: until it is cleared",
        "cleared",
        "survey due",
        "survey link",
    ]


async def test_r2_a_workflow_that_is_started_anew_sends_nothing_that_the_ledger_has(ottawa: Agency) -> None:
    """Temporal lost the first one: the call was confirmed and told of the delay, and was cleared meanwhile."""
    policy = ottawa.policy
    sent = (CONFIRMED, text(Kind.DELAY, due_at=NOON + minutes(60)))
    call = a_call(policy, version=3, cleared_at=NOON + minutes(90))
    async with playing(policy, call, texts=sent) as stage:
        result = await stage.handle.result()
        assert stage.clerk.sent == ["survey link"]
    assert result.texts == ("confirmation: accepted", "delay notice 1: accepted", "survey link: accepted")


async def test_a_text_of_which_nobody_tells_what_became_of_it_is_not_asked_for_without_a_pause(ottawa: Agency) -> None:
    """A worker by whose clock it is night, say, and a workflow by whose clock it is day."""
    clerk = Clerk(answer=lambda _order: TextOutcome())
    async with playing(ottawa.policy, a_call(ottawa.policy), clerk=clerk) as stage:
        await stage.until(NOON + minutes(13))
        await stage.handle.signal(Signal.CANCELLED)
        assert (await stage.handle.result()).reason == "silent: cancelled"
    assert 9 <= len(clerk.orders) <= 11


async def test_a_text_that_the_carrier_does_not_take_is_let_go_when_the_call_is_held_by_hand(ottawa: Agency) -> None:
    """The database does not know of the hold: the text would go out as soon as the carrier is back."""

    def answer(order: SendText) -> TextOutcome:
        if not down:
            return TextOutcome(record=TextRecord(key=order.key, state=LedgerState.ACCEPTED, due_at=order.due_at))
        raise ApplicationError("503", type="NotProcessed")

    down = True
    async with playing(ottawa.policy, a_call(ottawa.policy), clerk=Clerk(answer=answer)) as stage:
        await stage.until(NOON + minutes(5))
        await stage.handle.signal(Signal.HELD)
        await stage.until(NOON + minutes(6))
        tried = len(stage.clerk.orders)
        down = False
        await stage.until(NOON + minutes(20))
        assert len(stage.clerk.orders) == tried
        await stage.handle.signal(Signal.RELEASED)
        await stage.until(NOON + minutes(21))
        assert len(stage.clerk.orders) == tried + 1
