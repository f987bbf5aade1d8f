"""Who is asking? As much as is needed to count the tries of one: a mark that only this process can make."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final

from starlette.datastructures import Headers
from starlette.types import Scope

from settings import Network

_FORWARDED: Final = "X-Forwarded-For"
_A_HOUSEHOLD: Final = 64
"""Bits of an IPv6 address that one household, or one phone, has to itself: behind them it can call itself anything."""
_MOST_SIGNS: Final = 2000

Address = IPv4Address | IPv6Address


@dataclass(frozen=True, kw_only=True)
class Clients:
    """Tells one client from the other, in memory, until the process ends (R3).

    `proxies`: those whose word on a client's address counts. Anybody can write the header, nobody else is believed.
    """

    proxies: Sequence[Network] = ()
    _key: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)

    def of(self, scope: Scope) -> bytes:
        """The mark of whoever sent the request."""
        peer = scope.get("client")
        address = None if peer is None else _read(peer[0])
        if address is not None and self._is_proxy(address):
            address = self._forwarded(Headers(scope=scope), address)
        return hashlib.blake2b(_whole(address).encode(), key=self._key, digest_size=16).digest()

    def _forwarded(self, headers: Headers, proxy: Address) -> Address:
        """The last address of the chain that is no proxy of ours: what stands before it the client may have written."""
        last = proxy
        chain = ",".join(headers.getlist(_FORWARDED))[-_MOST_SIGNS:]
        for part in reversed(chain.split(",")):
            address = _read(part)
            if address is None:
                break
            last = address
            if not self._is_proxy(address):
                break
        return last

    def _is_proxy(self, address: Address) -> bool:
        return any(address in network for network in self.proxies)


def _read(text: str) -> Address | None:
    """An address, also where a proxy writes the port behind it: `192.0.2.1:50000`, `[2001:db8::1]:50000`."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return (address.ipv4_mapped if isinstance(address, IPv6Address) else None) or address


def _whole(address: Address | None) -> str:
    if isinstance(address, IPv6Address):
        return str(ip_network((int(address), _A_HOUSEHOLD), strict=False))
    return str(address)
