"""Puts the network together: the store, the deliveries, Twilio's API, the pages."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException as AnyHTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from local.carrier.api import Api
from local.carrier.callbacks import API_VERSION, Deliveries, Postman
from local.carrier.clock import REAL, Clock
from local.carrier.control import Control
from local.carrier.inbound import Inbound
from local.carrier.misbehaviour import Mischief
from local.carrier.network import Network
from local.carrier.phones import Pages
from local.carrier.refusals import Refusal

# Everything comes from this server; nothing runs or is styled inline.
PAGE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    database: Path | str
    account_sid: str
    auth_token: str
    sms_url: str = ""
    voice_url: str = ""
    senders: tuple[str, ...] = ()
    # Long enough to be seen on the page, short enough for tests.
    delivery_seconds: float = 0.4
    clock: Clock = REAL


def create_app(options: Options) -> FastAPI:
    network = Network(options.database, clock=options.clock)
    postman = Postman(account_sid=options.account_sid, auth_token=options.auth_token)
    mischief = Mischief()
    deliveries = Deliveries(network=network, postman=postman, mischief=mischief, seconds=options.delivery_seconds)
    inbound = Inbound(
        network=network, postman=postman, deliveries=deliveries, sms_url=options.sms_url, voice_url=options.voice_url
    )

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with postman:
            inbound.resume()
            yield
            await deliveries.close()
        network.close()

    # No documentation pages: FastAPI's load their scripts from elsewhere.
    app = FastAPI(title="Carrier", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    senders = options.senders
    app.include_router(
        Api(
            network=network,
            deliveries=deliveries,
            mischief=mischief,
            account_sid=options.account_sid,
            auth_token=options.auth_token,
            senders=senders,
            sms_url=options.sms_url,
            voice_url=options.voice_url,
        ).router()
    )
    app.include_router(Control(network=network, inbound=inbound, mischief=mischief, senders=senders).router())
    app.include_router(
        Pages(network=network, inbound=inbound, deliveries=deliveries, clock=options.clock, senders=senders).router()
    )
    app.mount("/static", StaticFiles(directory=Path(__file__).parent / "static"))
    app.add_exception_handler(Refusal, _refused)
    app.add_exception_handler(AnyHTTPException, _failed)
    app.add_middleware(PageGuard)
    return app


async def _refused(_: Request, error: Exception) -> Response:
    if not isinstance(error, Refusal):
        raise error
    return error.response()


async def _failed(request: Request, error: Exception) -> Response:
    """No such path or method: as Twilio says it on its paths, as FastAPI does elsewhere."""
    if not isinstance(error, AnyHTTPException):
        raise error
    if request.url.path.startswith(f"/{API_VERSION}"):
        code = {404: 20404, 405: 20004}.get(error.status_code, 20001)
        return Refusal(code, str(error.detail), status=error.status_code).response()
    return JSONResponse({"detail": error.detail}, error.status_code, error.headers)


class PageGuard:
    """The pages' security headers, and no posts from another site's page in the same browser.

    Plain ASGI: Starlette's own middleware class would cost the API some 50 microseconds a request.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(f"/{API_VERSION}"):
            await self._app(scope, receive, send)
            return
        if scope["method"] != "GET" and (b"sec-fetch-site", b"cross-site") in scope["headers"]:
            await JSONResponse({"detail": "not from another site"}, 403)(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(PAGE_HEADERS)
            await send(message)

        await self._app(scope, receive, guarded)
