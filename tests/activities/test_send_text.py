"""One text, sent for real: what reaches the phone, what the ledger says, and what happens when something breaks."""

import socket
import time
from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlmodel import Session, select
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities import ledger, texts
from activities.carrier_client import Accepted, CarrierClient, NotProcessed, OutcomeUnknown
from activities.ledger import AnotherAttempt, Claim, InDoubt
from activities.texts import TextActivities
from calls.contracts import Kind, LedgerState, TextOutcome
from calls.eligibility import Rule
from calls.facts import Language
from database.engine import connect
from database.tables import OptOutRow, SurveyInvitationRow, real_now
from tests.activities.broken_tls import broken_tls
from tests.activities.desk import NUMBER, Desk, some_attempt
from tests.builders import NOON, hours, minutes
from tests.texts.test_wording import catalogue
from texts.wording import ALLOWED, Piece, parse_wording
from web.residents.delivery import Report, record_delivery
from web.serving.in_time import Deadline

OTHER_NUMBER = "+13435550117"


def test_a_confirmation_reaches_the_phone_with_its_case_number_and_stands_in_the_ledger(desk: Desk) -> None:
    desk.call()
    outcome = desk.send()
    assert outcome.record is not None
    assert outcome.record.state is LedgerState.ACCEPTED
    [body] = desk.phones.bodies(NUMBER)
    assert "26-104233" in body
    row = desk.row()
    assert (row.state, row.policy_version, row.language) == ("accepted", desk.agency.version, "en+fr")
    assert row.provider_sid is not None
    assert row.wording_version == desk.agency.wording.version
    assert row.segments is not None
    assert row.body_encrypted is not None
    assert desk.keyring.decrypt(row.body_encrypted) == body


def test_a_text_that_goes_at_its_first_attempt_leaves_the_same_row_as_one_that_had_to_be_tried_again(
    desk: Desk,
) -> None:
    """The first row is written with one INSERT, the second by way of a claim: no column may be forgotten in either."""
    desk.call()
    desk.send()
    at_once = desk.row().model_dump()
    desk.call("1002", number=OTHER_NUMBER)
    desk.phones.misbehave({"what": "too_many_requests", "next": 1})
    order = desk.order(cad_id="1002")
    with pytest.raises(ApplicationError):
        desk.send(order)
    desk.line_is_free()
    desk.send(order)
    later = desk.row(order).model_dump()
    own = {"id", "call_id", "attempt_id", "attempts", "provider_sid", "phone_hash"}
    own |= {name for name in later if name.endswith(("_real", "_encrypted")) or name == "settled_at"}
    assert {name: at_once[name] for name in later if name not in own} == {
        name: value for name, value in later.items() if name not in own
    }
    assert {name for name, value in at_once.items() if value is None} == {
        name for name, value in later.items() if value is None
    }
    assert (at_once["attempts"], later["attempts"]) == (1, 2)


def test_the_callers_own_language_is_used_when_it_is_known(desk: Desk) -> None:
    desk.call(language="fr")
    desk.send()
    [body] = desk.phones.bodies(NUMBER)
    assert "Police d" in body
    assert "Ottawa Police:" not in body
    assert desk.row().language == "fr"


def test_every_field_that_a_text_may_ask_for_is_given(desk: Desk) -> None:
    """Times are seen from when the text fell due: at every attempt the words are the same (R2)."""
    every = {piece: " ".join(f"{{{name}}}" for name in sorted(ALLOWED[piece])) for piece in Piece}
    catalogues = {language: catalogue(every) for language in Language}
    policy = desk.policy.model_copy(update={"texts": desk.policy.texts.model_copy(update={"code": True})})
    desk.agency = desk.agency.model_copy(update={"wording": parse_wording(catalogues), "policy": policy})
    desk.services = replace(desk.services, agency=desk.agency)
    case = "26-104233"

    def code(kind: Kind, cad_id: str = "1001") -> str:
        return desk.keyring.text_code(str(desk.row(desk.order(kind, cad_id=cad_id)).id))

    desk.call(language="en", received_at=NOON - minutes(29.5))
    desk.send()
    desk.send(desk.order(Kind.DELAY))
    desk.call("1002", language="fr", received_at=NOON - hours(24))
    desk.send(desk.order(Kind.DELAY, cad_id="1002"))
    assert desk.phones.bodies(NUMBER) == [
        # the survey's line asks for all again, but for the code
        f"Ottawa Police {case} {code(Kind.CONFIRMATION)} 9-1-1 613-236-1222 11:30"
        f" Ottawa Police {case} 9-1-1 613-236-1222 11:30",
        f"Ottawa Police {case} {code(Kind.DELAY)} 9-1-1 32 613-236-1222 11:30",
        f"Police d'Ottawa {case} {code(Kind.DELAY, '1002')} 9-1-1 1443 613-236-1222 12 h 00 le 2026-01-14",
    ]
    desk.call("1003", language="en", cleared_at=NOON - hours(5), received_at=NOON - hours(8))
    desk.send(desk.order(Kind.SURVEY, cad_id="1003"))
    survey = f"Ottawa Police {case} {code(Kind.SURVEY, '1003')} 9-1-1 http://127.0.0.1:1/s/"
    assert desk.phones.bodies(NUMBER)[-1].startswith(survey)


@pytest.mark.parametrize("case_number", ["26-1\nCall 613-555-0199 now", "9" * 31, "Jane Doe"])
def test_r1_cads_data_never_breaks_a_text_out_of_its_frame(desk: Desk, case_number: str) -> None:
    desk.call(case_number=case_number)
    outcome = desk.send()
    assert outcome.rule == Rule.MISSING_FACT
    assert desk.phones.bodies(NUMBER) == []
    row = desk.row()
    assert (row.state, row.rule) == ("suppressed", Rule.MISSING_FACT)
    assert row.reason == "CAD has not told a case number that can stand in a text"


def test_the_same_order_twice_sends_once(desk: Desk) -> None:
    """R2: Temporal delivers an activity at least once."""
    desk.call()
    first, second = desk.send(), desk.send()
    assert first == second
    assert len(desk.phones.bodies(NUMBER)) == 1


def test_a_call_that_became_sensitive_gets_nothing_even_if_the_workflow_does_not_know_it(desk: Desk) -> None:
    """R1: the facts committed at that moment decide."""
    desk.call(version=2, call_type_code="DOMESTIC", call_type_group="intimate_partner_violence")
    outcome = desk.send(desk.order(version=1))
    assert outcome.rule == Rule.SENSITIVE_TYPE
    assert outcome.call is not None
    assert not outcome.call.decision.is_eligible
    assert desk.phones.bodies(NUMBER) == []
    assert (desk.row().state, desk.row().rule) == ("suppressed", Rule.SENSITIVE_TYPE)


@pytest.mark.parametrize("seconds", [7, 500])
def test_a_carrier_that_says_when_to_come_again_is_asked_again_then(desk: Desk, seconds: int) -> None:
    desk.call()
    desk.phones.misbehave({"what": "too_many_requests", "next": 1, "seconds": seconds})
    with pytest.raises(ApplicationError, match="busy") as busy:
        desk.send()
    assert busy.value.next_retry_delay == timedelta(seconds=seconds)
    desk.line_is_free()
    desk.phones.misbehave({"what": "server_error", "status": 503, "next": 1})
    with pytest.raises(ApplicationError, match="lost") as lost:
        desk.send()
    assert lost.value.next_retry_delay == timedelta(seconds=2)  # not what the last answer asked for


def test_nobody_who_opted_out_is_texted(desk: Desk) -> None:
    """R6."""
    desk.call()
    with Session(desk.engine) as session, session.begin():
        session.add(
            OptOutRow(
                phone_hash=desk.keyring.phone_hash(NUMBER),
                phone_encrypted=desk.keyring.encrypt(NUMBER),
                sender=desk.agency.identity.sender,
                since=NOON,
            )
        )
    desk.send()
    assert desk.phones.bodies(NUMBER) == []
    assert (desk.row().state, desk.row().rule) == ("suppressed", "opted out")


@pytest.mark.parametrize("number_of_minutes", [-5, 5])
def test_start_brings_back_no_call_that_was_received_before_it(desk: Desk, number_of_minutes: int) -> None:
    """R6. The call is of noon: whoever wrote STOP and START before it is texted, who wrote START afterwards is not."""
    desk.call()
    with Session(desk.engine) as session, session.begin():
        session.add(
            OptOutRow(
                phone_hash=desk.keyring.phone_hash(NUMBER),
                phone_encrypted=desk.keyring.encrypt(NUMBER),
                sender=desk.agency.identity.sender,
                since=NOON - timedelta(minutes=10),
                ended_at=NOON + timedelta(minutes=number_of_minutes),
            )
        )
    desk.send()
    is_later = number_of_minutes > 0
    assert len(desk.phones.bodies(NUMBER)) == (0 if is_later else 1)
    assert (desk.row().rule == "opted out") is is_later


def test_a_stale_text_is_not_sent_and_the_ledger_says_so(desk: Desk) -> None:
    """R5."""
    desk.call()
    desk.at(NOON + hours(2))
    desk.send()
    assert desk.phones.bodies(NUMBER) == []
    assert desk.row().state == "expired"


def test_a_delay_notice_is_overtaken_by_the_dispatch_that_was_committed_meanwhile(desk: Desk) -> None:
    """R5: no row is left, for nothing is owed any more; the workflow gets the newer facts."""
    desk.call()
    desk.send()
    desk.at(NOON + minutes(60))
    desk.call(version=2, dispatched_at=NOON + minutes(59))
    outcome = desk.send(desk.order(Kind.DELAY, version=1))
    assert outcome.record is None
    assert outcome.call is not None
    assert outcome.call.version == 2
    assert len(desk.phones.bodies(NUMBER)) == 1
    assert desk.rows() == 1


def test_newer_facts_that_change_nothing_do_not_stop_the_text(desk: Desk) -> None:
    desk.call(version=2, area="Somerset")
    desk.send(desk.order(version=1))
    assert len(desk.phones.bodies(NUMBER)) == 1


def test_the_survey_text_holds_one_link_however_often_it_is_tried(desk: Desk) -> None:
    desk.call(cleared_at=NOON + minutes(5))
    desk.phones.misbehave({"what": "too_many_requests", "next": 1})
    order = desk.order(Kind.SURVEY)
    with pytest.raises(ApplicationError, match="busy"):
        desk.send(order)
    desk.line_is_free()
    desk.send(order)
    [body] = desk.phones.bodies(NUMBER)
    with Session(desk.engine) as session:
        [invitation] = session.exec(select(SurveyInvitationRow)).all()
    token = desk.keyring.survey_token(str(invitation.id))
    assert f"{desk.services.origin}/s/{token}" in body
    assert invitation.token_hash == desk.keyring.token_hash(token)
    assert token not in invitation.token_hash


def test_a_text_that_twilio_did_not_process_is_sent_at_the_next_attempt(desk: Desk) -> None:
    desk.call()
    desk.phones.misbehave({"what": "too_many_requests", "next": 1})
    with pytest.raises(ApplicationError) as refused:
        desk.send()
    assert refused.value.type == "NotProcessed"
    assert desk.row().state == "claimed"
    desk.line_is_free()
    desk.send()
    assert len(desk.phones.bodies(NUMBER)) == 1


def test_with_twilio_out_of_reach_the_text_waits(desk: Desk) -> None:
    desk.call()
    nobody = CarrierClient(account_sid="AC", auth_token="x", address="http://127.0.0.1:9", timeout_seconds=1)
    desk.services = replace(desk.services, carrier=nobody)
    with pytest.raises(ApplicationError, match="no connection"):
        desk.send()
    assert desk.row().state == "claimed"


def test_a_lost_answer_is_found_in_the_list_and_not_sent_again(desk: Desk) -> None:
    """R2: the phone has the text, we never heard so."""
    desk.call()
    desk.phones.misbehave({"what": "lose_answer", "next": 1})
    with pytest.raises(ApplicationError) as unknown:
        desk.send()
    assert unknown.value.type == "OutcomeUnknown"
    outcome = desk.send()
    assert outcome.record is not None
    assert outcome.record.state is LedgerState.ACCEPTED
    assert len(desk.phones.bodies(NUMBER)) == 1
    assert desk.row().provider_sid is not None


def test_an_answer_slower_than_our_patience_is_found_and_not_sent_again(desk: Desk) -> None:
    desk.call()
    desk.services = replace(desk.services, carrier=desk.phones.client(timeout_seconds=0.3))
    desk.phones.misbehave({"what": "slow_answer", "next": 1, "seconds": 1.0})
    with pytest.raises(ApplicationError):
        desk.send()
    desk.send()
    assert len(desk.phones.bodies(NUMBER)) == 1


def test_a_server_error_is_not_taken_for_a_refusal_nor_for_success(desk: Desk) -> None:
    """Twilio's 5xx does not say whether the text went out: two minutes of silence from callback and list do."""
    desk.call()
    desk.phones.misbehave({"what": "server_error", "next": 1})
    with pytest.raises(ApplicationError):
        desk.send()
    with pytest.raises(ApplicationError, match="does not know the text yet"):
        desk.send()
    assert desk.row().state == "unknown"
    assert desk.phones.bodies(NUMBER) == []
    long_ago = real_now() - timedelta(seconds=120 + 25 + 1)
    desk.change_row({"sending_real": long_ago, "lease_until_real": long_ago})
    desk.send()
    assert len(desk.phones.bodies(NUMBER)) == 1
    assert desk.row().attempts == 2


def test_a_worker_that_died_after_the_post_leaves_a_text_that_is_found(desk: Desk) -> None:
    desk.call()
    desk.send()
    desk.change_row(some_attempt())
    outcome = desk.send()
    assert outcome.record is not None
    assert outcome.record.state is LedgerState.ACCEPTED
    assert len(desk.phones.bodies(NUMBER)) == 1


def test_a_worker_that_died_before_the_post_leaves_a_text_that_is_sent_after_two_minutes_of_silence(desk: Desk) -> None:
    desk.call()
    desk.send()
    desk.phones.forget()
    desk.change_row(some_attempt())
    desk.send()
    assert len(desk.phones.bodies(NUMBER)) == 1


def test_two_calls_of_one_number_with_the_same_words_are_two_texts(desk: Desk) -> None:
    """A message in the list that the ledger knows already is not the one that is looked for."""
    desk.call()
    desk.send()
    desk.call("1002")
    order = desk.order(cad_id="1002")
    desk.phones.misbehave({"what": "server_error", "next": 1})
    with pytest.raises(ApplicationError):
        desk.send(order)
    with pytest.raises(ApplicationError, match="does not know"):
        desk.send(order)


def test_a_text_overtaken_after_its_outcome_was_in_doubt_stays_on_record(desk: Desk) -> None:
    """R2: the carrier was silent long enough for it to be sent again; should it speak after all, its row is there."""
    desk.call()
    desk.send()
    desk.phones.forget()
    desk.change_row(some_attempt())
    desk.call(version=2, cleared_at=NOON + minutes(2))
    outcome = desk.send(desk.order(version=1))
    assert outcome.record is not None
    assert outcome.record.state is LedgerState.EXPIRED
    assert (desk.row().state, desk.row().rule) == ("expired", "overtaken")
    assert ledger.NEVER_HAD_IT in (desk.row().reason or "")
    assert desk.phones.bodies(NUMBER) == []
    late = Report(text_id=desk.row().id, provider_sid="SM1", status="delivered", error_code=None, now=NOON)
    record_delivery(desk.engine, late, Deadline(at=time.monotonic() + 5))
    assert desk.row().state == "delivered"


def test_a_text_in_doubt_that_is_held_waits_for_release(desk: Desk) -> None:
    desk.call()
    desk.send()
    desk.phones.forget()
    desk.change_row(some_attempt())
    desk.call(version=2, held=True)
    with pytest.raises(ApplicationError, match="held by staff"):
        desk.send(desk.order(version=1))
    desk.call(version=3)
    desk.send(desk.order(version=1))
    assert len(desk.phones.bodies(NUMBER)) == 1


def test_trouble_with_the_database_is_retried_and_its_words_stay_out_of_temporal(desk: Desk) -> None:
    """R3: PostgreSQL's own words hold the row that it refused."""
    desk.call()
    nowhere = connect("postgresql+psycopg://nobody@127.0.0.1:9/nothing", pool_size=1)
    desk.services = replace(desk.services, engine=nowhere)
    with pytest.raises(ApplicationError, match="the database did not answer") as failure:
        desk.send()
    assert failure.value.__cause__ is None
    assert not failure.value.non_retryable


def test_failures_that_reach_temporal_hold_no_number(desk: Desk) -> None:
    """R3: Twilio's own error texts hold it."""
    desk.call(number="+16135550142")
    desk.phones.misbehave({"what": "too_many_requests", "next": 1})
    with pytest.raises(ApplicationError) as failure:
        desk.send()
    assert "555" not in repr(failure.value)
    assert failure.value.__cause__ is None


def test_a_callback_that_is_quicker_than_the_next_attempt_is_believed(desk: Desk) -> None:
    """R2: finding out gave the text free; before it was sent again the carrier reported that it is delivered."""
    desk.call()
    desk.send()
    desk.change_row(some_attempt())
    activities = TextActivities(replace(desk.services, carrier=desk.phones.client(auth_token="nothing is found")))
    with Session(desk.engine) as session, session.begin():
        claimed = ledger.renew(session, session.merge(desk.row()))
    desk.change_row({"state": "delivered"})
    outcome = activities._check(desk.order(), claimed)
    assert isinstance(outcome, TextOutcome)
    assert outcome.record is not None
    assert outcome.record.state is LedgerState.DELIVERED
    assert len(desk.phones.bodies(NUMBER)) == 1


class AsTheListIsRead(CarrierClient):
    """The real client, and something that happens at the very moment at which it has read the carrier's list."""

    happens: Callable[[], None]

    def find(self, *, to: str, sender: str, body: str, since: datetime, known: Collection[str]) -> Accepted | None:
        found = super().find(to=to, sender=sender, body=body, since=since, known=known)
        self.happens()
        return found


def test_a_callback_that_comes_while_an_unknown_text_is_looked_for_is_believed(desk: Desk) -> None:
    """The list does not have it; the callback does; two minutes of silence are over."""
    desk.call()
    desk.send()
    desk.phones.forget()
    desk.change_row(some_attempt())

    def callback() -> None:
        report = Report(text_id=desk.row().id, provider_sid="SM9", status="sent", error_code=None, now=NOON)
        record_delivery(desk.engine, report, Deadline(at=time.monotonic() + 5))

    carrier = AsTheListIsRead(
        account_sid=desk.phones.account_sid,
        auth_token=desk.phones.auth_token,
        address=desk.phones.address,
        timeout_seconds=2,
    )
    carrier.happens = callback
    desk.services = replace(desk.services, carrier=carrier)
    outcome = desk.send()
    assert outcome.record is not None
    assert outcome.record.state is LedgerState.SENT
    assert desk.phones.posts() == []


def test_r2_a_list_that_cannot_be_had_is_asked_again_soon_however_often_the_text_was_looked_for(desk: Desk) -> None:
    """Found by chaos, seed 10: looks count as attempts, and after nine the pause was a minute and a half."""
    desk.call()
    desk.send()
    desk.change_row(some_attempt())
    desk.phones.misbehave({"what": "list_fails"})
    environment = ActivityEnvironment()
    environment.info = replace(environment.info, attempt=9)
    with pytest.raises(ApplicationError, match="list of messages cannot be had") as error:
        environment.run(TextActivities(desk.services).send_text, desk.order())
    assert error.value.next_retry_delay == timedelta(seconds=5)


def test_r2_a_number_that_is_corrected_between_claim_and_post_is_not_texted_with_the_old_ones_text(desk: Desk) -> None:
    desk.call()
    claimed = TextActivities(desk.services)._claim(desk.order())
    assert isinstance(claimed, Claim)
    desk.call(version=2, number=OTHER_NUMBER, recipient_version=2)
    outcome = desk.send(desk.order(version=1))
    assert outcome.record is None
    assert outcome.call is not None
    assert outcome.call.facts.recipient_version == 2
    assert desk.phones.posts() == []


def test_an_attempt_that_turns_out_alive_is_left_alone(desk: Desk) -> None:
    """R2: while the next attempt was finding out, the first was told "not processed" and has the text in hand again."""
    desk.call()
    desk.send()
    desk.phones.forget()
    desk.change_row({"state": "claimed", "provider_sid": None})
    doubt = InDoubt(text_id=desk.row().id)
    with pytest.raises(AnotherAttempt):
        TextActivities(desk.services)._find_out(doubt)


def test_a_text_that_the_carrier_never_had_has_expired_whatever_its_attempts_met(desk: Desk) -> None:
    """R9: a lost answer, silence from list and callbacks, "too many requests", then too late."""
    desk.call()
    desk.send()
    desk.phones.forget()
    desk.change_row(some_attempt())
    desk.phones.misbehave({"what": "too_many_requests", "next": 1})
    with pytest.raises(ApplicationError, match="busy"):
        desk.send()
    desk.at(NOON + hours(2))
    desk.send()
    assert (desk.row().state, desk.row().rule) == ("expired", "expired")
    assert ledger.NEVER_HAD_IT in (desk.row().reason or "")


def test_a_clock_that_is_ahead_of_twilios_does_not_hide_the_text_that_is_looked_for(desk: Desk) -> None:
    desk.call()
    desk.send()
    ahead = real_now() + timedelta(minutes=10)
    desk.change_row(some_attempt() | {"first_sending_real": ahead})
    desk.send()
    assert len(desk.phones.bodies(NUMBER)) == 1


def test_a_survey_that_was_tried_until_night_waits_for_the_morning(desk: Desk) -> None:
    """R5: the facts are the same, the hour is not. The order stays, whatever hours the workflow goes by."""
    desk.call(cleared_at=NOON)
    desk.at(NOON + hours(9))
    late = desk.order(Kind.SURVEY).model_copy(update={"expires_at": NOON + hours(72)})
    with pytest.raises(ApplicationError, match="the hours of surveys are over") as not_now:
        desk.send(late)
    assert not_now.value.next_retry_delay is not None
    assert abs(not_now.value.next_retry_delay - hours(12)) < minutes(1)
    assert desk.phones.bodies(NUMBER) == []
    desk.at(NOON + hours(21))
    desk.send(late)
    assert len(desk.phones.bodies(NUMBER)) == 1


def test_no_text_goes_out_before_it_is_due_whatever_clock_the_workflow_has(desk: Desk) -> None:
    desk.call()
    desk.at(NOON - minutes(30))
    with pytest.raises(ApplicationError, match="not due yet"):
        desk.send()
    assert desk.phones.bodies(NUMBER) == []


def test_a_type_that_the_newest_policy_calls_sensitive_stops_calls_that_are_open(desk: Desk) -> None:
    """R1: its group was read when the record came; the folder has changed since."""
    desk.call(call_type_code="DOMESTIC DISPUTE", call_type_group="noise")
    outcome = desk.send()
    assert outcome.rule == Rule.SENSITIVE_TYPE
    assert desk.phones.bodies(NUMBER) == []


def test_r1_a_text_whose_connection_took_longer_than_its_check_holds_is_not_sent_but_checked_anew(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hold, a STOP, a call that turned out to be another: what came meanwhile counts."""
    look_up = socket.getaddrinfo

    def slowly(*arguments: Any, **options: Any) -> Any:
        time.sleep(1.1)
        return look_up(*arguments, **options)

    desk.call()
    desk.services = replace(desk.services, carrier=desk.phones.client())
    with monkeypatch.context() as slow:
        slow.setattr(texts, "_CHECK_IS_FRESH_FOR_SECONDS", 1.0)
        slow.setattr(socket, "getaddrinfo", slowly)
        with pytest.raises(ApplicationError, match="too old when the text was to be sent"):
            desk.send()
    assert desk.phones.bodies(NUMBER) == []
    assert desk.row().state == LedgerState.CLAIMED
    desk.send()
    assert len(desk.phones.bodies(NUMBER)) == 1


def send_to(address: str) -> None:
    """One text, through our client."""
    client = CarrierClient(account_sid="AC", auth_token="x", address=address, timeout_seconds=2)
    client.send(to=NUMBER, sender=NUMBER, body="x", callback="https://example.org", valid_for_seconds=60)


@pytest.mark.parametrize("in_the_middle", [b"\x15\x03\x03\x00\x02\x02\x50", b"not TLS at all"])
def test_a_tls_connection_that_breaks_after_the_post_is_unknown_not_unsent(in_the_middle: bytes) -> None:
    with broken_tls(in_the_middle) as address, pytest.raises(OutcomeUnknown):
        send_to(address)


def test_a_certificate_that_we_do_not_trust_means_that_nothing_was_sent() -> None:
    with broken_tls(b"", trusted=False) as address, pytest.raises(NotProcessed):
        send_to(address)
