"""What a case makes of what it saw: percentiles, and what a piece of work cost."""

import statistics
import time
from collections.abc import Iterable, Sequence
from typing import Final

from benchmarks.ground import Ground

Figures = dict[str, float]

FEWEST_FOR_A_P99: Final = 600
_PERCENTILES: Final = (50, 95, 99)


def percentiles(seconds: Sequence[float], *, what: str = "") -> Figures:
    """p50, p95 and p99 in ms, and of how many (`n`); of fewer than 600 no p99. `what` stands before each name.

    Raises:
        ValueError: something took less than no time.
    """
    if min(seconds) < 0:
        raise ValueError(f"{what or 'something'} took {1000 * min(seconds):.3g} ms")
    prefix = f"{what}_" if what else ""
    points = statistics.quantiles(seconds, n=100, method="inclusive")
    percents = [percent for percent in _PERCENTILES if percent < 99 or len(seconds) >= FEWEST_FOR_A_P99]
    return {f"{prefix}p{percent}": 1000 * points[percent - 1] for percent in percents} | {f"{prefix}n": len(seconds)}


class Meter:
    """The processors' time of the ground's processes and of this one, from now on."""

    def __init__(self, ground: Ground, parts: Iterable[str]) -> None:
        self._ground, self._parts = ground, tuple(parts)
        self._before, self._began = ground.used(self._parts), time.monotonic()

    def cores(self) -> Figures:
        """How many cores were busy so far, on average: with us (`own_cpu`), and in all (`total_cpu`)."""
        used, took = self._ground.used(self._parts).since(self._before), time.monotonic() - self._began
        return {"own_cpu": used.own / took, "total_cpu": used.machine / took}

    def figures(self, *, pieces: float) -> Figures:
        """And `cpu_ms_…`, of each part and of all, for each of so many pieces of work."""
        used = self._ground.used(self._parts).since(self._before)
        each = {f"cpu_ms_{name.lower()}": 1000 * seconds / pieces for name, seconds in used.parts.items()}
        return {"cpu_ms_all": 1000 * used.own / pieces} | each | self.cores()
