"""Who may push: a request is signed with a key that both sides have, or comes with a client's certificate."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from ipaddress import ip_address
from typing import Final
from urllib.parse import unquote

from settings import Network, Settings, SettingsError, networks

KEY: Final = "CommunityConnect-Key"
TIME: Final = "CommunityConnect-Time"
SIGNATURE: Final = "CommunityConnect-Signature"
CERTIFICATE: Final = "Client-Cert"
"""RFC 9440, or the PEM with its signs escaped, as nginx writes it."""
CLOCKS_MAY_DIFFER: Final = timedelta(minutes=5)
"""A signature that is older is nobody's any more. Until then it could be sent again, which changes nothing (R4)."""
_SHORTEST_SECRET: Final = 32
_FEED: Final = "abcdefghijklmnopqrstuvwxyz0123456789-"


class NotAllowed(Exception):  # noqa: N818 - of the sender's making
    """The request is nobody's; the message says why, for whoever connects the sender."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """What of a request proves who sent it. `peer`: the address at the other end of the connection."""

    method: str
    path: str
    headers: Mapping[str, str]
    """Names in small letters."""
    body: bytes = field(repr=False)
    peer: str


@dataclass(frozen=True, kw_only=True)
class Senders:
    """All that may push. `keys`: secrets by key id, `feed.label`; `certificates`: feeds by SHA-256."""

    keys: Mapping[str, str] = field(repr=False)
    certificates: Mapping[str, str]
    proxies: tuple[Network, ...]

    def feed_of(self, request: Request, *, unix_time: float) -> str:
        """The feed that the request belongs to.

        Raises:
            NotAllowed: none.
        """
        headers = request.headers
        if SIGNATURE.lower() in headers:
            return self._signed(request, unix_time=unix_time)
        if CERTIFICATE.lower() in headers:
            return self._certified(request)
        raise NotAllowed(f"the request is not signed: it has no {SIGNATURE} header, and no certificate came with it")

    def _signed(self, request: Request, *, unix_time: float) -> str:
        key, at = request.headers.get(KEY.lower(), ""), request.headers.get(TIME.lower(), "")
        secret = self.keys.get(key)
        if secret is None:
            raise NotAllowed(f"the key in {KEY} is not known here")
        if not (at.isascii() and at.isdigit() and len(at) <= 12):
            raise NotAllowed(f"{TIME} is not a number of seconds since 1970")
        if abs(int(at) - unix_time) > CLOCKS_MAY_DIFFER.total_seconds():
            raise NotAllowed(f"{TIME} is more than five minutes from our time; compare the clocks")
        expected = signature(secret, method=request.method, path=request.path, at=at, body=request.body)
        if not hmac.compare_digest(expected.encode(), request.headers[SIGNATURE.lower()].strip().lower().encode()):
            raise NotAllowed(f"{SIGNATURE} does not fit method, path, {TIME} and body as they arrived")
        return key.partition(".")[0]

    def _certified(self, request: Request) -> str:
        if not self._is_proxy(request.peer):
            raise NotAllowed(f"{CERTIFICATE} counts only from a proxy that is named in COMMUNITYCONNECT_CAD_PROXIES")
        feed = self.certificates.get(fingerprint(request.headers[CERTIFICATE.lower()]) or "")
        if feed is None:
            raise NotAllowed("the client's certificate is not among COMMUNITYCONNECT_CAD_CERTIFICATES")
        return feed

    def _is_proxy(self, peer: str) -> bool:
        try:
            address = ip_address(peer)
        except ValueError:
            return False
        return any(address in network for network in self.proxies)


def signature(secret: str, *, method: str, path: str, at: str, body: bytes) -> str:
    """HMAC-SHA256 in hexadecimal of method, path with query, time, each with a line end, and then the body."""
    signed = f"{method}\n{path}\n{at}\n".encode() + body
    return hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def fingerprint(header: str) -> str | None:
    """The SHA-256 of the certificate in a `Client-Cert` header, hexadecimal; `None` where there is none."""
    text = header.strip()
    if "BEGIN%20CERTIFICATE" in text or "BEGIN CERTIFICATE" in text:
        lines = unquote(text).replace("\t", "\n").splitlines()
        text = "".join(line.strip() for line in lines if line.strip() and "CERTIFICATE" not in line)
    try:
        der = base64.b64decode(text.strip(":"), validate=True)
    except (binascii.Error, ValueError):
        return None
    return hashlib.sha256(der).hexdigest() if der else None


def senders_of(settings: Settings) -> Senders:
    """The senders that the environment names.

    Raises:
        SettingsError: a key, certificate or proxy cannot be used, or nobody may send at all.
    """
    keys = dict(_key(pair) for pair in _parts(settings.cad_keys.get_secret_value()))
    certificates = dict(_certificate(pair) for pair in _parts(settings.cad_certificates))
    if not keys and not certificates:
        raise SettingsError(
            "nobody may push: set COMMUNITYCONNECT_CAD_KEYS=cad.1:SECRET, with a secret of: communityconnect new-key"
        )
    proxies = networks(settings.cad_proxies, variable="CAD_PROXIES")
    if certificates and not proxies:
        raise SettingsError("COMMUNITYCONNECT_CAD_CERTIFICATES needs COMMUNITYCONNECT_CAD_PROXIES: whose word counts")
    return Senders(keys=keys, certificates=certificates, proxies=proxies)


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _key(pair: str) -> tuple[str, str]:
    key, _, secret = pair.partition(":")
    feed, _, label = key.partition(".")
    if not _is_feed(feed) or not _is_feed(label) or len(secret) < _SHORTEST_SECRET:
        raise SettingsError(
            "COMMUNITYCONNECT_CAD_KEYS cannot be used: write feed.label:secret, as in cad.1:SECRET, small letters, "
            f"digits and hyphens, the secret {_SHORTEST_SECRET} signs or more; make one with: communityconnect new-key"
        )
    return key, secret


def _certificate(pair: str) -> tuple[str, str]:
    feed, _, digest = pair.partition(":")
    digest = digest.replace(":", "").lower()
    if not _is_feed(feed) or len(digest) != 64 or not set(digest) <= set("0123456789abcdef"):
        raise SettingsError(
            "COMMUNITYCONNECT_CAD_CERTIFICATES cannot be used: write feed:FINGERPRINT, the certificate's SHA-256"
        )
    return digest, feed


def _is_feed(name: str) -> bool:
    return 0 < len(name) <= 40 and set(name) <= set(_FEED)
