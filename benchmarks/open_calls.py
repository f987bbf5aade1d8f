"""Many open calls: what each costs in memory, whether others notice them, and how soon a fresh worker is back."""

import asyncio
import os
import signal
import time
from typing import Final

from benchmarks.cases import Case, latencies, running
from benchmarks.contestants import Bare
from benchmarks.figures import Figures, Meter
from benchmarks.lifecycles import Call
from benchmarks.our_contestants import WorkerAlone
from benchmarks.processor import kilobytes

CACHE: Final = 60_000
"""More than there are calls: each is kept in the worker's memory, which is what its memory is measured by."""
WORST_HOUR: Final = 200
"""Calls in Ottawa's worst hour."""
_RATE: Final = 100 * WORST_HOUR / 3600
_LIVES: Final = 600
_SIGNALLED: Final = 1_000
_IN_FLIGHT: Final = 100
_CLOSED_SECONDS: Final = 15.0


async def open_calls(contestant: Bare | WorkerAlone, *, counts: tuple[int, ...], cached: bool) -> list[Figures]:
    """One line for each number of open calls. Not `cached`: memory holds 1,000 of them, as in use."""
    async with running(contestant, delay="6 h", texts_before_dispatch=1, thinks=1) as case:
        await case.driver.some(150)
        lines, base = list[Figures](), _worker_kb(case)
        opened = list[Call]()
        for count in counts:
            begin, meter = time.monotonic(), Meter(case.ground, contestant.parts)
            opened += await case.driver.open_calls(count - len(opened))
            line = {"open": count, "opening_took_s": time.monotonic() - begin}
            if cached:
                line["kb_per_open_call"] = (_worker_kb(case) - base) / count
            lines.append(line | await _latency(case) | await _throughput(case) | meter.cores())
        return lines


def _worker_kb(case: Case) -> float:
    return kilobytes(_pid(case, "worker"))


def _pid(case: Case, name: str) -> int:
    pid = case.ground.supervisor.pid(name)
    if pid is None:
        raise RuntimeError(f"{name} does not run")
    return pid


async def _latency(case: Case) -> Figures:
    case.driver.ended.clear()
    await case.driver.open_loop(a_second=_RATE, lives=_LIVES)
    return latencies(case)


async def _throughput(case: Case) -> Figures:
    driver = case.driver
    driver.thinks, before = 0, len(driver.ended)
    playing = asyncio.create_task(driver.closed_loop(in_flight=_IN_FLIGHT))
    await asyncio.sleep(_CLOSED_SECONDS)
    figures = {"lifecycles_per_s": (len(driver.ended) - before) / _CLOSED_SECONDS}
    driver.enough.set()
    await playing
    driver.enough.clear()
    driver.thinks = 1
    return figures


async def recovery(contestant: Bare | WorkerAlone, *, count: int) -> Figures:
    """So many open calls, a worker that is killed, a thousand signals while there is none, and a fresh worker: seconds
    from its start until it has handled the last."""
    async with running(contestant, delay="6 h", texts_before_dispatch=1) as case:
        opened = await case.driver.open_calls(count)
        signalled = opened[:: len(opened) // _SIGNALLED][:_SIGNALLED]
        await _kill_worker(case)
        places = asyncio.Semaphore(20)

        async def tell(call: Call) -> None:
            async with places:
                await contestant.dispatched(call.number)

        await asyncio.gather(*map(tell, signalled))
        meter = Meter(case.ground, contestant.parts)
        begin, done = time.monotonic(), asyncio.gather(*(call.until("dispatched") for call in signalled))
        while not done.done():
            case.ground.supervisor.poll()
            await asyncio.sleep(0.05)
        await done
        return {
            "open": count,
            "signalled": len(signalled),
            "first_handled_s": min(call.reached["dispatched"] for call in signalled) - begin,
            "all_handled_s": max(call.reached["dispatched"] for call in signalled) - begin,
        } | meter.cores()


async def _kill_worker(case: Case) -> None:
    """Until the supervisor has seen it. It starts another one when it looks the next time."""
    os.kill(_pid(case, "worker"), signal.SIGKILL)
    while case.ground.supervisor.pid("worker") is not None:
        case.ground.supervisor.poll()
        await asyncio.sleep(0.01)
