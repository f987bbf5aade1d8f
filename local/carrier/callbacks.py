"""What the network tells the service: signed webhooks, and the way of a text from queued to delivered."""

import asyncio
import base64
import hashlib
import hmac
import uuid
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import Self
from urllib.parse import urldefrag, urlencode

import aiohttp
from yarl import URL

from local.carrier.entries import Entry
from local.carrier.misbehaviour import Mischief
from local.carrier.network import Network

API_VERSION = "2010-04-01"
# Twilio gives a service 5 seconds to take the connection and 15 to answer.
TIMEOUT = aiohttp.ClientTimeout(total=None, sock_connect=5, sock_read=15)
# Enough for a few hundred texts a second at two callbacks each, few enough not to be the service's flood.
CONNECTIONS = 64
# Shorter than any server keeps them (uvicorn, left to itself, five seconds): a callback does not race a hang-up.
KEEP_ALIVE_SECONDS = 3
# A status and a field of a Twilio to come: it adds both without notice.
NOBODY_KNOWS = {"MessageStatus": "pondering", "SmsStatus": "pondering", "PonderingReason": "not yet decided"}


@dataclass(frozen=True, slots=True)
class Answer:
    """What the service answered; status 0 when it did not."""

    status: int
    content_type: str = ""
    body: str = ""


def signature(url: str, parameters: Mapping[str, str], *, auth_token: str) -> str:
    """X-Twilio-Signature: HMAC-SHA1 of the URL and all parameters in the order of their names."""
    text = url + "".join(name + value for name, value in sorted(parameters.items()))
    return base64.b64encode(hmac.new(auth_token.encode(), text.encode(), hashlib.sha1).digest()).decode()


class Postman:
    """Posts signed webhooks."""

    def __init__(self, *, account_sid: str, auth_token: str) -> None:
        self.account_sid = account_sid
        self._auth_token = auth_token
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            timeout=TIMEOUT,
            connector=aiohttp.TCPConnector(limit=CONNECTIONS, keepalive_timeout=KEEP_ALIVE_SECONDS),
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        return self

    async def __aexit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        if self._session:
            await self._session.close()

    async def post(self, url: str, parameters: Mapping[str, str], *, copies: int = 1) -> Answer:
        """One delivery, and one more when the connection failed; the answer is the last copy's.

        A redirect is not followed: it would lose the form.
        """
        if self._session is None:
            raise RuntimeError("the postman has not been started")
        address, _ = urldefrag(url)  # Twilio keeps its own settings in the fragment: neither sent nor signed
        everything = {**parameters, "AccountSid": self.account_sid, "ApiVersion": API_VERSION}
        headers = {
            "X-Twilio-Signature": signature(address, everything, auth_token=self._auth_token),
            "I-Twilio-Idempotency-Token": str(uuid.uuid4()),
            "User-Agent": "TwilioProxy/1.1",
            "Content-Type": "application/x-www-form-urlencoded; charset=utf-8",
        }
        answer = Answer(0)
        for _ in range(copies):
            answer = await self._deliver(
                self._session, URL(address, encoded=True), urlencode(everything).encode(), headers
            )
        return answer

    async def _deliver(
        self, session: aiohttp.ClientSession, address: URL, form: bytes, headers: Mapping[str, str]
    ) -> Answer:
        # The address is passed on as encoded: it goes out letter by letter as it was signed.
        for _ in range(2):
            try:
                async with session.post(address, data=form, headers=headers, allow_redirects=False) as answer:
                    return Answer(answer.status, answer.content_type, await answer.text(errors="replace"))
            except aiohttp.SocketTimeoutError:
                break  # it has the request and is slow: Twilio does not ask twice
            except aiohttp.ClientConnectionError:
                continue  # refused or reset
            except (aiohttp.ClientError, ValueError):
                break
        return Answer(0)


class Deliveries:
    """Takes texts to their phones in the background and tells the service how far they are."""

    def __init__(self, *, network: Network, postman: Postman, mischief: Mischief, seconds: float) -> None:
        self._network = network
        self._postman = postman
        self._mischief = mischief
        self._seconds = seconds
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, entry: Entry) -> asyncio.Task[None]:
        """Done when the phone has the text and the service has been told."""
        return self.background(self._deliver(entry))

    def background(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def close(self) -> None:
        """Work in hand is dropped: the store knows how far it was, and the next start takes it up there."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _deliver(self, entry: Entry) -> None:
        failure = self._mischief.strikes("undelivered", entry.phone)
        status, error_code = (failure.final, failure.error) if failure else ("delivered", None)
        sent: Entry | None = None
        telling: asyncio.Task[None] | None = None
        if entry.status == "queued":
            await asyncio.sleep(self._seconds / 2)
            if status != "failed":  # at Twilio a text is sent or failed
                if (sent := self._network.move(entry.sid, "sent")) is None:
                    return  # forgotten meanwhile
                if not self._mischief.strikes("reversed_callback", entry.phone):
                    telling = self.background(self._tell(sent))
        await asyncio.sleep(self._seconds / 2)
        done = self._network.move(entry.sid, status, error_code)
        if done is None:
            return
        if telling:  # a service that is slow to hear of `sent` delays what it hears next, not the phone
            await telling
        await self._tell(done)
        if sent and not telling:
            await self._tell(sent)

    async def _tell(self, entry: Entry) -> None:
        if not entry.callback_url or self._mischief.strikes("no_callback", entry.phone):
            return
        copies = 2 if self._mischief.strikes("duplicate_callback", entry.phone) else 1
        parameters = status_parameters(entry)
        await self._postman.post(entry.callback_url, parameters, copies=copies)
        if self._mischief.strikes("unknown_status", entry.phone):
            await self._postman.post(entry.callback_url, parameters | NOBODY_KNOWS)


def status_parameters(entry: Entry) -> dict[str, str]:
    parameters = {
        "MessageSid": entry.sid,
        "SmsSid": entry.sid,
        "MessageStatus": entry.status,
        "SmsStatus": entry.status,
        "To": entry.to,
        "From": entry.from_,
    }
    if entry.error_code is not None:
        parameters["ErrorCode"] = str(entry.error_code)
    if entry.status in ("delivered", "undelivered"):
        # The carrier's own stamp, as coarse as Twilio passes it on: no seconds, no zone.
        parameters["RawDlrDoneDate"] = datetime.fromtimestamp(entry.updated, UTC).strftime("%y%m%d%H%M")
    return parameters
