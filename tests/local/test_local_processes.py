import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from local import processes
from local.child import Child
from local.errors import LocalError
from local.leftovers import Record, clear
from local.processes import Supervisor
from local.state import State
from tests.local.boxes import WAITS, alive, polled_until, python, supervising_process, until


@pytest.fixture
def state(tmp_path: Path) -> State:
    return State.at(tmp_path / "home")


def diary(path: Path, name: str) -> str:
    """A child's code that notes its start and its stop in a file shared by all."""
    return f"""
import signal, sys, time
def note(word):
    with open({str(path)!r}, "a") as file:
        file.write(f"{name} {{word}}\\n")
def stop(*_):
    note("stops")
    sys.exit(0)
signal.signal(signal.SIGTERM, stop)
time.sleep(0.2)
note("is ready")
print("ready", flush=True)
while True:
    time.sleep(1)
"""


def test_children_start_in_order_stop_in_the_reverse_order_and_leave_no_process(state: State, tmp_path: Path) -> None:
    story = tmp_path / "story"
    before = set(psutil.Process().children(recursive=True))  # servers of the test session
    with Supervisor(state) as supervisor:
        for name in ("a", "b"):
            supervisor.start(python(state, name, diary(story, name)))
        pids = [supervisor.pid("a"), supervisor.pid("b")]
        assert all(alive(pid) for pid in pids)
    assert story.read_text().splitlines() == ["a is ready", "b is ready", "b stops", "a stops"]
    assert not any(alive(pid) for pid in pids)
    assert set(psutil.Process().children(recursive=True)) <= before
    assert not list(state.pids.iterdir())


def test_children_started_together_wait_side_by_side(state: State, tmp_path: Path) -> None:
    with Supervisor(state) as supervisor:
        supervisor.start(*(python(state, name, diary(tmp_path / "story", name)) for name in "abc"))
        assert {line.split()[0] for line in (tmp_path / "story").read_text().splitlines()} == set("abc")


def test_a_child_leads_its_own_session_so_that_ctrl_c_in_the_terminal_passes_it_by(state: State) -> None:
    with Supervisor(state) as supervisor:
        supervisor.start(python(state, "a", WAITS))
        pid = supervisor.pid("a")
        assert pid is not None
        assert os.getsid(pid) == os.getpgid(pid) == pid


def test_a_killed_child_is_started_again_and_it_is_said(state: State) -> None:
    said: list[str] = []
    with Supervisor(state, say=said.append) as supervisor:
        supervisor.start(python(state, "a", WAITS))
        first = supervisor.pid("a")
        assert first is not None
        os.kill(first, signal.SIGKILL)
        polled_until(supervisor, lambda: len(said) >= 2)
        second = supervisor.pid("a")
        assert second != first
        assert alive(second)
    assert said[0] == "a was killed by SIGKILL; starting it again."
    assert said[1].startswith("a is back after ")


def test_a_child_that_dies_again_and_again_is_given_up(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "_FIRST_PAUSE", 0.01)
    child = python(state, "a", "print('ready', flush=True); import time; time.sleep(0.2); print('no paper left')")
    with Supervisor(state) as supervisor:
        supervisor.start(child)
        with pytest.raises(LocalError) as raised:
            polled_until(supervisor, lambda: False)
    assert str(raised.value).startswith("a stopped by itself (exit status 0), the 5th time within a minute.")
    assert "no paper left" in str(raised.value)


def test_a_child_that_never_becomes_ready_gives_its_last_words_and_where_to_read_more(state: State) -> None:
    code = "import time; print('line 1', flush=True); print('waiting for Godot', flush=True); time.sleep(600)"
    child = python(state, "a", code, healthy=lambda: False, deadline=0.5)
    with Supervisor(state) as supervisor, pytest.raises(LocalError) as raised:
        supervisor.start(child)
    assert str(raised.value) == (
        f"a was not ready within 0.5 s. Its log ends with:\n  line 1\n  waiting for Godot\nAll of it: {state.log('a')}"
    )


def test_a_child_that_dies_at_its_start_gives_the_last_words_of_this_start_only(state: State) -> None:
    state.log("a").write_text("yesterday's trouble\n")
    with Supervisor(state) as supervisor, pytest.raises(LocalError) as raised:
        supervisor.start(python(state, "a", "import sys; sys.exit('the disk is full')", healthy=lambda: False))
    assert str(raised.value).startswith("a stopped by itself (exit status 1). Its log ends with:\n  the disk is full\n")


def test_a_program_that_is_not_there_is_named(state: State) -> None:
    child = Child(name="a", argv=["/no/such/program"], log=state.log("a"), healthy=lambda: False)
    with (
        Supervisor(state) as supervisor,
        pytest.raises(LocalError, match="/no/such/program cannot be started: No such"),
    ):
        supervisor.start(child)


def test_a_child_that_does_not_stop_is_killed_with_all_its_descendants(state: State) -> None:
    code = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
print("ready", other.pid, flush=True)
time.sleep(600)
"""
    with Supervisor(state) as supervisor:
        supervisor.start(python(state, "a", code, grace=0.3))
        grandchild = int(state.log("a").read_text().split()[1])
        assert alive(grandchild)
    until(lambda: not alive(grandchild))


def test_what_a_child_that_died_leaves_in_its_group_is_killed(state: State) -> None:
    code = """
import subprocess, sys, time
other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print("ready", other.pid, flush=True)
time.sleep(0.3)
sys.exit(3)
"""
    with Supervisor(state) as supervisor:
        supervisor.start(python(state, "a", code))
        grandchild = int(state.log("a").read_text().split()[1])
        polled_until(supervisor, lambda: supervisor.pid("a") is None)
        until(lambda: not alive(grandchild))


def test_a_second_run_at_the_same_time_gets_one_line(state: State) -> None:
    with Supervisor(state), pytest.raises(LocalError) as raised, Supervisor(state):
        pass
    assert str(raised.value) == (
        f"CommunityConnect is already running here, pid {os.getpid()}; stop it with Ctrl-C there, or choose another "
        "folder with COMMUNITYCONNECT_HOME."
    )
    with Supervisor(state):
        pass


SUPERVISES = """
import sys, time
from local.processes import Supervisor, leaving_on_signals
from local.state import State
from tests.local.boxes import python
with leaving_on_signals(), Supervisor(State.at(sys.argv[1])) as supervisor:
    supervisor.start(python(State.at(sys.argv[1]), "a", sys.argv[2]))
    print(supervisor.pid("a"), flush=True)
    while True:
        supervisor.poll()
        time.sleep(0.05)
"""
# Such a child is what macOS leaves: there the kernel cannot be asked to end it with its parent.
OUTLIVES = f"import ctypes, sys\nif sys.platform == 'linux': ctypes.CDLL(None).prctl(1, 0, 0, 0, 0)\n{WAITS}"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends children with their parent")
def test_children_of_a_killed_supervisor_end_with_it(state: State) -> None:
    with supervising_process(SUPERVISES, str(state.home), WAITS) as process:
        assert process.stdout
        pid = int(process.stdout.readline())
        process.kill()
        until(lambda: not alive(pid))


def test_the_next_run_stops_what_a_killed_run_left_behind(state: State) -> None:
    with supervising_process(SUPERVISES, str(state.home), OUTLIVES) as process:
        assert process.stdout
        pid = int(process.stdout.readline())
        process.kill()
        process.wait()
        assert alive(pid)
        said: list[str] = []
        with Supervisor(state, say=said.append):
            assert not alive(pid)
    assert said == [f"An earlier run was killed and left a running (pid {pid}); stopping it."]
    assert not list(state.pids.iterdir())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_supervisor_asked_to_end_stops_its_children_first(state: State, tmp_path: Path, number: int) -> None:
    with supervising_process(SUPERVISES, str(state.home), diary(tmp_path / "story", "a")) as process:
        assert process.stdout
        pid = int(process.stdout.readline())
        process.send_signal(number)
        process.wait(10)
        assert not alive(pid)
    assert (tmp_path / "story").read_text().splitlines() == ["a is ready", "a stops"]


def test_a_second_ctrl_c_does_not_wait(state: State) -> None:
    stubborn = f"import signal; signal.signal(signal.SIGTERM, lambda *_: print('asked', flush=True))\n{WAITS}"
    with supervising_process(SUPERVISES, str(state.home), stubborn) as process:
        assert process.stdout
        pid = int(process.stdout.readline())
        process.send_signal(signal.SIGINT)
        until(lambda: "asked" in state.log("a").read_text())
        process.send_signal(signal.SIGINT)
        process.wait(2)  # its grace is 5 s
        assert not alive(pid)


@pytest.mark.parametrize("differs", ["created", "argv"])
def test_a_process_that_got_the_pid_of_a_child_is_left_alone(state: State, differs: str) -> None:
    argv = [sys.executable, "-c", WAITS]
    with subprocess.Popen(argv, stdout=subprocess.DEVNULL) as stranger:
        until(lambda: psutil.Process(stranger.pid).cmdline()[1:] == argv[1:])
        record = Record(
            name="a",
            pid=stranger.pid,
            created=psutil.Process(stranger.pid).create_time() - (60 if differs == "created" else 0),
            argv=[sys.executable, "other.py"] if differs == "argv" else argv,
            stop_signal=signal.SIGTERM,
            grace=1,
        )
        record.write(state.pids)
        said: list[str] = []
        clear(state.pids, said.append)
        assert not said
        assert stranger.poll() is None
        assert not list(state.pids.iterdir())
        stranger.kill()
