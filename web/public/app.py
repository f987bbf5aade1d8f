"""The portal as a server of its own: the pages of whatever is published at the moment."""

import mimetypes
from pathlib import Path
from threading import Lock
from typing import Final

from fastapi import FastAPI, Response
from fastapi.responses import PlainTextResponse, RedirectResponse

from policy.agency import Agency
from web.public.bundles import INDEX, BundleError, published
from web.public.site import HOME, Site
from web.serving.headers import SecurityHeaders

_TEXT: Final = "text/plain; charset=utf-8"


class _Newest:
    """The site of the index as it is now."""

    def __init__(self, bundles: Path, agency: Agency) -> None:
        self._bundles = bundles
        self._agency = agency
        self._lock = Lock()
        self._made: tuple[int, Site] | None = None

    def site(self) -> Site:
        index = self._bundles / INDEX
        with self._lock:
            changed = index.stat().st_mtime_ns if index.exists() else 0
            if self._made is None or self._made[0] != changed:
                found = published(self._bundles, self._agency.key) if changed else ()
                self._made = (changed, Site(found, self._agency))
            return self._made[1]


def create_portal_app(*, bundles: Path, agency: Agency, is_https: bool = False) -> FastAPI:
    """The application; `bundles` is the public folder, which may be empty yet."""
    newest = _Newest(bundles, agency)
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    app.add_middleware(SecurityHeaders, is_https=is_https)

    @app.get("/healthz")
    def health() -> Response:
        return PlainTextResponse("ok")

    @app.get("/")
    def start() -> Response:
        return RedirectResponse(f"/{HOME}", 303)

    @app.get("/{address:path}")
    def file(address: str) -> Response:
        try:
            body = newest.site().file(address)
        except BundleError:
            return PlainTextResponse("These figures cannot be shown. / Ces chiffres ne peuvent être affichés.", 503)
        if body is None:
            return PlainTextResponse("There is no such page. / Cette page n’existe pas.", 404)
        return Response(body, media_type=media_type(address))

    return app


def media_type(address: str) -> str:
    """As a browser shows it; what is no page of ours is data, or text."""
    known = mimetypes.guess_type(address)[0]
    if known in ("text/html", "text/css", "image/svg+xml", "text/csv"):
        return known
    return "application/json" if address.endswith((".json", ".jsonld", ".geojson")) else _TEXT
