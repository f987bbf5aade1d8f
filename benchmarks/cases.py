"""What is measured of one contestant, on fresh servers: a closed loop for throughput, an open one for latency."""

import asyncio
import statistics
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from temporalio.client import Client

from benchmarks.carrier_tmp import Stub
from benchmarks.contestants import Contestant
from benchmarks.ground import Ground, ground
from benchmarks.lifecycles import Driver
from benchmarks.notices import listen
from tests.whole.cost import actions

Figures = Mapping[str, float]

IN_FLIGHT: Final = 100
"""A life has a second in which nothing happens (the delay notice's), so that some sixty of these wait at any time."""
WARM_UP_LIVES: Final = 150


@dataclass(frozen=True, kw_only=True)
class Case:
    """A contestant on its servers, with a driver."""

    ground: Ground
    driver: Driver
    posts: list[tuple[str, str, float]]


@asynccontextmanager
async def running(contestant: Contestant, *, thinks: float = 0) -> AsyncIterator[Case]:
    """Fresh servers, the contestant's processes, the stub carrier and the driver."""
    driver = Driver(contestant, thinks=thinks)
    posts: list[tuple[str, str, float]] = []
    ear, port = await listen(driver.hear)
    stub = Stub(lambda to, kind, at: posts.append((to, kind, at)))
    origin = await stub.start()
    with ground(carrier=origin, notices=port) as place:
        await contestant.begin(place)
        try:
            yield Case(ground=place, driver=driver, posts=posts)
        finally:
            await contestant.end()
            ear.close()


async def closed(contestant: Contestant, *, seconds: float) -> Figures:
    """Lifecycles a second and what each costs, at saturation."""
    async with running(contestant) as case:
        driver = case.driver
        window: dict[str, object] = {}

        async def measure() -> tuple[float, int, object, object]:
            while len(driver.ended) < WARM_UP_LIVES:
                await asyncio.sleep(0.02)
            began, before = len(driver.ended), case.ground.used(contestant.parts)
            start = time.monotonic()
            await asyncio.sleep(seconds)
            took, used = time.monotonic() - start, case.ground.used(contestant.parts).since(before)
            lives = len(driver.ended) - began
            enough.set()
            return took, lives, used, None

        enough = asyncio.Event()
        measuring = asyncio.create_task(measure())
        await driver.closed_loop(in_flight=IN_FLIGHT, until=enough.is_set)
        took, lives, used, _ = await measuring
        figures = {
            "lifecycles_per_s": lives / took,
            "own_cpu": used.own / took,
            "total_cpu": used.machine / took,
            "cpu_ms_all": 1000 * used.own / lives,
        } | {f"cpu_ms_{name}": 1000 * seconds / lives for name, seconds in used.parts.items()}
        import os, collections, json as j

        if os.environ.get("WLOG"):
            print(
                collections.Counter(
                    (x.get("event"), x.get("cause"))
                    for x in map(j.loads, case.ground.box.state.log("worker").read_text().splitlines())
                )
            )
        return figures | await _history(case, contestant) | _checked_posts(case, contestant)


async def _history(case: Case, contestant: Contestant) -> Figures:
    client = await Client.connect(case.ground.temporal)
    histories = [
        await client.get_workflow_handle(contestant.workflow(call.number)).fetch_history()
        for call in case.driver.ended[-5:]
    ]
    return {
        "events": statistics.mean(len(history.events) for history in histories),
        "actions": statistics.mean(map(actions, histories)),
    }


def _checked_posts(case: Case, contestant: Contestant) -> Figures:
    due = contestant.posts * len(case.driver.ended)
    if len(case.posts) != due:
        raise RuntimeError(f"{contestant.name}: {len(case.posts)} POSTs came to the carrier, and {due} were due")
    return {"posts": len(case.posts)}


async def latency(contestant: Contestant, *, a_second: float, lives: int, thinks: float = 1) -> Figures:
    async with running(contestant, thinks=thinks) as case:
        driver = case.driver
        await driver.closed_loop(in_flight=20, until=lambda: len(driver.ended) >= WARM_UP_LIVES)
        seen_before = len(case.posts)
        done_before = len(driver.ended)
        await driver.open_loop(a_second=a_second, lives=lives)
        lives_ = driver.ended[done_before:]
        by_phone: dict[str, list[float]] = {}
        for to, _, at in case.posts[seen_before:]:
            by_phone.setdefault(to, []).append(at)
        from starter.fictional_numbers import fictional_number

        confirm, survey = [], []
        for call in lives_:
            posts = by_phone.get(fictional_number(call.number)) or by_phone[str(call.number)]
            confirm.append(posts[0] - call.marks["received taken"])
            survey.append(posts[-1] - call.marks["cleared taken"])

        def q(v, p):
            return 1000 * sorted(v)[min(len(v) - 1, int(len(v) * p))]

        return {
            "n": len(survey),
            **{f"survey_p{int(100 * p)}": q(survey, p) for p in (0.5, 0.95, 0.99)},
            **{f"confirmation_p{int(100 * p)}": q(confirm, p) for p in (0.5, 0.95, 0.99)},
        }
