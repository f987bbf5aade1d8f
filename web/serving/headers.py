"""What every answer tells the browser: nothing foreign, nothing kept, nothing passed on."""

from collections.abc import Mapping
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
}
_KEPT: Final = "public, max-age=31536000, immutable"  # addresses of static files hold a version
_NOT_KEPT: Final = "no-store"


class SecurityHeaders:
    """Adds the headers to every answer, errors included. `more`: what an application says differently, or besides."""

    def __init__(self, app: ASGIApp, *, is_https: bool, more: Mapping[str, str] | None = None) -> None:
        self._app = app
        self._headers = _HEADERS | dict(more or {})
        if is_https:
            self._headers["Strict-Transport-Security"] = "max-age=31536000"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path: str = scope["path"]

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(self._headers)
                is_kept = path.startswith("/static/") and message["status"] == 200
                headers["Cache-Control"] = _KEPT if is_kept else _NOT_KEPT
                if path[:3].lower() == "/s/":
                    headers["X-Robots-Tag"] = "noindex"
            await send(message)

        await self._app(scope, receive, send_with_headers)
