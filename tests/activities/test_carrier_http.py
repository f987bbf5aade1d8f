"""How the carrier is spoken to: connections are kept, and the environment's proxy is used."""

import json
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from activities.carrier_client import Busy, CarrierClient, Misconfigured, NotProcessed, OutcomeUnknown, Refused
from activities.carrier_http import CarrierHttp, NeverConnected, NoAnswer, TooLate
from tests.activities.broken_tls import certificate_in

TEXTS_AT_ONCE = 16
_AT_ONCE = (socket.IPPROTO_TCP, socket.TCP_NODELAY)
_AT_MOST = (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)


@dataclass
class Listener:
    """A server that answers when so many ask at once, and counts who connected and what was asked."""

    address: str = ""
    connections: int = 0
    asked: list[str] = field(default_factory=list)
    is_rude: bool = False
    """It hangs up instead of an answer."""
    says: tuple[int, bytes] = (201, b"{}")
    lines: list[socket.socket] = field(default_factory=list)
    first: threading.Event = field(default_factory=threading.Event)
    together: threading.Barrier = field(default_factory=lambda: threading.Barrier(TEXTS_AT_ONCE))

    def hang_up(self) -> None:
        """On the only one who has connected."""
        self.first.wait(timeout=30)
        self.lines[0].shutdown(socket.SHUT_RDWR)


@pytest.fixture
def listener() -> Iterator[Listener]:
    with listening() as it:
        yield it


@pytest.fixture
def tls_listener(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Listener]:
    """As most are today: TLS 1.3, with tickets that it sends after the handshake."""
    certificate = certificate_in(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_cert_chain(certificate)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    with listening(context) as it:
        yield it


@contextmanager
def listening(tls: ssl.SSLContext | None = None) -> Iterator[Listener]:
    it = Listener()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            it.connections += 1
            it.lines.append(self.request)
            it.first.set()
            super().setup()

        def do_GET(self) -> None:
            self.do_POST()

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", "0")))
            it.asked.append(self.path)
            if it.is_rude:
                self.close_connection = True
                return
            if "elsewhere" in self.path:
                self.send_response(307)
                self.send_header("Location", f"{it.address}/alone")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            if "alone" not in self.path and "Messages" not in self.path:
                it.together.wait(timeout=30)
            status, body = it.says
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    it.address = f"{'http' if tls is None else 'https'}://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield it
    server.shutdown()
    thread.join()
    server.server_close()


def test_each_thread_of_a_worker_keeps_its_connection(listener: Listener) -> None:
    client = CarrierHttp(address=listener.address, timeout=30)
    with ThreadPoolExecutor(TEXTS_AT_ONCE) as threads:
        for _ in range(5):
            answers = threads.map(lambda _: client.request("POST", "https://api.twilio.com/x"), range(TEXTS_AT_ONCE))
            assert [answer.status_code for answer in answers] == [201] * TEXTS_AT_ONCE
    assert listener.connections <= TEXTS_AT_ONCE


def test_the_environments_proxy_is_used(listener: Listener, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", listener.address)
    monkeypatch.delenv("no_proxy", raising=False)
    client = CarrierHttp(address="http://carrier.invalid", timeout=30)
    client.request("POST", "https://api.twilio.com/alone", data={"Body": "x"})
    assert listener.asked == ["http://carrier.invalid/alone"]


def test_r2_a_server_that_hangs_up_after_a_post_gets_no_second_one(listener: Listener) -> None:
    client = CarrierHttp(address=listener.address, timeout=30)
    client.request("POST", "https://api.twilio.com/alone", data={"Body": "x"})
    listener.is_rude = True
    with pytest.raises(NoAnswer) as silence:
        client.request("POST", "https://api.twilio.com/alone", data={"Body": "x"})
    assert not isinstance(silence.value, NeverConnected)
    assert listener.asked == ["/alone", "/alone"]


def test_r2_a_post_that_is_sent_elsewhere_does_not_go_there(listener: Listener) -> None:
    client = CarrierHttp(address=listener.address, timeout=30)
    assert client.request("POST", "https://api.twilio.com/elsewhere", data={"Body": "x"}).status_code == 307
    assert listener.asked == ["/elsewhere"]


@pytest.fixture
def slow_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """To look up a name takes a third of a second, as after a datagram that was lost."""
    look_up = socket.getaddrinfo

    def slowly(*arguments: Any, **options: Any) -> Any:
        time.sleep(0.3)
        return look_up(*arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", slowly)


@pytest.mark.usefixtures("slow_names")
@pytest.mark.parametrize("kind", ["listener", "tls_listener"])
def test_r1_no_post_begins_after_its_time_however_long_it_took_to_connect(
    kind: str, request: pytest.FixtureRequest
) -> None:
    """And the next try finds the connection: else, where a name is always slow, nothing would go out at all."""
    listener: Listener = request.getfixturevalue(kind)
    client = CarrierHttp(address=listener.address, timeout=30)
    with pytest.raises(TooLate), client.begun_by(time.monotonic() + 0.2):
        client.request("POST", "https://api.twilio.com/alone", data={"Body": "x"})
    assert listener.asked == []
    listener.first.wait(timeout=30)  # and what TLS sends after the handshake has come
    with client.begun_by(time.monotonic() + 30):
        client.request("POST", "https://api.twilio.com/alone", data={"Body": "x"})
    assert (listener.asked, listener.connections) == (["/alone"], 1)


def test_a_connection_that_was_hung_up_before_anything_was_asked_is_not_used(tls_listener: Listener) -> None:
    client = CarrierHttp(address=tls_listener.address, timeout=30)
    with pytest.raises(TooLate), client.begun_by(time.monotonic()):
        client.request("POST", "https://api.twilio.com/alone", data={"Body": "x"})
    tls_listener.hang_up()
    assert client.request("POST", "https://api.twilio.com/alone", data={"Body": "x"}).status_code == 201
    assert tls_listener.connections == 2


def test_what_breaks_before_the_first_byte_was_never_asked() -> None:
    """A handshake that is cut short is no text whose outcome is unknown."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=lambda: server.accept()[0].close())
        thread.start()
        client = CarrierHttp(address=f"https://127.0.0.1:{server.getsockname()[1]}", timeout=2)
        with pytest.raises(NeverConnected):
            client.request("POST", "https://api.twilio.com/x", data={"Body": "x"})
        thread.join()


def test_what_has_no_time_of_its_own_may_begin_whenever_it_can(listener: Listener) -> None:
    client = CarrierHttp(address=listener.address, timeout=30)
    with pytest.raises(TooLate), client.begun_by(time.monotonic()):
        client.request("POST", "https://api.twilio.com/alone", data={"Body": "x"})
    assert client.request("POST", "https://api.twilio.com/alone", data={"Body": "x"}).status_code == 201


def test_a_connection_that_is_silent_stays_alive(listener: Listener) -> None:
    """Nothing between us and the carrier forgets it while no call comes in."""
    client = CarrierHttp(address=listener.address, timeout=30)
    client.request("POST", "https://api.twilio.com/alone", data={"Body": "x"})
    kept = client._pool._get_conn()
    options = ((socket.SOL_SOCKET, socket.SO_KEEPALIVE), (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE), _AT_ONCE, _AT_MOST)
    assert [vars(kept)["sock"].getsockopt(*option) for option in options] == [1, 30, 1, 10_000]
    client._pool._put_conn(kept)


def test_a_server_that_is_not_there_was_never_asked() -> None:
    client = CarrierHttp(address="http://127.0.0.1:1", timeout=30)
    with pytest.raises(NeverConnected):
        client.request("POST", "https://api.twilio.com/x", data={"Body": "x"})


@pytest.mark.parametrize("host", ["https://api.twilio.com", "https://api.dublin.ie1.twilio.com"])
def test_whatever_host_the_library_names_the_configured_address_is_asked(listener: Listener, host: str) -> None:
    client = CarrierHttp(address=f"{listener.address}/at/a/path/", timeout=30)
    client.request("POST", f"{host}/alone.json?Page=2", params={"To": "+16135550142", "From": None})
    assert listener.asked == ["/at/a/path/alone.json?Page=2&To=%2B16135550142"]


def test_what_the_environment_says_of_the_library_alone_does_not_count(
    listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TWILIO_EDGE", "dublin")
    monkeypatch.setenv("TWILIO_REGION", "ie1")
    with pytest.raises(OutcomeUnknown):  # the listener's answer is no message
        send_one(listener)
    assert listener.asked == [f"/2010-04-01/Accounts/AC{'0' * 32}/Messages.json"]


@pytest.mark.parametrize(
    ("status", "says", "outcome"),
    [
        (403, {"code": "AccessDenied", "message": "no"}, Misconfigured),
        (400, {"code": [21610], "message": "no"}, Misconfigured),
        (400, {"type": "x", "title": "opted out", "status": 400, "code": 21610}, Refused),
        (401, {"type": "x", "title": "who are you?", "status": 401, "code": 20003}, Misconfigured),
        (429, {"type": "x", "title": "slowly", "status": 429, "code": 20429}, Busy),
        (500, {"type": "x", "title": "oh", "status": 400, "code": 21211}, OutcomeUnknown),
        (400, {"code": "21610", "message": "no"}, Refused),
    ],
    ids=["a proxy's word", "a list of codes", "RFC 9457", "RFC 9457, 401", "RFC 9457, 429", "two statuses", "in words"],
)
def test_a_refusal_is_told_apart_however_it_is_written(
    listener: Listener, status: int, says: dict[str, object], outcome: type[Exception]
) -> None:
    listener.says = (status, json.dumps(says).encode())
    with pytest.raises(outcome) as refusal:
        send_one(listener)
    assert type(refusal.value) is outcome


def send_one(listener: Listener) -> None:
    """One text, through our client."""
    client = CarrierClient(account_sid="AC" + "0" * 32, auth_token="x", address=listener.address, timeout_seconds=30)
    client.send(to="+16135550142", sender="+16135550100", body="alone", callback="http://x", valid_for_seconds=60)


@pytest.mark.parametrize(
    ("status", "says", "outcome", "words"),
    [
        (401, b'{"code": 20003, "message": "no"}', Misconfigured, "HTTP 401"),
        (503, b"<p>request id 7f3401ab</p>", NotProcessed, "HTTP 503"),
        (200, b"<p>hello</p>", NotProcessed, "no answer of Twilio's"),
        (200, b"[]", NotProcessed, "no answer of Twilio's"),
    ],
)
def test_whether_the_account_is_well_is_told_by_the_status_alone(
    listener: Listener, status: int, says: bytes, outcome: type[NotProcessed], words: str
) -> None:
    listener.says = (status, says)
    client = CarrierClient(account_sid="AC" + "0" * 32, auth_token="x", address=listener.address, timeout_seconds=30)
    with pytest.raises(NotProcessed) as trouble:
        client.check()
    assert (type(trouble.value), trouble.value.cause) == (outcome, words)
