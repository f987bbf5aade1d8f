"""The real worker as a process of its own, beside a small town, so that signals can be sent to it.

Run as a program with `before-the-post` it is the same worker, but it stops itself (SIGSTOP) once: after everything was
checked, as the last thing before the POST. No test could hit that moment from outside.
"""

import asyncio
import math
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import worker
from activities.carrier_client import Accepted, Carrier, CarrierClient
from activities.services import TextServices
from logs import configure_logging
from settings import Settings, child_environment, load_settings, python
from tests.servers import TemporalServer
from tests.whole.small_town import SmallTown

_READY_SECONDS = 30
BEFORE_THE_POST = "before-the-post"


@dataclass(frozen=True, kw_only=True)
class WorkerProcess:
    """It and what it says."""

    process: "subprocess.Popen[bytes]"
    log: Path

    def is_stopped(self) -> bool:
        """It stands still, by SIGSTOP."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return "State:\tT" in status

    def has_said(self, what: str) -> bool:
        return what in self.log.read_text(errors="replace")


@contextmanager
def worker_process(
    town: SmallTown, temporal: TemporalServer, *, encryption_keys: str, lookup_key: str, stops: str = ""
) -> Iterator[WorkerProcess]:
    """A worker of this town, ready; it is killed in the end, if it is still there."""
    environment = {
        "DATABASE_URL": town.engine.url.render_as_string(hide_password=False),
        "TEMPORAL_ADDRESS": temporal.address,
        "TEMPORAL_NAMESPACE": temporal.namespace,
        "TWILIO_ACCOUNT_SID": town.phones.account_sid,
        "TWILIO_AUTH_TOKEN": town.phones.auth_token,
        "COMMUNITYCONNECT_TWILIO_ADDRESS": town.phones.address,
        "COMMUNITYCONNECT_ENCRYPTION_KEYS": encryption_keys,
        "COMMUNITYCONNECT_LOOKUP_KEY": lookup_key,
        "COMMUNITYCONNECT_CLOCK": town.clock.model_dump_json(),
        "COMMUNITYCONNECT_UNKNOWN_WAIT_SECONDS": "3",
    }
    program = [python(), "-m", "tests.whole.worker_process", stops] if stops else [python(), "-m", "worker"]
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        with log.open("wb") as file:
            process = subprocess.Popen(
                program, env=child_environment(environment), stdout=file, stderr=subprocess.STDOUT
            )
        it = WorkerProcess(process=process, log=log)
        try:
            _wait_until_ready(it)
            yield it
        finally:
            with suppress(ProcessLookupError):
                process.kill()
            process.wait()


def _wait_until_ready(it: WorkerProcess) -> None:
    end = time.monotonic() + _READY_SECONDS
    while not it.has_said("worker ready"):
        assert it.process.poll() is None, it.log.read_text()
        assert time.monotonic() < end, it.log.read_text()
        time.sleep(0.05)


class _StopsBeforeThePost(CarrierClient):
    """Twilio's client, but for the moment."""

    stopped = False

    def send(self, **text: Any) -> Accepted:
        if not self.stopped:
            self.stopped = True
            # To this very thread: one to the process is taken by any, and this one may go on for some milliseconds.
            signal.pthread_kill(threading.get_ident(), signal.SIGSTOP)
            text["begun_by"] = math.inf  # it stopped after it had looked at the clock for the last time
        return super().send(**text)


def main() -> None:
    """The worker, with a carrier that stops the process once."""
    settings = load_settings()
    configure_logging(service="worker", format_="json")
    carrier: Carrier = _StopsBeforeThePost(
        account_sid=settings.twilio_account_sid,
        auth_token=settings.twilio_auth_token.get_secret_value(),
        address=str(settings.twilio_address),
        timeout_seconds=settings.twilio_timeout_seconds,
    )
    services = replace(worker.text_services(settings), carrier=carrier)

    def text_services(settings: Settings) -> TextServices:
        return services

    worker.text_services = text_services
    asyncio.run(worker.run(settings))


if __name__ == "__main__" and sys.argv[1:] == [BEFORE_THE_POST]:
    main()
