"""`make bench`: measure what is not in the results yet, each in a process of its own.

Whoever stops it loses the measurement that runs, and the next `make bench` goes on from there.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import psutil

from benchmarks.machine import machine
from benchmarks.plan import Planned, plan
from benchmarks.results import TELL_MACHINES_APART
from settings import python

RESULTS: Final = Path(__file__).resolve().parent / "results.jsonl"
_QUIET_CORES: Final = 0.25
_AS_OWN: Final = 0.85
_ALMOST_NOTHING: Final = 0.05
"""A round in which others used more of what was used is measured again, unless it was less than so much of a core."""
_TRIES: Final = 3
_LONGEST_SECONDS: Final = 5400


def main() -> None:
    """Run the plan, or, with --only, one measurement of it and print its lines."""
    options = _options()
    planned = [one for one in plan(rounds=options.rounds) if options.case in one.case]
    if options.only:
        (one,) = [one for one in planned if _key(one) == tuple(options.only.split("|"))]
        print(json.dumps(asyncio.run(_lines(one))))
        return
    _keep_machine(options.results)
    for number, one in enumerate(planned, start=1):
        if _key(one) in _measured(options.results):
            continue
        print(f"{number} of {len(planned)}: {one.case}, {one.contestant}, round {one.round}", flush=True)
        _keep(options.results, one, _measure(one, options))


def _measure(one: Planned, options: argparse.Namespace) -> list[Mapping[str, float]]:
    """The lines of one measurement, from a process of its own; tried again where the machine was not ours."""
    for _ in range(_TRIES):
        _wait_until_quiet()
        command = [python(), "-m", "benchmarks", "--rounds", str(options.rounds), "--only", "|".join(_key(one))]
        done = subprocess.run(command, capture_output=True, text=True, timeout=_LONGEST_SECONDS, check=False)
        if done.returncode != 0:
            print(done.stderr[-2000:], file=sys.stderr)
            continue
        lines: list[Mapping[str, float]] = json.loads(done.stdout.splitlines()[-1])
        if all(map(machine_was_ours, lines)):
            return lines
        print("  others used the machine meanwhile; once more", flush=True)
    sys.exit(f"{one.case}, {one.contestant}: no figure after {_TRIES} tries")


def machine_was_ours(line: Mapping[str, float]) -> bool:
    """Did next to nobody else use it meanwhile?"""
    own, total = line["own_cpu"], line["total_cpu"]
    return own >= _AS_OWN * total or total - own <= _ALMOST_NOTHING


def _wait_until_quiet() -> None:
    while psutil.cpu_percent(interval=2) / 100 * (psutil.cpu_count() or 1) > _QUIET_CORES:
        time.sleep(3)


async def _lines(one: Planned) -> Iterable[Mapping[str, float]]:
    return await one.run()


def _key(one: Planned) -> tuple[str, ...]:
    return one.case, one.contestant, str(one.round)


def _measured(results: Path) -> set[tuple[str, ...]]:
    if not results.exists():
        return set()
    lines: list[dict[str, Any]] = [json.loads(line) for line in results.read_text(encoding="utf-8").splitlines()]
    return {(line["case"], line["contestant"], str(line["round"])) for line in lines}


def _keep(results: Path, one: Planned, lines: Iterable[Mapping[str, float]]) -> None:
    when = {"measured": f"{datetime.now(UTC):%Y-%m-%d %H:%M}", "commit": _commit()}
    with results.open("a", encoding="utf-8") as file:
        for figures in lines:
            rounded = {name: float(f"{value:.5g}") for name, value in figures.items()}
            line = {"case": one.case, "contestant": one.contestant, "round": one.round, "figures": rounded}
            file.write(json.dumps(line | when) + "\n")


def _commit() -> str:
    """What is measured; with a `+` where something was changed since."""
    described = ["git", "describe", "--always", "--exclude=*", "--abbrev=7", "--dirty=+"]
    done = subprocess.run(described, cwd=RESULTS.parent, capture_output=True, text=True, check=False)
    return done.stdout.strip()


def _keep_machine(results: Path, *, here: Callable[[], Mapping[str, str]] = machine) -> None:
    """What the lines were measured on, before them: on another machine they are not gone on with."""
    facts = here()
    lines = results.read_text(encoding="utf-8").splitlines() if results.exists() else []
    if not lines:
        line = {"case": "machine", "contestant": "", "round": 0, "figures": {}, "facts": facts}
        results.write_text(json.dumps(line) + "\n", encoding="utf-8")
        return
    there: Mapping[str, str] = next((line["facts"] for line in map(json.loads, reversed(lines)) if "facts" in line), {})
    for fact in TELL_MACHINES_APART:
        if there.get(fact) != facts[fact]:
            sys.exit(
                f"{results} was measured on another machine ({there.get(fact)}; this one: {facts[fact]}). "
                "Name another file (make bench RESULTS=FILE), or remove it and measure everything anew; "
                "python -m benchmarks.take_in FILE brings whole cases together."
            )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="how often each contestant is measured")
    parser.add_argument("--case", default="", help="only the cases whose name holds this")
    parser.add_argument("--results", type=Path, default=RESULTS, help="where the lines go, and are looked for")
    parser.add_argument("--only", default="", help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
