"""What stands before every page: posts from foreign pages, HEAD, slashes, faults of ours.

Twilio's webhooks and the health check pass untouched: they have their own checks, and nobody reads a page there.
"""

import traceback
from collections.abc import Callable
from typing import Final

import structlog
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

NOT_PAGES: Final = ("/twilio/", "/healthz", "/livez", "/readyz", "/static/")
_HAVE_THEIR_OWN: Final = ("/twilio/", "/static/")
_FROM_HERE: Final = frozenset({"same-origin", "none"})
_NOT_TOLD: Final = "null"
"""What browsers write for our own pages, too: these say `no-referrer`."""
_BEHIND_A_LINK: Final = "/.,;:!?…'\"’”»)]}> \u00a0"


def is_page(scope: Scope) -> bool:
    """Is it a page that a resident may read?"""
    return scope["type"] == "http" and not scope["path"].startswith(NOT_PAGES)


class HeadAsGet:
    """HEAD is GET without the body: scanners ask so for links, and a link that says 405 looks dead to them."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD" or scope["path"].startswith(_HAVE_THEIR_OWN):
            await self._app(scope, receive, send)
            return

        async def send_without_body(message: Message) -> None:
            await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

        await self._app({**scope, "method": "GET"}, receive, send_without_body)


class AddressForgiven:
    """An address is the same with capitals in its first part, as some keyboards begin, and with a slash or a sign at
    its end: many phones take what stands behind a link in a text for a part of it. To lead to the right one would need
    our address from outside, and the request knows no more of it than a proxy tells."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if is_page(scope):
            first, slash, rest = scope["path"].rstrip(_BEHIND_A_LINK).removeprefix("/").partition("/")
            meant = {**scope, "path": f"/{first.lower()}{slash}{rest}"}
            scope = meant if is_page(meant) else scope
        await self._app(scope, receive, send)


class FaultsSaidKindly:
    """A fault of ours is a page like others. The log has where it was and what kind, and not a word of what (R3)."""

    def __init__(self, app: ASGIApp, *, page: Callable[[Scope], Response]) -> None:
        self._app, self._page = app, page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not is_page(scope):
            await self._app(scope, receive, send)
            return
        has_begun = False

        async def send_noting(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        try:
            await self._app(scope, receive, send_noting)
        except Exception as error:  # noqa: BLE001 - whatever it is, its words may be personal
            last = traceback.extract_tb(error.__traceback__)[-1]
            _log.error("a page failed", cause=type(error).__name__, where=f"{last.name}, line {last.lineno}")
            if not has_begun:
                await self._page(scope)(scope, receive, send)


class OwnPostsOnly:
    """What is posted comes from a page of ours. Phones that are too old to say where from are believed: without a link
    nobody can do anything with what they post."""

    def __init__(self, app: ASGIApp, *, origin: str, page: Callable[[Scope], Response]) -> None:
        self._app, self._origin, self._page = app, origin, page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_foreign = is_page(scope) and scope["method"] == "POST" and self._is_foreign(Headers(scope=scope))
        await (self._page(scope) if is_foreign else self._app)(scope, receive, send)

    def _is_foreign(self, headers: Headers) -> bool:
        site = headers.get("Sec-Fetch-Site")  # browsers write it, and no page can
        if site is not None:
            return site not in _FROM_HERE
        return headers.get("Origin", _NOT_TOLD).lower() not in {_NOT_TOLD, self._origin.lower()}
