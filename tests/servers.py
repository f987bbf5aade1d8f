"""Real servers for tests: PostgreSQL and Temporal, started once per session and thrown away.

    @pytest.fixture(scope="session")
    def postgres_url() -> Iterator[str]:
        with running_postgres() as url:
            yield url

A database per test costs about 25 ms: migrate one database once, then `create_database(url, name, template=...)`.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from local.ports import free_port
from local.postgres import Postgres
from local.processes import Supervisor
from local.state import State
from local.temporal import Temporal


@contextmanager
def temporary_state() -> Iterator[State]:
    """A state directory that goes away, at a short path that other users may enter.

    pytest's own tmp_path is closed to them: as root, PostgreSQL's data would go to /var/lib/communityconnect and stay.
    """
    with tempfile.TemporaryDirectory(prefix="communityconnect-", dir=_quick(), ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        yield State.at(Path(folder) / "home")


def _quick() -> str | None:
    """A file system in memory if it has room (containers often give 64 MB): writing there takes a fifth of the time."""
    memory = Path("/dev/shm")  # noqa: S108  # the folder made in it is private
    roomy = memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > 2 * 1024**3
    return str(memory) if roomy else None


@contextmanager
def running_postgres() -> Iterator[str]:
    """The URL (of the database `postgres`) of a server that survives nothing but is quick."""
    with temporary_state() as state, Supervisor(state) as supervisor:
        postgres = Postgres(state=state, port=free_port(), durable=False)
        supervisor.start(postgres.child())
        yield postgres.url()


@dataclass(frozen=True)
class TemporalServer:
    """Where it listens."""

    address: str
    metrics_url: str
    namespace: str


@contextmanager
def running_temporal(
    *, namespace: str = "default", search_attributes: Mapping[str, str] | None = None
) -> Iterator[TemporalServer]:
    """Temporal's dev server in memory, without its UI."""
    with temporary_state() as state, Supervisor(state) as supervisor:
        temporal = Temporal(
            log=state.log("temporal"),
            port=free_port(),
            namespace=namespace,
            search_attributes=search_attributes or {},
        )
        supervisor.start(temporal.child())
        yield TemporalServer(temporal.address, temporal.metrics_url, namespace)


def create_database(url: str, name: str, *, template: str = "template1") -> str:
    """A new database on the server of `url`, a copy of `template` (to which nobody may be connected); its URL."""
    # FILE_COPY makes a checkpoint, cheap without fsync, and then copies files; the default writes each page to the log.
    statement = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY")
    _execute(url, statement.format(sql.Identifier(name), sql.Identifier(template)))
    return f"{url.rpartition('/')[0]}/{name}"


def drop_database(url: str, name: str) -> None:
    """Drop it, whoever is still connected."""
    _execute(url, sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _execute(url: str, statement: sql.Composed) -> None:
    with psycopg.connect(url.replace("+psycopg", "", 1), autocommit=True) as connection:
        connection.execute(statement)
