"""The residents' website and Twilio's webhooks as one application."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Final

import phonenumbers
from fastapi import FastAPI, Header, HTTPException, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import PlainTextResponse
from fastapi.staticfiles import StaticFiles
from sqlalchemy import Engine, text
from starlette.exceptions import HTTPException as StarletteHTTPException

from calls.clock import Clock
from calls.contracts import Kind
from calls.facts import Language
from database.encryption import Keyring
from texts.render import render
from texts.samples import sample_fields
from web.residents.agency import ResidentAgency, Site
from web.residents.headers import SecurityHeaders
from web.residents.in_time import DATABASE_AWAY
from web.residents.pages import HERE, Pages, page_language
from web.residents.surveys import survey_routes
from web.residents.webhooks import webhook_routes

_REASONS: Final = {404: "not_found", 405: "not_found"}


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
) -> FastAPI:
    """The application. `origin` is scheme and host under which residents and Twilio reach it.

    Webhooks have connections of their own: pages that hang take none of them (R6: a STOP gets through).
    Without an auth token every webhook is refused. Serve it without an access log: a survey's path holds its token.
    """
    site = Site(engine=engine, keyring=keyring, agency=agency, clock=clock, origin=origin.rstrip("/"))
    pages = Pages(agency)
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.add_middleware(SecurityHeaders, is_https=origin.startswith("https://"))
    app.mount("/static", StaticFiles(directory=HERE / "static"))
    app.include_router(survey_routes(site, pages))
    of_webhooks = replace(site, engine=webhook_engine)
    app.include_router(webhook_routes(of_webhooks, auth_tokens=twilio_auth_tokens, account_sid=twilio_account_sid))
    _add_own_pages(app, site, pages)
    _add_error_pages(app, pages)
    return app


def _add_own_pages(app: FastAPI, site: Site, pages: Pages) -> None:
    samples = {language: _samples(site, language) for language in Language}
    number = phonenumbers.format_number(
        phonenumbers.parse(site.agency.sender), phonenumbers.PhoneNumberFormat.INTERNATIONAL
    )

    @app.get("/")
    def home(lang: Annotated[str | None, Query()] = None, accept_language: Annotated[str, Header()] = "") -> Response:
        """What this service is: where somebody who doubts a text can look."""
        language = page_language(lang, accept_language=accept_language)
        return pages.page(
            "home.html", language, number=number, samples=samples[language], survey_address=f"{site.origin}/s/"
        )

    @app.get("/healthz")
    def health() -> Response:
        with site.engine.connect() as connection:
            connection.execute(text("SELECT 1"))
        return PlainTextResponse("ok")

    @app.get("/robots.txt")
    def robots() -> Response:
        return PlainTextResponse("User-agent: *\nDisallow: /s/\n")


def _samples(site: Site, language: Language) -> dict[str, str]:
    """Our texts as they really are, by kind."""
    fields = {**sample_fields(language), **site.agency.fields(language), "link": f"{site.origin}/s/…"}
    kinds = (Kind.CONFIRMATION, Kind.DELAY, Kind.SURVEY)
    return {kind: render(site.agency.wording, kind, language, fields).body for kind in kinds}


def _add_error_pages(app: FastAPI, pages: Pages) -> None:
    def problem(request: Request, status: int) -> Response:
        if request.url.path.startswith(("/twilio/", "/healthz", "/static/")):
            return Response(status_code=status)
        if status >= 500:
            return pages.message("trouble", status=status)
        return pages.message(_REASONS.get(status, "refused"), status=status)

    # None of these waits for a thread: a webhook is refused in time while all threads wait for the database.
    @app.exception_handler(StarletteHTTPException)
    async def refused(request: Request, error: HTTPException) -> Response:
        return problem(request, error.status_code)

    @app.exception_handler(RequestValidationError)
    async def malformed(request: Request, _: RequestValidationError) -> Response:
        return problem(request, 400)

    async def database_away(request: Request, _: Exception) -> Response:
        return problem(request, 503)

    for error in DATABASE_AWAY:
        app.add_exception_handler(error, database_away)
