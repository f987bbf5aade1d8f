"""What the carrier's tests share: a service that takes webhooks, and the carrier over real HTTP."""

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TypeVar
from urllib.parse import parse_qsl

import requests
from pydantic import JsonValue
from twilio.http.http_client import TwilioHttpClient
from twilio.http.response import Response
from twilio.rest import Client
from twilio.rest.api.v2010.account.message import MessageInstance

from local.carrier.__main__ import server
from local.carrier.app import Options, create_app
from local.carrier.clock import REAL, Clock

ACCOUNT = "AC0123456789abcdef0123456789abcdef"
TOKEN = "not-a-secret"
SENDER = "+13435550100"
PHONE = "+16135550142"
DEADLINE_SECONDS = 8.0

T = TypeVar("T")


def eventually(look: Callable[[], T | None]) -> T:
    """The first true thing that `look` sees; fails when there is none in time."""
    end = time.monotonic() + DEADLINE_SECONDS
    while not (seen := look()):
        if time.monotonic() > end:
            raise AssertionError(f"not within {DEADLINE_SECONDS} seconds; last seen: {seen!r}")
        time.sleep(0.01)
    return seen


@dataclass(frozen=True)
class Webhook:
    path: str  # with the query
    headers: dict[str, str]
    form: dict[str, str]


@dataclass
class Service:
    """Stands in for the product: notes every webhook, answers with `twiml`."""

    url: str
    webhooks: list[Webhook] = field(default_factory=list)
    twiml: str = "<Response/>"
    content_type: str = "text/xml"
    status: int = 200
    hang_ups: int = 0  # so many connections are closed without an answer

    def of(self, path: str) -> list[Webhook]:
        return [webhook for webhook in self.webhooks if webhook.path.startswith(path)]

    def statuses(self, sid: str) -> list[str]:
        return [hook.form["MessageStatus"] for hook in self.of("/status") if hook.form["MessageSid"] == sid]

    def forget(self) -> None:
        self.webhooks.clear()
        self.twiml, self.content_type, self.status, self.hang_ups = "<Response/>", "text/xml", 200, 0


@contextmanager
def running_service() -> Iterator[Service]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            service.webhooks.append(
                Webhook(self.path, dict(self.headers), dict(parse_qsl(body, keep_blank_values=True)))
            )
            if service.hang_ups > 0:
                service.hang_ups -= 1
                self.close_connection = True
                return
            answer = service.twiml.encode()
            self.send_response(service.status)
            self.send_header("Content-Type", service.content_type)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            pass

    web = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    web.daemon_threads = True
    service = Service(f"http://127.0.0.1:{web.server_address[1]}")
    thread = threading.Thread(target=web.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield service
    finally:
        web.shutdown()
        thread.join()
        web.server_close()


class Redirected(TwilioHttpClient):
    """Twilio's own client, with its host replaced: what the product does by configuration."""

    def __init__(self, url: str) -> None:
        super().__init__(timeout=5)
        self._url = url

    def request(
        self,
        method: str,
        uri: str,
        params: dict[str, object] | None = None,
        data: dict[str, object] | None = None,
        headers: dict[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,
        allow_redirects: bool = False,
    ) -> Response:
        address = uri.replace("https://api.twilio.com", self._url, 1)
        return super().request(method, address, params, data, headers, auth, timeout, allow_redirects)


def sid_of(message: MessageInstance) -> str:
    assert message.sid is not None
    return message.sid


@dataclass(frozen=True)
class Carrier:
    url: str

    def client(self, token: str = TOKEN, account: str = ACCOUNT) -> Client:
        return Client(account, token, http_client=Redirected(self.url))

    def texts(self, phone: str = PHONE) -> list[dict[str, JsonValue]]:
        answer = requests.get(f"{self.url}/carrier/phones/{phone}", timeout=5)
        answer.raise_for_status()
        messages: list[dict[str, JsonValue]] = answer.json()["messages"]
        return messages

    def posts(self) -> list[dict[str, JsonValue]]:
        """Every request to send a text, taken on or not."""
        answer = requests.get(f"{self.url}/carrier/posts", timeout=5).json()
        posts: list[dict[str, JsonValue]] = answer["posts"]
        assert answer["count"] == len(posts)
        return posts

    def text(self, text: str, *, phone: str = PHONE, to: str = SENDER) -> dict[str, JsonValue]:
        given: dict[str, JsonValue] = {"text": text, "to": to}
        answer = requests.post(f"{self.url}/carrier/phones/{phone}/texts", json=given, timeout=5)
        assert answer.status_code == 201, answer.text
        created: dict[str, JsonValue] = answer.json()
        return created

    def call(self, *, withheld: bool = False) -> dict[str, JsonValue]:
        given: dict[str, JsonValue] = {"to": SENDER, "withheld": withheld}
        answer = requests.post(f"{self.url}/carrier/phones/{PHONE}/calls", json=given, timeout=5)
        assert answer.status_code == 201, answer.text
        created: dict[str, JsonValue] = answer.json()
        return created

    def misbehave(self, *rules: dict[str, JsonValue], seed: int | None = None) -> None:
        plan: dict[str, JsonValue] = {"rules": list(rules), "seed": seed}
        requests.put(f"{self.url}/carrier/misbehaviour", json=plan, timeout=5).raise_for_status()

    def happened(self) -> list[int]:
        plan = requests.get(f"{self.url}/carrier/misbehaviour", timeout=5).json()
        return [rule["happened"] for rule in plan["rules"]]

    def forget(self) -> None:
        requests.delete(f"{self.url}/carrier/phones", timeout=5).raise_for_status()
        self.misbehave()


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def healthy(url: str) -> bool:
    try:
        return requests.get(f"{url}/healthz", timeout=1).ok
    except requests.ConnectionError:
        return False


@contextmanager
def running_carrier(service: Service, database: Path, *, clock: Clock = REAL) -> Iterator[Carrier]:
    """In this process: quick to start, real HTTP all the same."""
    options = Options(
        database=database,
        account_sid=ACCOUNT,
        auth_token=TOKEN,
        sms_url=f"{service.url}/sms",
        voice_url=f"{service.url}/voice",
        senders=(SENDER, "+13435550101"),
        delivery_seconds=0.04,
        clock=clock,
    )
    port = free_port()
    running = server(create_app(options), port=port)
    thread = threading.Thread(target=running.run)
    thread.start()
    try:
        eventually(lambda: healthy(f"http://127.0.0.1:{port}"))
        yield Carrier(f"http://127.0.0.1:{port}")
    finally:
        running.should_exit = True
        thread.join(timeout=5)


def start_process(
    service: Service, database: Path, *, delivery_seconds: float
) -> tuple[subprocess.Popen[bytes], Carrier]:
    """As `make run` starts it: a process of its own, to be killed."""
    port = free_port()
    environment = os.environ | {
        "CARRIER_ACCOUNT_SID": ACCOUNT,
        "CARRIER_AUTH_TOKEN": TOKEN,
        "CARRIER_DATABASE": str(database),
        "CARRIER_SMS_URL": f"{service.url}/sms",
        "CARRIER_SENDER": SENDER,
        "CARRIER_DELIVERY_SECONDS": str(delivery_seconds),
    }
    process = subprocess.Popen([sys.executable, "-m", "local.carrier", "--port", str(port)], env=environment)
    carrier = Carrier(f"http://127.0.0.1:{port}")
    eventually(lambda: healthy(carrier.url))
    return process, carrier
