"""Texts and calls from a phone to the service: the webhook, the service's TwiML, the network's STOP and HELP."""

import xml.etree.ElementTree as ET
from dataclasses import dataclass

from local.carrier import numbers
from local.carrier.callbacks import Answer, Deliveries, Postman
from local.carrier.entries import Entry, Said
from local.carrier.network import Network

# Twilio's default keywords on long codes and toll-free numbers: one word, any case, nothing else in the text.
STOP_WORDS = frozenset(("STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"))
START_WORDS = frozenset(("START", "YES", "UNSTOP"))
HELP_WORDS = frozenset(("HELP", "INFO"))
STOPPED = (
    "You have successfully been unsubscribed. You will not receive any more messages from this number. "
    "Reply START to resubscribe."
)
STARTED = (
    "You have successfully been re-subscribed to messages from this number. "
    "Reply HELP for help. Reply STOP to unsubscribe. Msg&Data Rates May Apply."
)
HELPED = "Reply STOP to unsubscribe. Msg&Data Rates May Apply."

# What Twilio notes when the webhook brings nothing usable.
UNREACHABLE, INVALID_TYPE, INVALID_XML = "11200", "12300", "12100"
HEARD = "heard"

# As for most Canadian numbers: names of places are often empty, and are sent nevertheless.
PLACES = {f"{who}{what}": "" for who in ("From", "To") for what in ("City", "State", "Zip")}


@dataclass(frozen=True, slots=True)
class Reply:
    text: str
    callback_url: str


class Inbound:
    def __init__(
        self, *, network: Network, postman: Postman, deliveries: Deliveries, sms_url: str, voice_url: str
    ) -> None:
        self._network = network
        self._postman = postman
        self._deliveries = deliveries
        self._sms_url = sms_url
        self._voice_url = voice_url

    def text(self, *, phone: str, sender: str, body: str) -> Entry:
        """A text is taken on at once; the service hears of it in the background."""
        entry = self._network.add(
            kind="text", direction="inbound", phone=phone, sender=sender, body=body, status="received"
        )
        self._answer_keyword(entry)
        self._deliveries.background(self.deliver_text(entry))
        return entry

    async def deliver_text(self, entry: Entry) -> None:
        if not self._sms_url:
            self._network.heard(entry.sid, HEARD)
            return
        parameters = {
            "MessageSid": entry.sid,
            "SmsSid": entry.sid,
            "SmsMessageSid": entry.sid,
            "From": entry.phone,
            "To": entry.sender,
            "Body": entry.body,
            "NumMedia": "0",
            "NumSegments": str(numbers.segments(entry.body)),
            "SmsStatus": "received",
            **PLACES,
            "FromCountry": "CA",
            "ToCountry": "CA",
        }
        answer = await self._postman.post(self._sms_url, parameters)
        if self._network.entry(entry.sid) is None:
            return  # forgotten meanwhile
        document, outcome = _twiml(answer)
        self._network.heard(entry.sid, outcome)
        if document is not None:
            for reply in _replies(document):
                self._reply(entry, reply)

    def ring(self, *, phone: str, sender: str) -> Entry:
        return self._network.add(
            kind="call", direction="inbound", phone=phone, sender=sender, body="", status="ringing"
        )

    async def listen(self, entry: Entry, *, withheld: bool = False) -> None:
        """Asks the service what to say and listens to the end. `withheld`: the service is not told the number."""
        caller = "anonymous" if withheld else entry.phone
        parameters = {
            "CallSid": entry.sid,
            "CallStatus": "ringing",
            "Direction": "inbound",
            "From": caller,
            "Caller": caller,
            "To": entry.sender,
            "Called": entry.sender,
            **PLACES,
            "FromCountry": "CA",
            "ToCountry": "CA",
        }
        answer = await self._postman.post(self._voice_url, parameters) if self._voice_url else Answer(0)
        document, outcome = _twiml(answer)
        # Nested ones too: what is said while digits are gathered is heard as well.
        said = (
            []
            if document is None
            else [Said(say.get("language", "en-US"), _words(say)) for say in document.iter("Say")]
        )
        self._network.heard(entry.sid, outcome, said)

    def resume(self) -> None:
        """After a restart: takes up the texts where they were. Calls were cut off."""
        for entry in self._network.unfinished():
            if entry.kind == "call":
                self._network.heard(entry.sid, UNREACHABLE)
            elif entry.direction == "inbound":
                self._deliveries.background(self.deliver_text(entry))
            else:
                self._deliveries.begin(entry)

    def _answer_keyword(self, entry: Entry) -> None:
        """As Twilio: block or unblock, and answer in English. The webhook is delivered all the same."""
        word, phone, sender = entry.body.strip().upper(), entry.phone, entry.sender
        stopped = self._network.has_stopped(phone, sender)
        answer = ""
        if word in STOP_WORDS and not stopped:  # told once: nobody wants a text for each further STOP
            self._network.stop(phone, sender)
            answer = STOPPED
        elif word in START_WORDS and stopped:  # a YES of somebody who never stopped is for the service alone
            self._network.start(phone, sender)
            answer = STARTED
        elif word in HELP_WORDS:
            answer = HELPED
        if answer:
            self._network.add(
                kind="notice", direction="outbound-reply", phone=phone, sender=sender, body=answer, status="delivered"
            )

    def _reply(self, entry: Entry, reply: Reply) -> None:
        stopped = self._network.has_stopped(entry.phone, entry.sender)
        text = self._network.add(
            kind="text",
            direction="outbound-reply",
            phone=entry.phone,
            sender=entry.sender,
            body=reply.text,
            status="failed" if stopped else "queued",
            error_code=21610 if stopped else None,
            callback_url=reply.callback_url,
        )
        if not stopped:
            self._deliveries.begin(text)


def _twiml(answer: Answer) -> tuple[ET.Element | None, str]:
    """The service's document, and what to note about the webhook."""
    if not 200 <= answer.status < 300:
        return None, UNREACHABLE
    if not answer.body.strip():
        return None, HEARD  # 204, or nothing to say
    if answer.content_type not in ("text/xml", "application/xml"):
        return None, INVALID_TYPE
    # A document type could define entities that explode or read files; TwiML has none.
    if "<!DOCTYPE" in answer.body:
        return None, INVALID_XML
    try:
        document = ET.fromstring(answer.body.encode())  # noqa: S314 - see above, and it comes from our own service
    except ET.ParseError:
        return None, INVALID_XML
    return (document, HEARD) if document.tag == "Response" else (None, INVALID_XML)


def _replies(document: ET.Element) -> list[Reply]:
    replies = []
    for message in document.findall("Message"):
        body = message.find("Body")
        text = _words(message if body is None else body)
        if text:
            callback = message.get("statusCallback") or message.get("action") or ""
            replies.append(Reply(text=text, callback_url=callback))
    return replies


def _words(element: ET.Element) -> str:
    return "".join(element.itertext()).strip()
