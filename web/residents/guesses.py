"""Guesses of survey links and codes, counted by who makes them, and answered with 429 when they are too many."""

import math
from collections.abc import Callable

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from calls.facts import Language
from web.residents.pages import Pages
from web.residents.tries import Tries
from web.serving.clients import Clients


class GuessesCounted:
    """Links that lead nowhere, below an address, are counted, and after too many the answer is 429.

    A link that opens something is never counted and never refused: behind one address of a mobile network are thousands
    of phones. So guessing is made slow for nobody who has a link; with 60 bits it is hopeless anyway.
    """

    def __init__(
        self, app: ASGIApp, *, below: str, clients: Clients, tries: Tries, page: Callable[[Scope, float], Response]
    ) -> None:
        self._app, self._below, self._clients, self._tries, self._page = app, below, clients, tries, page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(self._below):
            await self._app(scope, receive, send)
            return
        instead: Response | None = None

        async def send_counting(message: Message) -> None:
            nonlocal instead
            if message["type"] == "http.response.start" and message["status"] == 404:
                wait = self._tries.take(self._clients.of(scope))
                instead = self._page(scope, wait) if wait else None
            if instead is None:
                await send(message)

        await self._app(scope, receive, send_counting)
        if instead is not None:
            await instead(scope, receive, send)


def too_many(pages: Pages, seconds: float, *, first: Language = Language.ENGLISH) -> Response:
    """429: in so many seconds there is a try again. The page says where to phone meanwhile."""
    answer = pages.message("limited", status=429, first=first)
    answer.headers["Retry-After"] = str(max(1, math.ceil(seconds)))
    return answer
