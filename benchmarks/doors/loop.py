"""A closed loop at a door: so many at once, each asking anew as soon as it is answered."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

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
