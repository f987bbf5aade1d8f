import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import psutil
import psycopg
import pytest

from local import unprivileged
from local.errors import LocalError
from local.ports import free_port
from local.postgres import Postgres, ensure_database
from local.processes import Supervisor
from local.state import State
from tests.local.boxes import alive, polled_until, supervising_process
from tests.servers import create_database, drop_database, running_postgres, temporary_state

ROOT_ONLY = pytest.mark.skipif(os.geteuid() != 0, reason="only root needs another user")


@pytest.fixture
def empty_state() -> Iterator[State]:
    with temporary_state() as state:
        yield state


@pytest.fixture(scope="module")
def set_up_once() -> Iterator[State]:
    with temporary_state() as state:
        Postgres(state=state, port=free_port(), durable=False).child().prepare()
        yield state


@pytest.fixture
def state(set_up_once: State, empty_state: State) -> State:
    """With PostgreSQL's data set up already: a copy takes a tenth of the time."""
    subprocess.run(["cp", "-a", f"{set_up_once.home}/.", str(empty_state.home)], check=True)
    return empty_state


def connect(url: str) -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(url.replace("+psycopg", "", 1), autocommit=True)


def rows(url: str) -> list[tuple[object, ...]]:
    with connect(url) as connection:
        return connection.execute("SELECT * FROM call ORDER BY 1").fetchall()


def workers(state: State) -> list[psutil.Process]:
    """All processes, backends included, that work on the data of this state."""
    found = []
    for process in psutil.process_iter():
        try:
            if Path(process.cwd()) == (state.postgres / "data").resolve():
                found.append(process)
        except psutil.Error:
            continue
    return found


def postmasters(state: State) -> list[psutil.Process]:
    """Those that no other of them has begun. A backend may end while it is looked at."""
    working = workers(state)
    pids = {process.pid for process in working}
    found = []
    for process in working:
        with suppress(psutil.NoSuchProcess):
            if process.ppid() not in pids:
                found.append(process)
    return found


def test_postgres_killed_with_a_busy_backend_comes_back_with_its_data(state: State) -> None:
    said: list[str] = []
    postgres = Postgres(state=state, port=free_port())
    with Supervisor(state, say=said.append) as supervisor:
        supervisor.start(postgres.child())
        url = ensure_database(postgres.url(), "calls")
        assert ensure_database(postgres.url(), "calls") == url
        with closing(connect(url)) as busy:
            busy.execute("CREATE TABLE call (id int PRIMARY KEY)")
            busy.execute("INSERT INTO call VALUES (1)")
            # Counts without looking up, so that it does not notice by itself that the postmaster died.
            busy.pgconn.send_query(b"SELECT count(*) FROM generate_series(1, 20000000)")
            pid = supervisor.pid("PostgreSQL")
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
            polled_until(supervisor, lambda: len(said) == 2)
        assert rows(url) == [(1,)]
        assert supervisor.pid("PostgreSQL") in {process.pid for process in workers(state)}
        assert len(postmasters(state)) == 1
    assert said[0] == "PostgreSQL was killed by SIGKILL; starting it again."
    assert not workers(state)


SUPERVISES = """
import sys, time
import psycopg
from local.postgres import Postgres, ensure_database
from local.processes import Supervisor
from local.state import State
state = State.at(sys.argv[1])
postgres = Postgres(state=state, port=int(sys.argv[2]))
with Supervisor(state) as supervisor:
    supervisor.start(postgres.child())
    url = ensure_database(postgres.url(), "calls")
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("CREATE TABLE call (id int PRIMARY KEY)")
        connection.execute("INSERT INTO call VALUES (1)")
    print(supervisor.pid("PostgreSQL"), flush=True)
    time.sleep(600)
"""


@pytest.mark.parametrize("postmaster", ["ends with its parent", "killed as well"])
def test_after_a_kill_of_the_supervisor_the_next_one_finds_the_committed_data(state: State, postmaster: str) -> None:
    port = free_port()
    with supervising_process(SUPERVISES, str(state.home), str(port), postmaster) as process:
        assert process.stdout
        pid = int(process.stdout.readline())
        if postmaster == "killed as well":
            os.kill(pid, signal.SIGKILL)
        process.kill()
        process.wait()
        if sys.platform == "linux":  # also as another user, from a Python that this user cannot enter
            psutil.wait_procs([psutil.Process(pid)] if alive(pid) else [], timeout=5)
            assert not alive(pid)
        postgres = Postgres(state=state, port=port)
        with Supervisor(state) as supervisor:
            supervisor.start(postgres.child())
            assert rows(postgres.url("calls")) == [(1,)]
            assert not alive(pid)


def test_a_postmaster_whose_pid_file_was_lost_is_stopped_before_the_next_one_starts(state: State) -> None:
    postgres = Postgres(state=state, port=free_port())
    with Supervisor(state) as first:
        first.start(postgres.child())
        old = first.pid("PostgreSQL")
        for file in state.pids.iterdir():
            file.unlink()
        postgres.child().prepare()
        assert not alive(old)
        first.poll()


@pytest.mark.skipif(sys.platform != "linux", reason="needs a process of the same user")
def test_a_stale_postmaster_pid_of_a_process_that_is_another_by_now_does_not_stop_us(state: State) -> None:
    postgres = Postgres(state=state, port=free_port(), durable=False)
    with temporary_state() as other_state, Supervisor(other_state) as others, Supervisor(state) as supervisor:
        others.start(Postgres(state=other_state, port=free_port(), durable=False).child())
        other = others.pid("PostgreSQL")
        data = (state.postgres / "data").resolve()
        (data / "postmaster.pid").write_text(f"{other}\n{data}\n1\n{postgres.port}\n\n127.0.0.1\n")
        supervisor.start(postgres.child())
        assert alive(other)


def test_an_interrupted_set_up_of_the_data_is_begun_again(empty_state: State) -> None:
    state = empty_state
    (state.postgres / "data.new" / "base").mkdir(parents=True)
    postgres = Postgres(state=state, port=free_port(), durable=False)
    with Supervisor(state) as supervisor:
        supervisor.start(postgres.child())
        with connect(postgres.url()) as connection:
            row = connection.execute(
                "SELECT pg_encoding_to_char(encoding), datlocprovider, datlocale, current_setting('timezone') "
                "FROM pg_database WHERE datname = 'postgres'"
            ).fetchone()
    assert row == ("UTF8", "b", "C.UTF-8", "UTC")


def test_secrets_that_do_not_fit_the_data_are_said_at_once(state: State) -> None:
    postgres = Postgres(state=state, port=free_port(), durable=False)
    postgres.child().prepare()
    state.secrets.unlink()
    with Supervisor(state) as supervisor, pytest.raises(LocalError, match=r"secrets\.json does not open the data in"):
        supervisor.start(postgres.child())


def test_data_of_another_version_is_refused(empty_state: State) -> None:
    state = empty_state
    child = Postgres(state=state, port=free_port()).child()
    data = state.postgres / "data"
    data.mkdir()
    (data / "PG_VERSION").write_text("16\n")
    with pytest.raises(LocalError, match="is PostgreSQL 16's and this is 18"):
        child.prepare()


def test_a_value_that_breaks_a_rule_of_a_table_does_not_reach_the_log(state: State) -> None:
    postgres = Postgres(state=state, port=free_port(), durable=False)
    with Supervisor(state) as supervisor:
        supervisor.start(postgres.child())
        with connect(postgres.url()) as connection:
            connection.execute("CREATE TABLE resident (phone text PRIMARY KEY)")
            connection.execute("INSERT INTO resident VALUES ('+16135550147')")
            with pytest.raises(psycopg.errors.UniqueViolation, match=r"\+16135550147"):
                connection.execute("INSERT INTO resident VALUES ('+16135550147')")
    log = state.log("postgres").read_text()
    assert "duplicate key" in log
    assert "6135550147" not in log


@ROOT_ONLY
def test_as_root_what_the_other_user_cannot_reach_is_put_where_it_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tempfile.TemporaryDirectory() as open_folder:
        Path(open_folder).chmod(0o755)
        monkeypatch.setattr(unprivileged, "ELSEWHERE", Path(open_folder) / "elsewhere")
        closed = State.at(tmp_path / "closed" / "home")
        (tmp_path / "closed").chmod(0o700)
        postgres = Postgres(state=closed, port=free_port(), durable=False)
        for _ in range(2):
            with Supervisor(closed) as supervisor:
                supervisor.start(postgres.child())
        assert closed.postgres.resolve().parent == unprivileged.ELSEWHERE
        shutil.rmtree(closed.postgres.resolve())
        with pytest.raises(LocalError, match=r"is gone: delete .*/home/postgres to begin with none\."):
            postgres.child()

        account = unprivileged.account_for(closed.postgres)
        package = tmp_path / "closed" / "package"
        (package / "bin").mkdir(parents=True)
        shutil.copy("/bin/true", package / "bin" / "program")
        copy = unprivileged.programs(tmp_path / "closed", ["package"], "label", account)
        done = unprivileged.run_as(account, [str(copy / "package" / "bin" / "program")], cwd=Path("/"))
        assert done.returncode == 0


def test_databases_for_single_tests_are_copied_and_dropped_while_in_use() -> None:
    with running_postgres() as url:
        template = create_database(url, "template")
        with connect(template) as connection:
            connection.execute("CREATE TABLE call (id int)")
        copy = create_database(url, "test_1", template="template")
        with connect(copy) as connection:
            assert connection.execute("SELECT count(*) FROM call").fetchone() == (0,)
            drop_database(url, "test_1")
        with pytest.raises(psycopg.OperationalError, match="does not exist"):
            connect(copy)


def test_what_a_killed_deletion_left_of_the_data_is_no_data(state: State) -> None:
    """Without PG_VERSION it is nothing that PostgreSQL could start with, and nothing to be kept."""
    data = next(state.home.rglob("PG_VERSION")).parent
    (data / "PG_VERSION").unlink()
    with Supervisor(state) as supervisor:
        postgres = Postgres(state=state, port=free_port(), durable=False)
        supervisor.start(postgres.child())
        with connect(postgres.url()) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
