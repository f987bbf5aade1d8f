"""The nineteen things that real CAD feeds do, each with what must then happen. Pure: `lives.py`.

Where a rule also needs the database or the log reader, its other half is named beside it.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from calls.contracts import call_id, workflow_id
from calls.eligibility import Rule
from calls.facts import Outcome, Untextable
from calls.numbers import untextable
from policy.agency import load_agency
from starter.records import CadRecord
from tests.builders import NOON, minutes, some_facts
from tests.conftest import AGENCIES
from tests.streams.lives import Heard, sent
from tests.streams.streams import Arrival, Stream

OTTAWA = load_agency(AGENCIES / "ottawa")
POLICY = OTTAWA.policy
ALICE, BOB = "+16135550142", "+13435550117"
ORDINARY: dict[str, Any] = {
    name: value
    for name, value in some_facts().model_dump(mode="json").items()
    if value is not None and name not in {"agency", "cad_id", "in_progress", "safety_flag", "recipient_version", "held"}
}
SENSITIVE: dict[str, Any] = {"call_type_code": "DVA", "call_type_group": "intimate_partner_violence"}


def says(made: float, *, arrives: float | None = None, phone: str | None = None, **facts: Any) -> Arrival:
    """A record made so many minutes after receipt; numbers as times are minutes after receipt too."""
    told = {
        name: (NOON + minutes(value)).isoformat() if name.endswith("_at") and isinstance(value, (int, float)) else value
        for name, value in facts.items()
    }
    record = CadRecord(feed="test", cad_id="1001", stamp=NOON + minutes(made), facts=told, phone=phone)
    return Arrival(NOON + minutes(made if arrives is None else arrives), record)


def received(*, arrives: float = 0, phone: str | None = ALICE, **facts: Any) -> Arrival:
    return says(0, arrives=arrives, phone=phone, **{**ORDINARY, **facts})


def texts(*arrivals: Arrival) -> list[tuple[str, float]]:
    """Kind and minute after receipt of every text."""
    stream = Stream(seed=0, arrivals=tuple(sorted(arrivals, key=lambda arrival: arrival.at)))
    return [(text.kind, (text.sent_at - NOON) / minutes(1)) for text in sent(stream, POLICY)]


def numbers(*arrivals: Arrival) -> list[tuple[str, str]]:
    stream = Stream(seed=0, arrivals=tuple(sorted(arrivals, key=lambda arrival: arrival.at)))
    return [(text.kind, text.number) for text in sent(stream, POLICY)]


def heard(*arrivals: Arrival) -> Heard:
    found = Heard(POLICY)
    for arrival in arrivals:
        found.take(arrival.record, at=arrival.at)
    return found


CONFIRMED, DELAYED = ("confirmation", 3.0), ("delay", 60.0)


def test_anomaly_01_a_record_that_is_delivered_again_has_no_effect() -> None:
    dispatched = says(10, dispatched_at=10)
    again = [Arrival(dispatched.at + minutes(late), dispatched.record) for late in (1, 90, 600)]
    assert texts(received(), dispatched, *again) == texts(received(), dispatched) == [CONFIRMED]


def test_anomaly_02_what_is_out_of_order_counts_only_where_it_is_newer_and_dispatched_after_closed_sends_nothing() -> (
    None
):
    late = says(10, arrives=25, dispatched_at=10, priority_code="3", priority=3)
    found = heard(received(), says(20, cleared_at=20, priority_code="4", priority=4), late)
    assert found.facts.priority == 4
    assert texts(received(), says(20, cleared_at=20), late) == texts(received(), says(20, cleared_at=20))


@pytest.mark.parametrize("first_sight", [70, 600, 6000])
def test_anomaly_03_a_call_that_is_seen_late_gets_no_stale_confirmation(first_sight: float) -> None:
    assert texts(received(arrives=first_sight)) == []
    over = says(20, arrives=30, cleared_at=20)
    assert texts(received(arrives=30), over) == []
    assert texts(received(arrives=30), says(20, arrives=30, dispatched_at=20)) == [("confirmation", 30)]


def test_anomaly_04_steps_that_are_skipped_do_no_harm() -> None:
    assert texts(received(), says(30, cleared_at=30)) == [CONFIRMED, ("survey", 270)]
    assert texts(received(), says(30, arrived_at=30)) == [CONFIRMED]


def test_anomaly_05_a_reopened_call_has_no_second_confirmation_and_one_survey() -> None:
    reopened = (received(), says(30, cleared_at=30), says(60, reopened_at=60), says(90, cleared_at=90))
    assert texts(*reopened) == [CONFIRMED, ("survey", 330)]
    after_the_survey = (received(), says(30, cleared_at=30), says(300, reopened_at=300), says(400, cleared_at=400))
    assert texts(*after_the_survey) == [CONFIRMED, ("survey", 270)]
    waits_again = (received(), says(30, cleared_at=30), says(40, reopened_at=40))
    assert texts(*waits_again)[:2] == [CONFIRMED, ("delay", 100)]


def test_anomaly_06_a_type_that_turns_sensitive_silences_for_ever_also_the_survey_and_when_it_turns_back() -> None:
    back = says(50, call_type_code="NOISE", call_type_group="noise")
    assert texts(received(), says(40, cleared_at=40), says(45, **SENSITIVE), back) == [CONFIRMED]
    assert texts(received(), says(1, **SENSITIVE), says(2, call_type_code="NOISE", call_type_group="noise")) == []


def test_anomaly_07_a_priority_that_is_raised_silences_and_one_that_is_lowered_later_brings_no_late_confirmation() -> (
    None
):
    raised = says(30, priority_code="1", priority=1)
    assert texts(received(), raised) == [CONFIRMED]
    lowered = says(2, priority_code="4", priority=4)
    assert texts(received(priority_code="1", priority=1), lowered) == []


@pytest.mark.parametrize("reason", ["cancelled", "duplicate", "merged", "transferred", "test"])
def test_anomaly_08_a_duplicate_or_merged_call_falls_silent_and_the_surviving_one_goes_on(reason: str) -> None:
    assert texts(received(), says(30, cancelled=reason)) == [CONFIRMED]
    assert texts(received(), says(2, cancelled=reason)) == []
    assert texts(received(), says(70, dispatched_at=70)) == [CONFIRMED, DELAYED]


def test_anomaly_09_open_calls_of_one_caller_have_workflows_of_their_own() -> None:
    """How many texts the caller gets in all: `tests/activities/test_people.py`."""
    ids = {workflow_id(call_id(agency="ottawa", cad_id=cad_id)) for cad_id in ("1", "2", "3")}
    assert len(ids) == 3


@pytest.mark.parametrize(
    ("number", "why"),
    [
        ("+19115550142", Untextable.PSEUDO),
        ("+19111234567", Untextable.PSEUDO),
        ("+18005550142", Untextable.SERVICE),
        ("+19005550142", Untextable.SERVICE),
        ("+442079460142", Untextable.ABROAD),
        ("+18765550142", Untextable.ABROAD),
        ("+16135550142", None),
        ("+12125550142", None),
    ],
)
def test_anomaly_10_numbers_that_are_nobodys_phone_are_not_texted(number: str, why: Untextable | None) -> None:
    """The list that people keep, and landlines: `tests/activities/test_people.py`."""
    assert untextable(number, POLICY.numbers) == why
    assert (texts(received(phone=number)) == []) == (why is not None)
    assert heard(received(phone=number)).call.decision.rule == (Rule.ALL_MET if why is None else Rule.UNTEXTABLE)


def test_anomaly_11_a_corrected_number_gets_a_confirmation_of_its_own_and_the_old_one_nothing_more() -> None:
    corrected = (received(), says(45, phone=BOB), says(70, dispatched_at=70), says(80, cleared_at=80))
    assert numbers(*corrected) == [("confirmation", ALICE), ("confirmation", BOB), ("delay", BOB), ("survey", BOB)]
    assert texts(*corrected)[1] == ("confirmation", 45)
    hours_later = (received(), says(30, dispatched_at=30), says(300, phone=BOB))
    assert numbers(*hours_later) == [("confirmation", ALICE), ("confirmation", BOB)]
    and_back = (received(), says(20, phone=BOB), says(30, phone=ALICE), says(70, dispatched_at=70))
    assert numbers(*and_back) == [("confirmation", ALICE), ("confirmation", BOB), ("delay", ALICE)]


@pytest.mark.parametrize("source", ["officer", "alarm", "other", None])
def test_anomaly_12_who_is_no_resident_is_not_texted(source: str | None) -> None:
    assert texts(received(source_code="RADIO", source=source)) == []


def test_anomaly_13_test_calls_by_type_and_by_disposition_are_not_texted() -> None:
    assert OTTAWA.call_types.group_of("TEST CALL") is None  # unknown: fails closed
    assert texts(received(call_type_code="TEST CALL", call_type_group="")) == []
    assert texts(received(), says(1, disposition="TEST", cancelled="test")) == []


def test_anomaly_14_the_call_is_known_by_its_internal_id_whatever_becomes_of_the_number_that_people_see() -> None:
    """Blank ids: `tests/starter/test_csv_log.py`."""
    with pytest.raises(ValueError, match="cad_id"):
        CadRecord(feed="test", cad_id="", stamp=NOON, facts={})
    renamed = heard(received(), says(20, case_number="26-999999"))
    assert renamed.facts.case_number == "26-999999"
    late = texts(received(case_number=None), says(40, case_number="26-104233"))
    assert late == [("confirmation", 40), DELAYED, ("delay", 180.0), ("delay", 300.0)]  # it waits for the number …
    assert texts(received(case_number=None), says(64, case_number="26-104233")) == []  # … but not for ever


class TestAnomaly15:
    """Times. Naive ones and the nights on which the clocks change: `tests/starter/test_csv_log.py`."""

    def test_anomaly_15_the_same_moment_in_another_zone_is_no_change(self) -> None:
        here = heard(received(), says(10, dispatched_at=10)).facts
        for zone in ("-05:00", "+05:30", "+00:00"):
            moment = datetime.fromisoformat(f"2026-01-15T12:00:00{zone}") - datetime.fromisoformat(
                "2026-01-15T12:00:00+00:00"
            )
            there = (NOON + minutes(10) - moment).replace(tzinfo=None).isoformat() + zone
            assert heard(received(), says(10, dispatched_at=there)).facts == here

    def test_anomaly_15_small_negative_intervals_are_how_clocks_are(self) -> None:
        assert texts(received(), says(10, dispatched_at=-0.1), says(20, cleared_at=20)) == [CONFIRMED, ("survey", 260)]
        [(kind, minute), *_] = texts(received(), says(1, call_ended_at=-0.1))
        assert (kind, round(minute, 3)) == ("confirmation", 1.9)

    def test_anomaly_15_a_caller_who_hung_up_before_calling_did_not(self) -> None:
        assert texts(received(), says(1, call_ended_at=-600))[0] == CONFIRMED

    def test_anomaly_15_a_stamp_of_the_future_counts_as_receipt_and_does_not_outweigh_what_comes_later(self) -> None:
        future = says(5000, arrives=10, priority_code="3", priority=3)
        found = heard(received(), future, says(20, priority_code="4", priority=4))
        assert found.facts.priority == 4

    def test_anomaly_15_an_event_of_the_future_has_happened_when_it_was_told(self) -> None:
        assert heard(received(), says(30, cleared_at=5000)).facts.cleared_at == NOON + minutes(30)
        assert texts(received(), says(30, cleared_at=5000)) == [CONFIRMED, ("survey", 270)]
        assert heard(received(), says(30, cleared_at=39)).facts.cleared_at == NOON + minutes(39)  # within ten minutes

    def test_anomaly_15_without_a_stamp_the_latest_event_counts_then_receipt(self) -> None:
        at = NOON + minutes(50)
        event = CadRecord(
            feed="t", cad_id="1", stamp=None, facts={"arrived_at": (NOON + minutes(20)).isoformat(), "area": "old"}
        )
        none = CadRecord(feed="t", cad_id="1", stamp=None, facts={"area": "newest"})
        found = heard(received(), Arrival(at, event), says(30, arrives=51, area="new"))
        assert found.facts.area == "new"
        found.take(none, at=at + minutes(2))
        assert found.facts.area == "newest"


@pytest.mark.parametrize(
    "unknown",
    [
        {"call_type_code": "NEW", "call_type_group": ""},
        {"priority_code": "P7", "priority": None},
        {"source_code": "zz", "source": None},
    ],
)
def test_anomaly_16_an_unknown_code_fails_closed_and_speaks_again_once_it_is_known(unknown: dict[str, Any]) -> None:
    """Counted and shown: `tests/staff/test_attention.py`. An unknown disposition means no survey: anomaly 18."""
    assert texts(received(**unknown)) == []
    known = {name: ORDINARY[name] for name in unknown}
    assert texts(received(**unknown), says(20, **known))[0] == ("confirmation", 20)
    assert texts(received(), says(20, **unknown), says(90, **known), says(95, dispatched_at=95)) == [
        CONFIRMED,
        ("delay", 90),
    ]


def test_anomaly_17_a_call_that_is_never_closed_ends_by_itself_without_a_survey() -> None:
    assert texts(received()) == [CONFIRMED, DELAYED, ("delay", 180.0), ("delay", 300.0)]
    fifteen_days = 15 * 24 * 60
    assert texts(received(), says(10, dispatched_at=10), says(fifteen_days, cleared_at=fifteen_days)) == [CONFIRMED]


@pytest.mark.parametrize(
    ("cell", "outcome", "surveyed"),
    [
        ("R", Outcome.ORDINARY, True),
        ("R-Report taken", Outcome.ORDINARY, True),
        ("NR,TEL", Outcome.ORDINARY, True),
        ("R,UNF", Outcome.UNFOUNDED, False),
        ("ARR-Arr", Outcome.ARREST, False),
        ("GOA", Outcome.NO_CONTACT, False),
        ("FALSE-False Al", Outcome.UNKNOWN, False),
        ("R,???", Outcome.UNKNOWN, False),
        ("settled, we think", Outcome.UNKNOWN, False),
    ],
)
def test_anomaly_18_dispositions_are_lists_and_free_text_and_what_is_unknown_means_no_survey(
    cell: str, outcome: Outcome | None, surveyed: bool
) -> None:
    assert OTTAWA.cad.outcome(cell) == outcome
    assert OTTAWA.cad.cancel_reason(cell) is None
    found = texts(received(), says(30, cleared_at=30, disposition=cell, outcome=outcome))
    assert found == [CONFIRMED, *([("survey", 270)] if surveyed else [])]


def test_anomaly_18_several_codes_of_which_one_cancels_cancel() -> None:
    for cell in ("CAN,NR", "NR,CAN-Cancellation", "CAN-Can"):
        assert OTTAWA.cad.cancel_reason(cell) == "cancelled"


def test_anomaly_19_fields_that_nobody_knows_and_words_for_nothing_change_nothing() -> None:
    """Missing columns and literal NULL: `tests/starter/test_csv_log.py`."""
    odd = says(10, arrives=10, new_column="x", unit_cleared_at=10, dispatched_at=None, disposition=None)
    assert heard(received(), odd).facts == heard(received()).facts
    assert texts(received(), odd) == texts(received())


def test_a_unit_that_is_cleared_is_not_a_call_that_is_cleared() -> None:
    """The officer was pulled away before arriving: the caller waits again from then on."""
    pulled_away = says(20, requeued_at=20, unit_cleared_at=20)
    assert texts(received(), says(10, dispatched_at=10), pulled_away)[:2] == [CONFIRMED, ("delay", 80.0)]


def test_no_record_can_set_what_only_the_service_says() -> None:
    lies = says(
        5, phone=None, latch=None, held=False, recipient_version=7, number_corrected_at=5, agency="x", cad_id="y"
    )
    found = heard(received(), says(2, **SENSITIVE), lies).facts
    assert (found.latch, found.agency, found.cad_id) == (Rule.SENSITIVE_TYPE, "ottawa", "1")
    assert (found.number_corrected_at, found.untextable) == (None, None)


def test_r1_of_two_numbers_that_are_told_at_the_same_time_neither_is_texted_until_one_is_told_again() -> None:
    """A feed without update times: nobody knows which is the correction."""
    both = (received(), says(0, phone=BOB, arrives=1))
    assert numbers(*both) == numbers(*reversed(both)) == []
    assert heard(*both).call.decision.reason == "the number is one of two that were told at the same time"
    assert numbers(*both, says(20, phone=BOB), says(30, dispatched_at=30)) == [("confirmation", BOB)]


def test_a_number_that_comes_back_before_it_was_confirmed_is_confirmed() -> None:
    mistaken = (received(), says(2, phone=BOB), says(3.5, dispatched_at=3.5), says(120, phone=ALICE))
    assert numbers(*mistaken) == [("confirmation", BOB), ("confirmation", ALICE)]


def test_anomaly_15_a_moment_in_seconds_since_1970_is_a_moment() -> None:
    written = int((NOON + minutes(10)).timestamp())
    there = Arrival(NOON + minutes(11), CadRecord(feed="t", cad_id="1", stamp=None, facts={"dispatched_at": written}))
    assert heard(received(), there).facts == heard(received(), says(10, dispatched_at=10)).facts
    future = CadRecord(feed="t", cad_id="1", stamp=NOON + minutes(10), facts={"dispatched_at": 4102444800})
    assert heard(received(), Arrival(NOON + minutes(10), future)).facts.dispatched_at == NOON + minutes(10)


def test_the_longest_names_and_times_leave_nothing_open() -> None:
    assert texts(received(received_at=datetime(1970, 1, 1, tzinfo=UTC).isoformat())) == []
    assert texts(received(), says(1, cleared_at=(NOON - timedelta(days=9000)).isoformat())) == []
