"""The carrier misbehaves on request, and only then."""

import time
from collections.abc import Callable

import pytest
import requests
from pydantic import JsonValue
from twilio.base.exceptions import TwilioRestException
from twilio.rest.api.v2010.account.message import MessageInstance

from tests.carrier.carrier_box import PHONE, SENDER, Carrier, Redirected, Service, eventually, sid_of

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


def test_callbacks_can_be_missing_or_doubled(carrier: Carrier, service: Service, send: Send) -> None:
    carrier.misbehave({"what": "no_callback", "next": 1}, {"what": "duplicate_callback"})
    sid = sid_of(send())
    eventually(lambda: service.statuses(sid) == ["delivered", "delivered"])
    first, second = service.of("/status")
    assert first.form == second.form
    assert first.headers["I-Twilio-Idempotency-Token"] == second.headers["I-Twilio-Idempotency-Token"]


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
    ]
    for rule in mistakes:
        answer = requests.put(f"{carrier.url}/carrier/misbehaviour", json={"rules": [rule]}, timeout=5)
        assert answer.status_code == 422
    assert carrier.happened() == [0]
