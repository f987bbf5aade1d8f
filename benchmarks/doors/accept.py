"""How many records of CAD's a second are accepted: signed, merged and committed, by one `cad serve`.

Nobody forwards them to Temporal meanwhile: what is measured is the door alone.
"""

import asyncio
import json
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count, islice
from typing import Any, Final

import aiohttp

from benchmarks.connections import session_of
from benchmarks.doors.loop import closed_loop
from benchmarks.figures import Figures, Meter, percentiles
from benchmarks.ground import Ground, ground
from starter.push.senders import KEY, SIGNATURE, TIME, signature

CONNECTIONS: Final = 8
BATCH: Final = 100
"""As a CAD sends that looks once a second or after an outage; a batch may have a thousand."""
_PATH: Final = "/cad/v1/calls"
_STEPS: Final = ("dispatched_at", "arrived_at", "cleared_at")
_OPEN: Final = 400
"""Calls that are open at once: between two records of a call there are so many of others."""


async def accept(*, batch: int = 1, seconds: float = 20) -> Figures:
    """Records a second, one in a request or so many, and after how many ms a request is answered (p50, p95, p99)."""
    with ground(carrier="http://127.0.0.1:9", notices=0) as place:
        place.set_up_database()
        place.start(place.box.cad())
        async with session_of(CONNECTIONS) as session:
            return await _accepted(place, session, batch=batch, seconds=seconds)


async def _accepted(place: Ground, session: aiohttp.ClientSession, *, batch: int, seconds: float) -> Figures:
    cad = _Cad(place, session)
    records = _records(prefix=f"{batch}")
    works = iter(lambda: list(islice(records, batch)), [])
    meter = Meter(place, ("cad", "PostgreSQL"))
    loop = await closed_loop(works, cad.push, at_once=CONNECTIONS, warm_up=400 // batch, seconds=seconds)
    told = {"records_per_s": loop.a_second * batch, "come_again": cad.come_again}
    return told | percentiles(loop.seconds) | meter.figures(pieces=cad.pushed)


class _Cad:
    """Signs what it pushes, and pushes it again where it is asked to."""

    def __init__(self, place: Ground, session: aiohttp.ClientSession) -> None:
        self._secret, self._url = place.box.cad_secret, place.box.cad_url + _PATH
        self._session = session
        self.pushed = self.come_again = 0

    async def push(self, records: Sequence[dict[str, Any]]) -> None:
        body = json.dumps(records[0] if len(records) == 1 else {"records": records}).encode()
        while not await self._is_taken(body, len(records)):
            self.come_again += 1

    async def _is_taken(self, body: bytes, count: int) -> bool:
        at = str(int(time.time()))
        signed = signature(self._secret, method="POST", path=_PATH, at=at, body=body)
        headers = {KEY: "cad.1", TIME: at, SIGNATURE: signed}
        async with self._session.post(self._url, data=body, headers=headers) as answer:
            told = await answer.json()
            if answer.status == 503:
                await asyncio.sleep(float(answer.headers["Retry-After"]))
                return False
            if answer.status != 202 or told["taken"] + told["repeated"] != count:
                raise RuntimeError(f"the port that CAD pushes to answered {answer.status}: {told}")
        self.pushed += count
        return True


def _records(*, prefix: str) -> Iterator[dict[str, Any]]:
    """Of calls that are received, dispatched, arrived at and cleared, without end."""
    for some in count():
        at = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=10)
        calls = range(some * _OPEN, (some + 1) * _OPEN)
        for call in calls:
            told = {"case_number": f"26-{call:06}", "priority": "4", "call_type": "NOISE", "source": "phone"}
            phone = f"+1613555{100 + call % 100:04}"
            since = {"updated_at": at.isoformat(), "received_at": at.isoformat()}
            yield {"cad_id": f"{prefix}-{call}", "phone": phone, **told, **since}
        for number, step in enumerate(_STEPS, 1):
            then = (at + timedelta(minutes=2 * number)).isoformat()
            yield from ({"cad_id": f"{prefix}-{call}", "updated_at": then, step: then} for call in calls)
