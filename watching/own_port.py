"""A process's own port, for those who watch it: `/metrics`, `/livez`, `/readyz`. Nobody else reaches it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from http import HTTPStatus
from socketserver import ThreadingMixIn
from threading import Thread
from typing import Any, Final, Protocol
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server
from wsgiref.types import StartResponse, WSGIEnvironment

from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4, REGISTRY, disable_created_metrics, generate_latest

from watching.readiness import Heartbeat, Readiness

_PLAIN: Final = "text/plain; charset=utf-8"
_GIVES_UP_AFTER_SECONDS: Final = 5


@dataclass(frozen=True, kw_only=True)
class Health:
    """Of a process whose own port tells it; one that serves pages tells it there, where it shows that it serves."""

    readiness: Readiness
    heartbeat: Heartbeat | None = None
    """Of a process with a loop of asyncio; one without is alive while it answers."""


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    timeout = _GIVES_UP_AFTER_SECONDS

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - so it is called there
        """Nobody reads who scraped when."""


class More(Protocol):
    """Metrics that somebody else keeps."""

    def read(self) -> bytes:
        """Them, in Prometheus's text format."""


def open_own_port(host: str, port: int | None, *, health: Health | None = None, more: More | None = None) -> None:
    """Serve from a thread until the process ends. `port`: `None` is off.

    Raises:
        OSError: the port is taken.
    """
    if port is None:
        return
    disable_created_metrics()  # type: ignore[no-untyped-call]  # a series more for each counter, and nobody asks
    server = make_server(host, port, _application(health, more), server_class=_Server, handler_class=_Quiet)
    Thread(target=server.serve_forever, name="own port", daemon=True).start()


def answer(health: Health, path: str) -> tuple[int, str]:
    """Status and words of `/livez` and `/readyz`. Neither waits for anything."""
    if path == "/livez":
        is_alive = health.heartbeat is None or health.heartbeat.is_alive()
        return (200, "alive\n") if is_alive else (503, "stands still\n")
    return ready(health.readiness)


def ready(readiness: Readiness) -> tuple[int, str]:
    """Status and words of `/readyz`."""
    troubles = readiness.troubles()
    words = "".join(f"{name}: {trouble}\n" for name, trouble in troubles.items())
    return (503, words) if troubles else (200, "ready\n")


def _application(
    health: Health | None, more: More | None
) -> Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]]:
    def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if path == "/metrics":
            start_response("200 OK", [("Content-Type", CONTENT_TYPE_PLAIN_0_0_4)])
            return [generate_latest(REGISTRY), b"" if more is None else more.read()]
        status, words = 404, "nothing here\n"
        if health is not None and path in {"/livez", "/readyz"}:
            status, words = answer(health, path)
        start_response(f"{status} {HTTPStatus(status).phrase}", [("Content-Type", _PLAIN)])
        return [words.encode()]

    return application
