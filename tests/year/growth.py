"""Is memory flat, and do the databases grow in proportion to the calls? Straight lines through the samples."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from statistics import StatisticsError, correlation, linear_regression, mean
from typing import Final

from tests.year.samples import PROCESSES, TABLES

WARM_UP: Final = 0.1
"""Of a run: until then caches fill."""
FLAT_WITHIN_KILOBYTES: Final = 30_000
"""Kept of each call of a year it would be 0.11 kB, of each of a sixth 0.7 kB: less than any object that a process could
forget to let go, a text's row say, has."""
FLAT_WITHIN: Final = 0.15
"""Of the memory at the end of the warm-up, for Temporal and PostgreSQL, whose caches are large and fill slowly."""
STRAIGHT: Final = 0.99
DATABASES: Final = (*TABLES, "other tables", "Temporal", "phones")

Sample = Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class Memory:
    """One process, over the calls of the longest run after its warm-up. `grows_kb`: by the straight line, in all."""

    process: str
    begins_kb: float
    ends_kb: float
    grows_kb: float
    bytes_a_call: float
    calls: int

    @property
    def is_flat(self) -> bool:
        """It grows by no more than what is allowed."""
        return self.grows_kb <= max(FLAT_WITHIN_KILOBYTES, FLAT_WITHIN * self.begins_kb)


@dataclass(frozen=True, kw_only=True)
class Database:
    """One table or file. `straightness`: R² of the line; `None`: it does not grow."""

    name: str
    bytes: int
    bytes_a_call: float
    straightness: float | None


def memory(samples: Sequence[Sample]) -> list[Memory]:
    """Of each process; empty where no run was long enough."""
    warm = _warm(_longest_run(fed(samples)))
    if len(warm) < 3:
        return []
    return [_memory(name, warm) for name in PROCESSES]


def databases(samples: Sequence[Sample]) -> list[Database]:
    """Of each table and file; empty where there is nothing to see."""
    seen = fed(samples)
    return [] if len(seen) < 3 else [_database(name, seen) for name in DATABASES]


def costs(samples: Sequence[Sample]) -> dict[str, float]:
    """Milliseconds of processor time per call that was fed, by process, over the longest run after its warm-up."""
    warm = _warm(_longest_run(fed(samples)))
    calls = warm[-1]["fed"] - warm[0]["fed"] if warm else 0
    if not calls:
        return {}
    names = [*PROCESSES, "feeder"]
    return {name: 1000 * (warm[-1][f"{name} cpu"] - warm[0][f"{name} cpu"]) / calls for name in names}


def as_json(found: Memory | Database) -> dict[str, object]:
    """For the results' file."""
    return asdict(found) | ({"is_flat": found.is_flat} if isinstance(found, Memory) else {})


def fed(samples: Sequence[Sample]) -> list[Sample]:
    """Those between which calls came in."""
    return [one for one, before in zip(samples[1:], samples, strict=False) if one["fed"] > before["fed"]]


def _longest_run(samples: Sequence[Sample]) -> list[Sample]:
    runs = [list(of_run) for _, of_run in groupby(samples, key=lambda one: one["run"])]
    return max(runs, key=lambda run: run[-1]["fed"] - run[0]["fed"], default=[])


def _warm(run: Sequence[Sample]) -> list[Sample]:
    if not run:
        return []
    from_ = run[0]["fed"] + WARM_UP * (run[-1]["fed"] - run[0]["fed"])
    return [one for one in run if one["fed"] >= from_]


def _memory(name: str, warm: Sequence[Sample]) -> Memory:
    calls, kilobytes = [one["fed"] for one in warm], [one[f"{name} kB"] for one in warm]
    slope = linear_regression(calls, kilobytes).slope
    seen = calls[-1] - calls[0]
    few = max(len(warm) // 10, 1)
    return Memory(
        process=name,
        begins_kb=mean(kilobytes[:few]),
        ends_kb=mean(kilobytes[-few:]),
        grows_kb=slope * seen,
        bytes_a_call=slope * 1024,
        calls=int(seen),
    )


def _database(name: str, fed: Sequence[Sample]) -> Database:
    calls, sizes = [one["fed"] for one in fed], [one[f"{name} bytes"] for one in fed]
    try:
        straightness = correlation(calls, sizes) ** 2
    except StatisticsError:
        straightness = None
    slope = linear_regression(calls, sizes).slope
    return Database(name=name, bytes=int(sizes[-1]), bytes_a_call=slope, straightness=straightness)
