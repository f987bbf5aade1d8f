"""The console as one application, on a port of its own: residents never reach it."""

from typing import Final
from urllib.parse import urlencode

from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import PlainTextResponse, RedirectResponse
from fastapi.staticfiles import StaticFiles
from sqlalchemy import Engine, text
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.types import Scope

from calls.clock import Clock
from database.encryption import Keyring
from policy.agency import Agency
from web.serving.headers import SecurityHeaders
from web.serving.in_time import DATABASE_AWAY
from web.serving.shields import FaultsSaidKindly, OwnPostsOnly
from web.staff.access.audit import AuditLog
from web.staff.access.local_accounts import LocalAccounts
from web.staff.access.oidc import OpenIDConnect
from web.staff.access.oidc_setup import OidcSetup
from web.staff.access.sessions import Sessions
from web.staff.console.audit import audit_routes
from web.staff.console.board import board_routes
from web.staff.console.call import call_routes
from web.staff.console.comments import comments_routes
from web.staff.console.find import find_routes
from web.staff.console.guard import OPEN, AnyMember, SignInFirst, guarded_routes, signed_in
from web.staff.console.headers import CONSOLE_HEADERS
from web.staff.console.history import history_routes
from web.staff.console.insights import insights_routes
from web.staff.console.issues import issue_routes, issues_routes, threshold_routes
from web.staff.console.members import members_routes
from web.staff.console.numbers import blocked_routes, numbers_routes, opt_out_routes
from web.staff.console.oidc import oidc_routes
from web.staff.console.pages import HERE, Pages
from web.staff.console.parts import Console
from web.staff.console.reach import reach_routes
from web.staff.console.report import report_routes
from web.staff.console.service import mode_routes, service_routes, switch_routes
from web.staff.console.sign_in import first_page, liking_routes, sign_in_routes
from web.staff.console.topics import topics_routes
from web.staff.standing import StandingNow

_SAID: Final = {403: "may_not", 404: "not_found", 405: "not_found"}


def create_console_app(
    *,
    engine: Engine,
    keyring: Keyring,
    agency: Agency,
    clock: Clock,
    origin: str,
    temporal_ui: str = "",
    local_password: str = "",
    oidc: OidcSetup | None = None,
) -> FastAPI:
    """The application. `origin` is scheme and host under which staff reach it; `temporal_ui` is the address of
    Temporal's UI with the namespace, `https://…/namespaces/default`; with `local_password` the accounts of a
    demonstration are open; with `oidc` staff sign in at the provider that it names."""
    audit = AuditLog(engine=engine)
    local = LocalAccounts(engine=engine, audit=audit, password=local_password) if local_password else None
    standing = StandingNow(engine=engine)
    console = Console(
        engine=engine,
        keyring=keyring,
        agency=agency,
        clock=clock,
        origin=origin.rstrip("/"),
        temporal_ui=temporal_ui.rstrip("/"),
        sessions=Sessions(engine=engine, keyring=keyring),
        audit=audit,
        local_accounts=local,
        openid=None if oidc is None else OpenIDConnect(oidc, keyring=keyring, origin=origin.rstrip("/")),
        pages=Pages(agency, clock, standing),
        standing=standing,
    )
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    app.state.console = console
    # The last one that is added is the outermost: every answer of the others has its headers.
    app.add_middleware(OwnPostsOnly, origin=console.origin, page=_foreign)
    app.add_middleware(FaultsSaidKindly, page=_trouble)
    app.add_middleware(SecurityHeaders, is_https=console.is_https, more=CONSOLE_HEADERS)
    app.mount("/static", StaticFiles(directory=HERE / "static"))
    for router in (
        sign_in_routes(console),
        oidc_routes(console),
        liking_routes(console),
        board_routes(console),
        find_routes(console),
        call_routes(console),
        service_routes(console),
        switch_routes(console),
        mode_routes(console),
        numbers_routes(console),
        blocked_routes(console),
        opt_out_routes(console),
        history_routes(console),
        insights_routes(console),
        reach_routes(console),
        topics_routes(console),
        comments_routes(console),
        members_routes(console),
        issues_routes(console),
        issue_routes(console),
        threshold_routes(console),
        report_routes(console),
        audit_routes(console),
    ):
        app.include_router(router)
    _add_start(app)
    _add_health(app, engine)
    _add_error_pages(app, console)
    list(guarded_routes(app.routes))  # a route of which nobody has said who may: better now than at night
    return app


def _foreign(_: Scope) -> Response:
    return _plain(
        403, "This was sent from another site. Nothing was done. / Envoyé depuis un autre site. Rien n’a été fait."
    )


def _trouble(_: Scope) -> Response:
    return _plain(
        500,
        "Something is wrong on our side; nothing was done. Try again. / Un problème est survenu; rien n’a été fait.",
    )


def _plain(status: int, words: str) -> Response:
    return PlainTextResponse(words, status_code=status)


def _add_start(app: FastAPI) -> None:
    @app.get("/")
    def start(member: AnyMember) -> Response:
        return RedirectResponse(first_page(member), 303)


def _add_health(app: FastAPI, engine: Engine) -> None:
    @app.get("/healthz", dependencies=[OPEN])
    def health() -> Response:
        with engine.connect() as connection:
            connection.execute(text("SELECT 1"))
        return PlainTextResponse("ok")


def _add_error_pages(app: FastAPI, console: Console) -> None:
    def said(request: Request, status: int) -> Response:
        reason = _SAID.get(status, "not_understood")
        try:
            signed_in(request)
            return console.pages.page(request, "message.html", words_of="message", status=status, reason=reason)
        except DATABASE_AWAY:
            return database_away(request, None)

    @app.exception_handler(SignInFirst)
    def sign_in_first(request: Request, error: SignInFirst) -> Response:
        if request.method != "GET" or "X-Live" in request.headers:
            return console.pages.page(request, "message.html", words_of="message", status=401, reason="signed_out")
        return RedirectResponse("/sign-in?" + urlencode({"back": error.back}), 303)

    @app.exception_handler(StarletteHTTPException)
    def refused(request: Request, error: HTTPException) -> Response:
        return said(request, error.status_code)

    @app.exception_handler(RequestValidationError)
    def malformed(request: Request, _: RequestValidationError) -> Response:
        return said(request, 400)

    def database_away(request: Request, _: Exception | None) -> Response:
        request.state.seat = None  # who it is and how the service stands would have to be asked for
        return console.pages.page(request, "message.html", words_of="message", status=503, reason="database_away")

    for error in DATABASE_AWAY:
        app.add_exception_handler(error, database_away)
