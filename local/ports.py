"""Ports: are the wanted ones free, and who holds them if not."""

import random
import socket
from collections.abc import Iterable
from dataclasses import dataclass

import psutil

from local.errors import LocalError

LOOPBACK = "127.0.0.1"

# Below the ranges from which kernels take ports for outgoing connections (Linux 32768, macOS 49152), so that no
# connection takes a port between our choosing it and the server's binding it.
_FREE_PORTS = range(20000, 32768)


@dataclass(frozen=True)
class Port:
    """A port that is about to be used: its number, by what, and the option or variable that changes it."""

    number: int
    what: str
    option: str


def check_ports(wanted: Iterable[Port]) -> None:
    """Say before anything starts which port is taken, by whom, and how to choose another."""
    seen: dict[int, Port] = {}
    for port in wanted:
        if (other := seen.setdefault(port.number, port)) is not port:
            raise LocalError(
                f"Port {port.number} is asked for twice, for {other.what} and for {port.what}. "
                f"Change one with {other.option} or {port.option}."
            )
        if trouble := _trouble(port.number):
            raise LocalError(f"Port {port.number}, for {port.what}, {trouble}. Choose another with {port.option}.")


def free_port() -> int:
    """A port that nothing listens on now."""
    for number in random.sample(_FREE_PORTS, 200):
        if not _trouble(number):
            return number
    raise LocalError(f"No free port found between {_FREE_PORTS.start} and {_FREE_PORTS.stop}.")


def _trouble(number: int) -> str | None:
    """Why the port cannot be used, if so."""
    if not 0 < number < 65536:
        return "is not a port number (1 to 65535)"
    with socket.socket() as probe:
        # Without it a port would count as taken for a minute after its last connection was closed.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, number))
        except PermissionError:
            return "may be used by root only"
        except OSError:
            return f"is taken{_holder(number)}"
    with socket.socket() as probe:  # macOS lets us bind next to a server that listens on all addresses
        probe.settimeout(0.5)
        return f"is taken{_holder(number)}" if probe.connect_ex((LOOPBACK, number)) == 0 else None


def _holder(number: int) -> str:
    """The process that listens there, where the system lets us see it (macOS: for root only)."""
    try:
        for connection in psutil.net_connections(kind="tcp"):
            local = connection.laddr
            if connection.status == psutil.CONN_LISTEN and connection.pid and local and local.port == number:
                return f" by {psutil.Process(connection.pid).name()}, pid {connection.pid}"
    except psutil.Error:
        pass
    return ""
