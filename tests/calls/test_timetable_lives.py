"""Whole lives of calls, thousands of them at random: whatever CAD tells, and however late the service is."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from hypothesis import event, given, settings
from hypothesis import strategies as st

from calls.contracts import WENT_OUT, Kind, KnownCall, LedgerState, TextRecord
from calls.timetable import End, Send, Wait, next_step
from policy.agency import load_agency
from tests.builders import NOON, a_call, minutes
from tests.conftest import AGENCIES

POLICY = load_agency(AGENCIES / "ottawa").policy
TIMETABLE = POLICY.timetable
END = NOON + timedelta(days=40)
MANY = settings(max_examples=600, deadline=None)

_TIMES = ("call_ended_at", "dispatched_at", "requeued_at", "arrived_at", "cleared_at", "reopened_at")
_SILENCING: Sequence[dict[str, Any]] = (
    {"in_progress": True},
    {"safety_flag": True},
    {"latch": "safety flag"},
    {"call_type_code": "DVA", "call_type_group": "intimate_partner_violence"},
    {"call_type_code": "NEW", "call_type_group": None},
    {"priority_code": "1", "priority": 1},
    {"cancelled": "merged"},
)
_OTHER: Sequence[dict[str, Any]] = (
    {"held": True},
    {"held": False},
    {"priority_code": "3", "priority": 3},
    {"priority_code": "4", "priority": 4},
    {"recipient_version": 1},
    {"recipient_version": 2},
    {"recipient_version": 3},
)


@dataclass(frozen=True)
class Happens:
    """From this moment on these facts are known; the time of a step may be somewhat earlier."""

    at: datetime
    facts: dict[str, Any]


@dataclass(frozen=True)
class Sent:
    """A text at the moment of sending, and the call as it was then."""

    at: datetime
    step: Send
    call: KnownCall
    state: LedgerState
    before: tuple[TextRecord, ...]

    @property
    def reached_the_phone(self) -> bool:
        return self.state in WENT_OUT


@dataclass
class Life:
    texts: list[TextRecord] = field(default_factory=list)
    sent: list[Sent] = field(default_factory=list)
    waits: list[tuple[datetime, Wait]] = field(default_factory=list)
    ended_at: datetime | None = None
    reason: str = ""


_moments = st.one_of(st.integers(0, 600), st.integers(0, 16 * 24 * 60)).map(lambda after: NOON + minutes(after))


@st.composite
def _happenings(draw: st.DrawFn) -> Happens:
    at = draw(_moments)
    what = draw(st.one_of(st.sampled_from(_TIMES), st.sampled_from(_OTHER), st.sampled_from(_SILENCING)))
    if isinstance(what, str):
        return Happens(at, {what: at - minutes(draw(st.sampled_from([0, 0, 0, 1, 45, 600])))})
    return Happens(at, what)


stories = st.lists(_happenings(), max_size=10).map(lambda story: sorted(story, key=lambda happens: happens.at))
_outages = st.lists(
    st.tuples(_moments, st.integers(1, 3000)).map(lambda pair: (pair[0], pair[0] + minutes(pair[1]))), max_size=2
)
_outcomes = st.lists(st.sampled_from([*([LedgerState.ACCEPTED] * 5), *sorted(LedgerState)]), min_size=1, max_size=8)


def live(
    story: Sequence[Happens], outages: Sequence[tuple[datetime, datetime]], outcomes: Sequence[LedgerState]
) -> Life:
    """As the workflow does: ask, wait or send, ask again, until the end."""
    life, facts, now, told = Life(), dict[str, Any](), NOON, 0
    results = _over_and_over(outcomes)
    for _ in range(1000):
        now = max([now, *(end for start, end in outages if start <= now < end)])
        while told < len(story) and story[told].at <= now:
            facts |= story[told].facts
            told += 1
        call = a_call(POLICY, version=told + 1, **facts)
        step = next_step(call=call, texts=life.texts, timetable=TIMETABLE, now=now)
        if isinstance(step, End):
            life.ended_at, life.reason = now, step.reason
            return life
        if isinstance(step, Wait):
            assert step.until > now, "a wait that is over before it begins would spin"
            life.waits.append((now, step))
            now = min([step.until, *(happens.at for happens in story[told:])])
        else:
            state = LedgerState.EXPIRED if now >= step.expires_at else next(results)
            life.sent.append(Sent(now, step, call, state, tuple(life.texts)))
            life.texts.append(TextRecord(key=step.key, state=state, due_at=step.due_at))
    raise AssertionError("the life of a call has no end")


def _over_and_over(outcomes: Sequence[LedgerState]) -> Iterator[LedgerState]:
    while True:
        yield from outcomes


@MANY
@given(stories, _outages, _outcomes)
def test_every_life_ends_and_no_text_is_asked_for_twice(
    story: list[Happens], outages: list[tuple[datetime, datetime]], outcomes: list[LedgerState]
) -> None:
    life = live(story, outages, outcomes)
    event(life.reason.partition(":")[0])
    assert life.ended_at is not None
    assert life.ended_at < END
    keys = [sent.step.key for sent in life.sent]
    assert len(set(keys)) == len(keys)  # R2
    told = [sent for sent in life.sent if sent.step.key.kind is Kind.DELAY and sent.state is not LedgerState.EXPIRED]
    assert len(told) <= TIMETABLE.delay.at_most
    assert sum(key.kind is Kind.SURVEY for key in keys) <= 1


@MANY
@given(stories, _outages, _outcomes)
def test_no_text_ever_breaks_a_rule(
    story: list[Happens], outages: list[tuple[datetime, datetime]], outcomes: list[LedgerState]
) -> None:
    for sent in live(story, outages, outcomes).sent:
        facts = sent.call.facts
        assert sent.call.decision.is_eligible  # R1
        assert not (facts.held and sent.reached_the_phone)
        assert sent.step.due_at <= sent.at
        assert sent.step.key.recipient_version == facts.recipient_version
        if not sent.reached_the_phone:
            continue
        assert sent.at < sent.step.expires_at  # R5
        match sent.step.key.kind:
            case Kind.CONFIRMATION:
                assert not facts.is_cleared
            case Kind.DELAY:
                assert _confirmed(sent)
                assert not facts.is_dispatched
            case Kind.SURVEY:
                assert _confirmed(sent)
                _survey_is_timely(sent)


def _confirmed(sent: Sent) -> bool:
    """The number that gets this text has got the confirmation."""
    return any(
        record.key.kind is Kind.CONFIRMATION
        and record.key.recipient_version == sent.step.key.recipient_version
        and record.state in WENT_OUT
        for record in sent.before
    )


def _survey_is_timely(sent: Sent) -> None:
    cleared = sent.call.facts.cleared_at
    assert cleared is not None
    assert sent.call.facts.is_cleared
    assert cleared + TIMETABLE.survey.after_cleared <= sent.at < cleared + timedelta(hours=72)
    local = sent.at.astimezone(TIMETABLE.zone_info).time()
    assert TIMETABLE.survey.opens <= local < TIMETABLE.survey.closes


@settings(max_examples=300, deadline=None)
@given(stories, st.data())
def test_a_wait_stays_the_same_until_it_is_over_unless_something_happens(
    story: list[Happens], data: st.DataObject
) -> None:
    life = live(story, [], [LedgerState.ACCEPTED])
    known = 0
    facts: dict[str, Any] = {}
    for now, waiting in life.waits[:5]:
        while known < len(story) and story[known].at <= now:
            facts |= story[known].facts
            known += 1
        texts = [TextRecord(key=s.step.key, state=s.state, due_at=s.step.due_at) for s in life.sent if s.at <= now]
        between = now + (waiting.until - now) * data.draw(st.floats(0, 0.999))
        call = a_call(POLICY, **facts)
        assert next_step(call=call, texts=texts, timetable=TIMETABLE, now=between) == waiting
        over = next_step(call=call, texts=texts, timetable=TIMETABLE, now=waiting.until)
        assert not isinstance(over, Wait) or over.until > waiting.until


@settings(max_examples=200, deadline=None)
@given(stories, _outcomes)
def test_the_order_in_which_texts_are_listed_changes_nothing(story: list[Happens], outcomes: list[LedgerState]) -> None:
    life = live(story, [], outcomes)
    call = a_call(POLICY, **{name: value for happens in story for name, value in happens.facts.items()})
    now = life.ended_at or NOON
    forwards, backwards = (
        next_step(call=call, texts=texts, timetable=TIMETABLE, now=now) for texts in (life.texts, life.texts[::-1])
    )
    assert forwards == backwards
