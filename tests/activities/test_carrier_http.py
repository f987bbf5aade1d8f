"""How the carrier is spoken to: connections are kept, and the environment's proxy is used."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from activities.carrier_client import CarrierClient, OutcomeUnknown
from activities.carrier_http import CarrierHttp, NeverConnected, NoAnswer

TEXTS_AT_ONCE = 16


@dataclass
class Listener:
    """A server that answers when so many ask at once, and counts who connected and what was asked."""

    address: str = ""
    connections: int = 0
    asked: list[str] = field(default_factory=list)
    is_rude: bool = False
    """It hangs up instead of an answer."""
    together: threading.Barrier = field(default_factory=lambda: threading.Barrier(TEXTS_AT_ONCE))


@pytest.fixture
def listener() -> Iterator[Listener]:
    it = Listener()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            it.connections += 1
            super().setup()

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
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
            self.send_response(201)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    it.address = f"http://127.0.0.1:{server.server_address[1]}"
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
    client = CarrierClient(account_sid="AC" + "0" * 32, auth_token="x", address=listener.address, timeout_seconds=30)
    with pytest.raises(OutcomeUnknown):  # the listener's answer is no message
        client.send(to="+16135550142", sender="+16135550100", body="alone", callback="http://x", valid_for_seconds=60)
    assert listener.asked == [f"/2010-04-01/Accounts/AC{'0' * 32}/Messages.json"]
