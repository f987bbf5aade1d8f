"""`POST /cad/v1/calls` and `POST /cad/v1/eido`: 202 only after the commit, a reason for each record that is rejected,
503 for our own trouble."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Final

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError
from starlette.exceptions import HTTPException

from policy.cad_mapping import CadMapping
from starter.feeds import Way
from starter.intake import Intake, Intakes, Taken
from starter.push import answers, senders
from starter.push.answers import answer_of
from starter.push.body import MOST_BYTES, BadBody, Part, eidos_in, records_in
from starter.push.hands import Deadline, Hands, NotNow
from starter.readers.told import Unreadable
from starter.rejected import Shape

log = structlog.get_logger()

Cut = Callable[[bytes, CadMapping], Iterator[Part]]
_RETRY_AFTER_SECONDS: Final = 5
_BODY_WITHIN_SECONDS: Final = 10.0
_WRITE_TALLIES_EVERY_SECONDS: Final = 1.0
_NOTHING: Final = "nothing was taken"


class _Refused(Exception):  # noqa: N818 - of the sender's making
    def __init__(self, status: int, what: str) -> None:
        super().__init__(what)
        self.status = status


def create_push_app(*, engine: Engine, intakes: Intakes, allowed: senders.Senders) -> FastAPI:
    """The application. Serve it without a proxy's forwarded addresses: `Client-Cert` counts by the real peer."""
    hands = Hands()

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        writing = asyncio.create_task(_write_tallies(intakes))
        yield
        writing.cancel()
        await asyncio.to_thread(_write_once, intakes)

    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan)

    async def push(request: Request, cut: Cut, way: Way) -> Response:
        with hands.request():
            body = await _body_of(request)
            intake = intakes.of(_feed_of(request, body, allowed), way)
            taken = await _taken(hands, lambda deadline: _take(intake, body, cut, deadline))
        answer = answer_of(taken)
        return JSONResponse(
            answer.model_dump(mode="json", exclude_none=True), status_code=422 if answer.rejected else 202
        )

    @app.post(
        "/cad/v1/calls", status_code=202, responses=answers.RESPONSES, openapi_extra={"requestBody": answers.CALLS_BODY}
    )
    async def calls(request: Request) -> Response:
        """Tell what happens to calls: one record or a batch, partial snapshots or events."""
        return await push(request, records_in, Way.PUSH)

    @app.post(
        "/cad/v1/eido", status_code=202, responses=answers.RESPONSES, openapi_extra={"requestBody": answers.EIDO_BODY}
    )
    async def eido(request: Request) -> Response:
        """Tell what incidents are like now: one EIDO (NENA-STA-021.1) or a list of them."""
        return await push(request, eidos_in, Way.EIDO)

    _add_own_pages(app, engine, hands)
    _add_refusals(app)
    return app


async def _taken(hands: Hands, take: Callable[[Deadline], list[Taken]]) -> list[Taken]:
    try:
        return await hands.do(take)
    except BadBody as error:
        raise _Refused(413 if error.too_large else 400, str(error)) from None
    except NotNow:
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, it is our trouble, and its words may be personal (R3)
        log.error("a push failed", cause=type(error).__name__)
        raise NotNow("a fault of ours") from None


def _take(intake: Intake, body: bytes, cut: Cut, deadline: Deadline) -> list[Taken]:
    """Take one body in. A body that is none as a whole is kept, too: what was in it nobody knows."""
    try:
        parts = list(cut(body, intake.agency.cad))
    except BadBody as error:
        intake.take(Unreadable(what=str(error)), raw=lambda: body, shape=Shape.OTHER)
        raise
    taken = []
    for part in parts:
        deadline.check()
        taken.append(intake.take(part.read, raw=part.raw, shape=part.shape))
    return taken


async def _body_of(request: Request) -> bytes:
    """The body, as long as it is not too much, and not too slow."""
    chunks: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(_BODY_WITHIN_SECONDS):
            async for chunk in request.stream():
                size += len(chunk)
                if size > MOST_BYTES:
                    raise _Refused(413, f"a body has at most {MOST_BYTES // 2**20} MB; {_NOTHING}")
                chunks.append(chunk)
    except TimeoutError:
        raise _Refused(408, f"the body did not come within {_BODY_WITHIN_SECONDS:.0f} seconds; {_NOTHING}") from None
    return b"".join(chunks)


def _feed_of(request: Request, body: bytes, allowed: senders.Senders) -> str:
    query = request.url.query
    asked = senders.Request(
        method=request.method,
        path=request.scope["path"] + (f"?{query}" if query else ""),
        headers=request.headers,
        body=body,
        peer="" if request.client is None else request.client.host,
    )
    try:
        return allowed.feed_of(asked, unix_time=time.time())
    except senders.NotAllowed as error:
        log.warning("a push was refused", reason=str(error))
        raise _Refused(401, str(error)) from None


def _add_own_pages(app: FastAPI, engine: Engine, hands: Hands) -> None:
    description = answers.openapi_of(app.routes)

    @app.get("/cad/v1/openapi.json", include_in_schema=False)
    def openapi() -> Response:
        return JSONResponse(description)

    @app.get("/healthz", include_in_schema=False)
    async def health() -> Response:
        def ask(_: Deadline) -> None:
            with engine.connect() as connection:
                connection.execute(text("SELECT 1"))

        await hands.do(ask)
        return PlainTextResponse("ok")


def _add_refusals(app: FastAPI) -> None:
    @app.exception_handler(_Refused)
    async def refused(_: Request, error: _Refused) -> Response:
        return JSONResponse({"error": str(error)}, status_code=error.status)

    @app.exception_handler(HTTPException)
    async def nowhere(_: Request, error: HTTPException) -> Response:
        what = "there is nothing here; see /cad/v1/openapi.json"
        return JSONResponse({"error": what}, status_code=error.status_code, headers=error.headers)

    # Senders of EIDO drop a feed at anything else (NENA-STA-024.1).
    @app.exception_handler(NotNow)
    async def not_now(_: Request, error: NotNow) -> Response:
        return _come_again(str(error))


def _come_again(why: str) -> Response:
    return JSONResponse(
        {"error": f"{why}; send the same again"}, status_code=503, headers={"Retry-After": str(_RETRY_AFTER_SECONDS)}
    )


async def _write_tallies(intakes: Intakes) -> None:
    while True:
        await asyncio.sleep(_WRITE_TALLIES_EVERY_SECONDS)
        await asyncio.to_thread(_write_once, intakes)


def _write_once(intakes: Intakes) -> None:
    try:
        intakes.write_tallies()
    except OperationalError:
        log.warning("the database does not answer; how the feeds are doing is written later")
