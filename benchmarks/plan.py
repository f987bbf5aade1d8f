"""Which cases there are, and in which order: round by round, one contestant after the other, so that whatever the
machine does meanwhile meets all of them."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Final

from benchmarks.cases import closed, latency
from benchmarks.contestants import Bare, Contestant
from benchmarks.doors.accept import BATCH, accept
from benchmarks.doors.pages import pages
from benchmarks.doors.surveys import survey
from benchmarks.figures import Figures
from benchmarks.open_calls import CACHE, WORST_HOUR, open_calls, recovery
from benchmarks.our_contestants import WholeService, WorkerAlone
from benchmarks.rivals.contestant import Durable, Rival

_CLOSED_SECONDS: Final = 30.0
_LIVES: Final = 600
_A_SECOND: Final = 10
_A_QUARTER: Final = 4
"""A second: a quarter of the lifecycles that the bare engine does on two cores of this kind (16), as ten are of the 40
that it did where the goals were set. At ten, the whole service is at the end of such cores."""
_IN_FLIGHT: Final = 120
"""Of those on Temporal, which do up to 17 lifecycles a second. A life lasts five seconds and what it waits besides:
with a hundred nothing waits for the next one. With 250 all are slower, ours most: tasks wait more than three seconds,
and Temporal takes them from the worker that remembers their call (docs/decisions/0049-a-workers-death.md)."""

Run = Callable[[], Awaitable[list[Figures]]]


@dataclass(frozen=True, kw_only=True)
class Planned:
    """One measurement: its lines go into the results."""

    case: str
    contestant: str
    round: int
    run: Run


def plan(*, rounds: int) -> Iterator[Planned]:
    """All of them, the quick ones first."""
    for round_ in range(1, rounds + 1):
        yield from _closed(round_)
    for round_ in range(1, rounds + 1):
        yield from _latency(round_)
    yield from _worst_hours(rounds)
    for round_ in range(1, rounds + 1):
        yield from _four_a_second(round_)
    for round_ in range(1, rounds + 1):
        yield from _doors(round_)
    for round_ in range(1, rounds + 1):
        yield from _recovery(round_)
    yield from _open()


def _closed(round_: int) -> Iterator[Planned]:
    """In flight are so many that more would make it no quicker: a life lasts its delay and what it waits besides."""
    contestants: list[tuple[Contestant, int]] = [
        (Bare(), _IN_FLIGHT),
        (Bare(is_tuned=True), _IN_FLIGHT),
        (WorkerAlone(), _IN_FLIGHT),
        (WholeService(), _IN_FLIGHT),
        (Rival(is_notified=True), 4000),
        (Rival(is_notified=False), 4000),
        *((one, 500) for one in _engines()),
    ]
    for contestant, in_flight in contestants:
        yield Planned(
            case="closed",
            contestant=contestant.name,
            round=round_,
            run=partial(_closed_loop, contestant, in_flight=in_flight),
        )


def _engines() -> list[Contestant]:
    """DBOS, where it is installed."""
    return [Durable()] if Durable.is_there() else []


def _latency(round_: int) -> Iterator[Planned]:
    contestants: list[Contestant] = [
        Bare(posts_raw=True),
        WorkerAlone(),
        WholeService(),
        Rival(is_notified=True),
        Rival(is_notified=False),
        *_engines(),
    ]
    yield from (_at(_A_SECOND, "latency", contestant, round_=round_) for contestant in contestants)


def _four_a_second(round_: int) -> Iterator[Planned]:
    contestants: list[Contestant] = [Bare(posts_raw=True), WholeService()]
    yield from (_at(_A_QUARTER, "four a second", contestant, round_=round_) for contestant in contestants)


def _at(a_second: float, case: str, contestant: Contestant, *, round_: int, lives: int = _LIVES) -> Planned:
    """So many lives a second, whatever becomes of those before."""
    run = partial(_open_loop, contestant, a_second=a_second, lives=lives)
    return Planned(case=case, contestant=contestant.name, round=round_, run=run)


def _doors(round_: int) -> Iterator[Planned]:
    yield Planned(case="records", contestant="one a request", round=round_, run=partial(_accept, batch=1))
    yield Planned(case="records", contestant=f"{BATCH} a request", round=round_, run=partial(_accept, batch=BATCH))
    yield Planned(case="surveys", contestant="the residents' site", round=round_, run=_survey)
    if round_ == 1:  # ten minutes, most of which make the year
        yield Planned(case="pages", contestant="the console", round=round_, run=_pages)


def _worst_hours(rounds: int) -> Iterator[Planned]:
    """At 1, 10 and 100 times Ottawa's worst hour. Of the first two a p99 would take hours, and once is enough."""
    for times, lives, often in ((100, _LIVES, rounds), (10, 200, 1), (1, 40, 1)):
        a_second = times * WORST_HOUR / 3600
        for round_ in range(1, often + 1):
            yield _at(a_second, f"worst hour x {times}", WholeService(), round_=round_, lives=lives)


def _recovery(round_: int) -> Iterator[Planned]:
    """The bare engine's once: it opens ten thousand calls, which is most of it."""
    contestants: list[Bare | WorkerAlone] = [WorkerAlone(is_delayed=False)]
    if round_ == 1:
        contestants.insert(0, Bare(is_delayed=False, posts_raw=True))
    for contestant in contestants:
        yield Planned(
            case="recovery",
            contestant=contestant.name,
            round=round_,
            run=partial(_recover, contestant, count=10_000),
        )


def _open() -> Iterator[Planned]:
    for contestant in (
        Bare(is_delayed=False, posts_raw=True, cache=CACHE),
        Bare(is_delayed=False, posts_raw=True, cache=CACHE, is_tuned=True),
        WorkerAlone(is_delayed=False, cache=CACHE),
    ):
        yield Planned(
            case="open, all cached",
            contestant=contestant.name,
            round=1,
            run=partial(open_calls, contestant, counts=(1_000, 10_000), cached=True),
        )
    ours = WorkerAlone(is_delayed=False)
    yield Planned(
        case="open",
        contestant=ours.name,
        round=1,
        run=partial(open_calls, ours, counts=(1_000, 10_000, 50_000), cached=False),
    )


async def _closed_loop(contestant: Contestant, *, in_flight: int) -> list[Figures]:
    return [await closed(contestant, in_flight=in_flight, seconds=_CLOSED_SECONDS)]


async def _open_loop(contestant: Contestant, *, a_second: float, lives: int) -> list[Figures]:
    return [await latency(contestant, a_second=a_second, lives=lives)]


async def _recover(contestant: Bare | WorkerAlone, *, count: int) -> list[Figures]:
    return [await recovery(contestant, count=count)]


async def _accept(*, batch: int) -> list[Figures]:
    return [await accept(batch=batch)]


async def _survey() -> list[Figures]:
    return [await survey()]


async def _pages() -> list[Figures]:
    return [await asyncio.to_thread(pages)]
