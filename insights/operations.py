"""The monthly operations report: from what was counted of a month, and of the one before, to its sections.

Calls, texts, opt-outs and answers are of people: fewer than the policy's threshold are not shown, nor what would give
them away (`insights.few_of_month`).
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Final

from calls.contracts import WENT_OUT, Kind, LedgerState
from calls.eligibility import Eligibility
from insights.counted import Became, Calls, Counted, Terms, Texts, Wait
from insights.few_of_month import without_few
from insights.values import Line, Told, Unit, Value
from insights.wilson import share

SECTIONS: Final = ("calls", "told", "delays", "texts", "opt_outs", "cost", "survey", "stops")
"""In the order in which they stand in the report."""
TAKEN: Final = WENT_OUT - {LedgerState.UNKNOWN}
"""The carrier has it."""
_HELD_BACK: Final = (LedgerState.SUPPRESSED, LedgerState.EXPIRED)


_Figures = Iterator[Told]
_Key = tuple[str, str]


def report(month: Counted, before: Counted, terms: Terms) -> Mapping[str, Sequence[Line]]:
    """The sections, by name."""
    both = [without_few({name: list(_OF[name](of, terms)) for name in SECTIONS}, of, terms) for of in (month, before)]
    return {name: _joined(both[0][name], both[1][name]) for name in SECTIONS}


def _joined(now: Iterable[Told], before: Iterable[Told]) -> list[Line]:
    """Both months in one table: first what the month has, then what only the one before has, which was of the same
    unit and is nothing now."""
    these, those = ({(figure, about): value for figure, about, value in each} for each in (now, before))
    order: list[_Key] = list(these)
    for key in those:
        if key not in these:
            alike = [place for place, (figure, _) in enumerate(order) if figure == key[0]]
            order.insert(alike[-1] + 1 if alike else len(order), key)
    return [
        Line(
            figure=figure,
            about=about,
            now=these.get((figure, about)) or _nothing(figure, these, those[figure, about]),
            before=those.get((figure, about)) or _nothing(figure, those, these[figure, about]),
        )
        for figure, about in order
    ]


def _nothing(figure: str, month: Mapping[_Key, Value], other: Value) -> Value:
    """None of it, in a month that has none of this rule or code."""
    base = next((value.of for (of_figure, _), value in month.items() if of_figure == figure), None)
    return Value(unit=other.unit, number=0, of=base)


def _calls(month: Counted, _: Terms) -> _Figures:
    all_of_them = month.count()

    def of(number: int) -> Value:
        return Value(unit=Unit.CALLS, number=number, of=all_of_them)

    yield "received", "", Value(unit=Unit.CALLS, number=all_of_them)
    for eligibility in (Eligibility.ELIGIBLE, Eligibility.UNDECIDED, Eligibility.INELIGIBLE):
        yield eligibility.value, "", of(month.count(_decided(eligibility)))
    silent = _by((calls.rule, calls.calls) for calls in month.calls if calls.eligibility == Eligibility.INELIGIBLE)
    for rule, number in silent:
        yield "not_eligible_by", rule, of(number)


def _told(month: Counted, _: Terms) -> _Figures:
    owed = month.count(lambda calls: calls.first is not Became.NONE)
    taken = month.count(lambda calls: calls.first is Became.TAKEN)
    in_time = month.count(lambda calls: calls.first is Became.TAKEN and calls.in_time)
    unknown = month.count(lambda calls: calls.first is Became.UNKNOWN)
    yield "confirmations_owed", "", Value(unit=Unit.CALLS, number=owed)
    yield "told", "", Value(unit=Unit.CALLS, number=taken, of=owed)
    yield "told_in_time", "", Value(unit=Unit.CALLS, number=in_time, of=taken)
    yield "told_median", "", Value(unit=Unit.SECONDS, number=_seconds(month.median))
    yield "told_p95", "", Value(unit=Unit.SECONDS, number=_seconds(month.p95))
    yield "told_unknown", "", Value(unit=Unit.CALLS, number=unknown, of=owed)
    yield "not_told", "", Value(unit=Unit.CALLS, number=owed - taken - unknown, of=owed)
    for why, number in _by(_why_not(month.calls, lambda calls: (calls.first, calls.first_rule))):
        yield "not_told_by", why, Value(unit=Unit.CALLS, number=number, of=owed)
    eligible = month.count(lambda calls: calls.eligibility == Eligibility.ELIGIBLE)
    without = month.count(lambda calls: calls.eligibility == Eligibility.ELIGIBLE and calls.first is Became.NONE)
    yield "without_confirmation", "", Value(unit=Unit.CALLS, number=without, of=eligible)


def _delays(month: Counted, _: Terms) -> _Figures:
    due = month.texts_of(lambda texts: texts.kind == Kind.DELAY)
    sent = month.texts_of(lambda texts: texts.kind == Kind.DELAY and texts.state in TAKEN)
    yield "notices_due", "", Value(unit=Unit.TEXTS, number=due)
    yield "notices_sent", "", Value(unit=Unit.TEXTS, number=sent, of=due)
    waits = month.count(lambda calls: calls.wait is not Wait.NOT_OURS)
    late = [calls for calls in month.calls if calls.wait is Wait.LONGER]
    waited = sum(calls.calls for calls in late)

    def part(which: Callable[[Calls], bool]) -> Value:
        return Value(unit=Unit.CALLS, number=sum(calls.calls for calls in late if which(calls)), of=waited)

    yield "waited_longer", "", Value(unit=Unit.CALLS, number=waited, of=waits)
    yield "delay_told", "", part(lambda calls: calls.notice is Became.TAKEN)
    yield "delay_unknown", "", part(lambda calls: calls.notice is Became.UNKNOWN)
    yield "delay_not_told", "", part(lambda calls: calls.notice not in (Became.TAKEN, Became.UNKNOWN))
    for why, number in _by(_why_no_notice(late)):
        yield "delay_not_told_by", why, Value(unit=Unit.CALLS, number=number, of=waited)


def _texts(month: Counted, terms: Terms) -> _Figures:
    due = month.texts_of()

    def of(which: Callable[[Texts], bool]) -> Value:
        return Value(unit=Unit.TEXTS, number=month.texts_of(which), of=due)

    yield "texts_due", "", Value(unit=Unit.TEXTS, number=due)
    for kind in Kind:
        yield "texts_of_kind", kind.value, of(_of_kind(kind))
    yield "texts_taken", "", of(lambda texts: texts.state in TAKEN)
    yield "texts_delivered", "", of(lambda texts: texts.state == LedgerState.DELIVERED)
    yield "texts_undelivered", "", of(lambda texts: texts.state == LedgerState.UNDELIVERED)
    yield "texts_refused", "", of(lambda texts: texts.state == LedgerState.FAILED)
    not_arrived = (LedgerState.UNDELIVERED, LedgerState.FAILED)
    codes = _by((str(t.error_code or ""), t.texts) for t in month.texts if t.state in not_arrived)
    for code, number in codes:
        yield "not_arrived_by", code, Value(unit=Unit.TEXTS, number=number, of=due)
    yield "texts_landline", "", of(lambda texts: texts.error_code in terms.landline or texts.rule == "landline")
    yield "texts_unknown", "", of(lambda texts: texts.state == LedgerState.UNKNOWN)
    yield "texts_waiting", "", of(lambda texts: texts.state in (LedgerState.CLAIMED, LedgerState.SENDING))
    for state in _HELD_BACK:
        yield f"texts_{state}", "", of(_in_state(state))
        for rule, number in _by((texts.rule, texts.texts) for texts in month.texts if texts.state == state):
            yield f"{state}_by", rule, Value(unit=Unit.TEXTS, number=number, of=due)


def _opt_outs(month: Counted, _: Terms) -> _Figures:
    people = month.opt_outs
    for figure, number in (
        ("opted_out_phone", people.stopped),
        ("opted_out_staff", people.entered),
        ("opted_in_phone", people.started),
        ("opted_in_staff", people.taken_back),
    ):
        yield figure, "", Value(unit=Unit.PEOPLE, number=number)


def _cost(month: Counted, terms: Terms) -> _Figures:
    segments = billed_segments(month)
    yield "segments", "", Value(unit=Unit.SEGMENTS, number=segments)
    for kind in Kind:
        number = month.segments_of(_billed(kind))
        yield "segments_of_kind", kind.value, Value(unit=Unit.SEGMENTS, number=number, of=segments)
    if terms.price is None:
        return
    yield "cost", "", Value(unit=Unit.MONEY, number=segments * terms.price)
    if terms.budget is not None:
        yield "budget", "", Value(unit=Unit.MONEY, number=terms.budget)


def billed_segments(month: Counted) -> int:
    """Of texts that the carrier took, or may have taken."""
    return month.segments_of(lambda texts: texts.state in WENT_OUT)


def _survey(month: Counted, _: Terms) -> _Figures:
    survey = month.survey
    # More answers than links, in a short month, are no share.
    sure = share(survey.answered, survey.sent) if survey.answered <= survey.sent else None
    of = survey.sent if sure is not None else None
    yield "survey_sent", "", Value(unit=Unit.TEXTS, number=survey.sent)
    yield "survey_answered", "", Value(unit=Unit.PEOPLE, number=survey.answered, of=of, sure=sure)


def _stops(month: Counted, _: Terms) -> _Figures:
    for figure, what, of in (
        ("stopped_everything", "switch", "everything"),
        ("not_live", "mode", None),
        ("line_closed", "line", None),
    ):
        times = (stop.in_month for stop in month.stops if stop.what == what and of in (None, stop.of))
        yield figure, "", Value(unit=Unit.SECONDS, number=_seconds(sum(times, timedelta())))
    yield "calls_held", "", Value(unit=Unit.CALLS, number=month.held)
    yield "calls_stopped", "", Value(unit=Unit.CALLS, number=month.stopped_for_good)


_OF: Final[Mapping[str, Callable[[Counted, Terms], _Figures]]] = {
    "calls": _calls,
    "told": _told,
    "delays": _delays,
    "texts": _texts,
    "opt_outs": _opt_outs,
    "cost": _cost,
    "survey": _survey,
    "stops": _stops,
}


def _decided(eligibility: Eligibility) -> Callable[[Calls], bool]:
    return lambda calls: calls.eligibility == eligibility


def _of_kind(kind: Kind) -> Callable[[Texts], bool]:
    return lambda texts: texts.kind == kind


def _in_state(state: LedgerState) -> Callable[[Texts], bool]:
    return lambda texts: texts.state == state


def _billed(kind: Kind) -> Callable[[Texts], bool]:
    return lambda texts: texts.kind == kind and texts.state in WENT_OUT


def _why_not(calls: Iterable[Calls], text_of: Callable[[Calls], tuple[Became, str]]) -> Iterator[tuple[str, int]]:
    for group in calls:
        became, rule = text_of(group)
        if became in (Became.REFUSED, Became.SUPPRESSED, Became.EXPIRED, Became.WAITING):
            yield rule or became.value, group.calls


def _why_no_notice(late: Iterable[Calls]) -> Iterator[tuple[str, int]]:
    """Without a notice on record the confirmation says why: nothing follows one that did not go out."""
    for calls in late:
        if calls.notice is not Became.NONE:
            yield from _why_not([calls], lambda one: (one.notice, one.notice_rule))
        elif calls.first in (Became.TAKEN, Became.UNKNOWN):
            yield "no_notice", calls.calls
        else:
            yield (calls.first_rule or calls.first.value or "no_confirmation"), calls.calls


def _by(parts: Iterable[tuple[str, int]]) -> list[tuple[str, int]]:
    """The most first."""
    counts: Counter[str] = Counter()
    for name, number in parts:
        counts[name] += number
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def _seconds(duration: timedelta | None) -> int | None:
    return None if duration is None else round(duration.total_seconds())
