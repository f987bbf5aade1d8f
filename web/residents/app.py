"""The residents' website and Twilio's webhooks as one application."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Final

from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import PlainTextResponse
from fastapi.staticfiles import StaticFiles
from sqlalchemy import Engine, text
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.requests import HTTPConnection
from starlette.routing import Match
from starlette.types import Scope

from calls.clock import Clock
from database.encryption import Keyring
from settings import Network
from web.residents.agency import ResidentAgency, Site
from web.residents.guesses import GuessesCounted, too_many
from web.residents.pages import HERE, Pages, language_of
from web.residents.surveys import survey_routes
from web.residents.tries import Told, tries_of_codes, tries_of_links
from web.residents.was_it_you import was_it_you_routes
from web.residents.webhooks import AS_TWILIO_WANTS_IT, Within, webhook_routes
from web.serving.clients import Clients
from web.serving.forms import form_of
from web.serving.headers import SecurityHeaders
from web.serving.in_time import DATABASE_AWAY
from web.serving.shields import NOT_PAGES, AddressForgiven, FaultsSaidKindly, HeadAsGet, OwnPostsOnly

_REASONS: Final = {404: "not_found", 405: "not_found", 413: "too_large"}


def create_residents_app(
    *,
    engine: Engine,
    webhook_engine: Engine,
    keyring: Keyring,
    agency: ResidentAgency,
    clock: Clock,
    origin: str,
    twilio_auth_tokens: Sequence[str],
    twilio_account_sid: str,
    proxies: Sequence[Network] = (),
    now: Callable[[], float] = time.monotonic,
    within: Within = AS_TWILIO_WANTS_IT,
) -> FastAPI:
    """The application. `origin` is scheme and host under which residents and Twilio reach it; `proxies` are before it;
    `now` is the clock of the limits on guessing.

    Webhooks have connections of their own: pages that hang take none of them (R6: a STOP gets through).
    Without an auth token every webhook is refused. Serve it without an access log: a survey's path holds its token.
    """
    site = Site(engine=engine, keyring=keyring, agency=agency, clock=clock, origin=origin.rstrip("/"))
    pages = Pages(agency)
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    clients = Clients(proxies=proxies)
    # The last one that is added is the outermost: every answer of the others has its headers.
    app.add_middleware(
        GuessesCounted, below="/s/", clients=clients, tries=tries_of_links(now), page=partial(_too_many, pages)
    )
    app.add_middleware(OwnPostsOnly, origin=site.origin, page=partial(_message, pages, "foreign", 403))
    app.add_middleware(FaultsSaidKindly, page=partial(_trouble, pages, 500))
    app.add_middleware(AddressForgiven)
    app.add_middleware(HeadAsGet)
    app.add_middleware(SecurityHeaders, is_https=origin.startswith("https://"))
    app.mount("/static", StaticFiles(directory=HERE / "static"))
    app.include_router(survey_routes(site, pages))
    of_webhooks = replace(site, engine=webhook_engine)
    app.include_router(
        webhook_routes(of_webhooks, auth_tokens=twilio_auth_tokens, account_sid=twilio_account_sid, within=within)
    )
    app.include_router(was_it_you_routes(site, pages, clients=clients, tries=tries_of_codes(now), told=Told(now=now)))
    _add_own_pages(app, site)
    _add_error_pages(app, pages)
    return app


def _too_many(pages: Pages, scope: Scope, seconds: float) -> Response:
    return too_many(pages, seconds, first=language_of(HTTPConnection(scope)))


def _trouble(pages: Pages, status: int, scope: Scope) -> Response:
    """Something is wrong with us. What was posted is on the page, to be sent again."""
    form = form_of(scope)
    first = language_of(HTTPConnection(scope))
    return pages.message("not_yet" if form else "trouble", status=status, first=first, again=form)


def _message(pages: Pages, reason: str, status: int, scope: Scope) -> Response:
    """Both languages, that of whoever asks first."""
    return pages.message(reason, status=status, first=language_of(HTTPConnection(scope)))


def _add_own_pages(app: FastAPI, site: Site) -> None:
    @app.get("/healthz")
    def health() -> Response:
        with site.engine.connect() as connection:
            connection.execute(text("SELECT 1"))
        return PlainTextResponse("ok")

    @app.get("/robots.txt")
    def robots() -> Response:
        """Nothing is forbidden to robots: a page that they may not read they list all the same, by its address, when
        they find a link to it. What surveys say themselves, `noindex`, is obeyed."""
        return PlainTextResponse("User-agent: *\nDisallow:\n")


def _add_error_pages(app: FastAPI, pages: Pages) -> None:
    def problem(request: Request, status: int) -> Response:
        if request.url.path.startswith(NOT_PAGES):
            return Response(status_code=status)
        if status >= 500:
            return _trouble(pages, status, request.scope)
        return _message(pages, _REASONS.get(status, "refused"), status, request.scope)

    # None of these waits for a thread: a webhook is refused in time while all threads wait for the database.
    @app.exception_handler(StarletteHTTPException)
    async def refused(request: Request, error: HTTPException) -> Response:
        answer = problem(request, error.status_code)
        if error.status_code == 405:
            answer.headers["Allow"] = _allowed(app, request)
        return answer

    @app.exception_handler(RequestValidationError)
    async def malformed(request: Request, _: RequestValidationError) -> Response:
        return problem(request, 400)

    async def database_away(request: Request, _: Exception) -> Response:
        return problem(request, 503)

    for error in DATABASE_AWAY:
        app.add_exception_handler(error, database_away)


def _allowed(app: FastAPI, request: Request) -> str:
    """The methods that an address knows: of all routes that it fits, and HEAD where there is GET."""
    if request.url.path.startswith("/static/"):
        return "GET, HEAD"
    tried = {method: {**request.scope, "method": method} for method in ("GET", "POST")}
    fits = [
        method for method, scope in tried.items() if any(route.matches(scope)[0] is Match.FULL for route in app.routes)
    ]
    return ", ".join(fits).replace("GET", "GET, HEAD")
