"""The carrier speaks Twilio's API: seen through Twilio's own library."""

from datetime import UTC, datetime, timedelta

import pytest
import requests
from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.base.page import Page
from twilio.request_validator import RequestValidator
from twilio.rest import Client
from twilio.rest.api.v2010.account.message import MessageInstance

from tests.carrier.carrier_box import ACCOUNT, PHONE, SENDER, TOKEN, Carrier, Service, eventually, sid_of


def test_a_created_message_reads_as_twilios(carrier: Carrier) -> None:
    before = datetime.now(UTC) - timedelta(seconds=1)
    message = carrier.client().messages.create(to=PHONE, from_=SENDER, body="We received your call.")
    assert message.sid is not None
    assert message.sid.startswith("SM")
    assert len(message.sid) == 34
    assert (message.account_sid, message.to, message.from_) == (ACCOUNT, PHONE, SENDER)
    assert (str(message.status), str(message.direction), message.num_segments) == ("queued", "outbound-api", "1")
    assert (message.error_code, message.price, message.date_sent) == (None, None, None)
    assert message.date_created is not None
    assert before <= message.date_created <= datetime.now(UTC)
    assert message.uri == f"/2010-04-01/Accounts/{ACCOUNT}/Messages/{message.sid}.json"


def delivered(client: Client, sid: str) -> MessageInstance | None:
    message = client.messages(sid).fetch()
    return message if str(message.status) == "delivered" else None


def test_a_message_is_delivered_and_can_be_fetched(carrier: Carrier) -> None:
    client = carrier.client()
    sid = sid_of(client.messages.create(to=PHONE, from_=SENDER, body="Ça va"))
    message = eventually(lambda: delivered(client, sid))
    assert message.body == "Ça va"
    assert message.date_sent is not None


def test_a_message_can_be_redacted_and_stays_on_the_phone(carrier: Carrier) -> None:
    client = carrier.client()
    sid = sid_of(client.messages.create(to=PHONE, from_=SENDER, body="Case 26-000142"))
    assert client.messages(sid).update(body="").body == ""
    assert client.messages(sid).fetch().body == ""
    assert carrier.texts()[0]["body"] == "Case 26-000142"
    with pytest.raises(TwilioRestException, match="redacted") as refused:
        client.messages(sid).update(body="something else")
    assert refused.value.code == 20001


def test_a_message_that_is_deleted_is_gone_from_the_api_and_stays_on_the_phone(carrier: Carrier) -> None:
    client = carrier.client()
    sid = sid_of(client.messages.create(to=PHONE, from_=SENDER, body="Case 26-000142"))
    eventually(lambda: delivered(client, sid))
    assert client.messages(sid).delete()
    assert client.messages.list(to=PHONE) == []
    with pytest.raises(TwilioRestException) as unknown:
        client.messages(sid).fetch()
    assert (unknown.value.status, unknown.value.code) == (404, 20404)
    assert carrier.texts()[0]["body"] == "Case 26-000142"


def test_the_list_is_newest_first_and_pages_without_gaps_while_new_messages_come(carrier: Carrier) -> None:
    client = carrier.client()
    for number in range(7):
        client.messages.create(to=PHONE, from_=SENDER, body=f"text {number}")
    client.messages.create(to="+16135550143", from_=SENDER, body="somebody else's")
    pages: Page = client.messages.page(to=PHONE, from_=SENDER, page_size=3)
    seen = [message.body for message in pages]
    client.messages.create(to=PHONE, from_=SENDER, body="meanwhile")
    while (following := pages.next_page()) is not None:
        pages = following
        seen += [message.body for message in pages]
    assert seen == [f"text {number}" for number in reversed(range(7))]
    assert [message.body for message in client.messages.list(to=PHONE, limit=2, page_size=2)] == ["meanwhile", "text 6"]


def test_the_list_knows_which_way_a_message_went(carrier: Carrier) -> None:
    client = carrier.client()
    client.messages.create(to=PHONE, from_=SENDER, body="out")
    carrier.text("in")
    assert [message.body for message in client.messages.list(to=PHONE)] == ["out"]
    assert [message.body for message in client.messages.list(from_=PHONE)] == ["in"]
    assert [message.body for message in client.messages.list(to=SENDER)] == ["in"]
    assert [message.body for message in client.messages.list(from_=SENDER)] == ["out"]
    assert [str(message.direction) for message in client.messages.list()] == ["inbound", "outbound-api"]


def test_the_list_can_be_narrowed_by_the_date_of_sending(carrier: Carrier) -> None:
    client = carrier.client()
    sid = sid_of(client.messages.create(to=PHONE, from_=SENDER, body="today"))
    eventually(lambda: client.messages(sid).fetch().date_sent)
    today = datetime.now(UTC).date()
    assert len(client.messages.list(date_sent=today)) == 1
    assert len(client.messages.list(date_sent_after=today - timedelta(days=1))) == 1
    assert client.messages.list(date_sent=today - timedelta(days=1)) == []
    assert client.messages.list(date_sent_before=datetime.now(UTC) - timedelta(days=1)) == []
    with pytest.raises(TwilioException, match="20001"):
        client.messages.list(date_sent="yesterday")


GOOD: dict[str, str] = {"To": PHONE, "From": SENDER, "Body": "x"}


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"To": ""}, 21604),
        ({"From": ""}, 21603),
        ({"Body": ""}, 21602),
        ({"Body": "x" * 1601}, 21617),
        ({"To": "613-555-0142"}, 21211),
        ({"To": "+1613555014"}, 21211),
        ({"To": "+10135550142"}, 21211),
        ({"To": SENDER}, 21266),
        ({"From": "+13435550177"}, 21212),
        ({"From": "Police"}, 21212),
        ({"StatusCallback": "not a url"}, 21609),
        ({"StatusCallback": "http://with_underscore.example/x"}, 21609),
        ({"StatusCallback": "http://host:port/x"}, 21609),
        ({"ValidityPeriod": "36001"}, 21624),
        ({"ValidityPeriod": "soon"}, 21624),
    ],
)
def test_what_twilio_refuses_is_refused_with_its_code(carrier: Carrier, wrong: dict[str, str], code: int) -> None:
    answer = requests.post(
        f"{carrier.url}/2010-04-01/Accounts/{ACCOUNT}/Messages.json",
        data=GOOD | wrong,
        auth=(ACCOUNT, TOKEN),
        timeout=5,
    )
    assert answer.status_code == 400
    body = answer.json()
    assert (body["code"], body["status"]) == (code, 400)
    assert body["more_info"].endswith(str(code))
    assert body["message"]
    assert carrier.texts() == []


def test_parameters_that_the_carrier_does_not_know_are_accepted(carrier: Carrier) -> None:
    carrier.client().messages.create(to=PHONE, from_=SENDER, body="x", validity_period=600, risk_check="disable")
    assert len(carrier.texts()) == 1


def test_wrong_credentials_are_refused(carrier: Carrier) -> None:
    with pytest.raises(TwilioRestException) as refused:
        carrier.client(token="wrong").messages.create(to=PHONE, from_=SENDER, body="x")
    assert (refused.value.status, refused.value.code) == (401, 20003)
    assert requests.get(f"{carrier.url}/2010-04-01/Accounts/{ACCOUNT}/Messages.json", timeout=5).status_code == 401


def test_what_does_not_exist_is_20404(carrier: Carrier) -> None:
    with pytest.raises(TwilioRestException) as refused:
        carrier.client().messages("SM" + "0" * 32).fetch()
    assert (refused.value.status, refused.value.code) == (404, 20404)
    auth = (ACCOUNT, TOKEN)
    other = requests.get(f"{carrier.url}/2010-04-01/Accounts/AC{'9' * 32}/Messages.json", auth=auth, timeout=5)
    nothing = requests.get(f"{carrier.url}/2010-04-01/Nothing.json", timeout=5)
    assert (other.json()["code"], nothing.json()["code"]) == (20404, 20404)


def test_every_post_is_known_with_its_arrival_and_number_whether_it_was_taken_on_or_not(carrier: Carrier) -> None:
    client, before = carrier.client(), datetime.now(UTC)
    sid = sid_of(client.messages.create(to=PHONE, from_=SENDER, body="ç" * 71))
    carrier.misbehave({"what": "too_many_requests", "next": 1}, {"what": "server_error", "taken_on": True, "next": 1})
    with pytest.raises(TwilioRestException, match="429"):
        client.messages.create(to=PHONE, from_=SENDER, body="x")
    with pytest.raises(TwilioRestException, match="503"):
        client.messages.create(to="+16135550143", from_=SENDER, body="x")
    with pytest.raises(TwilioRestException, match="401"):
        carrier.client(token="wrong").messages.create(to=PHONE, from_=SENDER, body="x")
    with pytest.raises(TwilioRestException, match="400"):
        client.messages.create(to="12", from_=SENDER, body="x")
    url = f"{carrier.url}/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
    assert requests.post(url, data=b"To=\xff", auth=(ACCOUNT, TOKEN), timeout=5).status_code == 400
    after = datetime.now(UTC)

    posts = carrier.posts()
    other = carrier.texts("+16135550143")[0]["sid"]
    assert [(post["to"], post["segments"], post["sid"]) for post in posts] == [
        (PHONE, 2, sid),
        (PHONE, 1, None),
        ("+16135550143", 1, other),
        (PHONE, 1, None),
        ("12", 1, None),
        ("\ufffd", 1, None),
    ]
    assert {post["from"] for post in posts[:5]} == {SENDER}
    moments = [datetime.fromisoformat(str(post["arrived"])) for post in posts]
    assert [before, *moments, after] == sorted([before, *moments, after])
    client.messages(sid).update(body="")  # a POST, but none for a text
    carrier.text("in")
    assert len(carrier.posts()) == 6
    carrier.forget()
    assert carrier.posts() == []


def test_a_text_is_as_old_as_the_arrival_of_its_post_however_late_the_answer(carrier: Carrier) -> None:
    carrier.misbehave({"what": "slow_answer", "seconds": 0.3})
    started = datetime.now(UTC)
    carrier.client().messages.create(to=PHONE, from_=SENDER, body="x")
    answered = datetime.now(UTC)
    (post,), (text,) = carrier.posts(), carrier.texts()
    assert text["created"] == post["arrived"]
    assert started <= datetime.fromisoformat(str(post["arrived"])) <= answered - timedelta(seconds=0.25)


@pytest.mark.parametrize(
    ("body", "segments"),
    [("a" * 160, 1), ("a" * 161, 2), ("€" * 80, 1), ("é" * 160, 1), ("ç" * 70, 1), ("ç" * 71, 2), ("😀" * 36, 2)],
)
def test_segments_are_counted_as_networks_do(carrier: Carrier, body: str, segments: int) -> None:
    assert carrier.client().messages.create(to=PHONE, from_=SENDER, body=body).num_segments == str(segments)


def test_callbacks_come_in_order_signed_for_the_url_without_its_fragment(carrier: Carrier, service: Service) -> None:
    url = f"{service.url}/status?mid=a%2Fb+c&empty="
    sid = sid_of(carrier.client().messages.create(to=PHONE, from_=SENDER, body="x", status_callback=f"{url}#rc=2"))
    eventually(lambda: len(service.webhooks) == 2)
    assert service.statuses(sid) == ["sent", "delivered"]
    for webhook in service.webhooks:
        assert webhook.path == "/status?mid=a%2Fb+c&empty="
        assert webhook.headers["I-Twilio-Idempotency-Token"]
        assert RequestValidator(TOKEN).validate(url, webhook.form, webhook.headers["X-Twilio-Signature"])
        assert not RequestValidator("other").validate(url, webhook.form, webhook.headers["X-Twilio-Signature"])
        expected = {"MessageSid": sid, "SmsSid": sid, "To": PHONE, "From": SENDER, "AccountSid": ACCOUNT}
        assert expected.items() <= webhook.form.items()
        assert webhook.form["SmsStatus"] == webhook.form["MessageStatus"]
        assert webhook.form["ApiVersion"] == "2010-04-01"
        assert "ErrorCode" not in webhook.form


def test_a_callback_is_tried_once_more_with_the_same_token_when_the_connection_breaks(
    carrier: Carrier, service: Service
) -> None:
    service.hang_ups = 1
    url = f"{service.url}/status"
    sid = sid_of(carrier.client().messages.create(to=PHONE, from_=SENDER, body="x", status_callback=url))
    eventually(lambda: len(service.webhooks) == 3)
    assert service.statuses(sid) == ["sent", "sent", "delivered"]
    tokens = [webhook.headers["I-Twilio-Idempotency-Token"] for webhook in service.webhooks]
    assert tokens[0] == tokens[1] != tokens[2]


def test_a_service_that_is_away_does_not_delay_the_phone(carrier: Carrier) -> None:
    client = carrier.client()
    sid = sid_of(client.messages.create(to=PHONE, from_=SENDER, body="x", status_callback="http://127.0.0.1:9/status"))
    eventually(lambda: delivered(client, sid))


def test_the_account_s_numbers_say_where_their_texts_and_calls_go(carrier: Carrier, service: Service) -> None:
    [number] = carrier.client().incoming_phone_numbers.list(phone_number=SENDER)
    assert (number.phone_number, number.sms_url, number.voice_url) == (
        SENDER,
        f"{service.url}/sms",
        f"{service.url}/voice",
    )
    assert carrier.client().incoming_phone_numbers.list(phone_number=PHONE) == []
