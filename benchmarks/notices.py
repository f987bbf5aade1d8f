"""What a worker tells the driver while a lifecycle goes on: one datagram for each state that a workflow has reached.

Without it the driver would send a step before the last one was taken in: signals would share workflow tasks, and the
figures would look better than they are.
"""

import asyncio
import os
import socket
import time
from collections.abc import Callable
from typing import Final, cast

ADDRESS: Final = "BENCHMARK_NOTICES"
"""The environment variable that tells a worker the driver's port; without it nothing is told."""
_LOOPBACK: Final = "127.0.0.1"

_port = int(os.environ.get(ADDRESS, "0"))
_socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM) if _port else None


def tell(workflow_id: str, state: str) -> None:
    """From a worker: this workflow has reached this state."""
    if _socket is not None:
        _socket.sendto(f"{workflow_id} {state}".encode(), (_LOOPBACK, _port))


class _Ear(asyncio.DatagramProtocol):
    def __init__(self, hear: Callable[[str, str, float], None]) -> None:
        self._hear = hear

    def datagram_received(self, data: bytes, _address: object) -> None:
        workflow_id, _, state = data.decode().partition(" ")
        self._hear(workflow_id, state, time.monotonic())


async def listen(hear: Callable[[str, str, float], None]) -> tuple[asyncio.BaseTransport, int]:
    """For the driver: `hear` gets workflow id, state and `time.monotonic()`; the port to tell workers is returned."""
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(lambda: _Ear(hear), local_addr=(_LOOPBACK, 0))
    raw = cast(socket.socket, transport.get_extra_info("socket"))
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 * 1024 * 1024)
    return transport, cast(int, raw.getsockname()[1])
