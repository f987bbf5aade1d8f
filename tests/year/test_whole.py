"""Forty calls through the command as it is run: stopped in order, killed, and gone on with. `make test-deep`."""

import json
import signal
import subprocess
import time
from pathlib import Path

import pytest

from local.forget import forget
from local.state import State
from settings import python
from tests.servers import temporary_state

pytestmark = [pytest.mark.deep, pytest.mark.timeout(1800)]
ROOT = Path(__file__).parents[2]


def command(home: Path, *options: str, calls: int = 40) -> list[str]:
    where = ("--home", str(home), "--part", "6/6", "--calls", str(calls), "--port", "18400")
    return [python(), "-m", "tests.year", *where, *options]


def test_forty_calls_are_all_accounted_for_after_a_stop_and_a_kill() -> None:
    with temporary_state() as state:
        asked = state.home.with_name("year")
        home = asked / "6-of-6"
        # Not all of them in the first run: that the last are there shows that the second one feeds.
        subprocess.run(command(asked, "--speed", "300", "--minutes", "0.5", calls=20), cwd=ROOT, check=True)
        running = subprocess.Popen(command(asked, "--speed", "300"), cwd=ROOT)
        _wait_for_fed(home, 40)
        running.send_signal(signal.SIGKILL)
        running.wait()
        done = subprocess.run(command(asked, "--speed", "1500"), cwd=ROOT, check=False)
        results = json.loads((home / "results.json").read_text(encoding="utf-8"))
        forget(State.at(home), say=lambda _: None)
    assert results["failures"] == []
    assert results["counts"]["calls"] == 40
    assert results["counts"]["eligible, by the service"] == results["counts"]["eligible, by the calculation"] > 25
    assert results["runs"] >= 3
    assert done.returncode == 0


def _wait_for_fed(home: Path, calls: int) -> None:
    deadline = time.monotonic() + 300
    while (home / "fed.csv").read_text(encoding="utf-8").count("\n") <= calls:
        assert time.monotonic() < deadline
        time.sleep(0.2)
