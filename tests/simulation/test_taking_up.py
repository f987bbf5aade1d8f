"""A simulation that is killed, stopped or cut off, and goes on: the same bytes as if nothing had happened."""

import signal
import subprocess
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path

from local.state import State
from tests.simulation import simulated
from tests.simulation.simulated import NEW_YORK, NEW_YORKS_LOG, OTTAWA
from tests.starter.logs import log_file, row

TWO_DAYS = ("--from", "2024-11-02", "--hours", "48")


def test_killed_stopped_and_taken_up_again_it_writes_the_same_bytes(tmp_path: Path) -> None:
    simulated.simulate(NEW_YORKS_LOG, NEW_YORK, tmp_path / "whole", *TWO_DAYS)
    out = tmp_path / "in parts"
    for number, ends_with in ((signal.SIGKILL, -9), (signal.SIGTERM, 143), (signal.SIGINT, 130)):
        process = _begun(out)
        _wait_for_more_texts(process, out)
        process.send_signal(number)
        assert process.wait(60) == ends_with
        assert not (out / "texts.csv").exists()
    simulated.simulate(NEW_YORKS_LOG, NEW_YORK, out, *TWO_DAYS)
    assert simulated.bytes_of(out) == simulated.bytes_of(tmp_path / "whole")


def test_in_short_legs_with_many_open_calls_and_the_shells_variables_it_writes_the_same_bytes(tmp_path: Path) -> None:
    """And a mistyped year neither blurs the times nor takes for ever."""
    open_calls = [row(incident_id=f"{n}", received=f"2026-01-15 12:0{n}:00") for n in range(6)]
    log = log_file(tmp_path, *open_calls, row(incident_id="26-99", received="2150-01-15 12:00:00"))
    simulated.simulate(log, OTTAWA, tmp_path / "one")
    found = simulated.outcome(tmp_path / "one")
    assert Counter(kind for _, kind, _ in found.texts) == {"confirmation": 7, "delay": 21}
    assert set(found.lateness()) == {timedelta(0)}
    about_the_service = {
        "TEMPORAL_TLS": "true",
        "TEMPORAL_API_KEY": "of the service",
        "PGSSLMODE": "require",
        "COMMUNITYCONNECT_LOG_FORMAT": "of no kind",
    }
    two = tmp_path / "two"
    short = "import local.simulation.legs as legs; legs._TOLD_IN_A_LEG = 4"
    assert simulated.simulate_otherwise(short, log, OTTAWA, two, environment=about_the_service) == 0
    assert simulated.bytes_of(two) == simulated.bytes_of(tmp_path / "one")


def test_died_between_taking_a_record_and_telling_it_a_call_that_was_over_stays_so(tmp_path: Path) -> None:
    """It was cleared before its confirmation, so that its workflow had ended; then it was opened again."""
    over = row(first_closed="2026-01-15 12:02:00", reopened_at="2026-01-15 12:30:00")
    log = log_file(tmp_path, over, row(incident_id="1002", received="2026-01-15 12:20:00"))
    dies = """
import os
from starter.accept import Acceptor
accept = Acceptor.accept
def accept_and_die(self, record):
    accepted = accept(self, record)
    return os._exit(7) if "reopened_at" in record.facts else accepted
Acceptor.accept = accept_and_die
"""
    assert simulated.simulate_otherwise(dies, log, OTTAWA, tmp_path / "out") == 7
    simulated.simulate(log, OTTAWA, tmp_path / "out")
    assert {call for call, _, _ in simulated.outcome(tmp_path / "out").texts} == {"1002"}


def test_what_temporal_does_not_take_is_not_passed_over(tmp_path: Path) -> None:
    log = log_file(tmp_path, row(first_closed="2026-01-15 13:00:00"))
    refuses = """
from temporalio.service import RPCError, RPCStatusCode
from starter.forward import Forwarder
async def start(self, item):
    raise RPCError("busy", RPCStatusCode.DEADLINE_EXCEEDED, b"")
Forwarder._start = start
"""
    assert simulated.simulate_otherwise(refuses, log, OTTAWA, tmp_path / "out") == 1
    assert not (tmp_path / "out" / "texts.csv").exists()
    simulated.simulate(log, OTTAWA, tmp_path / "out")
    assert len(simulated.outcome(tmp_path / "out").texts) == 2


def test_what_another_log_or_policy_left_unfinished_is_not_taken_up(tmp_path: Path) -> None:
    State.at(tmp_path / ".unfinished-0123456789ab")
    simulated.simulate(NEW_YORKS_LOG, NEW_YORK, tmp_path, "--limit", "3")
    assert len(simulated.outcome(tmp_path).decisions) == 3
    assert not any(tmp_path.glob(".unfinished*"))


def _begun(out: Path) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        simulated.command(NEW_YORKS_LOG, NEW_YORK, out, *TWO_DAYS), cwd=simulated.ROOT, stdout=subprocess.DEVNULL
    )


def _wait_for_more_texts(process: "subprocess.Popen[bytes]", out: Path, *, more: int = 12) -> None:
    """Until this run, too, has sent some: what the worker writes into its log tells."""
    deadline = time.monotonic() + 60
    before = _accepted(out)
    while _accepted(out) < before + more:
        assert process.poll() is None, "it ended before it could be interrupted"
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _accepted(out: Path) -> int:
    return sum(
        path.read_text(encoding="utf-8").count("text accepted") for path in out.glob(".unfinished*/logs/worker.log")
    )
