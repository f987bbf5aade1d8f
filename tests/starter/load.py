"""A steady stream of records at a push API, sent when each is due whatever became of those before."""

import asyncio
import json
import statistics
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp

from starter.push.senders import KEY, SIGNATURE, TIME, signature
from tests.starter.pushing import SECRETS

PATH = "/cad/v1/calls"


@dataclass(kw_only=True)
class Load:
    """What came of it. `latencies`: seconds from when a record was due to its answer."""

    statuses: Counter[int] = field(default_factory=Counter)
    latencies: list[float] = field(default_factory=list)
    seconds: float = 0

    def __str__(self) -> str:
        points = statistics.quantiles(self.latencies, n=100)
        a_second = len(self.latencies) / self.seconds
        count = f"{len(self.latencies)} records in {self.seconds:.0f} s ({a_second:.0f} a second)"
        p50, p95, p99, most = (1000 * value for value in (points[49], points[94], points[98], max(self.latencies)))
        after = f"p50 {p50:.1f} ms, p95 {p95:.1f} ms, p99 {p99:.1f} ms, at most {most:.0f} ms"
        return f"{count}: answered after {after}; statuses {dict(self.statuses)}"


def some_records(count: int, *, prefix: str) -> list[dict[str, Any]]:
    """As of a busy day: a call is received, dispatched, arrived at and cleared, and hundreds are open at once."""
    start = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=10)
    steps = ("dispatched_at", "arrived_at", "cleared_at")
    records = []
    for index in range(count):
        call, step = index // 4, index % 4
        cad_id = f"{prefix}-{call}"
        at = (start + timedelta(seconds=step * 120)).isoformat()
        if step == 0:
            phone = f"+1613555{100 + call % 100:04}"
            told = {"case_number": f"26-{call:06}", "priority": "4", "call_type": "NOISE", "source": "phone"}
            records.append({"cad_id": cad_id, "updated_at": at, "received_at": at, "phone": phone, **told})
        else:
            records.append({"cad_id": cad_id, "updated_at": at, steps[step - 1]: at})
    by_step = [records[step::4] for step in range(4)]
    return [record for quarter in by_step for record in quarter]


async def push_steadily(
    address: str, records: Sequence[dict[str, Any]], *, a_second: float, secret: str = SECRETS["cad.1"]
) -> Load:
    """Send one record a request, so many a second. A 503 is sent again until it is taken."""
    load = Load()
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=200)) as session:
        begin = time.perf_counter()
        tasks = []
        for index, record in enumerate(records):
            due = begin + index / a_second
            await asyncio.sleep(max(0, due - time.perf_counter()))
            tasks.append(asyncio.create_task(_push(session, address + PATH, _Signed(record, secret), due, load)))
        await asyncio.gather(*tasks)
        load.seconds = time.perf_counter() - begin
    return load


@dataclass(frozen=True)
class _Signed:
    record: dict[str, Any]
    secret: str

    def at(self, now: float) -> tuple[bytes, dict[str, str]]:
        body, at = json.dumps(self.record).encode(), str(int(now))
        signed = signature(self.secret, method="POST", path=PATH, at=at, body=body)
        return body, {KEY: "cad.1", TIME: at, SIGNATURE: signed}


async def _push(session: aiohttp.ClientSession, url: str, signed: _Signed, due: float, load: Load) -> None:
    while True:
        body, headers = signed.at(time.time())
        async with session.post(url, data=body, headers=headers) as response:
            await response.read()
            load.statuses[response.status] += 1
            if response.status != 503:
                load.latencies.append(time.perf_counter() - due)
                return
            await asyncio.sleep(int(response.headers["Retry-After"]))
