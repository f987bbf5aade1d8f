"""How many surveys a second the residents' site takes: a link is opened, and its last page sent."""

import time
from typing import Final

import aiohttp

from benchmarks.connections import session_of
from benchmarks.doors.loop import closed_loop
from benchmarks.figures import Figures, Meter, percentiles
from benchmarks.ground import ground
from database.tables import real_now
from tests.builders import minutes
from tests.survey.month import Town
from tests.web.answering import LAST
from tests.web.survey_load import THANKS

CONNECTIONS: Final = 8
_WARM_UP: Final = 50


async def survey(*, surveys: int = 2_000) -> Figures:
    """Pairs of a page and an answer a second, and what a pair, the page and the answer take in ms (p50, p95, p99)."""
    with ground(carrier="http://127.0.0.1:9", notices=0) as place:
        place.set_up_database()
        town = Town(engine=place.engine, keyring=place.keyring, agency=place.agency)
        tokens = [town.invited(f"{number}", real_now() - minutes(1)) for number in range(surveys + _WARM_UP)]
        place.start(place.box.web())
        opened, sent = list[float](), list[float]()
        async with session_of(CONNECTIONS) as session:
            site = _Site(session, place.box.origin, opened=opened, sent=sent)
            meter = Meter(place, ("web", "PostgreSQL"))
            loop = await closed_loop(iter(tokens), site.answer, at_once=CONNECTIONS, warm_up=_WARM_UP)
            figures = meter.figures(pieces=len(tokens))
    page, answer = percentiles(opened[_WARM_UP:], what="page"), percentiles(sent[_WARM_UP:], what="answer")
    return {"pairs_per_s": loop.a_second} | percentiles(loop.seconds) | page | answer | figures


class _Site:
    """The residents' site, asked by many at once. What each request took goes into the lists."""

    def __init__(self, session: aiohttp.ClientSession, origin: str, *, opened: list[float], sent: list[float]) -> None:
        self._session, self._origin, self._opened, self._sent = session, origin, opened, sent

    async def answer(self, token: str) -> None:
        url, began = f"{self._origin}/s/{token}", time.perf_counter()
        async with self._session.get(url) as page:
            await page.read()
            opened, status = time.perf_counter(), page.status
        form = {"step": str(LAST), "Q10": "noise", "C1": "It was quiet afterwards."}
        async with self._session.post(url, data=form, allow_redirects=False) as thanks:
            await thanks.read()
        if (status, thanks.status) != (200, THANKS):
            raise RuntimeError(f"the survey's page was answered with {status}, its answer with {thanks.status}")
        self._opened.append(opened - began)
        self._sent.append(time.perf_counter() - opened)
