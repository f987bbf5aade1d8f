"""Which name the reader of a call's history sees for what changed."""

from typing import Any

import pytest

from calls.contracts import Signal
from calls.facts import CallFacts, Language
from calls.signals import signal_for
from policy.agency import load_agency
from tests.builders import NOON, a_call, minutes, some_facts
from tests.conftest import AGENCIES

POLICY = load_agency(AGENCIES / "ottawa").policy
LATER, STILL_LATER = NOON + minutes(10), NOON + minutes(20)

# In the order of the design, the most silencing first: of several changes in one forward, the first names it.
IN_ORDER: list[tuple[Signal, dict[str, Any]]] = [
    (Signal.RECLASSIFIED, {"latch": "safety flag"}),
    (Signal.CANCELLED, {"cancelled": "duplicate"}),
    (Signal.REOPENED, {"reopened_at": STILL_LATER}),
    (Signal.CLEARED, {"cleared_at": LATER}),
    (Signal.REQUEUED, {"requeued_at": STILL_LATER}),
    (Signal.DISPATCHED, {"dispatched_at": LATER}),
    (Signal.ARRIVED, {"arrived_at": LATER}),
    (Signal.HELD, {"held": True}),
    (Signal.UPDATED, {"case_number": "26-2"}),
]


def name(before: CallFacts | None, **after: Any) -> Signal:
    return signal_for(before, a_call(POLICY, **after))


@pytest.mark.parametrize(("signal", "change"), IN_ORDER)
def test_each_change_has_its_name(signal: Signal, change: dict[str, Any]) -> None:
    assert name(some_facts(), **change) == signal


@pytest.mark.parametrize("first", range(len(IN_ORDER)))
def test_of_several_changes_the_most_silencing_gives_the_name(first: int) -> None:
    together: dict[str, Any] = {}
    for _, change in IN_ORDER[first:]:
        together |= change
    assert name(some_facts(), **together) == IN_ORDER[first][0]


@pytest.mark.parametrize(
    "change",
    [
        {"in_progress": True},
        {"safety_flag": True},
        {"priority_code": "1", "priority": 1},
        {"call_type_code": "DVA", "call_type_group": "intimate_partner_violence"},
        {"call_type_code": "ZZZ", "call_type_group": None},
        {"source_code": "radio", "source": "officer"},
    ],
)
def test_what_makes_the_call_one_that_is_not_texted_reclassifies_it(change: dict[str, Any]) -> None:
    assert name(some_facts(), **change) == Signal.RECLASSIFIED
    assert name(some_facts(), **change, cancelled="merged", cleared_at=LATER) == Signal.RECLASSIFIED


@pytest.mark.parametrize(
    "change",
    [
        {"case_number": "26-2"},
        {"recipient_version": 2},
        {"language": Language.FRENCH},
        {"call_ended_at": LATER},
        {"priority_code": "3", "priority": 3},
        {"call_type_code": "THEFT", "call_type_group": "theft"},
        {},
    ],
)
def test_the_rest_is_an_update(change: dict[str, Any]) -> None:
    assert name(some_facts(), **change) == Signal.UPDATED


@pytest.mark.parametrize(
    ("signal", "field"),
    [
        (Signal.REOPENED, "reopened_at"),
        (Signal.CLEARED, "cleared_at"),
        (Signal.REQUEUED, "requeued_at"),
        (Signal.DISPATCHED, "dispatched_at"),
        (Signal.ARRIVED, "arrived_at"),
    ],
)
def test_a_step_that_happens_again_is_told_again(signal: Signal, field: str) -> None:
    assert name(some_facts(**{field: LATER}), **{field: STILL_LATER}) == signal
    assert name(some_facts(**{field: LATER}), **{field: LATER}) == Signal.UPDATED


def test_released_when_it_was_held() -> None:
    assert name(some_facts(held=True)) == Signal.RELEASED
    assert name(some_facts(held=True), held=True) == Signal.UPDATED


def test_what_was_so_before_gives_no_name() -> None:
    known = {"latch": "safety flag", "cancelled": "merged", "dispatched_at": LATER}
    assert name(some_facts(**known), **known, cleared_at=STILL_LATER) == Signal.CLEARED


def test_where_nothing_was_signalled_before_it_is_an_update() -> None:
    assert name(None, dispatched_at=LATER, cleared_at=LATER) == Signal.UPDATED
