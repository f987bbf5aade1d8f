"""The driver: plays lives of calls into a contestant, the next step only when the state before it is reached."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Final

from benchmarks.contestants import Contestant

_PATIENCE_SECONDS: Final = 120.0


class Stuck(Exception):  # noqa: N818 - what happened
    """A lifecycle did not reach its next state in time: the case has no figure."""


@dataclass
class Call:
    """One lifecycle. `heard` counts the notices of its workflow; `told` is when CAD had each word to say, and `reached`
    when each state was heard of first (time.monotonic())."""

    number: int
    heard: Counter[str] = field(default_factory=Counter)
    told: dict[str, float] = field(default_factory=dict)
    reached: dict[str, float] = field(default_factory=dict)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def until(self, state: str, times: int = 1) -> None:
        """Until its workflow has told so often of this state."""
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while self.heard[state] < times:
                self.changed.clear()
                await self.changed.wait()


@dataclass
class Driver:
    """Plays calls into one contestant. `thinks`: the longest time that CAD waits before its next word, in seconds."""

    contestant: Contestant
    texts_before_dispatch: int = 2
    thinks: float = 0.0
    dice: random.Random = field(default_factory=lambda: random.Random(1))  # noqa: S311 - hides nothing
    calls: dict[str, Call] = field(default_factory=dict)
    ended: list[Call] = field(default_factory=list)
    texts: int = 0
    """That workflows have told of, of all calls together."""
    enough: asyncio.Event = field(default_factory=asyncio.Event)
    """Set by whoever measures: from then on no life is begun in a closed loop."""
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def hear(self, workflow_id: str, state: str, at: float) -> None:
        """A notice of a worker."""
        call = self.calls.get(workflow_id)
        if call is None:
            return
        self.texts += state == "sent"
        call.heard[state] += 1
        call.reached.setdefault(state, at)
        call.changed.set()

    async def live(self, *, due: float | None = None) -> None:
        """One whole life, that begins now, or was to begin when it was `due` (time.monotonic()).

        Raises:
            Stuck: a state was not reached in time.
        """
        call = await self.receive(due=due)
        try:
            await call.until("sent", self.texts_before_dispatch)
            await self.step(call, self.contestant.dispatched, "dispatched")
            await self.step(call, self.contestant.cleared, "cleared")
            await call.until("ended")
        except TimeoutError:
            raise Stuck(f"{self.contestant.name}: call {call.number} stands at {dict(call.heard)}") from None
        self.ended.append(self.calls.pop(self.contestant.workflow(call.number)))

    async def receive(self, *, due: float | None = None) -> Call:
        """A call comes in, and that was taken."""
        call = Call(number=next(self.numbers))
        self.calls[self.contestant.workflow(call.number)] = call
        call.told["received"] = time.monotonic() if due is None else due
        await self.contestant.received(call.number)
        return call

    async def step(self, call: Call, step: Callable[[int], Awaitable[None]], state: str) -> None:
        """CAD's next word about the call, taken and heard of."""
        if self.thinks:
            await asyncio.sleep(self.dice.uniform(0, self.thinks))
        call.told[state] = time.monotonic()
        await step(call.number)
        await call.until(state)

    async def closed_loop(self, *, in_flight: int) -> None:
        """So many at a time, one after the other, until it is enough; what is under way then is finished."""

        async def one_after_the_other() -> None:
            while not self.enough.is_set():
                await self.live()

        async with asyncio.TaskGroup() as group:
            for _ in range(in_flight):
                group.create_task(one_after_the_other())

    async def some(self, lives: int, *, in_flight: int = 20) -> None:
        """So many whole lives, to warm everything up."""
        places = asyncio.Semaphore(in_flight)

        async def one() -> None:
            async with places:
                await self.live()

        async with asyncio.TaskGroup() as group:
            for _ in range(lives):
                group.create_task(one())

    async def open_loop(self, *, a_second: float, lives: int) -> None:
        """So many lives, each begun when it is due whatever became of those before."""
        begin = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for index in range(lives):
                due = begin + index / a_second
                await asyncio.sleep(max(0, due - time.monotonic()))
                group.create_task(self.live(due=due))

    async def open_calls(self, number: int, *, in_flight: int = 40) -> list[Call]:
        """So many calls, confirmed and then left waiting for an officer."""
        places, opened = asyncio.Semaphore(in_flight), list[Call]()

        async def one() -> None:
            async with places:
                call = await self.receive()
                await call.until("sent")
                opened.append(call)

        async with asyncio.TaskGroup() as group:
            for _ in range(number):
                group.create_task(one())
        return opened
