from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from uuid import UUID
from xml.etree import ElementTree as ET

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine
from sqlmodel import Session

from calls.clock import Clock
from calls.contracts import Kind, LedgerState
from database.encryption import Keyring
from database.tables import InboundMessageRow, OptOutRow, PilotNumberRow, ServiceModeRow, SwitchRow, TextRow
from tests.web.served import ACCOUNT, ORIGIN, OURS, RESIDENT, Residents, opted_out, residents_site, said
from web.residents.agency import ResidentAgency


def test_a_text_is_answered_with_where_to_turn_and_stored_encrypted(residents: Residents) -> None:
    (reply,) = said(residents.text("Somebody is in my yard"))

    assert "9-1-1" in reply
    assert "613-236-1222" in reply
    (stored,) = residents.rows(InboundMessageRow)
    assert residents.keyring.decrypt(stored.body_encrypted or "") == "Somebody is in my yard"
    assert "yard" not in repr(stored)
    assert RESIDENT not in repr(stored)


def test_the_answer_stands_in_the_ledger_and_its_reports_find_it(residents: Residents) -> None:
    answer = residents.text("hello")
    (row,) = residents.rows(TextRow)
    assert (row.kind, row.call_id, row.state) == (Kind.AUTO_REPLY, None, LedgerState.ACCEPTED)
    assert [residents.keyring.decrypt(row.body_encrypted or "")] == said(answer)
    message = ET.fromstring(answer.text).find("Message")  # noqa: S314 - our own
    assert message is not None
    assert message.get("action") == f"{ORIGIN}/twilio/status?mid={row.id}"

    residents.report(row.id, "delivered")

    assert residents.ledger(row.id).state == LedgerState.DELIVERED


def test_the_answer_speaks_the_language_of_our_last_text_else_both(residents: Residents) -> None:
    (both,) = said(residents.text("hello", phone="+16135550111"))
    assert "nobody reads" in both
    assert "personne ne lit" in both

    residents.add_text(state=LedgerState.DELIVERED, language="fr")
    (french,) = said(residents.text("hello"))
    assert french.startswith("Police d'Ottawa")
    assert "nobody" not in french


def test_a_number_is_answered_once_an_hour_of_the_service(
    engine: Engine, keyring: Keyring, agency: ResidentAgency
) -> None:
    start = datetime(2026, 1, 15, 12, tzinfo=UTC)
    for minutes, answers in ((0, 1), (59, 0), (61, 1), (62, 0)):
        clock = Clock(real_origin=datetime.now(UTC), virtual_origin=start + timedelta(minutes=minutes))
        with residents_site(engine, keyring, agency, clock=clock) as site:
            assert len(said(site.text("are you there?"))) == answers


def test_r2_two_texts_at_once_and_a_text_delivered_twice_get_one_answer(residents: Residents) -> None:
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda n: said(residents.text(f"hello {n}", sid=f"SM{n // 2:032}")), range(16)))

    assert sum(map(len, answers)) == 1
    assert len(residents.rows(InboundMessageRow)) == 8
    assert len(residents.rows(TextRow)) == 1


def test_r6_the_carrier_answers_a_plain_stop_and_we_obey_without_a_word(residents: Residents) -> None:
    assert said(residents.text("Stop")) == []

    (row,) = residents.rows(OptOutRow)
    assert (row.phone_hash, row.sender) == (residents.keyring.phone_hash(RESIDENT), OURS)
    assert residents.keyring.decrypt(row.phone_encrypted) == RESIDENT
    assert residents.rows(TextRow) == []


def test_r6_arret_is_obeyed_and_answered_in_french_once(residents: Residents) -> None:
    (reply,) = said(residents.text("Arrêtez, s’il vous plaît!"))
    assert reply.startswith("Police d'Ottawa : ce numéro ne vous enverra plus de textos.")
    assert said(residents.text("ARRET")) == []
    assert said(residents.text("STOP")) == []
    assert len(residents.rows(OptOutRow)) == 1


def test_r6_start_ends_an_opt_out_and_is_confirmed_by_whoever_had_blocked(residents: Residents) -> None:
    residents.text("STOP")
    assert said(residents.text("START")) == []  # the carrier confirms: it had blocked the number itself
    assert not opted_out(residents)

    residents.text("ARRÊT")
    (reply,) = said(residents.text("START"))
    assert "ARRET y met fin" in reply or "reply STOP" in reply
    assert not opted_out(residents)
    assert len(residents.rows(OptOutRow)) == 2


def test_a_yes_of_somebody_who_never_stopped_is_answered_as_any_text(residents: Residents) -> None:
    (reply,) = said(residents.text("Yes"))
    assert "613-236-1222" in reply


def test_r6_somebody_who_opted_out_gets_no_text_and_the_ledger_says_why(residents: Residents) -> None:
    residents.text("ARRET")
    assert said(residents.text("hello?")) == []
    held_back = [row for row in residents.rows(TextRow) if row.state == LedgerState.SUPPRESSED]
    assert [row.rule for row in held_back] == ["opted out"]


def test_a_wrong_number_is_stored_and_answered_once_in_its_own_language(residents: Residents) -> None:
    (reply,) = said(residents.text("Mauvais numéro"))
    assert "ne recevra plus de textos" in reply
    assert "9-1-1" in reply
    assert said(residents.text("MAUVAIS NUMERO!")) == []  # two machines that answer each other stop here
    assert [row.keyword for row in residents.rows(InboundMessageRow)] == ["wrong number"] * 2
    assert not opted_out(residents)


@pytest.mark.parametrize("scope", ["everything", "kind:auto_reply"])
def test_what_staff_have_stopped_is_not_answered_and_the_ledger_says_why(residents: Residents, scope: str) -> None:
    with Session(residents.engine) as session, session.begin():
        session.add(SwitchRow(scope=scope, stopped_by="the duty inspector", why="a test"))
    assert said(residents.text("hello")) == []
    (row,) = residents.rows(TextRow)
    assert (row.state, row.rule) == (LedgerState.SUPPRESSED, f"switched off: {scope}")


def test_in_shadow_nobody_is_answered_and_in_a_pilot_its_phones_are_stop_is_obeyed_in_all(residents: Residents) -> None:
    def mode(name: str) -> None:
        with Session(residents.engine) as session, session.begin():
            session.add(ServiceModeRow(mode=name, set_by="the duty inspector", why="a test"))

    mode("shadow")
    assert said(residents.text("hello")) == []
    assert said(residents.text("ARRET")) == []
    assert opted_out(residents)
    assert [(row.state, row.rule) for row in residents.rows(TextRow)] == [(LedgerState.SUPPRESSED, "shadow")] * 2
    mode("pilot")
    with Session(residents.engine) as session, session.begin():
        session.add(PilotNumberRow(phone_hash=residents.keyring.phone_hash(RESIDENT), phone_encrypted=""))
    assert len(said(residents.text("DEBUT"))) == 1
    assert len(said(residents.text("hello"))) == 1
    assert said(residents.text("hello", phone="+16135550111")) == []


def test_r6_a_wrong_number_that_says_stop_ends_all_texts_and_staff_see_it(residents: Residents) -> None:
    (reply,) = said(residents.text("Wrong number, STOP texting me"))
    assert "you will get no more texts from this number" in reply
    assert [row.keyword for row in residents.rows(InboundMessageRow)] == ["wrong number"]
    assert opted_out(residents)
    assert said(residents.text("Wrong number, STOP texting me")) == []


def test_machines_are_not_answered(residents: Residents) -> None:
    for phone in ("12345", "INFO-CA", "anonymous"):
        assert said(residents.text("Reply STOP to stop", phone=phone)) == []
    assert residents.rows(TextRow) == []


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"MessageSid": "SM1"},
        {"MessageSid": "SM1", "From": RESIDENT},
        {"MessageSid": "S\0M", "From": RESIDENT, "To": OURS},
        {"MessageSid": "SM" + "1" * 5000, "From": RESIDENT, "To": OURS},
        {"MessageSid": "SM1", "From": "\0", "To": OURS},
        {"MessageSid": "SM1", "From": " ", "To": OURS, "Body": "STOP"},
    ],
)
def test_a_signed_but_malformed_text_is_refused_and_leaves_nothing(
    residents: Residents, fields: dict[str, str]
) -> None:
    assert residents.webhook("/twilio/inbound", {"AccountSid": ACCOUNT, **fields}).status_code == 400
    assert residents.rows_in_all() == 0


@pytest.mark.parametrize(
    "body", ["", "\0", "\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16"), "é" * 1600]
)
def test_any_body_is_taken_in(residents: Residents, body: str) -> None:
    said(residents.text(body))
    (row,) = residents.rows(InboundMessageRow)
    assert residents.keyring.decrypt(row.body_encrypted or "") == body


NAMES = st.sampled_from(
    ["MessageSid", "SmsSid", "From", "To", "Body", "MessageStatus", "ErrorCode", "OptOutType", "mid"]
)
VALUES = st.one_of(st.text(st.characters(codec="utf-8"), max_size=80), st.sampled_from(["SM1", RESIDENT, OURS, "stop"]))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(fields=st.dictionaries(st.one_of(NAMES, st.text(st.characters(codec="utf-8"), max_size=9)), VALUES))
def test_whatever_twilio_signs_is_no_error_of_ours(residents: Residents, fields: dict[str, str]) -> None:
    for path in ("/twilio/inbound", f"/twilio/status?mid={UUID(int=7)}", "/twilio/voice"):
        assert residents.webhook(path, {**fields, "AccountSid": ACCOUNT}).status_code in {200, 204, 400}


@pytest.mark.parametrize("path", ["/twilio/inbound", "/twilio/status", "/twilio/voice"])
@pytest.mark.parametrize(
    "body", [b"", b"\xff\xfe", b"%", b"Body=%ff&From=%00", b"&" * 60_000, b"{}", b"a=" + b"x" * 60_000]
)
def test_what_twilio_has_not_signed_is_refused_whatever_it_is(residents: Residents, path: str, body: bytes) -> None:
    answer = residents.http.post(residents.address + path, data=body, timeout=10)
    assert answer.status_code in {400, 403}
    assert residents.rows_in_all() == 0


def test_more_than_64_kb_is_refused(residents: Residents) -> None:
    for path in ("/twilio/inbound", "/twilio/status", "/twilio/voice", "/s/0123456789ab"):
        answer = residents.http.post(residents.address + path, data=b"x" * 70_000, timeout=10)
        assert answer.status_code == 413
    assert residents.rows_in_all() == 0


def test_a_caller_hears_where_to_turn_in_both_languages(residents: Residents) -> None:
    answer = residents.webhook("/twilio/voice", {"CallSid": "CA1", "From": "anonymous", "AccountSid": ACCOUNT})

    document = ET.fromstring(answer.text)  # noqa: S314 - our own
    english, french = document.findall("Say")
    assert (english.get("language"), french.get("language")) == ("en-US", "fr-CA")
    for part in (english, french):
        assert "9 1 1" in (part.text or "")
        assert "6 1 3, 2 3 6, 1 2 2 2" in (part.text or "")
    assert document[-1].tag == "Hangup"


def test_every_webhook_answers_within_a_second(residents: Residents) -> None:
    for _ in range(5):
        assert residents.text("hello").elapsed < timedelta(seconds=1)
