"""The accounting: each way in which a call can differ from what the policy owes it is found, and nothing else is."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from tests.simulation.by_the_policy import ExpectedText
from tests.year.accounts import Account, Call, Ledgered, OnPhone

RECEIVED = datetime(2026, 1, 5, 14, tzinfo=UTC)
DUE = RECEIVED + timedelta(minutes=3)
SURVEY_DUE = RECEIVED + timedelta(hours=5)
CLEARED = RECEIVED + timedelta(hours=1)
PHONE = "+16135550142"
CONFIRMATION = Ledgered(
    id=UUID(int=1), kind="confirmation", sequence=1, due_at=DUE, state="delivered", rule=None, carried_at=DUE
)
SURVEY = replace(CONFIRMATION, id=UUID(int=2), kind="survey", due_at=SURVEY_DUE, carried_at=SURVEY_DUE)
ELIGIBLE = ("true", "all rules met")
CALL = Call(
    call="26-1",
    phone=PHONE,
    moments=[RECEIVED, CLEARED],
    decision=ELIGIBLE,
    owed=[ExpectedText("26-1", "confirmation", 1, DUE), ExpectedText("26-1", "survey", 1, SURVEY_DUE)],
    found=ELIGIBLE,
    ledger=[CONFIRMATION, SURVEY],
)
PHONES = {row.id: [OnPhone(text_id=row.id, phone=PHONE, status="delivered")] for row in (CONFIRMATION, SURVEY)}


def account(call: Call, phones: dict[UUID, list[OnPhone]] | None = None, *, late: timedelta = timedelta(0)) -> Account:
    """Of one call."""
    made = Account()
    made.add(call, PHONES if phones is None else phones, lambda _kind, _due: late)
    return made


def test_a_call_that_got_what_it_was_owed_has_no_difference() -> None:
    made = account(CALL)
    assert made.differences == {}
    assert (made.counts["sent: confirmation"], made.counts["sent: survey"], made.counts["on phones"]) == (1, 1, 2)
    assert made.counts["eligible, by the calculation"] == made.counts["eligible, by the service"] == 1


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (replace(CALL, found=None), "the database does not know the call"),
        (replace(CALL, found=("false", "unknown call type")), "decided otherwise"),
        (replace(CALL, ledger=[CONFIRMATION]), "owed, and not in the ledger"),
        (
            replace(CALL, ledger=[CONFIRMATION, replace(SURVEY, state="expired", rule="expired")]),
            "owed, and expired (expired)",
        ),
        (replace(CALL, ledger=[CONFIRMATION, replace(SURVEY, state="unknown")]), "owed, and unknown (None)"),
        (replace(CALL, owed=CALL.owed[:1]), "in the ledger, and not owed"),
        (
            replace(CALL, owed=[], decision=("false", "cancelled"), found=("false", "cancelled")),
            "in the ledger, and not owed",
        ),
        (
            replace(CALL, ledger=[CONFIRMATION, replace(SURVEY, due_at=SURVEY_DUE + timedelta(hours=2))]),
            "owed, and not in the ledger",
        ),
        (
            replace(CALL, ledger=[CONFIRMATION, replace(SURVEY, carried_at=SURVEY_DUE - timedelta(hours=1))]),
            "sent before it was due",
        ),
    ],
)
def test_what_the_database_has_wrong_is_found(call: Call, name: str) -> None:
    assert name in account(call).differences


@pytest.mark.parametrize(
    ("found", "name"),
    [
        ({}, "sent by the ledger, and on no phone"),
        ({"twice": True}, "twice on a phone"),
        ({"phone": "+16135550143"}, "on another's phone"),
        ({"status": "sent"}, "not delivered"),
    ],
)
def test_what_the_phones_have_wrong_is_found(found: dict[str, Any], name: str) -> None:
    (one,) = PHONES[SURVEY.id]
    changes = {field: value for field, value in found.items() if field != "twice"}
    copies = [replace(one, **changes)] * (2 if "twice" in found else 1) if found else []
    assert list(account(CALL, PHONES | {SURVEY.id: copies}).differences) == [name]


def test_a_text_that_the_ledger_held_back_and_a_phone_has_is_found() -> None:
    call = replace(CALL, owed=CALL.owed[:1], ledger=[CONFIRMATION, replace(SURVEY, state="suppressed", rule="R1")])
    assert list(account(call).differences) == ["on a phone, and by the ledger not sent"]


def test_a_text_that_no_ledger_has_is_found() -> None:
    made = account(CALL)
    made.strangers({CONFIRMATION.id}, PHONES)
    assert list(made.differences) == ["on a phone, and not in the ledger"]


def test_a_text_overtaken_within_the_services_lateness_is_no_difference_and_no_later_one_is() -> None:
    overtaken = replace(CALL, moments=[RECEIVED, DUE + timedelta(minutes=2)], ledger=[])
    within = account(overtaken, {}, late=timedelta(minutes=2))
    assert within.differences == {}
    assert within.counts["overtaken by what CAD told: confirmation"] == 1
    beyond = account(overtaken, {}, late=timedelta(minutes=1))
    assert list(beyond.differences) == ["owed, and not in the ledger"]
    heard_late = replace(overtaken, heard_late=timedelta(minutes=1))
    assert account(heard_late, {}, late=timedelta(minutes=1)).differences == {}


def test_a_text_sent_before_the_service_heard_is_no_difference_within_its_lateness() -> None:
    call = replace(CALL, moments=[RECEIVED, DUE - timedelta(minutes=1)], owed=[], ledger=[CONFIRMATION])
    assert account(call, late=timedelta(minutes=1)).differences == {}
    assert list(account(call, late=timedelta(seconds=59)).differences) == ["in the ledger, and not owed"]


def test_a_confirmation_that_went_out_before_the_hang_up_was_heard_stands_for_the_one_that_is_owed() -> None:
    hung_up = DUE - timedelta(seconds=30)
    owed = [ExpectedText("26-1", "confirmation", 1, hung_up + timedelta(minutes=2)), CALL.owed[1]]
    call = replace(CALL, moments=[RECEIVED, hung_up, CLEARED], owed=owed)
    made = account(call, late=timedelta(minutes=1))
    assert made.differences == {}
    assert made.counts["sent as what was heard by then wanted it: confirmation"] == 1
    assert "owed, and not in the ledger" in account(call).differences


def test_a_text_held_back_that_was_not_owed_is_no_difference() -> None:
    silent = ("false", "cancelled")
    held = replace(CONFIRMATION, state="suppressed", rule="R1")
    made = account(replace(CALL, owed=[], ledger=[held], decision=silent, found=silent), {})
    assert made.differences == {}
