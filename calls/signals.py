"""Which signal tells the reader of a call's history what changed. The facts in its payload decide, not its name."""

from calls.contracts import KnownCall, Signal
from calls.eligibility import Rule
from calls.facts import CallFacts


def signal_for(before: CallFacts | None, after: KnownCall) -> Signal:
    """The first that applies, the most silencing first."""
    facts = after.facts
    if before is None:
        return Signal.UPDATED if facts.latch is None else Signal.RECLASSIFIED
    if facts.latch is not None and before.latch is None:
        return Signal.RECLASSIFIED
    if not after.decision.is_eligible and after.decision.rule not in (Rule.CANCELLED, Rule.LATCH, Rule.FORGOTTEN):
        return Signal.RECLASSIFIED
    if facts.cancelled is not None and before.cancelled is None:
        return Signal.CANCELLED
    for name, signal in (
        ("reopened_at", Signal.REOPENED),
        ("cleared_at", Signal.CLEARED),
        ("requeued_at", Signal.REQUEUED),
        ("dispatched_at", Signal.DISPATCHED),
        ("arrived_at", Signal.ARRIVED),
    ):
        if getattr(facts, name) is not None and getattr(facts, name) != getattr(before, name):
            return signal
    if facts.held != before.held:
        return Signal.HELD if facts.held else Signal.RELEASED
    return Signal.UPDATED
