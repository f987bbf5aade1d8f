"""A simulation in figures: what stands in `summary.json` and, in words, in `report.html`. Counts, nothing personal.

Everything is in its reader's order (the most first, then by name), so that equal simulations give equal bytes.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from calls.contracts import Kind
from calls.eligibility import Rule
from local.simulation.outcome import SENT, DecidedCall, Eligible, SegmentPrice, SimulatedText, Simulation

STEPS: Final = ("dispatched", "arrived", "cleared")
_REASONS: Final = 5
_WHAT: dict[str, str] = {Rule.UNKNOWN_TYPE: "type", Rule.UNKNOWN_PRIORITY: "priority", Rule.UNKNOWN_SOURCE: "source"}


@dataclass(frozen=True, kw_only=True)
class LogFigures:
    """The log that was read: `problems` are rows that something is to be said about."""

    name: str
    rows: int
    problems: int
    first_receipt: datetime | None
    last_receipt: datetime | None
    tells: list[str]


@dataclass(frozen=True, kw_only=True)
class UnknownCode:
    """A code of the log that the policy does not know. `what`: of a `type`, `priority`, `source`, or just `code`."""

    what: str
    code: str
    calls: int


@dataclass(frozen=True, kw_only=True)
class Grounds:
    """A rule, how often it spoke, its five most frequent reasons with their counts, and how often it had others."""

    rule: str
    count: int
    reasons: dict[str, int]
    others: int


@dataclass(frozen=True, kw_only=True)
class CallFigures:
    """Calls by the last word on them. `changed`: it was another at first. `texted`: with a text or more, recipients.

    `texted_then_silenced`: texted before they became what is not texted. `eligible_not_texted`: over early, held back.
    """

    total: int
    eligible: int
    not_eligible: int
    undecided: int
    texted: int
    changed: int
    eligible_not_texted: int
    texted_then_silenced: list[Grounds]
    by_rule: list[Grounds]


@dataclass(frozen=True, kw_only=True)
class KindFigures:
    """The texts of one kind by outcome; of those sent, the segments and 24 numbers, by hour of the local day."""

    outcomes: dict[str, int]
    segments: int
    by_hour: list[int]


@dataclass(frozen=True, kw_only=True)
class TextFigures:
    """The texts. `by_day`: sent, by local day and kind, days without any left out. `peak_hour`: the first of equals.

    `late`: sent more than a second after they were due; `latest_seconds` is the longest that one took.
    """

    sent: int
    held_back: int
    segments: int
    segments_by_language: dict[str, int]
    by_kind: dict[Kind, KindFigures]
    by_day: dict[date, dict[Kind, int]]
    peak_hour: datetime | None
    peak_hour_texts: int
    per_recipient_mean: float | None
    per_recipient_p50: int | None
    per_recipient_max: int | None
    late: int
    latest_seconds: float | None


@dataclass(frozen=True, kw_only=True)
class WaitFigures:
    """Minutes from receipt to a step, of the `n` eligible calls that have it: nearest-rank percentiles.

    `backwards`: calls left out of them, because the step is told to be earlier than the receipt.
    """

    n: int
    backwards: int
    p50: float | None
    p90: float | None
    p99: float | None
    max: float | None


@dataclass(frozen=True, kw_only=True)
class Group:
    """The calls of one priority, or of one group of call types; no name: not told, or not known."""

    name: int | str | None
    calls: int
    eligible: int
    texts: int


@dataclass(frozen=True, kw_only=True)
class Summary:
    """All figures of one simulation. `cost`: all segments at `segment_price`, where the agency's folder assumes one.

    `waits` has `None` for a step that the log does not tell. `held_back` is by outcome.
    """

    agency: str
    policy_version: str
    log: LogFigures
    unknown_codes: list[UnknownCode]
    calls: CallFigures
    texts: TextFigures
    segment_price: SegmentPrice | None
    cost: Decimal | None
    waits: dict[str, WaitFigures | None]
    held_back: dict[str, list[Grounds]]
    by_priority: list[Group]
    by_call_type_group: list[Group]


def summarize(simulation: Simulation) -> Summary:
    """Count what the simulation found."""
    calls, texts = simulation.calls, simulation.texts
    per_call = Counter(text.call_id for text in texts if text.outcome == SENT)
    figures = _texts(texts, sorted(per_call.values()))
    price = simulation.segment_price
    return Summary(
        agency=simulation.agency_key,
        policy_version=simulation.policy_version,
        log=_log(simulation),
        unknown_codes=_unknown_codes(calls),
        calls=_calls(calls, per_call),
        texts=figures,
        segment_price=price,
        cost=None if price is None else price.amount * figures.segments,
        waits={step: _waits(calls, step) if step in simulation.tells else None for step in STEPS},
        held_back=_held_back(texts),
        by_priority=_groups(calls, per_call, lambda call: call.priority),
        by_call_type_group=_groups(calls, per_call, lambda call: call.call_type_group or None),
    )


def percentile(ordered: Sequence[float], percent: int) -> float | None:
    """The smallest of the ascending values that `percent` in a hundred of them do not exceed; `None` of nothing."""
    return ordered[max(-(-len(ordered) * percent // 100), 1) - 1] if ordered else None


def _log(simulation: Simulation) -> LogFigures:
    return LogFigures(
        name=simulation.log_name,
        rows=simulation.rows,
        problems=len(simulation.problems),
        first_receipt=simulation.window[0] if simulation.window else None,
        last_receipt=simulation.window[1] if simulation.window else None,
        tells=sorted(simulation.tells),
    )


def _unknown_codes(calls: Iterable[DecidedCall]) -> list[UnknownCode]:
    found = Counter(
        (_WHAT.get(call.rule, "code"), call.unknown_code) for call in calls if call.unknown_code is not None
    )
    ordered = sorted(found.items(), key=lambda item: (-item[1], item[0]))
    return [UnknownCode(what=what, code=code, calls=count) for (what, code), count in ordered]


def _calls(calls: Sequence[DecidedCall], per_call: Counter[str]) -> CallFigures:
    by_eligibility = Counter(call.eligible for call in calls)
    texted = [call for call in calls if per_call[call.call_id]]
    silenced = [call for call in texted if call.eligible is not Eligible.YES]
    return CallFigures(
        total=len(calls),
        eligible=by_eligibility[Eligible.YES],
        not_eligible=by_eligibility[Eligible.NO],
        undecided=by_eligibility[Eligible.UNDECIDED],
        texted=len(texted),
        changed=sum(call.rule != call.first_rule for call in calls),
        eligible_not_texted=by_eligibility[Eligible.YES] - (len(texted) - len(silenced)),
        texted_then_silenced=_grounds((call.rule, call.reason) for call in silenced),
        by_rule=_grounds((call.rule, call.reason) for call in calls),
    )


def _grounds(spoken: Iterable[tuple[str, str]]) -> list[Grounds]:
    by_rule: dict[str, Counter[str]] = {}
    for rule, reason in spoken:
        by_rule.setdefault(rule, Counter())[reason] += 1
    found = []
    for rule, reasons in by_rule.items():
        most = dict(sorted(reasons.items(), key=lambda item: (-item[1], item[0]))[:_REASONS])
        count = reasons.total()
        found.append(Grounds(rule=rule, count=count, reasons=most, others=count - sum(most.values())))
    return sorted(found, key=lambda grounds: (-grounds.count, grounds.rule))


def _texts(texts: Sequence[SimulatedText], each: Sequence[int]) -> TextFigures:
    """`each`: how many texts each recipient got, ascending."""
    sent = [text for text in texts if text.outcome == SENT]
    at = [(text, text.sent_at) for text in sent if text.sent_at is not None]
    lateness = [(sent_at - text.due_at).total_seconds() for text, sent_at in at]
    segments: Counter[str] = Counter()
    for text in sent:
        segments[text.language or "unknown"] += text.segments or 0
    peak_hour, peak_hour_texts = _peak(sent_at for _, sent_at in at)
    return TextFigures(
        sent=len(sent),
        held_back=len(texts) - len(sent),
        segments=segments.total(),
        segments_by_language=dict(sorted(segments.items())),
        by_kind={kind: _kind(same) for kind in Kind if (same := [text for text in texts if text.kind is kind])},
        by_day=_days((sent_at.date(), text.kind) for text, sent_at in at),
        peak_hour=peak_hour,
        peak_hour_texts=peak_hour_texts,
        per_recipient_mean=round(len(sent) / len(each), 2) if each else None,
        per_recipient_p50=each[(len(each) - 1) // 2] if each else None,
        per_recipient_max=max(each, default=None),
        late=sum(seconds > 1 for seconds in lateness),
        latest_seconds=round(max(lateness), 3) if lateness else None,
    )


def _kind(texts: Sequence[SimulatedText]) -> KindFigures:
    sent = [text for text in texts if text.outcome == SENT]
    hours = Counter(text.sent_at.hour for text in sent if text.sent_at is not None)
    outcomes = dict(sorted(Counter(text.outcome for text in texts).items()))
    segments = sum(text.segments or 0 for text in sent)
    return KindFigures(outcomes=outcomes, segments=segments, by_hour=[hours[hour] for hour in range(24)])


def _days(sent: Iterable[tuple[date, Kind]]) -> dict[date, dict[Kind, int]]:
    counts = Counter(sent)
    days = sorted({day for day, _ in counts})
    return {day: {kind: counts[day, kind] for kind in Kind if counts[day, kind]} for day in days}


def _peak(moments: Iterable[datetime]) -> tuple[datetime | None, int]:
    # By what the clock shows and its offset: the hour that autumn repeats is two hours, though they compare as equal.
    hours = Counter(moment.replace(minute=0, second=0, microsecond=0).isoformat() for moment in moments)
    counts = [(datetime.fromisoformat(hour), count) for hour, count in hours.items()]
    return min(counts, key=lambda hour: (-hour[1], hour[0]), default=(None, 0))


def _waits(calls: Iterable[DecidedCall], step: str) -> WaitFigures:
    minutes = [
        round((moment - call.received_at).total_seconds() / 60, 1)
        for call in calls
        if call.eligible is Eligible.YES and call.received_at and (moment := getattr(call, f"{step}_at"))
    ]
    forward = sorted(each for each in minutes if each >= 0)
    p50, p90, p99, most = (percentile(forward, percent) for percent in (50, 90, 99, 100))
    return WaitFigures(n=len(forward), backwards=len(minutes) - len(forward), p50=p50, p90=p90, p99=p99, max=most)


def _held_back(texts: Sequence[SimulatedText]) -> dict[str, list[Grounds]]:
    outcomes = sorted({text.outcome for text in texts} - {SENT})
    return {
        outcome: _grounds((text.rule or "", text.reason or "") for text in texts if text.outcome == outcome)
        for outcome in outcomes
    }


def _groups(
    calls: Iterable[DecidedCall], per_call: Counter[str], name_of: Callable[[DecidedCall], int | str | None]
) -> list[Group]:
    groups: dict[int | str | None, Counter[str]] = {}
    for call in calls:
        of_group = groups.setdefault(name_of(call), Counter(calls=0, eligible=0, texts=0))
        of_group.update(calls=1, eligible=int(call.eligible is Eligible.YES), texts=per_call[call.call_id])
    found = [Group(name=name, **of_group) for name, of_group in groups.items()]
    return sorted(found, key=lambda group: (group.name is None, -group.calls, str(group.name)))
