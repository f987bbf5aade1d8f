"""The residents' site as a process of its own, as `communityconnect web` starts it."""

import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import requests
from sqlalchemy import Engine

from local.ports import free_port
from settings import child_environment, python

_READY_SECONDS = 30


@dataclass(frozen=True, kw_only=True)
class WebProcess:
    """Where it is, and what it says."""

    address: str
    log: Path


@contextmanager
def web_process(
    engine: Engine, folder: Path, *, encryption_keys: str, lookup_key: str, changes: Mapping[str, str] | None = None
) -> Iterator[WebProcess]:
    """The site on this database, ready; its log is in the folder. `changes`: other settings."""
    port = free_port()
    log = folder / f"web-{port}.log"
    environment = {
        "DATABASE_URL": engine.url.render_as_string(hide_password=False),
        "COMMUNITYCONNECT_ENCRYPTION_KEYS": encryption_keys,
        "COMMUNITYCONNECT_LOOKUP_KEY": lookup_key,
        **(changes or {}),
    }
    with log.open("wb") as file:
        process = subprocess.Popen(
            [python(), "-m", "cli.main", "web", "--port", str(port)],
            env=child_environment(environment),
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    it = WebProcess(address=f"http://127.0.0.1:{port}", log=log)
    try:
        _wait_until_ready(it, process)
        yield it
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        process.wait()


def _wait_until_ready(it: WebProcess, process: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + _READY_SECONDS
    while True:
        assert process.poll() is None, it.log.read_text()
        assert time.monotonic() < end, it.log.read_text()
        with suppress(requests.ConnectionError):
            if requests.get(f"{it.address}/healthz", timeout=5).status_code == 200:
                return
        time.sleep(0.05)
