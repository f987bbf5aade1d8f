"""Every step says in which stage the call stands: on thousands of random streams, and by the facts alone."""

from typing import Any

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from calls.contracts import WENT_OUT, Kind, LedgerState, TextRecord
from calls.timetable import End, Send, Stage, Step, Wait, next_step
from tests.builders import CONFIRMED, NOON, a_call, minutes, text
from tests.calls.test_timetable_lives import MANY, POLICY, TIMETABLE, Happens, live, stories

REFUSED = text(Kind.CONFIRMATION, state=LedgerState.FAILED)
SURVEYED = text(Kind.SURVEY)
POSSIBLE: dict[Stage, set[Kind | None]] = {
    Stage.CONFIRMING: {Kind.CONFIRMATION},
    Stage.CORRECTING: {None},
    Stage.WAITING: {Kind.DELAY, None},
    Stage.DISPATCHED: {None},
    Stage.CLEARED: {Kind.SURVEY, None},
}
"""The texts that may come next."""


def step_after(after: float, *texts: TextRecord, **facts: Any) -> Step:
    known: dict[str, Any] = {
        name: NOON + minutes(value) if name.endswith("_at") else value for name, value in facts.items()
    }
    return next_step(call=a_call(POLICY, **known), texts=texts, timetable=TIMETABLE, now=NOON + minutes(after))


@pytest.mark.parametrize(
    ("stage", "texts", "facts"),
    [
        (Stage.CONFIRMING, [], {}),
        (Stage.CONFIRMING, [], {"dispatched_at": 1}),
        (Stage.CORRECTING, [REFUSED], {}),
        (Stage.WAITING, [CONFIRMED], {}),
        (Stage.WAITING, [CONFIRMED], {"dispatched_at": 5, "requeued_at": 9}),
        (Stage.DISPATCHED, [CONFIRMED], {"dispatched_at": 5}),
        (Stage.CLEARED, [CONFIRMED], {"cleared_at": 9}),
        (Stage.HELD, [], {"held": True}),
        (Stage.HELD, [CONFIRMED], {"held": True, "cleared_at": 9}),
        (Stage.SILENT, [CONFIRMED], {"safety_flag": True}),
        (Stage.SILENT, [], {"recipient_version": 0}),
        (Stage.OVER, [CONFIRMED, SURVEYED], {"cleared_at": 9}),
        (Stage.OVER, [], {"cleared_at": 1}),
    ],
)
def test_the_stage_of(stage: Stage, texts: list[TextRecord], facts: dict[str, Any]) -> None:
    assert step_after(10, *texts, **facts).stage is stage


def test_a_wait_says_which_text_it_is_for() -> None:
    due = [
        (step_after(1), Kind.CONFIRMATION, 3),
        (step_after(10, CONFIRMED), Kind.DELAY, 60),
        (step_after(10, CONFIRMED, cleared_at=9), Kind.SURVEY, 249),
    ]
    for step, kind, after in due:
        assert isinstance(step, Wait)
        assert step.text is not None
        assert (step.text.kind, step.until) == (kind, NOON + minutes(after))
    with_an_officer = step_after(10, CONFIRMED, dispatched_at=5)
    assert isinstance(with_an_officer, Wait)
    assert with_an_officer.text is None


@MANY
@given(stories, st.lists(st.sampled_from(sorted(LedgerState)), min_size=1, max_size=8))
def test_on_any_stream_the_stage_fits_the_facts_and_what_was_sent(
    story: list[Happens], outcomes: list[LedgerState]
) -> None:
    life = live(story, [], outcomes)
    told = sorted({NOON, *(happens.at for happens in story), *(at for at, _ in life.waits)})
    for now in told:
        facts = {name: value for happens in story if happens.at <= now for name, value in happens.facts.items()}
        texts = [TextRecord(key=s.step.key, state=s.state, due_at=s.step.due_at) for s in life.sent if s.at <= now]
        call = a_call(POLICY, **facts)
        step = next_step(call=call, texts=texts, timetable=TIMETABLE, now=now)
        event(step.stage)
        assert (step.stage is Stage.SILENT) == (not call.decision.is_eligible)
        if step.stage is Stage.SILENT:
            continue
        assert (step.stage is Stage.OVER) == isinstance(step, End)
        if isinstance(step, End):
            continue
        assert (step.stage is Stage.HELD) == call.facts.held
        if step.stage is Stage.HELD:
            continue
        confirmed = any(
            record.key.kind is Kind.CONFIRMATION
            and record.key.recipient_version == call.facts.recipient_version
            and record.state in WENT_OUT
            for record in texts
        )
        assert (step.stage in {Stage.CONFIRMING, Stage.CORRECTING}) == (not confirmed)
        assert (step.stage is Stage.CLEARED) == call.facts.is_cleared
        assert (step.stage is Stage.DISPATCHED) <= call.facts.is_dispatched
        assert (step.stage is Stage.WAITING) <= (not call.facts.is_dispatched)
        kind = step.key.kind if isinstance(step, Send) else step.text.kind if step.text else None
        assert kind in POSSIBLE[step.stage]
