"""Ways to ask whether a child is ready. A probe answers within about a second and never raises for "not yet"."""

import http.client
import socket
from collections.abc import Callable

from local.ports import LOOPBACK

Probe = Callable[[], bool]

_SECONDS = 1.0


def always() -> bool:
    """For a child that is ready as soon as it runs."""
    return True


def http_ok(port: int, path: str = "/") -> Probe:
    """Ready when this path answers with 200 (http.client, because it asks no proxy)."""

    def ask() -> bool:
        connection = http.client.HTTPConnection(LOOPBACK, port, timeout=_SECONDS)
        try:
            connection.request("GET", path)
            return connection.getresponse().status == http.client.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    return ask


def port_open(port: int) -> Probe:
    """Ready when something accepts connections on this port."""

    def ask() -> bool:
        with socket.socket() as probe:
            probe.settimeout(_SECONDS)
            return probe.connect_ex((LOOPBACK, port)) == 0

    return ask
