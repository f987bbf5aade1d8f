"""A real database behind a wire that delays, or says nothing for a while; and a process of ours that lives with it."""

import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from socket import create_connection, create_server, socket
from typing import Final

import requests
from sqlalchemy import make_url

from database.encryption import new_key
from local.ports import free_port
from settings import child_environment, python
from tests.starter.pushing import SECRETS

_UP_WITHIN_SECONDS: Final = 40


class Wire:
    """Carries bytes between us and the database: each piece `delay` seconds late, and none while it is `mute`."""

    def __init__(self, url: str, *, port: int = 0) -> None:
        there = make_url(url)
        self._to = (there.host or "127.0.0.1", there.port or 5432)
        self._server = create_server(("127.0.0.1", port))
        self.url = there.set(host="127.0.0.1", port=self._server.getsockname()[1]).render_as_string(hide_password=False)
        self.delay = 0.0
        self._speaks = threading.Event()
        self._speaks.set()
        threading.Thread(target=self._accept, daemon=True).start()

    def mute(self) -> None:
        self._speaks.clear()

    def speak(self) -> None:
        self._speaks.set()

    def close(self) -> None:
        self._server.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._server.accept()
                far = create_connection(self._to)
                for source, to in ((near, far), (far, near)):
                    threading.Thread(target=self._carry, args=(source, to), daemon=True).start()

    def _carry(self, source: socket, to: socket) -> None:
        with suppress(OSError):
            while piece := source.recv(65536):
                self._speaks.wait()
                time.sleep(self.delay)
                to.sendall(piece)
        for end in (source, to):
            with suppress(OSError):
                end.close()


@contextmanager
def wire(url: str, *, port: int = 0) -> Iterator[Wire]:
    it = Wire(url, port=port)
    try:
        yield it
    finally:
        it.speak()
        it.close()


@dataclass(frozen=True, kw_only=True)
class Running:
    """A process of ours."""

    process: "subprocess.Popen[bytes]"
    address: str
    own_port: str
    log: Path

    def status(self, path: str, *, own: bool = False) -> int:
        """What it answers; an answer takes less than a second, whatever the database does."""
        url = (self.own_port if own else self.address) + path
        return requests.get(url, timeout=1).status_code

    def wait_for(self, path: str, status: int, *, own: bool = False, seconds: float = _UP_WITHIN_SECONDS) -> float:
        """Seconds until it answers so."""
        began = time.monotonic()
        while True:
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() - began < seconds, f"{path} is not {status}\n{self.log.read_text()}"
            with suppress(requests.ConnectionError):
                if self.status(path, own=own) == status:
                    return time.monotonic() - began
            time.sleep(0.1)


@contextmanager
def running(folder: Path, *command: str, url: str, more: Mapping[str, str] | None = None) -> Iterator[Running]:
    """`communityconnect …` with this database; `{port}` in the command is its port."""
    port, own, log = free_port(), free_port(), folder / "log"
    environment = {
        "DATABASE_URL": url,
        "COMMUNITYCONNECT_ENCRYPTION_KEYS": f"k1:{new_key()}",
        "COMMUNITYCONNECT_LOOKUP_KEY": new_key(),
        "COMMUNITYCONNECT_CAD_KEYS": ",".join(f"{key}:{secret}" for key, secret in SECRETS.items()),
        "COMMUNITYCONNECT_METRICS_PORT": str(own),
        **(more or {}),
    }
    with log.open("wb") as file:
        process = subprocess.Popen(
            [python(), "-m", "cli.main", *(part.format(port=port) for part in command)],
            env=child_environment(environment),
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    try:
        yield Running(process=process, address=f"http://127.0.0.1:{port}", own_port=f"http://127.0.0.1:{own}", log=log)
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        process.wait(20)
