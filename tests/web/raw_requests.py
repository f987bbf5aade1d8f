"""Requests to a webhook byte by byte: a client library would mend what a forger breaks."""

import base64
import hashlib
import hmac
import socket
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import quote_plus, urlsplit

from tests.web.served import ORIGIN, TOKENS

Fields = Sequence[tuple[str, str]]

_SECONDS = 15


def signature(url: str, fields: Fields, token: str = TOKENS[0]) -> str:
    """Twilio's, written down a second time from its manual."""
    signed = url + "".join(name + value for name, value in sorted(set(fields)))
    return base64.b64encode(hmac.new(token.encode(), signed.encode(), hashlib.sha1).digest()).decode()


def encoded(fields: Fields) -> bytes:
    return "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in fields).encode()


@dataclass(frozen=True, kw_only=True)
class Raw:
    """A request as it goes over the wire. `signed` is the header's value; `None`: there is no such header."""

    target: str
    fields: Fields
    signed: bytes | None
    body: bytes
    method: str = "POST"
    headers: Sequence[bytes] = field(default=(b"Content-Type: application/x-www-form-urlencoded",))
    framing: Sequence[bytes] | None = None
    """Instead of the true Content-Length."""
    is_cut_off: bool = False
    """The connection is closed in the middle of it: nobody is there to hear an answer."""

    @property
    def is_rightly_signed(self) -> bool:
        right = (signature(ORIGIN + self.target, self.fields, token).encode() for token in TOKENS)
        return self.signed in list(right)

    def __bytes__(self) -> bytes:
        lines = [f"{self.method} {self.target} HTTP/1.1".encode(), b"Host: 127.0.0.1", b"Connection: close"]
        lines += self.headers
        lines += [b"Content-Length: %d" % len(self.body)] if self.framing is None else self.framing
        if self.signed is not None:
            lines.append(b"X-Twilio-Signature: " + self.signed)
        return b"\r\n".join([*lines, b"", self.body])


def rightly_signed(target: str, fields: Fields) -> Raw:
    """As Twilio sends it."""
    return Raw(
        target=target,
        fields=fields,
        signed=signature(ORIGIN + target, fields).encode(),
        body=encoded(fields),
    )


def answer_to(request: Raw, address: str) -> int | None:
    """The status; `None` where the connection was closed without a word."""
    at = urlsplit(address)
    with socket.create_connection((at.hostname, at.port), timeout=_SECONDS) as connection:
        answer = b""
        with suppress(BrokenPipeError, ConnectionResetError):  # it may refuse, and say so, before it has heard all
            connection.sendall(bytes(request))
            if request.is_cut_off:
                connection.shutdown(socket.SHUT_WR)
        with suppress(ConnectionResetError):
            while chunk := connection.recv(65536):
                answer += chunk
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.1 ") else None
