"""A closed loop at a door: so many at once, each asking anew as soon as it is answered."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from benchmarks.cases import FEWEST_FOR_A_P99
from benchmarks.ground import Ground

Figures = dict[str, float]
Work = TypeVar("Work")


@dataclass(kw_only=True)
class Loop:
    """What came of it, without the warming up. `seconds`: what each took; `took`: all of it, by the clock."""

    seconds: list[float] = field(default_factory=list)
    took: float = 0

    @property
    def a_second(self) -> float:
        return len(self.seconds) / self.took


async def closed_loop(
    works: Iterator[Work],
    do: Callable[[Work], Awaitable[None]],
    *,
    at_once: int,
    warm_up: int,
    seconds: float = float("inf"),
) -> Loop:
    """Until there is no more work, or so many seconds after warming up. `warm_up`: works that do not count."""
    loop, done, began = Loop(), 0, 0.0

    async def one_after_the_other() -> None:
        nonlocal done, began
        for work in works:
            start = time.perf_counter()
            await do(work)
            now = time.perf_counter()
            done += 1
            if done == warm_up:
                began = now
            elif done > warm_up:
                loop.seconds.append(now - start)
                loop.took = now - began
                if loop.took >= seconds:
                    return

    async with asyncio.TaskGroup() as group:
        for _ in range(at_once):
            group.create_task(one_after_the_other())
    return loop


def points(seconds: Sequence[float], *, what: str = "") -> Figures:
    """p50, p95 and p99 in ms, and of how many; of few no p99. `what` stands before each name."""
    ordered = sorted(seconds)

    def point(percent: int) -> float:
        return 1000 * ordered[-(-len(ordered) * percent // 100) - 1]

    prefix = f"{what}_" if what else ""
    percents = (50, 95, 99) if len(ordered) >= FEWEST_FOR_A_P99 else (50, 95)
    return {f"{prefix}p{percent}": point(percent) for percent in percents} | {f"{prefix}n": len(ordered)}


class Processors:
    """The processors' time of the ground's processes, from now on, per piece of work."""

    def __init__(self, ground: Ground, *parts: str) -> None:
        self._ground, self._parts = ground, parts
        self._before, self._began = ground.used(parts), time.perf_counter()

    def figures(self, pieces: int) -> Figures:
        """`cpu_ms_…` of each part per piece, and how many processors were ours (`own_cpu`) and at work at all."""
        used, took = self._ground.used(self._parts).since(self._before), time.perf_counter() - self._began
        each = {f"cpu_ms_{name.lower()}": 1000 * seconds / pieces for name, seconds in used.parts.items()}
        return each | {"own_cpu": used.own / took, "total_cpu": used.machine / took}
