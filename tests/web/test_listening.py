"""A connection that is kept for the next request is still there when that comes."""

import http.client
import subprocess
import time
from contextlib import closing

from local.ports import LOOPBACK, free_port
from settings import python

_SERVES = """
import sys
from fastapi import FastAPI
from web.serving.listening import listen

app = FastAPI()
app.get("/")(lambda: "here")
listen(app, host=sys.argv[1], port=int(sys.argv[2]))
"""


def test_whoever_keeps_a_connection_for_six_seconds_is_not_hung_up_on() -> None:
    """uvicorn's own five are fewer than any proxy keeps one: its next request would meet a reset, told as 502."""
    port = free_port()
    with subprocess.Popen([python(), "-c", _SERVES, LOOPBACK, str(port)]) as process:
        try:
            with closing(_connected(port)) as kept:
                assert _asked(kept) == (200, None)
                time.sleep(6)  # nothing but real time passes on a real connection
                kept.auto_open = False  # else it would connect anew, and hide what is looked for
                assert _asked(kept) == (200, None)
        finally:
            process.terminate()


def _connected(port: int) -> http.client.HTTPConnection:
    end = time.monotonic() + 20
    while True:
        connection = http.client.HTTPConnection(LOOPBACK, port, timeout=10)
        try:
            connection.connect()
        except ConnectionRefusedError:
            assert time.monotonic() < end
            time.sleep(0.05)
        else:
            return connection


def _asked(connection: http.client.HTTPConnection) -> tuple[int, str | None]:
    """Its status, and what the server says of itself."""
    connection.request("GET", "/")
    with connection.getresponse() as answer:
        answer.read()
        return answer.status, answer.getheader("Server")
