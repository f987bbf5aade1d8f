from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from itertools import permutations
from uuid import UUID, uuid4

import pytest
import requests
from sqlalchemy import Engine
from twilio.request_validator import RequestValidator

from activities.delivery_states import move_forward
from calls.contracts import LedgerState
from cli.serve_web import residents_app
from database.encryption import Keyring, new_key
from settings import Settings
from tests.conftest import AGENCIES
from tests.serving import serving
from tests.web.served import ACCOUNT, ORIGIN, TOKENS, Residents, residents_site
from web.residents.agency import ResidentAgency


@pytest.fixture
def text_id(residents: Residents) -> UUID:
    return residents.add_text()


def test_r2_a_report_settles_a_text_whose_post_was_never_answered(residents: Residents) -> None:
    for state in (LedgerState.SENDING, LedgerState.UNKNOWN, LedgerState.CLAIMED):
        text_id, sid = residents.add_text(state=state), f"SM{uuid4().hex}"

        assert residents.report(text_id, "queued", sid=sid).status_code == 204

        row = residents.ledger(text_id)
        assert (row.state, row.provider_sid) == (LedgerState.ACCEPTED, sid)
        assert row.settled_at is not None


@pytest.mark.parametrize("order", sorted(set(permutations(["queued", "sent", "delivered", "sent"]))))
def test_reports_in_any_order_and_repeated_end_in_delivered(residents: Residents, order: tuple[str, ...]) -> None:
    text_id, sid = residents.add_text(), f"SM{uuid4().hex}"

    for status in order:
        assert residents.report(text_id, status, sid=sid).status_code == 204

    assert residents.ledger(text_id).state == LedgerState.DELIVERED


@pytest.mark.parametrize("known", LedgerState)
@pytest.mark.parametrize("status", ["queued", "sent", "delivered", "undelivered", "failed", "unheard-of"])
def test_one_statement_moves_a_text_where_looking_closer_would(
    residents: Residents, known: LedgerState, status: str
) -> None:
    sid, settled = "SM" + "1" * 32, datetime(2026, 7, 1, 16, tzinfo=UTC)
    text_id = residents.add_text(state=known, provider_sid=sid, settled_at=settled)
    looked_at = residents.ledger(text_id)
    move_forward(looked_at, provider_sid=sid, status=status, error_code=None, now=settled)

    assert residents.report(text_id, status, sid=sid).status_code == 204

    row = residents.ledger(text_id)
    assert (row.state, row.settled_at, row.provider_sid) == (looked_at.state, settled, sid)


def test_the_report_of_an_error_keeps_its_number(residents: Residents) -> None:
    text_id = residents.add_text(state=LedgerState.SENT, provider_sid="SM" + "1" * 32, settled_at=datetime.now(UTC))

    residents.report(text_id, "undelivered", ErrorCode="30003")

    assert (residents.ledger(text_id).state, residents.ledger(text_id).error_code) == (LedgerState.UNDELIVERED, 30003)


def test_reports_that_come_at_once_end_in_delivered(residents: Residents, text_id: UUID) -> None:
    statuses = ["queued", "sent", "delivered", "sending"] * 8
    with ThreadPoolExecutor(len(statuses)) as pool:
        answers = list(pool.map(lambda status: residents.report(text_id, status), statuses))

    assert {answer.status_code for answer in answers} == {204}
    assert residents.ledger(text_id).state == LedgerState.DELIVERED


def test_a_final_state_stays_whatever_is_reported_later(residents: Residents, text_id: UUID) -> None:
    residents.report(text_id, "undelivered", ErrorCode="30003")
    residents.report(text_id, "delivered")
    residents.report(text_id, "failed", ErrorCode="30008")

    row = residents.ledger(text_id)
    assert (row.state, row.error_code) == (LedgerState.UNDELIVERED, 30003)


def test_a_status_nobody_has_heard_of_proves_only_that_the_carrier_has_the_text(
    residents: Residents, text_id: UUID
) -> None:
    assert residents.report(text_id, "teleported", Unheard="of", ErrorCode="not a number").status_code == 204

    row = residents.ledger(text_id)
    assert (row.state, row.error_code) == (LedgerState.ACCEPTED, None)


def test_the_report_of_a_second_message_for_one_text_changes_nothing(residents: Residents, text_id: UUID) -> None:
    residents.report(text_id, "sent", sid="SM" + "a" * 32)
    assert residents.report(text_id, "failed", sid="SM" + "b" * 32).status_code == 204

    row = residents.ledger(text_id)
    assert (row.state, row.provider_sid) == (LedgerState.SENT, "SM" + "a" * 32)


def test_a_message_id_that_belongs_to_another_text_is_no_error_of_ours(residents: Residents, text_id: UUID) -> None:
    residents.report(text_id, "sent", sid="SM" + "a" * 32)
    other = residents.add_text()

    assert residents.report(other, "sent", sid="SM" + "a" * 32).status_code == 204
    assert residents.ledger(other).state == LedgerState.SENDING


def test_a_report_for_a_text_that_is_not_ours_is_taken_and_forgotten(residents: Residents) -> None:
    assert residents.report(uuid4(), "delivered").status_code == 204
    assert residents.rows_in_all() == 0


def test_a_report_signed_with_the_token_that_is_being_replaced_is_accepted(residents: Residents, text_id: UUID) -> None:
    fields = {"MessageSid": "SM" + "c" * 32, "MessageStatus": "sent", "To": "", "ErrorMessage": " blank kept "}

    answer = residents.webhook(f"/twilio/status?mid={text_id}", fields, token=TOKENS[1])

    assert answer.status_code == 204
    assert residents.ledger(text_id).state == LedgerState.SENT


@pytest.mark.parametrize(
    "forgery",
    [
        {"token": "guessed"},
        {"token": ""},
        {"signature": ""},
        {"signature": "é".encode().decode("latin-1")},
        {"origin": "http://127.0.0.1"},
        {"origin": "https://texts.example.com"},
    ],
)
def test_a_forged_report_is_refused_and_changes_nothing(
    residents: Residents, text_id: UUID, forgery: dict[str, str]
) -> None:
    answer = residents.webhook(
        f"/twilio/status?mid={text_id}", {"MessageSid": "SM" + "d" * 32, "MessageStatus": "delivered"}, **forgery
    )

    assert (answer.status_code, answer.text) == (403, "")
    assert residents.ledger(text_id).state == LedgerState.SENDING


def test_without_a_token_nothing_is_accepted_not_even_what_is_signed_with_none(
    engine: Engine, keyring: Keyring, agency: ResidentAgency
) -> None:
    for tokens in ([""], []):
        with residents_site(engine, keyring, agency, tokens=tokens) as site:
            fields = {"MessageSid": "SM" + "d" * 32, "MessageStatus": "delivered"}
            assert site.webhook(f"/twilio/status?mid={uuid4()}", fields, token="").status_code == 403


def test_while_the_token_is_changed_both_are_accepted_and_no_third(
    monkeypatch: pytest.MonkeyPatch, database_url: str
) -> None:
    for name, value in {
        "DATABASE_URL": database_url,
        "TWILIO_ACCOUNT_SID": ACCOUNT,
        "TWILIO_AUTH_TOKEN": "new",
        "COMMUNITYCONNECT_TWILIO_OTHER_AUTH_TOKEN": "old",
        "COMMUNITYCONNECT_AGENCY": str(AGENCIES / "ottawa"),
        "COMMUNITYCONNECT_PUBLIC_ORIGIN": ORIGIN,
        "COMMUNITYCONNECT_ENCRYPTION_KEYS": f"k:{new_key()}",
        "COMMUNITYCONNECT_LOOKUP_KEY": new_key(),
    }.items():
        monkeypatch.setenv(name, value)
    path, fields = f"/twilio/status?mid={uuid4()}", {"MessageSid": "SM" + "d" * 32, "MessageStatus": "sent"}
    found = {}
    with serving(residents_app(Settings())) as address:
        for token in ("new", "old", "third"):
            signature = RequestValidator(token).compute_signature(ORIGIN + path, fields)
            headers = {"X-Twilio-Signature": str(signature)}
            found[token] = requests.post(address + path, data=fields, headers=headers, timeout=10).status_code
    assert found == {"new": 204, "old": 204, "third": 403}


def test_a_report_of_another_account_is_refused(residents: Residents, text_id: UUID) -> None:
    fields = {"MessageSid": "SM" + "d" * 32, "MessageStatus": "delivered", "AccountSid": ACCOUNT[:-1] + "9"}
    assert residents.webhook(f"/twilio/status?mid={text_id}", fields).status_code == 403
    assert residents.ledger(text_id).state == LedgerState.SENDING


def test_a_signature_of_one_address_opens_no_other(residents: Residents, text_id: UUID) -> None:
    other = residents.add_text()
    fields = {"MessageSid": "SM" + "e" * 32, "MessageStatus": "delivered"}
    signed_for_other = residents.webhook(f"/twilio/status?mid={other}", fields).request.headers["X-Twilio-Signature"]
    for target in (f"?mid={text_id}", f"?mid={other}&x=", f"?x=&mid={other}"):
        answer = residents.webhook(f"/twilio/status{target}", fields, signature=str(signed_for_other))
        assert answer.status_code == 403
    assert residents.ledger(text_id).state == LedgerState.SENDING


def test_the_address_is_checked_as_it_came_percent_encoding_untouched(residents: Residents, text_id: UUID) -> None:
    fields = {"MessageSid": "SM" + "e" * 32, "MessageStatus": "sent", "Body": "a b+c%20é&=", "FromZip": ""}
    assert residents.webhook(f"/twilio/status?x=%2F%20y+z&mid={text_id}&blank=", fields).status_code == 204


@pytest.mark.parametrize("query", ["", "?mid=", "?mid=1", "?mid=%00", f"?mid={'9' * 3000}", "?mid=%FF%FE"])
def test_a_signed_report_without_a_usable_id_is_refused_in_peace(residents: Residents, query: str) -> None:
    fields = {"MessageSid": "SM" + "f" * 32, "MessageStatus": "sent"}
    assert residents.webhook(f"/twilio/status{query}", fields, origin=ORIGIN).status_code == 400
    assert residents.rows_in_all() == 0
