"""`make bench` goes on where it stopped, but not on another machine."""

import json
from pathlib import Path

import pytest

from benchmarks.__main__ import _keep_machine, machine_was_ours

_HERE = {"Processor": "An Abacus, 2 cores", "Memory": "24 GiB", "System": "Linux 6", "Python": "3.11.7"}


def test_what_was_measured_on_another_machine_is_not_gone_on_with(tmp_path: Path) -> None:
    results = tmp_path / "results.jsonl"
    _keep_machine(results, here=lambda: _HERE)
    before = results.read_text(encoding="utf-8")
    with pytest.raises(SystemExit, match=r"another machine \(An Abacus, 2 cores; this one: A Slide Rule, 2 cores\)"):
        _keep_machine(results, here=lambda: _HERE | {"Processor": "A Slide Rule, 2 cores"})
    assert results.read_text(encoding="utf-8") == before


def test_another_release_of_a_library_on_the_same_machine_is(tmp_path: Path) -> None:
    results = tmp_path / "results.jsonl"
    _keep_machine(results, here=lambda: _HERE)
    _keep_machine(results, here=lambda: _HERE | {"Python": "3.11.8"})
    assert json.loads(results.read_text(encoding="utf-8"))["facts"] == _HERE


def test_an_empty_file_is_one_that_is_not_there(tmp_path: Path) -> None:
    results = tmp_path / "results.jsonl"
    results.touch()
    _keep_machine(results, here=lambda: _HERE)
    assert json.loads(results.read_text(encoding="utf-8"))["facts"] == _HERE


@pytest.mark.parametrize(
    ("own", "total", "is_ours"),
    [(1.8, 1.85, True), (1.5, 1.9, False), (0.09, 0.13, True), (0.09, 0.3, False)],
    ids=["almost all", "others worked too", "nobody did much", "others did more than we"],
)
def test_a_round_counts_when_next_to_nobody_else_used_the_machine(own: float, total: float, is_ours: bool) -> None:
    assert machine_was_ours({"own_cpu": own, "total_cpu": total}) is is_ours
