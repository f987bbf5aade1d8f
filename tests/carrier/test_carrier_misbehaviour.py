"""The carrier misbehaves on request, and only then."""

import time
from collections.abc import Callable

import pytest
import requests
from pydantic import JsonValue
from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.request_validator import RequestValidator
from twilio.rest.api.v2010.account.message import MessageInstance

from tests.carrier.carrier_box import ACCOUNT, PHONE, SENDER, TOKEN, Carrier, Redirected, Service, eventually, sid_of

Send = Callable[..., MessageInstance]


@pytest.fixture
def send(carrier: Carrier, service: Service) -> Send:
    messages = carrier.client().messages

    def create(to: str = PHONE) -> MessageInstance:
        return messages.create(to=to, from_=SENDER, body="x", status_callback=f"{service.url}/status")

    return create


def test_a_lost_answer_breaks_the_connection_though_the_text_was_taken_on(
    carrier: Carrier, service: Service, send: Send
) -> None:
    carrier.misbehave({"what": "lose_answer", "next": 1})
    with pytest.raises(requests.ConnectionError):
        send()
    assert len(carrier.texts()) == 1
    eventually(lambda: service.statuses(str(carrier.texts()[0]["sid"])) == ["sent", "delivered"])
    send()
    assert len(carrier.texts()) == 2
    assert carrier.happened() == [1]


def test_a_slow_answer_outlasts_the_clients_patience_though_the_text_was_taken_on(carrier: Carrier) -> None:
    carrier.misbehave({"what": "slow_answer", "seconds": 0.5, "next": 1})
    impatient = Redirected(carrier.url)
    impatient.timeout = 0.2
    client = carrier.client()
    client.http_client = impatient
    started = time.monotonic()
    with pytest.raises(requests.ReadTimeout):
        client.messages.create(to=PHONE, from_=SENDER, body="x")
    assert time.monotonic() - started < 0.5
    assert len(carrier.texts()) == 1


@pytest.mark.parametrize(
    ("rule", "status", "code"),
    [
        ({"what": "server_error", "next": 2}, 503, 20503),
        ({"what": "server_error", "status": 500, "next": 2}, 500, 20500),
        ({"what": "too_many_requests", "seconds": 3, "next": 2}, 429, 20429),
    ],
)
def test_refused_requests_leave_no_text(
    carrier: Carrier, send: Send, rule: dict[str, JsonValue], status: int, code: int
) -> None:
    carrier.misbehave(rule)
    for _ in range(2):
        with pytest.raises(TwilioRestException) as refused:
            send()
        assert (refused.value.status, refused.value.code) == (status, code)
    assert carrier.texts() == []
    send()


def create_over_http(carrier: Carrier) -> requests.Response:
    """Twilio's library does not show an answer's headers."""
    url = f"{carrier.url}/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
    return requests.post(url, data={"To": PHONE, "From": SENDER, "Body": "x"}, auth=(ACCOUNT, TOKEN), timeout=5)


def test_too_many_requests_says_when_to_come_back_unless_told_not_to(carrier: Carrier) -> None:
    carrier.misbehave(
        {"what": "too_many_requests", "next": 1},
        {"what": "too_many_requests", "next": 1, "seconds": 2.5},
        {"what": "too_many_requests", "next": 1, "seconds": 0},
        {"what": "too_many_requests", "next": 1, "retry_after": False},
    )
    answers = [create_over_http(carrier) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [429] * 4
    assert [answer.headers.get("Retry-After") for answer in answers] == ["5", "3", "0", None]
    assert carrier.texts() == []


@pytest.mark.parametrize(("status", "code"), [(500, 20500), (502, 20503)])
def test_a_server_error_may_have_taken_the_text_on_all_the_same(
    carrier: Carrier, service: Service, send: Send, status: int, code: int
) -> None:
    carrier.misbehave({"what": "server_error", "taken_on": True, "status": status, "next": 1})
    with pytest.raises(TwilioRestException) as failed:
        send()
    assert (failed.value.status, failed.value.code) == (status, code)
    (text,) = carrier.texts()
    eventually(lambda: service.statuses(str(text["sid"])) == ["sent", "delivered"])
    assert [str(message.status) for message in carrier.client().messages.list(to=PHONE)] == ["delivered"]
    send()
    assert (len(carrier.texts()), carrier.happened()) == (2, [1])


@pytest.mark.parametrize(
    ("given", "status", "words"),
    [
        ({}, 400, f"To number: {PHONE}, is not a mobile number"),
        ({"code": 21635}, 400, f"'To' number {PHONE} cannot be a landline"),
        ({"code": 21610}, 400, "unsubscribed"),
        ({"code": 21408}, 400, PHONE),
        ({"code": 21408, "status": 403}, 403, PHONE),
        ({"code": 21617}, 400, "exceeds"),
        ({"code": 21606}, 400, SENDER),
        ({"code": 20003}, 401, "Authenticate"),
        ({"code": 21999}, 400, PHONE),
    ],
)
def test_a_text_is_refused_with_the_code_asked_for_in_words_that_may_hold_the_number(
    carrier: Carrier, send: Send, given: dict[str, JsonValue], status: int, words: str
) -> None:
    carrier.misbehave({"what": "refused", "next": 1, "numbers": [PHONE], **given})
    send("+16135550143")
    with pytest.raises(TwilioRestException) as refused:
        send()
    assert (refused.value.status, refused.value.code) == (status, given.get("code", 21614))
    assert words in refused.value.msg
    assert carrier.texts() == []
    send()
    assert (len(carrier.texts()), carrier.happened()) == (1, [1])


def last_callback(service: Service, sid: str) -> dict[str, str]:
    eventually(lambda: len(service.statuses(sid)) == 2)
    return [hook.form for hook in service.of("/status") if hook.form["MessageSid"] == sid][-1]


def test_a_text_to_a_number_out_of_reach_ends_undelivered(carrier: Carrier, service: Service, send: Send) -> None:
    carrier.misbehave(
        {"what": "undelivered", "numbers": ["613-555-0142"]},
        {"what": "undelivered", "numbers": ["+16135550143"], "error": 30006},
    )
    codes = {PHONE: "30003", "+16135550143": "30006", "+16135550144": None}
    for to, code in codes.items():
        sid = sid_of(send(to))
        last = last_callback(service, sid)
        assert (last["MessageStatus"], last.get("ErrorCode")) == ("undelivered" if code else "delivered", code)
        fetched = carrier.client().messages(sid).fetch()
        assert fetched.error_code == (int(code) if code else None)
        assert bool(fetched.error_message) == bool(code)


@pytest.mark.parametrize(("error", "words"), [(30007, "filtered"), (30006, "Landline"), (21610, "unsubscribed")])
def test_a_text_that_ends_undelivered_says_why(
    carrier: Carrier, service: Service, send: Send, error: int, words: str
) -> None:
    carrier.misbehave({"what": "undelivered", "error": error})
    sid = sid_of(send())
    last = last_callback(service, sid)
    assert (last["MessageStatus"], last["ErrorCode"]) == ("undelivered", str(error))
    fetched = carrier.client().messages(sid).fetch()
    assert fetched.error_code == error
    assert words in str(fetched.error_message)


def test_a_text_can_end_as_failed_and_then_was_never_sent(carrier: Carrier, service: Service, send: Send) -> None:
    carrier.misbehave({"what": "undelivered", "error": 30007, "final": "failed", "next": 1})
    sid = sid_of(send())
    eventually(lambda: service.statuses(sid))
    after = sid_of(send())
    eventually(lambda: service.statuses(after) == ["sent", "delivered"])
    assert service.statuses(sid) == ["failed"]
    assert service.of("/status")[0].form["ErrorCode"] == "30007"
    fetched = carrier.client().messages(sid).fetch()
    assert (str(fetched.status), fetched.error_code, fetched.date_sent) == ("failed", 30007, None)


def test_callbacks_can_be_missing_or_doubled(carrier: Carrier, service: Service, send: Send) -> None:
    carrier.misbehave({"what": "no_callback", "next": 1}, {"what": "duplicate_callback"})
    sid = sid_of(send())
    eventually(lambda: service.statuses(sid) == ["delivered", "delivered"])
    first, second = service.of("/status")
    assert first.form == second.form
    assert first.headers["I-Twilio-Idempotency-Token"] == second.headers["I-Twilio-Idempotency-Token"]


def test_callbacks_of_one_text_can_come_in_reversed_order(carrier: Carrier, service: Service, send: Send) -> None:
    carrier.misbehave({"what": "reversed_callback", "next": 2}, {"what": "undelivered", "numbers": ["+16135550143"]})
    for to, final in ((PHONE, "delivered"), ("+16135550143", "undelivered")):
        sid = sid_of(send(to))
        last = last_callback(service, sid)
        assert last["MessageStatus"] == "sent"
        assert service.statuses(sid) == [final, "sent"]
        assert str(carrier.client().messages(sid).fetch().status) == final
    sid = sid_of(send())
    eventually(lambda: service.statuses(sid) == ["sent", "delivered"])


def test_callbacks_can_come_before_the_answer(carrier: Carrier, service: Service, send: Send) -> None:
    carrier.misbehave({"what": "early_callback", "next": 1})
    message = send()
    assert service.statuses(sid_of(message)) == ["sent", "delivered"]
    assert str(message.status) == "queued"  # the answer knows nothing of them
    send()
    assert carrier.happened() == [1]


def test_callbacks_can_come_though_the_answer_never_does(carrier: Carrier, service: Service, send: Send) -> None:
    carrier.misbehave({"what": "early_callback", "next": 1}, {"what": "lose_answer", "next": 1})
    with pytest.raises(requests.ConnectionError):
        send()
    assert [hook.form["MessageStatus"] for hook in service.of("/status")] == ["sent", "delivered"]


def test_a_status_and_a_field_that_nobody_knows_come_after_each_status(
    carrier: Carrier, service: Service, send: Send
) -> None:
    carrier.misbehave({"what": "unknown_status"})
    sid = sid_of(send())
    eventually(lambda: service.statuses(sid) == ["sent", "pondering", "delivered", "pondering"])
    hook = service.of("/status")[1]
    assert hook.form["PonderingReason"]
    validator = RequestValidator(TOKEN)
    assert validator.validate(f"{service.url}/status", hook.form, hook.headers["X-Twilio-Signature"])
    assert str(carrier.client().messages(sid).fetch().status) == "delivered"


def listed(carrier: Carrier) -> list[str]:
    return [sid_of(message) for message in carrier.client().messages.list(to=PHONE)]


def test_the_list_can_lag_behind_what_was_taken_on(carrier: Carrier, send: Send) -> None:
    before = sid_of(send())
    carrier.misbehave({"what": "list_lags", "seconds": 60, "next": 1}, {"what": "list_lags", "seconds": 0.2, "next": 1})
    long, short = sid_of(send()), sid_of(send())
    assert long not in listed(carrier)
    assert {carrier.client().messages(sid).fetch().sid for sid in (long, short)} == {long, short}
    assert len(carrier.texts()) == 3
    eventually(lambda: listed(carrier) == [short, before])
    assert carrier.happened() == [1, 1]
    carrier.misbehave()
    assert listed(carrier) == [short, long, before]


@pytest.mark.parametrize(("given", "status"), [({}, 503), ({"status": 500}, 500), ({"status": 429}, 429)])
def test_the_list_can_fail_while_texts_are_taken_on(
    carrier: Carrier, send: Send, given: dict[str, JsonValue], status: int
) -> None:
    carrier.misbehave({"what": "list_fails", "numbers": [PHONE], "next": 1, **given})
    sid = sid_of(send())
    assert carrier.client().messages.list(to="+16135550143") == []
    with pytest.raises(TwilioException, match=str(status)):
        listed(carrier)
    assert listed(carrier) == [sid]
    assert carrier.happened() == [1]


def test_a_probability_is_kept_to_and_repeats_with_its_seed(carrier: Carrier) -> None:
    def outcomes() -> list[bool]:
        carrier.misbehave({"what": "server_error", "probability": 0.5}, seed=7)
        seen = []
        for _ in range(20):
            try:
                carrier.client().messages.create(to=PHONE, from_=SENDER, body="x")
                seen.append(True)
            except TwilioRestException:
                seen.append(False)
        return seen

    first = outcomes()
    assert 4 <= sum(first) <= 16
    assert outcomes() == first


def test_a_plan_with_a_mistake_is_refused_and_the_old_one_stays(carrier: Carrier) -> None:
    carrier.misbehave({"what": "no_callback"})
    mistakes: list[dict[str, JsonValue]] = [
        {"what": "explode"},
        {"what": "no_callback", "nxt": 1},
        {"what": "undelivered", "numbers": ["12"]},
        {"what": "undelivered", "final": "delivered"},
        {"what": "server_error", "status": 404},
        {"what": "refused", "status": 500},
        {"what": "refused", "code": 12},
        {"what": "list_fails", "status": 200},
    ]
    for rule in mistakes:
        answer = requests.put(f"{carrier.url}/carrier/misbehaviour", json={"rules": [rule]}, timeout=5)
        assert answer.status_code == 422
    assert carrier.happened() == [0]
