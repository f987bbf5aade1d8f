"""HTTP to Twilio, or to whoever speaks its API at another address."""

import re
import threading
from typing import Final

import requests
from requests.adapters import HTTPAdapter
from twilio.http.http_client import TwilioHttpClient
from twilio.http.response import Response

_TWILIO = "https://api.twilio.com"
_CONNECT_SECONDS = 2.0
_CONNECTIONS_KEPT: Final = 64
"""More than a worker has threads (16, as it comes). Twilio's library keeps six on two processors: each thread beyond
made a new one, with its handshake, for each text."""
LONGEST_WAIT_SECONDS = 600
"""So long the carrier may let us wait, and no longer."""


class RedirectedHttpClient(TwilioHttpClient):
    """Speaks to another address than api.twilio.com: the carrier in a box, or a proxy."""

    def __init__(self, *, address: str, timeout: float) -> None:
        super().__init__(timeout=timeout)
        # Connecting gets two seconds only: what was checked before must still be true when the POST begins. `requests`
        # takes the pair, though Twilio's annotation does not say so.
        self.timeout = (_CONNECT_SECONDS, timeout)  # type: ignore[assignment]
        self._address = address.rstrip("/")
        self._of_this_thread = threading.local()
        self.session = _session(self._address)

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
        timeout: float | None = None,
        allow_redirects: bool = False,  # noqa: FBT001, FBT002 - Twilio's signature
    ) -> Response:
        address = uri.replace(_TWILIO, self._address, 1)
        self._of_this_thread.retry_after = None
        answer = super().request(method, address, params, data, headers, auth, timeout, allow_redirects)
        self._of_this_thread.retry_after = _seconds((answer.headers or {}).get("Retry-After"))
        return answer


def _seconds(told: str | None) -> float | None:
    """A whole number of seconds, not for ever; Twilio's may also be a date, which says no more than "later"."""
    return float(min(int(told), LONGEST_WAIT_SECONDS)) if told is not None and re.fullmatch(r"\d{1,9}", told) else None


def _session(address: str) -> requests.Session:
    """What the environment says of proxies and certificates is read once, not for each text: that was a twelfth of
    what a POST costs."""
    session = requests.Session()
    kept = HTTPAdapter(pool_maxsize=_CONNECTIONS_KEPT)
    session.mount("https://", kept)
    session.mount("http://", kept)
    of_environment = session.merge_environment_settings(address, {}, None, None, None)
    session.proxies, session.verify, session.cert = (of_environment[name] for name in ("proxies", "verify", "cert"))
    session.trust_env = False
    return session
