"""What operators tell a call by hand, from Temporal's UI or with curl: a signal without a payload."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from calls.contracts import KnownCall, Signal
from calls.eligibility import Decision, Eligibility
from calls.facts import CallFacts

_TIMES: Final[Mapping[Signal, str]] = {
    Signal.DISPATCHED: "dispatched_at",
    Signal.REQUEUED: "requeued_at",
    Signal.ARRIVED: "arrived_at",
    Signal.CLEARED: "cleared_at",
    Signal.REOPENED: "reopened_at",
}
_STOPS = frozenset({Signal.RECLASSIFIED, Signal.CANCELLED})


@dataclass
class ByHand:
    """Means "this happened now". It stands until CAD tells something later of the same; a stop stands for good."""

    times: dict[str, datetime] = field(default_factory=dict)
    held: bool | None = None
    stopped: Signal | None = None

    def note(self, signal: Signal, *, now: datetime) -> None:
        """Take the signal; one that says nothing by itself (`updated`) changes nothing."""
        if signal in _TIMES:
            self.times[_TIMES[signal]] = now
        elif signal in _STOPS:
            self.stopped = self.stopped or signal
        elif signal in {Signal.HELD, Signal.RELEASED}:
            self.held = signal is Signal.HELD

    def hear(self, before: KnownCall, told: KnownCall) -> None:
        """Staff have held or released the call since: the last word counts."""
        if before.facts.held != told.facts.held:
            self.held = None

    def over(self, told: KnownCall) -> KnownCall:
        """What CAD told, with what was said by hand on top."""
        return told.model_copy(update={"facts": self._facts(told.facts), "decision": self._decision(told.decision)})

    def _facts(self, facts: CallFacts) -> CallFacts:
        newer = {name: time for name, time in self.times.items() if (getattr(facts, name) or time) <= time}
        return facts.model_copy(update={**newer, "held": facts.held and self.held is not False})

    def _decision(self, decision: Decision) -> Decision:
        if self.stopped is None:
            return decision
        return decision.model_copy(
            update={"eligibility": Eligibility.INELIGIBLE, "rule": str(self.stopped), "reason": "sent by hand"}
        )
