"""What is measured of one contestant, each time on fresh servers."""

import asyncio
import secrets
import statistics
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from temporalio.client import Client

from benchmarks.carrier import Reports, StubCarrier, stub_carrier
from benchmarks.contestants import Contestant
from benchmarks.figures import Figures, Meter, percentiles
from benchmarks.ground import Ground, ground
from benchmarks.life import DELAY_SECONDS
from benchmarks.lifecycles import Call, Driver
from benchmarks.notices import listen
from starter.fictional_numbers import fictional_number
from tests.whole.cost import actions

WARM_UP_LIVES: Final = 150
TEXTS_OF_A_LIFE: Final = 3
_HISTORIES: Final = 5


@dataclass(frozen=True, kw_only=True)
class Case:
    """A contestant on its servers. `seen`: by phone (or a bare call's number), when each of its POSTs was seen."""

    contestant: Contestant
    ground: Ground
    driver: Driver
    carrier: StubCarrier
    seen: Mapping[str, list[float]]


@asynccontextmanager
async def running(
    contestant: Contestant, *, thinks: float = 0, delay: str = f"{DELAY_SECONDS} s", texts_before_dispatch: int = 2
) -> AsyncIterator[Case]:
    """Fresh servers, the contestant's processes, the carrier and the driver; `delay`: until the delay notice."""
    driver = Driver(contestant, thinks=thinks, texts_before_dispatch=texts_before_dispatch)
    seen: dict[str, list[float]] = {}
    account = {"TWILIO_ACCOUNT_SID": "AC" + secrets.token_hex(16), "TWILIO_AUTH_TOKEN": secrets.token_hex(16)}
    reports = Reports(account_sid=account["TWILIO_ACCOUNT_SID"], auth_token=account["TWILIO_AUTH_TOKEN"])
    ear, port = await listen(driver.hear)
    async with stub_carrier(
        lambda to, _kind, at: seen.setdefault(to, []).append(at), reports=reports if "web" in contestant.parts else None
    ) as carrier:
        with ground(carrier=carrier.origin, notices=port, account=account, delay=delay) as place:
            await contestant.begin(place)
            try:
                yield Case(contestant=contestant, ground=place, driver=driver, carrier=carrier, seen=seen)
            finally:
                await contestant.end()
                ear.close()


async def closed(contestant: Contestant, *, in_flight: int, seconds: float) -> Figures:
    """Lifecycles a second, and what each costs, with as many in flight as it takes for nothing to be idle.

    Counted by their texts, not by their ends: where thousands begin together they end together, too.
    """
    async with running(contestant) as case:
        driver = case.driver
        playing = asyncio.create_task(driver.closed_loop(in_flight=in_flight))
        while len(driver.ended) < max(WARM_UP_LIVES, in_flight) and not playing.done():  # noqa: ASYNC110 - whichever is first
            await asyncio.sleep(0.05)
        before, begin, meter = driver.texts, time.monotonic(), Meter(case.ground, contestant.parts)
        await asyncio.sleep(seconds)
        lives, took = (driver.texts - before) / TEXTS_OF_A_LIFE, time.monotonic() - begin
        costs = meter.figures(pieces=lives)
        driver.enough.set()
        await playing
        _every_text_came(case, lives=len(driver.ended))
        return {"in_flight": in_flight, "lifecycles_per_s": lives / took} | costs | await _histories(case)


async def _histories(case: Case) -> Figures:
    """What a life leaves in Temporal; nothing of a contestant that has none."""
    if "Temporal" not in case.contestant.parts:
        return {}
    client = await Client.connect(case.ground.temporal)
    handles = [
        client.get_workflow_handle(case.contestant.workflow(one.number)) for one in case.driver.ended[:_HISTORIES]
    ]
    histories = [await handle.fetch_history() for handle in handles]
    return {
        "events": statistics.mean(len(history.events) for history in histories),
        "actions": statistics.mean(map(actions, histories)),
    }


def _every_text_came(case: Case, *, lives: int) -> None:
    due, came = case.contestant.posts * lives, sum(map(len, case.seen.values()))
    if came != due:
        raise RuntimeError(f"{case.contestant.name}: {came} POSTs came to the carrier, and {due} were due")


async def latency(contestant: Contestant, *, a_second: float, lives: int) -> Figures:
    """From what CAD has to say to the POST that it causes: of the confirmation, and of the survey."""
    async with running(contestant, thinks=1) as case:
        await case.driver.some(WARM_UP_LIVES)
        case.driver.ended.clear()
        meter = Meter(case.ground, contestant.parts)
        await case.driver.open_loop(a_second=a_second, lives=lives)
        costs = meter.figures(pieces=lives)
        _every_text_came(case, lives=WARM_UP_LIVES + lives)
        return {"a_second": a_second, "n": lives} | latencies(case) | costs


def latencies(case: Case) -> Figures:
    """Percentiles in milliseconds, of the lives that have ended.

    The clock begins when CAD has something to say: when a call was due, whether or not the driver could send it then,
    and when a call is cleared. So it holds the way in, and a wait for it.
    """
    confirmations = [_first_post(case, call) - call.told["received"] for call in case.driver.ended]
    surveys = [_posts(case, call)[-1] - call.told["cleared"] for call in case.driver.ended]
    return percentiles(confirmations, what="confirmation") | percentiles(surveys, what="survey")


def _first_post(case: Case, call: Call) -> float:
    """The confirmation's. An earlier call's caller had the same number where more are open than there are numbers."""
    return next(at for at in _posts(case, call) if at > call.told["received"])


def _posts(case: Case, call: Call) -> list[float]:
    return case.seen.get(fictional_number(call.number)) or case.seen[str(call.number)]
