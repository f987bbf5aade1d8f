"""`python -m benchmarks.take_in FILE`: takes what `make bench RESULTS=FILE` has measured, here or on another machine,
into benchmarks/results.jsonl. A case that is in FILE replaces the one that was there as a whole, and its machine comes
with it: figures of two machines are not put beside each other.
"""

import argparse
import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from benchmarks.report import RESULTS
from benchmarks.results import Results

Told = Mapping[str, Any]
_MACHINE: Final = "machine"


def taken_in(there: Iterable[Told], measured: Iterable[Told]) -> list[Told]:
    """The lines of both: of a case that was measured anew the new ones."""
    anew = list(measured)
    cases = {one["case"] for one in anew} - {_MACHINE}
    return _with_machines_in_use([one for one in there if one["case"] not in cases] + anew)


def _with_machines_in_use(lines: list[Told]) -> list[Told]:
    """A machine's line that no measurement follows says nothing."""
    after = [*lines[1:], None]
    return [
        one
        for one, next_ in zip(lines, after, strict=True)
        if one["case"] != _MACHINE or (next_ is not None and next_["case"] != _MACHINE)
    ]


def main() -> None:
    """Write the results anew; the page is written by `python -m benchmarks.report`. A FILE that is no such file changes
    nothing."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.take_in", description=__doc__)
    parser.add_argument("file", type=Path)
    file: Path = parser.parse_args().file
    if not file.is_file():
        sys.exit(f"{file} is not there: name what `make bench RESULTS=FILE` has written.")
    try:
        has_machine = _lines(file)[0]["case"] == _MACHINE
        Results.read(file)
    except (ValueError, LookupError, TypeError):
        has_machine = False
    if not has_machine:
        sys.exit(
            f"{file} is not what `make bench RESULTS=FILE` writes: it begins with its machine, and has lines of JSON."
        )
    lines = taken_in(_lines(RESULTS), _lines(file))
    RESULTS.write_text("".join(json.dumps(one) + "\n" for one in lines), encoding="utf-8")


def _lines(file: Path) -> list[Told]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


if __name__ == "__main__":
    main()
