"""Connections on which a request begins in time, or not at all.

R1, R5: what was checked must still be true when the POST begins, and whoever stopped everything was told how long that
takes. To look up a name has no time limit, each of its addresses has one of its own, and a handshake comes after that:
so the clock is looked at when the connection stands, right before the first byte.
"""

import math
import ssl
import threading
import time
from typing import Any, Final

from urllib3 import HTTPConnectionPool, HTTPResponse
from urllib3.connection import HTTPConnection
from urllib3.util.ssltransport import SSLTransport

_Tls = ssl.SSLSocket | SSLTransport
"""The second behind a proxy that is itself behind TLS."""


class _OneRequest(threading.local):
    """This thread's; a thread has one at a time. `begun_by`: until then it may begin (time.monotonic()). `has_begun`: a
    byte of it may be out. `was_too_late`: nothing was asked."""

    begun_by: float = math.inf
    has_begun: bool = False
    was_too_late: bool = False

    def begins_anew(self) -> None:
        self.has_begun = self.was_too_late = False


one_request: Final = _OneRequest()


def make_punctual(pool: HTTPConnectionPool) -> None:
    """For all connections that the pool will make."""
    pool.ConnectionCls = type("Punctual", (_Punctual, pool.ConnectionCls), {})


class _Punctual(HTTPConnection):
    def request(self, *arguments: Any, **options: Any) -> None:
        if self.is_closed:
            self.connect()
        one_request.was_too_late = time.monotonic() > one_request.begun_by
        if not one_request.was_too_late:
            one_request.has_begun = True
            super().request(*arguments, **options)

    def getresponse(self) -> HTTPResponse:  # type: ignore[override]  # as in urllib3
        """Where nothing was asked an empty one, and the pool keeps the connection: the next request begins at once."""
        return HTTPResponse(status=0) if one_request.was_too_late else super().getresponse()

    @property
    def is_connected(self) -> bool:
        """Does it still stand? urllib3 takes one on which there is something to read for one that was hung up; but
        TLS 1.3 sends tickets after the handshake, and where nothing was asked yet nobody has read them."""
        return super().is_connected or (isinstance(self.sock, _Tls) and _has_nothing_for_us(self.sock))


def _has_nothing_for_us(sock: _Tls) -> bool:
    waits = sock.gettimeout()
    sock.settimeout(0)
    try:
        sock.recv(1)
    except ssl.SSLWantReadError:
        return True
    except OSError:
        return False
    finally:
        sock.settimeout(waits)
    return False
