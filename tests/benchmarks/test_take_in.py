"""What was measured on another machine comes into the results by whole cases, and its machine with it."""

import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.report import RESULTS
from benchmarks.take_in import main, taken_in


def machine(name: str) -> dict[str, Any]:
    return {"case": "machine", "facts": {"Processor": name}}


def line(case: str, round_: int, **figures: float) -> dict[str, Any]:
    return {"case": case, "round": round_, "figures": figures}


THERE = [machine("A"), line("closed", 1, p50=1), line("closed", 2, p50=2), line("open", 1, p50=3)]


def test_a_case_is_replaced_whole_and_stands_under_its_machine() -> None:
    assert taken_in(THERE, [machine("B"), line("closed", 1, p50=9)]) == [
        machine("A"),
        line("open", 1, p50=3),
        machine("B"),
        line("closed", 1, p50=9),
    ]


def test_a_machine_on_which_nothing_is_left_that_was_measured_is_gone() -> None:
    anew = [machine("B"), line("open", 1, p50=8), line("closed", 1, p50=9)]
    assert taken_in(THERE, anew) == anew


def test_what_is_taken_in_twice_is_there_once() -> None:
    anew = [machine("B"), line("pages", 1, p50=8)]
    once = taken_in(THERE, anew)
    assert once == [*THERE, *anew]
    assert taken_in(once, anew) == once


@pytest.mark.parametrize("written", ["", "words\n", '{"case": "closed", "figures": {}}\n', "[]\n"])
def test_what_does_not_say_its_machine_or_is_no_result_is_refused_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: str
) -> None:
    file, before = tmp_path / "measured.jsonl", RESULTS.read_bytes()
    file.write_text(written, encoding="utf-8")
    monkeypatch.setattr(sys, "argv", ["take_in", str(file)])
    with pytest.raises(SystemExit, match="is not what `make bench RESULTS=FILE` writes"):
        main()
    assert RESULTS.read_bytes() == before
