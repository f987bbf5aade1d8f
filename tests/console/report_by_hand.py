"""The figures of the monthly report, calculated a second time: from the raw rows, one by one, by the page's own words.

It shares no line with `insights/` or `web/staff/`. Wilson's interval is scipy's.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from scipy.stats import binomtest
from sqlalchemy import Engine, text

ZONE = ZoneInfo("America/Toronto")
_TAKEN = ("accepted", "sent", "delivered", "undelivered")
_BILLED = (*_TAKEN, "unknown")
_LIMITS = {3: timedelta(minutes=30), 4: timedelta(minutes=60)}
_BEST = [*_TAKEN, "unknown", "claimed", "sending", "failed", "suppressed", "expired"]
Figures = dict[tuple[str, str, str], int | float | str | None]


@dataclass
class Raw:
    """All rows; `at`: the service's time of a real one."""

    now: datetime
    at: Callable[[datetime], datetime]
    tables: dict[str, list[Any]] = field(default_factory=dict)


def read(engine: Engine, *, now: datetime, at: Callable[[datetime], datetime]) -> Raw:
    raw = Raw(now=now, at=at)
    tables = ("call", "text", "opt_out", "survey_response", "survey_cut", "switch", "service_mode", "line_closure")
    with engine.connect() as connection:
        for table in tables:
            rows = connection.execute(text(f"SELECT * FROM {table}")).all()  # noqa: S608
            raw.tables[table] = list(rows)
    return raw


def is_in(moment: datetime | None, month: str) -> bool:
    """By the clocks on the wall."""
    return moment is not None and moment.astimezone(ZONE).strftime("%Y-%m") == month


def figures(raw: Raw, month: str) -> Figures:
    """By section, figure and what it is about; a figure's base under the figure with ` of` behind it."""
    found: Figures = {}
    calls = [
        call
        for call in raw.tables["call"]
        if call.agency == "ottawa" and is_in(call.received_at or raw.at(call.created_real), month)
    ]
    _calls(found, calls)
    _told(found, raw, calls)
    _delays(found, raw, calls, month)
    texts = [one for one in raw.tables["text"] if is_in(one.due_at, month)]
    _texts(found, texts)
    _cost(found, texts)
    _people(found, raw, month)
    _survey(found, raw, month)
    _stops(found, raw, month)
    return {key: value for key, value in found.items() if value != 0 or "_by" not in key[1]}


def _calls(found: Figures, calls: list[Any]) -> None:
    found["calls", "received", ""] = len(calls)
    for eligibility in ("eligible", "undecided", "ineligible"):
        found["calls", eligibility, ""] = sum(call.eligibility == eligibility for call in calls)
    for rule, number in Counter(call.rule for call in calls if call.eligibility == "ineligible").items():
        found["calls", "not_eligible_by", rule] = number


def _first(raw: Raw, call: Any) -> Any:
    own = [one for one in raw.tables["text"] if one.call_id == call.call_id and one.kind == "confirmation"]
    rank = {state: min(number, 4) if state in _TAKEN else number for number, state in enumerate(_BEST)}
    rank |= dict.fromkeys(_TAKEN, 0) | {"sending": rank["claimed"]}
    return min(own, key=lambda one: (rank[one.state], one.settled_at or raw.now), default=None)


def _why(one: Any) -> str:
    return str(one.rule or {"failed": "refused", "claimed": "waiting", "sending": "waiting"}.get(one.state, one.state))


def _told(found: Figures, raw: Raw, calls: list[Any]) -> None:
    firsts = [(call, first) for call in calls if (first := _first(raw, call)) is not None]
    taken = [(call, first) for call, first in firsts if first.state in _TAKEN]
    found["told", "confirmations_owed", ""] = len(firsts)
    found["told", "told", ""] = len(taken)
    found["told", "told_in_time", ""] = sum(
        (first.settled_at - first.due_at).total_seconds() <= 60 for _, first in taken
    )
    found["told", "told_unknown", ""] = sum(first.state == "unknown" for _, first in firsts)
    waits = sorted((first.settled_at - call.received_at).total_seconds() for call, first in taken if call.received_at)
    for figure, part in (("told_median", 50), ("told_p95", 95)):
        found["told", figure, ""] = round(waits[-(-len(waits) * part // 100) - 1]) if waits else None
    whys = Counter(_why(one) for _, one in firsts if one.state not in (*_TAKEN, "unknown"))
    found["told", "not_told", ""] = sum(whys.values())
    for why, number in whys.items():
        found["told", "not_told_by", why] = number
    eligible = [call for call in calls if call.eligibility == "eligible"]
    found["told", "without_confirmation", ""] = sum(_first(raw, call) is None for call in eligible)


def _waited(raw: Raw, call: Any) -> timedelta | None:
    """`None`: of no interest, or not known."""
    facts = {name: _time(value) for name, value in call.facts.items() if name.endswith("_at")}
    received = call.received_at
    if received is None or call.eligibility != "eligible" or call.facts["priority"] not in _LIMITS:
        return None
    sent_back = [moment for moment in (facts["requeued_at"], facts["reopened_at"]) if moment]
    since = max([received, *sent_back])
    ends = [raw.now]
    for name in ("dispatched_at", "arrived_at"):
        if facts[name] and all(facts[name] >= moment for moment in sent_back):
            ends.append(facts[name])
    if facts["cleared_at"] and not (facts["reopened_at"] and facts["reopened_at"] > facts["cleared_at"]):
        ends.append(facts["cleared_at"])
    return timedelta(seconds=(min(ends) - since).total_seconds())


def _time(written: str | None) -> Any:
    return datetime.fromisoformat(written) if written else None


def _delays(found: Figures, raw: Raw, calls: list[Any], month: str) -> None:
    notices = [one for one in raw.tables["text"] if one.kind == "delay" and is_in(one.due_at, month)]
    found["delays", "notices_due", ""] = len(notices)
    found["delays", "notices_sent", ""] = sum(one.state in _TAKEN for one in notices)
    known = [(call, wait) for call in calls if (wait := _waited(raw, call)) is not None]
    late = [call for call, wait in known if wait > _LIMITS[call.facts["priority"]]]
    found["delays", "waited_longer", ""] = len(late)
    found["delays", "waited_longer of", ""] = len(known)
    told: Counter[str] = Counter()
    for call in late:
        own = [one for one in raw.tables["text"] if one.call_id == call.call_id and one.kind == "delay"]
        states = {one.state for one in own}
        first = _first(raw, call)
        if states & set(_TAKEN):
            told["told"] += 1
        elif "unknown" in states:
            told["unknown"] += 1
        elif own:
            told["by " + _why(max(own, key=lambda one: one.sequence))] += 1
        elif first is None:
            told["by no_confirmation"] += 1
        else:
            told["by no_notice" if first.state in (*_TAKEN, "unknown") else "by " + _why(first)] += 1
    found["delays", "delay_told", ""] = told.pop("told", 0)
    found["delays", "delay_unknown", ""] = told.pop("unknown", 0)
    found["delays", "delay_not_told", ""] = sum(told.values())
    for why, number in told.items():
        found["delays", "delay_not_told_by", why.removeprefix("by ")] = number


def _texts(found: Figures, texts: list[Any]) -> None:
    states = Counter(one.state for one in texts)
    found["texts", "texts_due", ""] = len(texts)
    for kind in ("confirmation", "delay", "survey", "auto_reply"):
        found["texts", "texts_of_kind", kind] = sum(one.kind == kind for one in texts)
    found["texts", "texts_taken", ""] = sum(states[state] for state in _TAKEN)
    for state, figure in (("delivered",) * 2, ("undelivered",) * 2, ("failed", "refused"), ("unknown",) * 2):
        found["texts", f"texts_{figure}", ""] = states[state]
    found["texts", "texts_waiting", ""] = states["claimed"] + states["sending"]
    found["texts", "texts_landline", ""] = sum(
        one.error_code in (30006, 21614, 21635) or one.rule == "landline" for one in texts
    )
    for code, number in Counter(one.error_code for one in texts if one.state in ("undelivered", "failed")).items():
        found["texts", "not_arrived_by", str(code)] = number
    for state in ("suppressed", "expired"):
        found["texts", f"texts_{state}", ""] = states[state]
        for rule, number in Counter(one.rule for one in texts if one.state == state).items():
            found["texts", f"{state}_by", rule] = number


def _cost(found: Figures, texts: list[Any]) -> None:
    billed = [one for one in texts if one.state in _BILLED]
    found["cost", "segments", ""] = sum(one.segments for one in billed)
    for kind in ("confirmation", "delay", "survey", "auto_reply"):
        found["cost", "segments_of_kind", kind] = sum(one.segments for one in billed if one.kind == kind)
    found["cost", "cost", ""] = sum(one.segments for one in billed) / 100
    found["cost", "budget", ""] = 2500


def _people(found: Figures, raw: Raw, month: str) -> None:
    rows = raw.tables["opt_out"]
    began = [row for row in rows if is_in(row.since, month)]
    ended = [row for row in rows if is_in(row.ended_at, month)]
    found["opt_outs", "opted_out_phone", ""] = sum(row.entered_by is None for row in began)
    found["opt_outs", "opted_out_staff", ""] = sum(row.entered_by is not None for row in began)
    found["opt_outs", "opted_in_phone", ""] = sum(row.ended_by is None for row in ended)
    found["opt_outs", "opted_in_staff", ""] = sum(row.ended_by is not None for row in ended)


def _survey(found: Figures, raw: Raw, month: str) -> None:
    last = raw.tables["survey_cut"][0].day

    def counts(day: date) -> bool:
        monday = day - timedelta(days=day.weekday())
        return (monday + timedelta(3)).strftime("%Y-%m") == month and monday + timedelta(6) <= last

    sent = sum(
        one.kind == "survey" and one.state in _TAKEN and counts(one.due_at.astimezone(ZONE).date())
        for one in raw.tables["text"]
    )
    mondays = [datetime.strptime(row.week + "-1", "%G-W%V-%u").date() for row in raw.tables["survey_response"]]  # noqa: DTZ007
    answered = sum(counts(monday) for monday in mondays)
    found["survey", "survey_sent", ""] = sent
    found["survey", "survey_answered", ""] = answered
    if sent >= answered and sent:
        interval = binomtest(answered, sent).proportion_ci(method="wilson")
        found["survey", "survey_answered low", ""] = round(float(interval.low), 4)
        found["survey", "survey_answered high", ""] = round(float(interval.high), 4)


def _stops(found: Figures, raw: Raw, month: str) -> None:
    year, number = map(int, month.split("-"))
    begins = datetime(year, number, 1, tzinfo=ZONE).timestamp()
    ends = min(datetime(year + number // 12, number % 12 + 1, 1, tzinfo=ZONE).timestamp(), raw.now.timestamp())

    def within(since_real: datetime, until_real: datetime | None) -> float:
        since, until = (
            raw.at(since_real).timestamp(),
            raw.now.timestamp() if until_real is None else raw.at(until_real).timestamp(),
        )
        return max(0.0, min(ends, until) - max(begins, since))

    switches, closures = raw.tables["switch"], raw.tables["line_closure"]
    modes = sorted(raw.tables["service_mode"], key=lambda row: row.id)
    found["stops", "stopped_everything", ""] = round(
        sum(within(row.stopped_real, row.released_real) for row in switches if row.scope == "everything")
    )
    not_live = 0.0
    for place, row in enumerate(modes):
        after = modes[place + 1].since_real if place + 1 < len(modes) else None
        not_live += within(row.since_real, after) if row.mode != "live" else 0
    found["stops", "not_live", ""] = round(not_live)
    found["stops", "line_closed", ""] = round(sum(within(row.closed_real, row.opened_real) for row in closures))
    for figure, scope in (("calls_held", "call:"), ("calls_stopped", "never:")):
        found["stops", figure, ""] = sum(
            row.scope.startswith(scope) and is_in(raw.at(row.stopped_real), month) for row in switches
        )
