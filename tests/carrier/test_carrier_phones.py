"""What comes from phones: texts, STOP and HELP, calls; and that phones outlive the process."""

from pathlib import Path

import pytest
import requests
from twilio.base.exceptions import TwilioRestException
from twilio.request_validator import RequestValidator
from twilio.twiml.messaging_response import MessagingResponse
from twilio.twiml.voice_response import VoiceResponse

from tests.carrier.carrier_box import ACCOUNT, PHONE, SENDER, TOKEN, Carrier, Service, eventually, sid_of, start_process


def bodies(carrier: Carrier) -> list[object]:
    return [text["body"] for text in carrier.texts()]


def test_a_text_reaches_the_service_signed_and_its_answer_the_phone(carrier: Carrier, service: Service) -> None:
    answer = MessagingResponse()
    answer.message("Nobody reads this number. Emergency: 9-1-1 & now")
    service.twiml = str(answer)
    sid = carrier.text("Is anybody coming? é")["sid"]
    eventually(lambda: [text["status"] for text in carrier.texts()] == ["received", "delivered"])
    (webhook,) = service.of("/sms")
    assert RequestValidator(TOKEN).validate(f"{service.url}/sms", webhook.form, webhook.headers["X-Twilio-Signature"])
    expected = {
        "MessageSid": sid,
        "SmsSid": sid,
        "SmsMessageSid": sid,
        "AccountSid": ACCOUNT,
        "From": PHONE,
        "To": SENDER,
        "Body": "Is anybody coming? é",
        "NumMedia": "0",
        "NumSegments": "1",
        "SmsStatus": "received",
        "ApiVersion": "2010-04-01",
        "FromCity": "",
        "FromState": "",
        "FromZip": "",
        "FromCountry": "CA",
    }
    assert expected.items() <= webhook.form.items()
    asked, answered = carrier.texts()
    assert asked["webhook"] == "heard"
    assert answered["body"] == "Nobody reads this number. Emergency: 9-1-1 & now"
    assert (answered["direction"], answered["from"], answered["to"]) == ("outbound-reply", SENDER, PHONE)


@pytest.mark.parametrize(
    ("status", "content_type", "twiml", "outcome"),
    [
        (500, "text/xml", "<Response/>", "11200"),
        (200, "text/html", "<Response/>", "12300"),
        (200, "text/xml", "<Response>", "12100"),
        (200, "text/xml", '<!DOCTYPE x [<!ENTITY a "b">]><Response><Message>&a;</Message></Response>', "12100"),
        (200, "text/xml", "", "heard"),
    ],
)
def test_an_answer_that_is_of_no_use_is_noted(
    carrier: Carrier, service: Service, status: int, content_type: str, twiml: str, outcome: str
) -> None:
    service.status, service.content_type, service.twiml = status, content_type, twiml
    carrier.text("hello")
    (text,) = eventually(lambda: texts if (texts := carrier.texts())[0]["webhook"] else None)
    assert text["webhook"] == outcome


def test_a_text_answers_the_number_that_wrote_last_unless_told_otherwise(carrier: Carrier) -> None:
    carrier.client().messages.create(to=PHONE, from_="+13435550101", body="from the other number")
    assert carrier.text("thanks", to="")["to"] == "+13435550101"
    assert carrier.text("first contact", to="", phone="+16135550150")["to"] == SENDER


@pytest.mark.parametrize("word", ["STOP", " stop ", "Unsubscribe", "OPTOUT", "revoke"])
def test_stop_blocks_the_sender_for_the_phone_until_start(carrier: Carrier, service: Service, word: str) -> None:
    client = carrier.client()
    carrier.text(word)
    # The service hears of it all the same. A text of the test before may still be on its way there.
    eventually(lambda: [webhook for webhook in service.of("/sms") if webhook.form["Body"] == word])
    assert [text["kind"] for text in carrier.texts()] == ["text", "notice"]
    with pytest.raises(TwilioRestException) as refused:
        client.messages.create(to=PHONE, from_=SENDER, body="x")
    assert (refused.value.status, refused.value.code) == (400, 21610)
    client.messages.create(to=PHONE, from_="+13435550101", body="another sender")
    client.messages.create(to="+16135550143", from_=SENDER, body="another phone")
    carrier.text("Start")
    client.messages.create(to=PHONE, from_=SENDER, body="welcome back")
    assert "re-subscribed" in str(carrier.texts()[-2]["body"])


@pytest.mark.parametrize("words", ["STOP please", "STOP.", "ARRET", "ARRÊT", "Please do not stop"])
def test_only_the_exact_english_word_stops(carrier: Carrier, words: str) -> None:
    carrier.text(words)
    carrier.client().messages.create(to=PHONE, from_=SENDER, body="still here")
    assert bodies(carrier) == [words, "still here"]


def test_the_network_tells_once_of_stop_and_always_of_help_and_leaves_yes_to_the_service(carrier: Carrier) -> None:
    for text in ("YES", "INFO", "stop", "stop", "help"):
        carrier.text(text)
    kinds = "".join(str(text["kind"])[0] for text in carrier.texts())
    assert kinds == "ttntnttn"


def test_an_answer_to_a_phone_that_has_stopped_fails(carrier: Carrier, service: Service) -> None:
    service.twiml = "<Response><Message>Goodbye</Message></Response>"
    carrier.text("STOP")
    answer = eventually(lambda: texts[2] if len(texts := carrier.texts()) == 3 else None)
    assert (answer["status"], answer["error_code"]) == ("failed", 21610)


def test_a_call_is_signed_and_what_the_line_says_is_kept_in_order(carrier: Carrier, service: Service) -> None:
    voice = VoiceResponse()
    voice.say("In an emergency dial 9 1 1.", language="en-US")
    voice.gather(num_digits=1).say("En cas d'urgence, composez le 9 1 1.", language="fr-CA")
    service.twiml = str(voice)
    call = carrier.call()
    (webhook,) = service.of("/voice")
    assert RequestValidator(TOKEN).validate(f"{service.url}/voice", webhook.form, webhook.headers["X-Twilio-Signature"])
    expected = {"CallStatus": "ringing", "Direction": "inbound", "From": PHONE, "Caller": PHONE, "To": SENDER}
    assert expected.items() <= webhook.form.items()
    assert webhook.form["CallSid"].startswith("CA")
    assert webhook.form["Called"] == SENDER
    assert call["said"] == [
        {"language": "en-US", "text": "In an emergency dial 9 1 1."},
        {"language": "fr-CA", "text": "En cas d'urgence, composez le 9 1 1."},
    ]
    assert call["status"] == "completed"
    assert carrier.client().messages.list() == []  # a call is no message


def test_a_withheld_number_is_not_told(carrier: Carrier, service: Service) -> None:
    carrier.call(withheld=True)
    (webhook,) = service.of("/voice")
    assert (webhook.form["From"], webhook.form["Caller"]) == ("anonymous", "anonymous")
    assert PHONE not in webhook.form.values()


def test_phones_are_listed_and_forgotten(carrier: Carrier) -> None:
    carrier.client().messages.create(to=PHONE, from_=SENDER, body="x")
    carrier.text("STOP", phone="+16135550143")
    phones = requests.get(f"{carrier.url}/carrier/phones", timeout=5).json()["phones"]
    assert [(phone["number"], phone["stopped"]) for phone in phones] == [(PHONE, []), ("+16135550143", [SENDER])]
    carrier.forget()
    assert requests.get(f"{carrier.url}/carrier/phones", timeout=5).json() == {"phones": []}
    carrier.client().messages.create(to="+16135550143", from_=SENDER, body="not stopped any more")


def test_phones_survive_a_kill_and_deliveries_go_on_afterwards(service: Service, tmp_path: Path) -> None:
    callback = f"{service.url}/status"
    process, carrier = start_process(service, tmp_path / "phones.db", delivery_seconds=600)
    try:
        sid = sid_of(carrier.client().messages.create(to=PHONE, from_=SENDER, body="before", status_callback=callback))
        carrier.text("STOP", phone="+16135550143")
        assert carrier.texts()[0]["status"] == "queued"
        posts = carrier.posts()
    finally:
        process.kill()
        process.wait()
    process, carrier = start_process(service, tmp_path / "phones.db", delivery_seconds=0.02)
    try:
        eventually(lambda: service.statuses(sid) == ["sent", "delivered"])
        assert bodies(carrier) == ["before"]
        assert [post["sid"] for post in posts] == [sid]
        assert carrier.posts() == posts
        with pytest.raises(TwilioRestException, match="unsubscribed"):
            carrier.client().messages.create(to="+16135550143", from_=SENDER, body="x")
        process.terminate()
        process.wait(timeout=3)
    finally:
        process.kill()
        process.wait()
