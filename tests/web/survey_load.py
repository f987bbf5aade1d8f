"""A steady stream of surveys, each sent when it is due whatever became of those before, and by two at once."""

import asyncio
import statistics
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import aiohttp

THANKS, USED = 303, 410


@dataclass(kw_only=True)
class SurveyLoad:
    """What came of it. `latencies`: seconds from when a survey was due to the answer of the one who was first.
    `statuses`: of each pair."""

    statuses: Counter[tuple[int, ...]] = field(default_factory=Counter)
    latencies: list[float] = field(default_factory=list)
    seconds: float = 0

    def __str__(self) -> str:
        points = statistics.quantiles(self.latencies, n=100)
        a_second = len(self.latencies) / self.seconds
        count = f"{len(self.latencies)} surveys in {self.seconds:.0f} s ({a_second:.0f} a second), each sent by two"
        p50, p95, p99, most = (1000 * value for value in (points[49], points[94], points[98], max(self.latencies)))
        after = f"p50 {p50:.0f} ms, p95 {p95:.0f} ms, p99 {p99:.0f} ms, at most {most:.0f} ms"
        return f"{count}: thanked after {after}; statuses {dict(self.statuses)}"


async def send_steadily(
    address: str, surveys: Sequence[tuple[str, Mapping[str, str]]], *, a_second: float
) -> SurveyLoad:
    """Send each link's last page, so many a second, by two clients with connections of their own."""
    load = SurveyLoad()
    async with _client() as one, _client() as other:
        begin = time.perf_counter()
        tasks = []
        for index, (token, form) in enumerate(surveys):
            due = begin + index / a_second
            await asyncio.sleep(max(0, due - time.perf_counter()))
            tasks.append(asyncio.create_task(_send((one, other), f"{address}/s/{token}", form, due, load)))
        await asyncio.gather(*tasks)
        load.seconds = time.perf_counter() - begin
    return load


def _client() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=100))


async def _send(
    clients: Sequence[aiohttp.ClientSession], url: str, form: Mapping[str, str], due: float, load: SurveyLoad
) -> None:
    async def post(client: aiohttp.ClientSession) -> int:
        async with client.post(url, data=form, allow_redirects=False) as response:
            await response.read()
            if response.status == THANKS:
                load.latencies.append(time.perf_counter() - due)
            return response.status

    load.statuses[tuple(sorted(await asyncio.gather(*map(post, clients))))] += 1
