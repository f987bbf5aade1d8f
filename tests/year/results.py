"""What the year said: written beside its data, and told."""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import psutil

from tests.checkout import commit
from tests.year import growth
from tests.year.accounts import Account
from tests.year.clocks import CLOCKS, Clocks
from tests.year.samples import EVERY_SECONDS, SAMPLES, read_samples

RESULTS: Final = "results.json"
_SHOWN: Final = 10
_ENOUGH_TO_SEE: Final = 5_000
"""Calls. Of fewer the memory and the growth are told, and not judged."""


@dataclass(frozen=True, kw_only=True)
class Results:
    """Everything that the page tells of a part. `failures`: what must not be, in words."""

    counts: Mapping[str, int]
    differences: Mapping[str, list[str]]
    memory: list[dict[str, Any]]
    databases: list[dict[str, Any]]
    milliseconds_a_call: Mapping[str, float]
    machine: str
    commit: str
    hours: float
    runs: int
    late_p99: float
    failures: list[str] = field(default_factory=list)


def results_of(home: Path, account: Account) -> Results:
    """Judge what was measured, and write all of it beside the data."""
    samples = read_samples(home / SAMPLES)
    memory, databases = growth.memory(samples), growth.databases(samples)
    failures = [f"{len(of)} times: {name}" for name, of in account.differences.items()]
    if account.counts["calls"] >= _ENOUGH_TO_SEE:
        failures += [
            f"the memory of {one.process} grew by {one.grows_kb / 1000:.0f} MB" for one in memory if not one.is_flat
        ]
        failures += [
            f"{one.name} does not grow in proportion to the calls: R² is {one.straightness:.3f}"
            for one in databases
            if one.bytes_a_call > 1 and one.straightness is not None and one.straightness < growth.STRAIGHT
        ]
    fed = growth.fed(samples)
    late = sorted(one["late_p99"] for one in fed)
    results = Results(
        counts=dict(sorted(account.counts.items())),
        differences=account.differences,
        memory=[growth.as_json(one) for one in memory],
        databases=[growth.as_json(one) for one in databases],
        milliseconds_a_call=growth.costs(samples),
        machine=machine(),
        commit=commit(),
        hours=len(fed) * EVERY_SECONDS / 3600,
        runs=Clocks(home / CLOCKS).runs,
        late_p99=late[len(late) // 2] if late else 0.0,
        failures=failures,
    )
    (home / RESULTS).write_text(json.dumps(vars(results), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return results


def machine() -> str:
    """In words."""
    memory = psutil.virtual_memory().total / 1e9
    return f"{os.cpu_count()} processors and {memory:.0f} GB"


def told(results: Results) -> Iterator[str]:
    """In lines, what must not be last."""
    yield from (f"{number:>9} {name}" for name, number in results.counts.items())
    for one in results.memory:
        begins, grows = one["begins_kb"] / 1000, one["grows_kb"] / 1000
        yield f"memory of {one['process']}: {begins:.0f} MB, and {grows:+.1f} MB in {one['calls']} calls"
    for one in results.databases:
        straight = "" if one["straightness"] is None else f", R² {one['straightness']:.4f}"
        yield f"{one['name']}: {one['bytes_a_call']:.0f} bytes a call{straight}"
    for name, of in results.differences.items():
        yield f"{len(of)} times: {name}"
        yield from (f"          {what}" for what in of[:_SHOWN])
    yield from (f"FAILED: {failure}" for failure in results.failures)
    if not results.failures:
        yield "Every call is accounted for."
