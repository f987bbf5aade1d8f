"""A simulation in figures."""

import math
import random
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calls.contracts import Kind
from calls.eligibility import Rule
from local.simulation.outcome import SENT, DecidedCall, Eligible, SegmentPrice, SimulatedText, Simulation
from local.simulation.summary import Grounds, Group, UnknownCode, WaitFigures, percentile, summarize

ZONE = ZoneInfo("America/Toronto")
NOON = datetime(2026, 1, 15, 12, 0, tzinfo=ZONE)


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


def a_call(call_id: str = "1", **changes: Any) -> DecidedCall:
    """An eligible noise complaint, received at noon, of which nothing more is known."""
    call = DecidedCall(
        call_id=call_id,
        received_at=NOON,
        dispatched_at=None,
        arrived_at=None,
        cleared_at=None,
        priority=4,
        call_type_code="NOISE",
        call_type_group="noise",
        eligible=Eligible.YES,
        rule=Rule.ALL_MET,
        reason="the caller may be texted",
        first_rule=Rule.ALL_MET,
    )
    return replace(call, **changes)


def silent(call_id: str, rule: str, reason: str = "why", **changes: Any) -> DecidedCall:
    """A call whose caller is not texted, from first sight on."""
    return a_call(call_id, **({"eligible": Eligible.NO, "rule": rule, "reason": reason, "first_rule": rule} | changes))


def a_text(call_id: str = "1", kind: Kind = Kind.CONFIRMATION, **changes: Any) -> SimulatedText:
    """A text in English of two segments, sent when it was due, three minutes after noon."""
    text = SimulatedText(
        call_id=call_id,
        kind=kind,
        sequence=1,
        language="en",
        segments=2,
        due_at=NOON + minutes(3),
        sent_at=NOON + minutes(3),
        outcome=SENT,
        rule=None,
        reason=None,
    )
    return replace(text, **changes)


def sent_at(*moments: datetime, kind: Kind = Kind.CONFIRMATION) -> list[SimulatedText]:
    """Texts sent just then."""
    return [a_text(kind=kind, due_at=moment, sent_at=moment) for moment in moments]


def held(
    call_id: str = "1", *, outcome: str = "suppressed", rule: str | None = "opted out", **changes: Any
) -> SimulatedText:
    """A text that was owed and did not go out."""
    return a_text(
        call_id, **({"outcome": outcome, "rule": rule, "reason": "why", "sent_at": None, "segments": None} | changes)
    )


def a_simulation(
    calls: list[DecidedCall] | None = None, texts: list[SimulatedText] | None = None, **changes: Any
) -> Simulation:
    """One of a log that tells everything."""
    calls = [a_call()] if calls is None else calls
    received = [call.received_at for call in calls if call.received_at is not None]
    simulation = Simulation(
        agency_key="ottawa",
        agency_name={"en": "Ottawa Police", "fr": "Police d’Ottawa"},
        policy_version="ottawa-0123456789",
        log_name="calls.csv",
        window=(min(received), max(received)) if received else None,
        rows=len(calls),
        problems=[],
        segment_price=SegmentPrice(amount=Decimal("0.01"), currency="CAD"),
        tells=frozenset({"dispatched", "arrived", "cleared", "call_ended", "language", "disposition"}),
        calls=calls,
        texts=[] if texts is None else texts,
    )
    return replace(simulation, **changes)


_SILENT = [
    *[(Rule.PRIORITY, "priority 2; texted are 3, 4")] * 5,
    *[(Rule.PRIORITY, "priority 1; texted are 3, 4")] * 3,
    *[(Rule.EXCLUDED_TYPE, "alarms and other alerts")] * 4,
    (Rule.EXCLUDED_TYPE, "assaults (named in the French release)"),
    *[(Rule.SENSITIVE_TYPE, "intimate partner violence")] * 2,
    (Rule.SENSITIVE_TYPE, "a person in crisis"),
    *[(Rule.SOURCE, "the call came from: officer")] * 3,
    (Rule.SAFETY_FLAG, "CAD carries a safety flag"),
    (Rule.IN_PROGRESS, "the incident is in progress"),
    (Rule.CANCELLED, "CAD says: duplicate"),
    (Rule.NO_NUMBER, "CAD gives no number that can be texted"),
]


def a_made_up_simulation(*, calls: int = 800, days: int = 3, seed: int = 7) -> Simulation:
    """As a real one looks: busy evenings, long waits, codes that nobody knows. The same every time."""
    chance = random.Random(seed)
    start = datetime(2026, 1, 15, tzinfo=ZONE)
    hours = chance.choices(
        range(24), weights=[3, 2, 1, 1, 1, 1, 2, 3, 5, 6, 7, 7, 8, 8, 8, 9, 9, 9, 8, 8, 7, 6, 5, 4], k=calls
    )
    received = sorted(
        start + timedelta(days=chance.randrange(days), hours=hour, seconds=chance.randrange(3600)) for hour in hours
    )
    found = [_made_up_call(f"{26_000_000 + each}", moment, chance) for each, moment in enumerate(received)]
    texts = [text for call in found for text in _made_up_texts(call, chance)]
    problems = [
        f"line {37 * each + 12}: call {26_000_000 + each}: cleared before it was received; left out"
        for each in range(3)
    ]
    return a_simulation(
        found,
        sorted(texts, key=lambda text: (text.due_at, text.call_id)),
        log_name="calls-2026-01.csv.gz",
        rows=calls + 3,
        problems=problems,
        tells=frozenset({"dispatched", "arrived", "cleared", "call_ended", "disposition"}),
    )


def _made_up_call(call_id: str, received: datetime, chance: random.Random) -> DecidedCall:
    dispatched = received + minutes(chance.lognormvariate(3.6, 1.2))
    arrived = dispatched + minutes(chance.lognormvariate(2.2, 0.6))
    group = chance.choice(["noise", "theft", "theft", "break_in", "damage", "parking", "collision"])
    call = a_call(
        call_id,
        received_at=received,
        dispatched_at=dispatched,
        arrived_at=arrived,
        cleared_at=arrived + minutes(chance.lognormvariate(3.5, 0.8)),
        priority=chance.choice([3, 4, 4, 4]),
        call_type_code=group.upper(),
        call_type_group=group,
    )
    luck = chance.random()
    if luck < 0.66:
        return call
    if luck < 0.70:
        code = chance.choice(["DRONE", "DRONE", "ABAND VEH", "E-SCOOTER/SIDEWALK", "<b>TEST</b>"])
        reason = f"the policy does not know the call type {code!r}"
        return replace(
            silent(call_id, Rule.UNKNOWN_TYPE, reason), received_at=received, unknown_code=code, call_type_group=None
        )
    if luck < 0.705:
        return replace(
            silent(call_id, Rule.MISSING_FACT, "CAD has not told the case number"),
            eligible=Eligible.UNDECIDED,
            received_at=received,
        )
    if luck < 0.715:
        latched = silent(call_id, Rule.LATCH, "the call was once: sensitive call type", first_rule=Rule.ALL_MET)
        return replace(latched, received_at=received)
    rule, reason = chance.choice(_SILENT)
    return replace(silent(call_id, rule, reason), received_at=received, call_type_group="other", priority=2)


def _made_up_texts(call: DecidedCall, chance: random.Random) -> list[SimulatedText]:
    if call.first_rule != Rule.ALL_MET or call.received_at is None:
        return []

    def text(kind: Kind, due: datetime, sequence: int = 1) -> SimulatedText:
        segments = {Kind.CONFIRMATION: 5, Kind.DELAY: 4, Kind.SURVEY: 4}[kind]
        return a_text(
            call.call_id, kind, sequence=sequence, language="en+fr", segments=segments, due_at=due, sent_at=due
        )

    texts = [text(Kind.CONFIRMATION, call.received_at + minutes(3))]
    if call.dispatched_at is None or call.cleared_at is None:
        return texts
    notices = [call.received_at + minutes(60 + 120 * each) for each in range(3)]
    texts += [text(Kind.DELAY, due, each) for each, due in enumerate(notices, 1) if due < call.dispatched_at]
    due = call.cleared_at + minutes(240)
    if not 9 <= due.hour < 20:
        due = due.replace(hour=9, minute=0, second=0, microsecond=0) + timedelta(days=due.hour >= 20)
    survey = text(Kind.SURVEY, due)
    if chance.random() < 0.02:
        survey = replace(
            survey, outcome="expired", rule="expired", reason="it would no longer be true or useful", sent_at=None
        )
    return [*texts, survey]
