"""How the carrier is spoken to: connections are kept, and the environment's proxy is used."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from activities.carrier_http import CarrierHttp

TEXTS_AT_ONCE = 16


@dataclass
class Listener:
    """A server that answers when so many ask at once, and counts who connected and what was asked."""

    address: str = ""
    connections: int = 0
    asked: list[str] = field(default_factory=list)
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
            if "alone" not in self.path:
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
