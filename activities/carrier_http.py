"""HTTP to Twilio, or to whoever speaks its API at another address.

Twilio's library comes with a client on `requests`, and takes another one: below stands urllib3, on which `requests`
stands. By the other way a POST cost three quarters more, which was a tenth of what sending a text costs. What the
environment says of proxies and certificates is still the business of `requests`.
"""

import logging
import math
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException
from typing import Final
from urllib.parse import urlencode, urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.utils import urldefragauth
from twilio.http import HttpClient
from twilio.http.response import Response
from urllib3.connection import HTTPConnection
from urllib3.exceptions import HTTPError

from activities.punctual_connection import make_punctual, one_request

_LOGGER: Final = "twilio.http_client"
"""The library's own, which we keep quiet (logs.py): what it writes of a request holds telephone numbers (R3)."""
_CONNECT_SECONDS: Final = 2.0
"""For each address that a name has."""
_OF_TCP: Final = {"TCP_KEEPIDLE": 30, "TCP_KEEPINTVL": 10, "TCP_USER_TIMEOUT": 10_000}
"""Seconds, seconds and ms; where the system has them. What stands between us and the carrier (NAT, a firewall) drops a
connection that was silent for some minutes, and tells nobody: a POST into it would be a text whose outcome is unknown.
And what was written while the line was down is not delivered any more after ten seconds."""
_CONNECTIONS_KEPT: Final = 64
"""More than a worker has threads (16, as it comes): a thread without one makes a new one, with its handshake, for each
text."""
LONGEST_WAIT_SECONDS = 600
"""So long the carrier may let us wait, and no longer."""


class NoAnswer(Exception):  # noqa: N818 - an outcome, not a fault
    """No whole answer came. `cause` is the name of what happened: its words may hold a number (R3)."""

    def __init__(self, cause: str) -> None:
        super().__init__(cause)
        self.cause = cause


class NeverConnected(NoAnswer):
    """No byte of the request can have reached the other side."""


class TooLate(NeverConnected):
    """The connection stood when it was too late to begin. It is kept: another try may begin at once."""


class CarrierHttp(HttpClient):
    """Speaks to one address, whichever host the library names: Twilio's, or that of the carrier in a box. Threads may
    share it.

    Raises:
        OSError, ValueError: what the environment says of proxies or certificates cannot be used.
    """

    def __init__(self, *, address: str, timeout: float) -> None:
        super().__init__(logging.getLogger(_LOGGER), is_async=False, timeout=timeout)
        self._wait: Final = urllib3.Timeout(connect=_CONNECT_SECONDS, read=timeout)
        self._of_this_thread = threading.local()
        self._pool, self._base = _pool(address.rstrip("/"))

    @contextmanager
    def begun_by(self, moment: float) -> Iterator[None]:
        """This thread's requests begin until then (time.monotonic()), or not at all."""
        one_request.begun_by = moment
        try:
            yield
        finally:
            one_request.begun_by = math.inf

    @property
    def status(self) -> int:
        """Of the last answer in this thread, as HTTP has it; what a body says of it may be anything."""
        return int(getattr(self._of_this_thread, "status", 0))

    @property
    def retry_after_seconds(self) -> float | None:
        """What the last answer in this thread asked for. The library's own errors do not tell it."""
        return getattr(self._of_this_thread, "retry_after", None)

    def request(
        self,
        method: str,
        uri: str,
        params: dict[str, object] | None = None,
        data: dict[str, object] | None = None,
        headers: dict[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,  # noqa: ARG002 - Twilio's signature; ours is the client's
        allow_redirects: bool = False,  # noqa: ARG002, FBT001, FBT002 - none is followed
    ) -> Response:
        """One request, once.

        Raises:
            TooLate, NeverConnected, NoAnswer: see there.
        """
        self._of_this_thread.retry_after, self._of_this_thread.status = None, 0
        one_request.begins_anew()
        try:
            answer = self._pool.urlopen(
                method,
                self._target(uri, params),
                body=None if data is None else _form(data),
                headers=_headers(headers or {}, auth, has_form=data is not None),
                retries=False,
                redirect=False,
                assert_same_host=False,
                timeout=self._wait,
            )
        except (HTTPError, HTTPException, OSError) as error:
            kind = NoAnswer if one_request.has_begun else NeverConnected
            raise kind(type(error).__name__) from None
        if one_request.was_too_late:
            raise TooLate("the connection took too long")
        self._of_this_thread.status = answer.status
        self._of_this_thread.retry_after = _seconds(answer.headers.get("Retry-After"))
        return Response(answer.status, answer.data.decode("utf-8", errors="replace"), answer.headers)

    def _target(self, uri: str, params: dict[str, object] | None) -> str:
        """What stands in the request's first line."""
        asked = urlsplit(uri)
        query = "&".join(part for part in (asked.query, _form(params or {})) if part)
        return self._base + asked.path + (f"?{query}" if query else "")


def _form(values: dict[str, object]) -> str:
    return urlencode({name: value for name, value in values.items() if value is not None}, doseq=True)


def _headers(given: dict[str, str], auth: tuple[str, str] | None, *, has_form: bool) -> dict[str, str]:
    ours = urllib3.make_headers(
        accept_encoding="gzip,deflate", basic_auth=None if auth is None else f"{auth[0]}:{auth[1]}"
    )
    form = {"Content-Type": "application/x-www-form-urlencoded"} if has_form else {}
    return {**ours, **form, **given}


def _seconds(told: str | None) -> float | None:
    """A whole number of seconds, not for ever; Twilio's may also be a date, which says no more than "later"."""
    return float(min(int(told), LONGEST_WAIT_SECONDS)) if told is not None and re.fullmatch(r"\d{1,9}", told) else None


def _pool(address: str) -> tuple[urllib3.HTTPConnectionPool, str]:
    """Kept connections to the address, as the environment wants them, and what stands before the path in a request's
    first line: the address's own path; where a proxy is asked for an `http://` address, all of the address."""
    adapter, asked = HTTPAdapter(pool_maxsize=_CONNECTIONS_KEPT), requests.Request("GET", address).prepare()
    said = requests.Session().merge_environment_settings(address, {}, None, None, None)
    proxies, verify, cert = said["proxies"], said["verify"], said["cert"]
    pool = adapter.get_connection_with_tls_context(asked, verify, proxies=proxies, cert=cert)
    adapter.cert_verify(pool, address, verify, cert)
    make_punctual(pool)
    of_tcp = [
        (socket.IPPROTO_TCP, getattr(socket, name), value) for name, value in _OF_TCP.items() if hasattr(socket, name)
    ]
    every = (*HTTPConnection.default_socket_options, (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1), *of_tcp)
    pool.conn_kw["socket_options"] = every
    asks_a_proxy = adapter.request_url(asked, proxies).startswith("http")
    base = urldefragauth(address) if asks_a_proxy else urlsplit(address).path
    return pool, base.rstrip("/")
