"""The second calculation itself, on small streams reckoned by hand: minutes from 10:00 on 4 July 2026."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from starter.records import CadRecord
from tests.streams.by_the_words import SentText, broken_rules, expected
from tests.streams.streams import NUMBERS, PSEUDO_NUMBER, ZONE, Arrival, Stream, stream

T0 = datetime(2026, 7, 4, 10, tzinfo=ZONE).astimezone(UTC)
DAY = 24 * 60
FIRST, SECOND, _ = NUMBERS
RESIDENT = {"source_code": "phone", "source": "resident"}
OFFICER = {"source_code": "radio", "source": "officer"}
NOISE = {"call_type_code": "NOISE", "call_type_group": "noise"}
UNKNOWN = {"call_type_code": "ZOMBIES", "call_type_group": ""}
VIOLENCE = {"call_type_code": "DVA", "call_type_group": "intimate_partner_violence"}
THREE = {"priority_code": "3", "priority": 3}
FOUR = {"priority_code": "4", "priority": 4}
NO_PRIORITY = {"priority_code": "X", "priority": None}


def moment(minutes: float, t0: datetime = T0) -> datetime:
    return t0 + timedelta(minutes=minutes)


def heard(
    minutes: float, *facts: dict[str, Any], stamp: float | None = None, phone: str | None = None, **times: float
) -> Arrival:
    """Heard then, and stamped then where nothing else is said; the times are minutes too."""
    told: dict[str, Any] = {name: moment(at).isoformat() for name, at in times.items()}
    for fact in facts:
        told |= fact
    stamped = moment(minutes if stamp is None else stamp)
    return Arrival(moment(minutes), CadRecord(feed="f", cad_id="1", stamp=stamped, facts=told, phone=phone))


def opened(
    *facts: dict[str, Any], minutes: float = 0, phone: str | None = FIRST, priority: dict[str, Any] = THREE
) -> Arrival:
    case_number = {"case_number": "26-1"}
    return heard(minutes, NOISE, RESIDENT, priority, case_number, *facts, stamp=0, phone=phone, received_at=0)


def call(*arrivals: Arrival) -> Stream:
    return Stream(seed=0, arrivals=arrivals)


Told = tuple[str, int, str, float, float]


def texts(*arrivals: Arrival) -> list[Told]:
    """Kind, sequence, number, due, sent: in minutes."""
    of_call = call(*arrivals)
    sent = expected(of_call)
    assert broken_rules(of_call, sent) == []
    return [(text.kind, text.sequence, text.number, _minutes(text.due_at), _minutes(text.sent_at)) for text in sent]


def _minutes(at: datetime) -> float:
    return (at - T0) / timedelta(minutes=1)


def at_once(kind: str, minutes: float, *, sequence: int = 1, number: str = FIRST) -> Told:
    return kind, sequence, number, minutes, minutes


CONFIRMED = at_once("confirmation", 3)


def test_a_call_is_confirmed_told_of_a_delay_and_surveyed_four_hours_after_it_is_cleared() -> None:
    sent = texts(opened(), heard(60, dispatched_at=60), heard(120, cleared_at=120))
    assert sent == [CONFIRMED, at_once("delay", 30), at_once("survey", 360)]


def test_the_confirmation_comes_two_minutes_after_the_caller_hung_up_unless_that_was_long_before_the_receipt() -> None:
    officer = heard(7, dispatched_at=7)
    assert texts(opened(), heard(1, call_ended_at=4), officer) == [at_once("confirmation", 6)]
    assert texts(opened(), heard(1, call_ended_at=-10), officer) == [CONFIRMED]


def test_at_most_three_delay_notices_are_sent() -> None:
    delays = [at_once("delay", 60 + 120 * place, sequence=place + 1) for place in range(3)]
    assert texts(opened(priority=FOUR)) == [CONFIRMED, *delays]


def test_a_confirmation_is_late_for_less_than_an_hour_or_never_sent() -> None:
    assert texts(opened(minutes=62)) == [
        ("confirmation", 1, FIRST, 3, 62),
        ("delay", 1, FIRST, 30, 62),
        at_once("delay", 150, sequence=2),
        at_once("delay", 270, sequence=3),
    ]
    assert texts(opened(minutes=63)) == []


def test_a_call_that_is_cleared_before_its_confirmation_is_due_gets_nothing() -> None:
    assert texts(opened(), heard(3, cleared_at=2), heard(4, reopened_at=4)) == []


def test_a_survey_that_is_due_in_the_evening_waits_for_the_morning() -> None:
    sent = texts(opened(), heard(20, dispatched_at=20), heard(360, cleared_at=360))  # due at 20:00
    assert sent == [CONFIRMED, at_once("survey", 23 * 60)]


def test_a_survey_that_is_late_waits_for_the_morning_and_is_not_sent_after_72_hours() -> None:
    dispatched = heard(20, dispatched_at=20)
    sent = texts(opened(), dispatched, heard(11 * 60, cleared_at=60))  # heard of at 21:00
    assert sent == [CONFIRMED, ("survey", 1, FIRST, 300, 23 * 60)]
    assert texts(opened(), dispatched, heard(60 + 3 * DAY, cleared_at=60)) == [CONFIRMED]


def test_the_morning_comes_an_hour_sooner_when_the_clocks_go_forward() -> None:
    now = datetime(2026, 3, 7, 17, tzinfo=ZONE)
    shift = _minutes(now.astimezone(UTC))
    told = {"received_at": now.isoformat(), "case_number": "26-1", "dispatched_at": now.isoformat()}
    sent = texts(
        heard(shift, NOISE, RESIDENT, THREE, told, phone=FIRST), heard(shift + 10, {"cleared_at": now.isoformat()})
    )
    assert sent == [at_once("confirmation", shift + 3), at_once("survey", shift + 15 * 60)]


@pytest.mark.parametrize("outcome", ["unfounded", "arrest", "no_contact", None])
def test_no_survey_after_these_outcomes_unless_another_is_told_before_it_is_due(outcome: str | None) -> None:
    cleared = heard(60, {"disposition": "Z", "outcome": outcome}, dispatched_at=20, cleared_at=60)
    corrected = {"disposition": "R", "outcome": "ordinary"}
    start = (opened(), heard(20, dispatched_at=20), cleared)
    assert texts(*start) == [CONFIRMED]
    assert texts(*start, heard(299, corrected)) == [CONFIRMED, at_once("survey", 300)]
    assert texts(*start, heard(301, corrected)) == [CONFIRMED]


def test_a_call_that_is_opened_again_waits_anew() -> None:
    sent = texts(opened(), heard(20, dispatched_at=20), heard(60, cleared_at=60), heard(100, reopened_at=100))
    assert sent[:2] == [CONFIRMED, at_once("delay", 130)]


def test_a_record_that_comes_late_and_says_what_silences_silences_for_ever() -> None:
    assert texts(opened(), heard(40, VIOLENCE, stamp=-5)) == [CONFIRMED, at_once("delay", 30)]


def test_an_unknown_type_is_silent_while_it_stands_and_an_expired_notice_keeps_its_place() -> None:
    sent = texts(opened(), heard(20, UNKNOWN), heard(100, NOISE), heard(160, dispatched_at=160))
    assert sent == [CONFIRMED, at_once("delay", 150, sequence=2)]


def test_a_call_that_waited_for_fourteen_days_has_ended() -> None:
    late = (heard(14 * DAY + 1, NOISE), heard(14 * DAY + 2, cleared_at=14 * DAY))
    assert texts(opened(), heard(20, UNKNOWN), *late) == [CONFIRMED]


def test_an_officers_call_ends_for_good_but_one_that_becomes_a_residents_begins() -> None:
    assert texts(opened(), heard(1, OFFICER), heard(2, RESIDENT)) == []
    assert texts(opened(OFFICER), heard(2, RESIDENT), heard(5, dispatched_at=5)) == [CONFIRMED]


def test_a_corrected_number_gets_its_own_confirmation_and_none_when_it_is_corrected_back() -> None:
    sent = texts(opened(), heard(10, phone=SECOND), heard(20, phone=FIRST), heard(40, dispatched_at=40))
    assert sent == [CONFIRMED, ("confirmation", 1, SECOND, 10, 10), at_once("delay", 30)]


def test_a_pseudo_number_is_silent_until_there_is_another() -> None:
    officer = heard(80, dispatched_at=80)
    sent = texts(opened(phone=PSEUDO_NUMBER), heard(70, phone=FIRST), officer)
    assert sent == [("confirmation", 1, FIRST, 70, 70), ("delay", 1, FIRST, 30, 70)]


def test_a_clock_that_is_ahead_does_not_win_for_ever() -> None:
    ahead = heard(1, FOUR, stamp=2_000, dispatched_at=2_000)  # counts as of minute 1, and so does the time in it
    sent = texts(opened(), ahead, heard(2, THREE), heard(10, requeued_at=10), heard(50, dispatched_at=50))
    assert sent == [CONFIRMED, at_once("delay", 40)]


def test_of_two_values_of_one_moment_the_more_silent_one_counts() -> None:
    assert texts(opened(), heard(1, NO_PRIORITY, stamp=0)) == []
    assert texts(opened(priority=NO_PRIORITY), heard(1, THREE, stamp=0)) == []


def test_the_very_same_record_is_nothing_when_it_arrives_again() -> None:
    """Without a stamp it would count as of its second arrival, and be the newest."""
    unstamped = CadRecord(feed="f", cad_id="1", stamp=None, facts=NOISE)
    first, again = Arrival(moment(1), unstamped), Arrival(moment(4), unstamped)
    assert texts(opened(), first, heard(2, UNKNOWN), again) == []


def sent(kind: str, minutes: float, *, sequence: int = 1, number: str = FIRST, due: float | None = None) -> SentText:
    return SentText(kind, sequence, number, moment(minutes if due is None else due), moment(minutes))


@pytest.mark.parametrize(
    ("arrivals", "of_it", "broken"),
    [
        ([], [sent("delay", 30), sent("delay", 150, sequence=2)], ["R2: to a number that has no confirmation"] * 2),
        ([], [sent("confirmation", 2)], ["R5: a confirmation before it is due or after its expiry"]),
        ([], [sent("confirmation", 63, due=3)], ["R5: a confirmation before it is due or after its expiry"]),
        ([], [sent("confirmation", 3), sent("confirmation", 4, sequence=2)], ["R2: a second confirmation"]),
        ([], [sent("confirmation", 3), sent("confirmation", 4)], ["R2: the same text", "R2: a second confirmation"]),
        ([], [sent("confirmation", 3), sent("delay", 90, due=30)], ["R5: a delay before it is due or after"]),
        ([], [sent("confirmation", 3), sent("delay", 40)], ["R5: no delay is due then"]),
        ([heard(9, dispatched_at=9)], [sent("confirmation", 3), sent("delay", 30)], ["R5: a delay while an officer"]),
        ([heard(3, VIOLENCE, stamp=-1)], [sent("confirmation", 3)], ["R1: it may not be texted"]),
        ([heard(9, cleared_at=9)], [sent("confirmation", 3), sent("survey", 248)], ["R5: a survey before it is due"]),
        ([heard(9, cleared_at=9)], [sent("confirmation", 3), sent("survey", 601)], ["R5: a survey at night"]),
        ([], [sent("confirmation", 3), sent("survey", 250)], ["R5: a survey when the call is open"]),
        ([heard(1, cleared_at=1)], [sent("confirmation", 3)], ["R5: a confirmation when the call is cleared"]),
    ],
)
def test_each_broken_rule_is_named(arrivals: list[Arrival], of_it: list[SentText], broken: list[str]) -> None:
    lines = broken_rules(call(opened(), *arrivals), of_it)
    assert len(lines) == len(broken), lines
    assert all(line.startswith(rule) for line, rule in zip(lines, broken, strict=True)), lines


def test_what_the_words_expect_breaks_no_rule() -> None:
    streams = [stream(seed) for seed in range(3_000)]
    assert [lines for each in streams if (lines := broken_rules(each, expected(each)))] == []
