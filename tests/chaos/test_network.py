"""The lines that chaos cuts: what breaks on one side of them breaks on the other."""

import socket
import struct
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from local.ports import LOOPBACK, free_port
from settings import python

_BREAKS = struct.pack("ii", 1, 0)
"""SO_LINGER of nothing: to close is to break (RST), as a process that is killed with something unread does."""


@contextmanager
def both_ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    """A connection over a line: whoever began it, and the server's end."""
    port = free_port()
    with socket.create_server((LOOPBACK, 0)) as server:
        leads = server.getsockname()[1]
        line = subprocess.Popen(
            [python(), "-m", "tests.chaos.network", f"line={port}:{leads}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert line.stdin is not None
        assert line.stdout is not None
        try:
            assert line.stdout.readline() == b"ready\n"
            with socket.create_connection((LOOPBACK, port), timeout=5) as near:
                far, _ = server.accept()
                with far:
                    far.settimeout(5)
                    yield near, far
        finally:
            line.communicate(timeout=5)


@pytest.mark.parametrize("breaks", ["near", "far"])
def test_a_connection_that_breaks_on_one_side_breaks_on_the_other(breaks: str) -> None:
    """Else whoever is there would wait for an answer for ever, as no real line lets anybody."""
    with both_ends() as (near, far):
        broken, other = (near, far) if breaks == "near" else (far, near)
        near.sendall(b"?")
        assert far.recv(1) == b"?"
        broken.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _BREAKS)
        broken.close()
        try:
            assert other.recv(1) == b""
        except ConnectionResetError:
            return


def test_whoever_has_said_all_still_hears_the_answer() -> None:
    with both_ends() as (near, far):
        near.sendall(b"?")
        near.shutdown(socket.SHUT_WR)
        assert (far.recv(1), far.recv(1)) == (b"?", b"")
        far.sendall(b"!")
        assert near.recv(1) == b"!"
