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


def test_calls_are_counted_by_the_last_word_on_them() -> None:
    calls = [
        a_call("1"),
        a_call("2"),
        silent("3", Rule.SENSITIVE_TYPE, "assault"),
        silent("4", Rule.MISSING_FACT, eligible=Eligible.UNDECIDED),
        silent("5", Rule.LATCH, first_rule=Rule.ALL_MET),
    ]

    found = summarize(a_simulation(calls, [a_text("1"), a_text("1", Kind.DELAY), a_text("5")])).calls

    assert (found.total, found.eligible, found.not_eligible, found.undecided) == (5, 2, 2, 1)
    assert (found.texted, found.changed, found.eligible_not_texted) == (2, 1, 1)
    assert [(grounds.rule, grounds.count) for grounds in found.texted_then_silenced] == [(Rule.LATCH, 1)]
    assert sum(grounds.count for grounds in found.by_rule) == 5


def test_a_rule_names_its_five_most_frequent_reasons_and_counts_the_others() -> None:
    reasons = [*"abcdefg", "g", "g", "f", "f", "e"]
    calls = [silent(str(each), Rule.PRIORITY, reason) for each, reason in enumerate(reasons)]

    (grounds,) = summarize(a_simulation(calls)).calls.by_rule

    assert grounds == Grounds(rule=Rule.PRIORITY, count=12, reasons={"f": 3, "g": 3, "e": 2, "a": 1, "b": 1}, others=2)
    assert list(grounds.reasons) == ["f", "g", "e", "a", "b"]


def test_unknown_codes_come_most_frequent_first_with_what_they_are() -> None:
    calls = [
        silent("1", Rule.UNKNOWN_SOURCE, unknown_code="WEB"),
        silent("2", Rule.UNKNOWN_TYPE, unknown_code="DRONE"),
        silent("3", Rule.UNKNOWN_TYPE, unknown_code="DRONE"),
        silent("4", Rule.UNKNOWN_PRIORITY, unknown_code="9"),
        a_call("5"),
    ]
    assert summarize(a_simulation(calls)).unknown_codes == [
        UnknownCode(what="type", code="DRONE", calls=2),
        UnknownCode(what="priority", code="9", calls=1),
        UnknownCode(what="source", code="WEB", calls=1),
    ]


def test_texts_that_went_out_and_texts_that_were_held_back_are_counted_apart() -> None:
    texts = [a_text("1"), a_text("1", Kind.SURVEY, language="fr", segments=3), held("2"), held("2", outcome="expired")]

    found = summarize(a_simulation([a_call("1"), a_call("2")], texts))

    assert (found.texts.sent, found.texts.held_back, found.texts.segments) == (2, 2, 5)
    assert found.texts.segments_by_language == {"en": 2, "fr": 3}
    assert found.texts.by_kind[Kind.CONFIRMATION].outcomes == {"expired": 1, "sent": 1, "suppressed": 1}
    assert found.texts.by_kind[Kind.SURVEY].segments == 3
    assert list(found.held_back) == ["expired", "suppressed"]
    assert found.held_back["suppressed"] == [Grounds(rule="opted out", count=1, reasons={"why": 1}, others=0)]


def test_what_is_held_back_without_a_rule_is_counted_too() -> None:
    found = summarize(a_simulation(texts=[held(outcome="claimed", rule=None, reason=None)]))
    assert found.held_back == {"claimed": [Grounds(rule="", count=1, reasons={"": 1}, others=0)]}


def test_the_cost_is_exact_and_only_where_the_folder_assumes_a_price() -> None:
    texts = [a_text(segments=3)]
    price = SegmentPrice(amount=Decimal("0.0079"), currency="USD")
    assert summarize(a_simulation(texts=texts, segment_price=price)).cost == Decimal("0.0237")
    assert summarize(a_simulation(texts=texts, segment_price=None)).cost is None


def test_texts_per_recipient() -> None:
    found = summarize(a_simulation(texts=[a_text("1"), a_text("2"), *[a_text("3", Kind.DELAY)] * 3])).texts
    assert (found.per_recipient_mean, found.per_recipient_p50, found.per_recipient_max) == (1.67, 1, 3)


def test_texts_by_hour_and_day_are_those_of_the_agencys_clock() -> None:
    evening = datetime(2026, 1, 15, 23, 59, tzinfo=ZONE)  # in UTC, the next day
    found = summarize(a_simulation(texts=sent_at(evening, evening + minutes(2), kind=Kind.SURVEY))).texts

    assert found.by_day == {date(2026, 1, 15): {Kind.SURVEY: 1}, date(2026, 1, 16): {Kind.SURVEY: 1}}
    assert found.by_kind[Kind.SURVEY].by_hour == [1, *[0] * 22, 1]


def test_the_hour_that_autumn_repeats_counts_as_two_when_the_busiest_is_sought() -> None:
    first = datetime(2026, 11, 1, 1, 30, tzinfo=ZONE)
    again = first.replace(fold=1)
    noon = datetime(2026, 11, 1, 12, 0, tzinfo=ZONE)

    found = summarize(a_simulation(texts=sent_at(first, first, again, again, noon, noon, noon))).texts

    assert (found.peak_hour, found.peak_hour_texts) == (noon, 3)


def test_of_two_hours_as_busy_the_first_is_named() -> None:
    found = summarize(a_simulation(texts=sent_at(NOON + minutes(60), NOON))).texts
    assert (found.peak_hour, found.peak_hour_texts) == (NOON, 1)


def test_a_text_is_late_when_it_left_more_than_a_second_after_it_was_due() -> None:
    texts = [a_text(sent_at=NOON + minutes(3) + timedelta(seconds=seconds)) for seconds in (0, 1, 1.25)]
    found = summarize(a_simulation(texts=texts)).texts
    assert (found.late, found.latest_seconds) == (1, 1.25)


def test_waits_are_those_of_eligible_calls_in_minutes() -> None:
    calls = [a_call(str(each), dispatched_at=NOON + minutes(each)) for each in range(1, 101)]
    calls.append(a_call("not yet"))
    calls.append(a_call("backwards", dispatched_at=NOON - minutes(1)))
    calls.append(silent("silent", Rule.PRIORITY, dispatched_at=NOON + minutes(999)))

    waits = summarize(a_simulation(calls, tells=frozenset({"dispatched", "cleared"}))).waits

    assert waits["dispatched"] == WaitFigures(n=100, backwards=1, p50=50.0, p90=90.0, p99=99.0, max=100.0)
    assert waits["arrived"] is None
    assert waits["cleared"] == WaitFigures(n=0, backwards=0, p50=None, p90=None, p99=None, max=None)


def test_calls_are_grouped_by_priority_and_call_type_and_the_nameless_come_last() -> None:
    calls = [
        *[a_call(each, call_type_group="") for each in "12"],
        a_call("3", priority=3),
        silent("4", "x", priority=3),
    ]

    found = summarize(a_simulation(calls, [a_text("1"), a_text("3"), held("3")]))

    assert found.by_priority == [
        Group(name=3, calls=2, eligible=1, texts=1),
        Group(name=4, calls=2, eligible=2, texts=1),
    ]
    assert [group.name for group in found.by_call_type_group] == ["noise", None]


def test_a_simulation_of_nothing_has_figures() -> None:
    found = summarize(a_simulation([], tells=frozenset()))
    assert (found.calls.total, found.texts.sent, found.texts.peak_hour) == (0, 0, None)
    assert (found.log.first_receipt, found.texts.per_recipient_mean, found.cost) == (None, None, Decimal(0))


@given(st.lists(st.floats(0, 1e6), min_size=1), st.integers(1, 100))
def test_a_percentile_is_the_smallest_value_that_so_many_do_not_exceed(values: list[float], percent: int) -> None:
    ordered = sorted(values)

    found = percentile(ordered, percent)

    assert found in ordered
    enough = math.ceil(len(ordered) * percent / 100 - 1e-9)
    assert sum(value <= found for value in ordered) >= enough
    assert sum(value < found for value in ordered) < enough


def test_of_nothing_there_is_no_percentile() -> None:
    assert percentile([], 50) is None


@pytest.mark.parametrize("seed", [1, 2])
def test_every_call_and_every_text_is_counted_once(seed: int) -> None:
    simulation = a_made_up_simulation(calls=200, seed=seed)

    found = summarize(simulation)

    assert found.calls.eligible + found.calls.not_eligible + found.calls.undecided == 200
    for groups in (found.by_priority, found.by_call_type_group):
        assert sum(group.calls for group in groups) == 200
        assert sum(group.texts for group in groups) == found.texts.sent
    assert found.texts.sent + found.texts.held_back == len(simulation.texts)
    assert sum(sum(day.values()) for day in found.texts.by_day.values()) == found.texts.sent
    assert sum(sum(kind.by_hour) for kind in found.texts.by_kind.values()) == found.texts.sent
    assert sum(kind.segments for kind in found.texts.by_kind.values()) == found.texts.segments
    assert sum(each.count for rules in found.held_back.values() for each in rules) == found.texts.held_back
