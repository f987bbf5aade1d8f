"""Everything in a box: which processes, on which ports, with which settings. For `make run`, tests and benchmarks."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from calls.clock import Clock
from calls.contracts import SEARCH_ATTRIBUTES
from database.encryption import new_key
from local.child import Child
from local.ports import LOOPBACK, Port, check_ports, free_port
from local.postgres import Postgres, ensure_database
from local.probes import http_ok
from local.processes import Supervisor
from local.state import State
from local.temporal import Temporal
from policy.agency import Agency
from settings import python

_DATABASE = "communityconnect"


@dataclass(frozen=True, kw_only=True)
class Ports:
    """Where each process listens, all on loopback."""

    web: int
    phones: int
    temporal: int
    temporal_ui: int
    temporal_http: int
    starter_metrics: int
    postgres: int
    worker_metrics: int
    temporal_metrics: int
    cad: int
    console: int
    portal: int
    web_metrics: int
    cad_metrics: int
    console_metrics: int

    @classmethod
    def from_(cls, first: int) -> "Ports":
        """Neighbouring ports, so that one option moves them all."""
        return cls(
            web=first,
            phones=first + 1,
            temporal_ui=first + 2,
            temporal=first + 3,
            postgres=first + 4,
            worker_metrics=first + 5,
            temporal_metrics=first + 6,
            temporal_http=first + 7,
            starter_metrics=first + 8,
            cad=first + 9,
            console=first + 10,
            portal=first + 14,
            web_metrics=first + 11,
            cad_metrics=first + 12,
            console_metrics=first + 13,
        )

    @classmethod
    def any_free(cls) -> "Ports":
        """Whichever are free, for tests."""
        return cls(**{name: free_port() for name in cls.__dataclass_fields__})

    def check(self) -> None:
        """Say before anything starts which port is taken (LocalError)."""
        names = {
            "web": "the residents' pages",
            "phones": "the phones",
            "temporal_ui": "Temporal's UI",
            "temporal": "Temporal",
            "postgres": "PostgreSQL",
            "worker_metrics": "the worker's metrics",
            "temporal_metrics": "Temporal's metrics",
            "temporal_http": "Temporal's API over HTTP",
            "starter_metrics": "the starter's metrics",
            "cad": "the port that CAD pushes to",
            "console": "the console",
            "portal": "the public pages of open data",
            "web_metrics": "the web's metrics",
            "cad_metrics": "the metrics of the port that CAD pushes to",
            "console_metrics": "the console's metrics",
        }
        option = "PORT=… (make) or --port; the fifteen ports from there on are used"
        check_ports(Port(getattr(self, name), what, option) for name, what in names.items())


@dataclass(frozen=True, kw_only=True)
class Box:
    """The service and its surroundings on one machine. `clock` is needed for the services, not for the servers."""

    state: State
    ports: Ports
    folder: Path
    agency: Agency
    clock: Clock
    durable: bool = True
    """PostgreSQL's commits survive a loss of power."""
    durable_temporal: bool = False
    """Temporal's do, too."""
    extra: Mapping[str, str] | None = None
    """Further settings, as environment variables: tests shorten waits."""

    @property
    def origin(self) -> str:
        return f"http://{LOOPBACK}:{self.ports.web}"

    @property
    def phones_url(self) -> str:
        return f"http://{LOOPBACK}:{self.ports.phones}"

    @property
    def temporal_ui_url(self) -> str:
        return f"http://{LOOPBACK}:{self.ports.temporal_ui}"

    @property
    def cad_url(self) -> str:
        return f"http://{LOOPBACK}:{self.ports.cad}"

    @property
    def console_url(self) -> str:
        return f"http://{LOOPBACK}:{self.ports.console}"

    @property
    def portal_url(self) -> str:
        return f"http://{LOOPBACK}:{self.ports.portal}"

    @property
    def console_password(self) -> str:
        """Of the accounts of the demonstration."""
        return self.state.secret("console_password", lambda: secrets.token_urlsafe(6))

    @property
    def cad_secret(self) -> str:
        """Of the key `cad.1`: what CAD signs with."""
        return self.state.secret("cad_secret", new_key)

    def with_clock(self, clock: Clock) -> "Box":
        return replace(self, clock=clock)

    @property
    def owner_url(self) -> str:
        """The database, as its owner: for setting it up. No process of the service has it."""
        return self._postgres().url(_DATABASE)

    def environment(self) -> dict[str, str]:
        """The settings of every process of the service."""
        secret = self.state.secret
        return {
            "DATABASE_URL": self._postgres().service_url(_DATABASE),
            "TEMPORAL_ADDRESS": f"{LOOPBACK}:{self.ports.temporal}",
            "TEMPORAL_NAMESPACE": "default",
            "TWILIO_ACCOUNT_SID": secret("account_sid", lambda: "AC" + secrets.token_hex(16)),
            "TWILIO_AUTH_TOKEN": secret("auth_token", partial(secrets.token_hex, 16)),
            "TWILIO_EDGE": "",
            "TWILIO_REGION": "",
            "COMMUNITYCONNECT_TWILIO_ADDRESS": self.phones_url,
            "COMMUNITYCONNECT_AGENCY": str(self.folder.absolute()),
            "COMMUNITYCONNECT_PUBLIC_ORIGIN": self.origin,
            "COMMUNITYCONNECT_ENCRYPTION_KEYS": "box:" + secret("encryption_key", new_key),
            "COMMUNITYCONNECT_LOOKUP_KEY": secret("lookup_key", new_key),
            "COMMUNITYCONNECT_CAD_KEYS": f"cad.1:{self.cad_secret}",
            "COMMUNITYCONNECT_CONSOLE_ORIGIN": self.console_url,
            "COMMUNITYCONNECT_CONSOLE_DEMO_PASSWORD": self.console_password,
            "COMMUNITYCONNECT_OPEN_DATA": str(self.state.open_data),
            "COMMUNITYCONNECT_TEMPORAL_UI": f"{self.temporal_ui_url}/namespaces/default",
            "COMMUNITYCONNECT_CLOCK": self.clock.model_dump_json(),
            **(self.extra or {}),
        }

    def start_servers(self, supervisor: Supervisor) -> None:
        """PostgreSQL with its database, and Temporal with its search attributes."""
        supervisor.start(*self.servers())
        self.ensure_database()

    def servers(self) -> tuple[Child, Child]:
        """PostgreSQL and Temporal."""
        return self._postgres().child(), self._temporal().child()

    def ensure_database(self) -> None:
        """Create the database in PostgreSQL, which runs, if it is not there."""
        ensure_database(self._postgres().url(), _DATABASE)

    def start_services(self, supervisor: Supervisor) -> None:
        """The phones, the web, the console, the portal, the worker, the starter and the port that CAD pushes to."""
        children = self.phones(), self.web(), self.console(), self.portal(), self.worker(), self.starter(), self.cad()
        supervisor.start(*children)

    def phones(self) -> Child:
        environment = self.environment()
        clock = {**self.clock.model_dump(mode="json"), "zone": self.agency.policy.timetable.zone}
        return Child(
            name="phones",
            argv=[python(), "-m", "local.carrier"],
            log=self.state.log("phones"),
            healthy=http_ok(self.ports.phones, "/healthz"),
            env={
                "CARRIER_PORT": str(self.ports.phones),
                "CARRIER_DATABASE": str(self.state.carrier_db),
                "CARRIER_ACCOUNT_SID": environment["TWILIO_ACCOUNT_SID"],
                "CARRIER_AUTH_TOKEN": environment["TWILIO_AUTH_TOKEN"],
                "CARRIER_SMS_URL": f"{self.origin}/twilio/inbound",
                "CARRIER_VOICE_URL": f"{self.origin}/twilio/voice",
                "CARRIER_SENDER": self.agency.identity.sender,
                "CARRIER_CLOCK": json.dumps(clock),
            },
        )

    def web(self) -> Child:
        return Child(
            name="web",
            argv=[python(), "-m", "cli.main", "web", "--port", str(self.ports.web)],
            log=self.state.log("web"),
            healthy=http_ok(self.ports.web, "/readyz"),
            env=self._watched(self.ports.web_metrics),
        )

    def console(self) -> Child:
        return Child(
            name="console",
            argv=[python(), "-m", "cli.main", "console", "--port", str(self.ports.console)],
            log=self.state.log("console"),
            healthy=http_ok(self.ports.console, "/readyz"),
            env=self._watched(self.ports.console_metrics),
        )

    def portal(self) -> Child:
        return Child(
            name="portal",
            argv=[python(), "-m", "local.portal", str(self.ports.portal)],
            log=self.state.log("portal"),
            healthy=http_ok(self.ports.portal, "/healthz"),
            env=self.environment(),
        )

    def starter(self, *, name: str = "starter", metrics_port: int | None = None) -> Child:
        port = metrics_port or self.ports.starter_metrics
        return Child(
            name=name,
            argv=[python(), "-m", "cli.main", "starter"],
            log=self.state.log(name),
            healthy=http_ok(port, "/readyz"),
            env=self._watched(port),
        )

    def cad(self) -> Child:
        return Child(
            name="cad",
            argv=[python(), "-m", "cli.main", "cad", "serve", "--port", str(self.ports.cad)],
            log=self.state.log("cad"),
            healthy=http_ok(self.ports.cad, "/readyz"),
            env=self._watched(self.ports.cad_metrics),
        )

    def worker(self, *, name: str = "worker", metrics_port: int | None = None) -> Child:
        port = metrics_port or self.ports.worker_metrics
        return Child(
            name=name,
            argv=[python(), "-m", "worker"],
            log=self.state.log(name),
            healthy=http_ok(port, "/readyz"),
            env=self._watched(port),
            grace=30,  # it finishes the text that it is sending
        )

    def _watched(self, port: int) -> dict[str, str]:
        return {**self.environment(), "COMMUNITYCONNECT_METRICS_PORT": str(port)}

    def _postgres(self) -> Postgres:
        return Postgres(state=self.state, port=self.ports.postgres, durable=self.durable)

    def _temporal(self) -> Temporal:
        return Temporal(
            log=self.state.log("temporal"),
            port=self.ports.temporal,
            database=self.state.temporal_db,
            is_durable=self.durable_temporal,
            ui_port=self.ports.temporal_ui,
            metrics_port=self.ports.temporal_metrics,
            http_port=self.ports.temporal_http,
            search_attributes=SEARCH_ATTRIBUTES,
        )
