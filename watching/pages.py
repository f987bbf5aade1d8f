"""How long pages take, by the route's template: a path, which may hold a survey's token, never gets into a metric (R3).

Of the survey's pages only how long they take, and how many failed: which of them was asked for, and what was answered,
would tell to the second when somebody sent a survey (R7).
"""

import time
from collections.abc import Callable, Sequence
from typing import Any, Final

from fastapi import FastAPI, Response
from fastapi.params import Depends
from fastapi.responses import PlainTextResponse
from prometheus_client import Histogram
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from watching.own_port import ready
from watching.readiness import Readiness

_BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_SECONDS: Final = Histogram(
    "communityconnect_http_seconds",
    "From a request to its whole answer",
    ["route", "method", "answer"],
    buckets=_BUCKETS,
)
_METHODS: Final = frozenset({"GET", "HEAD", "POST"})
_HEALTH: Final = frozenset({"/livez", "/readyz", "/healthz"})
_OF_THE_SURVEY: Final = ("/s/", "/thank-you")


class PagesTimed:
    """Stands innermost, where the route is known: what was refused further out (a foreign post) is not counted."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in _HEALTH:
            await self._app(scope, receive, send)
            return
        status, began = 500, time.perf_counter()

        async def send_noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, send_noting)
        finally:
            _SECONDS.labels(*labels(scope, status)).observe(time.perf_counter() - began)


def labels(scope: Scope, status: int) -> tuple[str, str, str]:
    """Route, method and class of the answer: few, whatever is asked for."""
    route = getattr(scope.get("route"), "path", None)
    if not isinstance(route, str):
        route = "static" if scope["path"].startswith("/static/") else "none"
    if route.startswith(_OF_THE_SURVEY):
        return "survey", "any", "5xx" if status >= 500 else "other"
    method = scope["method"] if scope["method"] in _METHODS else "other"
    return route, method, f"{status // 100}xx"


def watch_pages(app: FastAPI, readiness: Readiness, *, open_to_all: Sequence[Depends | Any] = ()) -> None:
    """Time every page of the application; and give it `/livez`, which says that its loop turns, and `/readyz`.

    Neither needs a thread or a connection: pages that hang hold them all. `open_to_all`: dependencies by which a route
    says that nobody need sign in.
    """
    app.user_middleware.append(Middleware(PagesTimed))

    def add(path: str, said: Callable[[], Response]) -> None:
        async def endpoint() -> Response:
            return said()

        app.add_api_route(
            path, endpoint, include_in_schema=False, dependencies=list(open_to_all), response_class=PlainTextResponse
        )

    def readyz() -> Response:
        status, words = ready(readiness)
        return PlainTextResponse(words, status)

    add("/livez", lambda: PlainTextResponse("alive\n"))
    add("/readyz", readyz)
