"""Ports: are the wanted ones free, and who holds them if not."""

import fcntl
import json
import os
import random
import socket
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from local.errors import LocalError

LOOPBACK = "127.0.0.1"

# Below the ranges from which kernels take ports for outgoing connections (Linux 32768, macOS 49152), so that no
# connection takes a port between our choosing it and the server's binding it.
_FREE_PORTS = range(20000, 32768)
_SPOKEN_FOR_SECONDS = 120.0


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
    """A port that nothing listens on now, and that nobody else was given in the last two minutes.

    Of the twenty that a box draws before it binds one, two would else be the same once in sixty boxes.
    """
    with _spoken_for() as given:
        for number in random.sample(_FREE_PORTS, len(_FREE_PORTS)):
            if str(number) not in given and not _trouble(number):
                given[str(number)] = time.time()
                return number
    raise LocalError(f"No free port found between {_FREE_PORTS.start} and {_FREE_PORTS.stop}.")


@contextmanager
def _spoken_for() -> Iterator[dict[str, float]]:
    """Which ports this user's processes were given of late, and when (time.time()). One process at a time has it."""
    with (Path(tempfile.gettempdir()) / f"communityconnect-ports-{os.getuid()}").open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        try:
            written: dict[str, float] = json.loads(file.read())
        except ValueError:  # it is new, or whoever wrote to it was killed
            written = {}
        given = {port: when for port, when in written.items() if abs(time.time() - when) < _SPOKEN_FOR_SECONDS}
        yield given
        file.seek(0)
        file.truncate()
        file.write(json.dumps(given))


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
