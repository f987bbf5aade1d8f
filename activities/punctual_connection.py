"""Connections on which a request begins in time, or not at all.

R1, R5: what was checked must still be true when the POST begins, and whoever stopped everything was told how long that
takes. To look up a name has no time limit, each of its addresses has one of its own, and a handshake comes after that:
so the clock is looked at when the connection stands, right before the first byte.
"""

import math
import threading
import time
from typing import Any, Final

from urllib3 import HTTPConnectionPool, HTTPResponse
from urllib3.connection import HTTPConnection, HTTPSConnection


class _OfThisThread(threading.local):
    begun_by = math.inf
    is_too_late = False


_request: Final = _OfThisThread()


def begin_by(moment: float) -> None:
    """This thread's next request begins until then (time.monotonic()), or not at all."""
    _request.begun_by, _request.is_too_late = moment, False


def was_too_late() -> bool:
    """Was nothing asked, because this thread's last request could not begin in time?"""
    return _request.is_too_late


def make_punctual(pool: HTTPConnectionPool) -> None:
    """For all connections that the pool will make."""
    pool.ConnectionCls = _PunctualHttps if issubclass(pool.ConnectionCls, HTTPSConnection) else _PunctualHttp


class _PunctualHttp(HTTPConnection):
    def request(self, *arguments: Any, **options: Any) -> None:
        if self.is_closed:
            self.connect()
        _request.is_too_late = time.monotonic() > _request.begun_by
        if not _request.is_too_late:
            super().request(*arguments, **options)

    def getresponse(self) -> HTTPResponse:  # type: ignore[override]  # as in urllib3
        """Where nothing was asked an empty one, and the pool keeps the connection: the next request begins at once."""
        return HTTPResponse(status=0) if _request.is_too_late else super().getresponse()


class _PunctualHttps(_PunctualHttp, HTTPSConnection):
    """The same, behind TLS."""
