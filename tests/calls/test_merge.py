"""R4: the records of a call, in any order, any number of times, in any portions, are the same call."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calls.call_record import CallRecord
from calls.eligibility import Eligibility, Rule, decide
from calls.facts import CallFacts, Untextable
from calls.merge import NO_NUMBERS_HASH, Stamped, merge
from policy.agency import load_agency
from tests.builders import NOON, minutes, some_facts
from tests.conftest import AGENCIES

POLICY = load_agency(AGENCIES / "ottawa").policy
MANY = settings(max_examples=500, deadline=None)

Record = dict[str, Stamped]


def said(at: datetime = NOON, **values: Any) -> Record:
    """One record: all of it said at one time."""
    return {name: Stamped(at=at, value=value) for name, value in values.items()}


def merged_of(records: Sequence[Record]) -> Record:
    merged: Record = {}
    for record in records:
        merged = merge(merged, record)
    return merged


def facts(*records: Record, latch: str | None = None) -> CallFacts:
    call = CallRecord(agency="ottawa", cad_id="1001", merged=merged_of(records), latch=latch)
    return call.facts(recipient_version=1, held=False)


_codes = st.sampled_from(
    [
        ("NOISE", "noise"),
        ("THEFT", "theft"),
        ("DVA", "intimate_partner_violence"),
        ("AAA", None),
        ("ZZZ", ""),
        ("ZZZ", None),
    ]
)
_priorities = st.sampled_from([("3", 3), ("4", 4), ("1", 1), ("0", None), ("X", None)])
_sources = st.sampled_from(
    [("phone", "resident"), ("web", "resident"), ("radio", "officer"), ("zz", None), ("aa", None)]
)
_pairs: list[tuple[tuple[str, str], st.SearchStrategy[Any]]] = [
    (("call_type_code", "call_type_group"), _codes),
    (("priority_code", "priority"), _priorities),
    (("source_code", "source"), _sources),
]
_times = st.integers(0, 3).map(lambda after: (NOON + minutes(after)).isoformat())
_single = st.fixed_dictionaries(
    {},
    optional={
        "in_progress": st.booleans(),
        "safety_flag": st.booleans(),
        "cancelled": st.sampled_from(["duplicate", "merged"]),
        "case_number": st.sampled_from(["26-1", "26-2"]),
        "received_at": _times,
        "dispatched_at": _times,
        "cleared_at": _times,
        "phone_hash": st.sampled_from(["aa", "bb"]),
    },
)


@st.composite
def _records(draw: st.DrawFn) -> Record:
    values: dict[str, Any] = draw(_single)
    for names, codes in _pairs:
        if draw(st.booleans()):
            values |= {name: value for name, value in zip(names, draw(codes), strict=True) if value is not None}
    return said(NOON + minutes(draw(st.integers(0, 2))), **values)


@MANY
@given(st.lists(_records(), max_size=6), st.data())
def test_any_order_any_repetition_and_any_portions_make_the_same_call(
    records: list[Record], data: st.DataObject
) -> None:
    once = merged_of(records)
    again = data.draw(st.lists(st.sampled_from(records), max_size=4)) if records else []
    shuffled = data.draw(st.permutations([*records, *again]))
    cut = data.draw(st.integers(0, len(shuffled)))
    portions: Sequence[Record] = [merged_of(part) for part in (shuffled[:cut], shuffled[cut:])]
    assert merged_of(shuffled) == once
    assert merge(portions[0], portions[1]) == once
    assert merge(once, once) == once


@MANY
@given(st.lists(_records(), min_size=1, max_size=5))
def test_every_value_of_the_merge_was_said_and_a_code_stands_with_its_own_reading(records: list[Record]) -> None:
    merged = merged_of(records)
    for name, stamped in merged.items():
        if stamped.value not in (NO_NUMBERS_HASH, Untextable.UNCLEAR):  # two numbers at one time: neither
            assert stamped in [record[name] for record in records if name in record]
        assert all(record[name].at <= stamped.at for record in records if name in record)
    for names, _ in _pairs:
        pair = [merged.get(name) for name in names]
        assert pair == [None, None] or pair in [[record.get(name) for name in names] for record in records]


@MANY
@given(st.permutations([0, 1]), st.data())
def test_r1_of_two_that_were_said_at_the_same_time_the_silent_one_is_kept(
    order: list[int], data: st.DataObject
) -> None:
    told = some_facts().model_dump(mode="json", exclude={"agency", "cad_id", "latch", "recipient_version", "held"})
    harmless = said(**{name: value for name, value in told.items() if value is not None})
    silent = data.draw(
        st.sampled_from(
            [
                said(in_progress=True),
                said(safety_flag=True),
                said(call_type_code="AAA"),
                said(call_type_code="ZZZ", call_type_group=""),
                said(priority_code="0"),
                said(priority_code="X"),
                said(source_code="aa"),
                said(source_code="radio", source="officer"),
                said(source_code="zz", source="alarm"),
                said(cancelled="merged"),
            ]
        )
    )
    records = [(harmless, silent)[index] for index in order]
    assert decide(facts(harmless), POLICY).eligibility is Eligibility.ELIGIBLE
    assert decide(facts(*records), POLICY).eligibility is Eligibility.INELIGIBLE


def test_the_later_stamp_wins_in_whichever_order_they_come() -> None:
    early, late = said(NOON, case_number="26-2"), said(NOON + timedelta(microseconds=1), case_number="26-1")
    assert facts(early, late).case_number == "26-1"
    assert facts(late, early).case_number == "26-1"


def test_each_field_has_its_own_stamp() -> None:
    merged = facts(
        said(NOON, area="east", dispatched_at=NOON.isoformat()), said(NOON + minutes(1), cleared_at=NOON.isoformat())
    )
    assert (merged.area, merged.dispatched_at, merged.cleared_at) == ("east", NOON, NOON)


def test_an_empty_record_changes_nothing() -> None:
    one = said(case_number="26-1")
    assert merge(one, {}) == merge({}, one) == one


def test_a_stamp_is_a_moment_whatever_zone_it_is_written_in() -> None:
    here = said(NOON, safety_flag=True)
    there = said(NOON.astimezone(timezone(timedelta(hours=-5))), safety_flag=False)
    assert facts(here, there) == facts(there, here)
    assert facts(here, there).safety_flag is True


@pytest.mark.parametrize(
    ("told", "rule"),
    [
        ({"call_type_code": "NEW"}, Rule.UNKNOWN_TYPE),
        ({"call_type_code": "NEW", "call_type_group": ""}, Rule.UNKNOWN_TYPE),
        ({"priority_code": "X"}, Rule.UNKNOWN_PRIORITY),
        ({"source_code": "X"}, Rule.UNKNOWN_SOURCE),
    ],
)
def test_r1_a_later_code_that_nobody_can_read_is_unknown_and_not_what_the_call_was_before(
    told: dict[str, str], rule: Rule
) -> None:
    known = {name: value for name, value in some_facts().model_dump(mode="json").items() if value is not None}
    changed = facts(said(NOON, **known), said(NOON + minutes(1), **told))
    assert decide(changed, POLICY).rule == rule


def test_what_the_service_itself_keeps_is_never_taken_from_a_record() -> None:
    forged = said(datetime(2999, 1, 1, tzinfo=UTC), latch=None, held=False, recipient_version=7, agency="x", cad_id="y")
    merged = facts(forged, latch="in progress")
    assert (merged.latch, merged.recipient_version, merged.agency, merged.cad_id) == (
        "in progress",
        1,
        "ottawa",
        "1001",
    )


def test_the_hash_of_the_number_is_no_fact() -> None:
    assert "aa" not in facts(said(phone_hash="aa")).model_dump_json()
