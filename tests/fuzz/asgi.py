"""A site asked in process, as the server asks it: without a socket a thousand times a second."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import quote_plus, unquote

from starlette.types import ASGIApp, Message, Scope

Fields = Sequence[tuple[str, str]]
FORM = {"content-type": "application/x-www-form-urlencoded"}


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came back. `headers`: names in small letters."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


class Site:
    """One application, asked on a loop of its own."""

    def __init__(self, app: ASGIApp, loop: asyncio.AbstractEventLoop) -> None:
        self._app = app
        self._loop = loop

    def ask(self, method: str, target: str, *, body: bytes = b"", headers: Mapping[str, str] | None = None) -> Answer:
        """What is answered. Whatever the application raises, this raises."""
        return self._loop.run_until_complete(self._answer(_scope(method, target, headers or {}, len(body)), body))

    async def _answer(self, scope: Scope, body: bytes) -> Answer:
        pending = [{"type": "http.request", "body": body, "more_body": False}]
        sent: list[Message] = []

        async def receive() -> Message:
            if not pending:
                await asyncio.Event().wait()  # whoever asks stays until the answer is there
            return pending.pop()

        async def send(message: Message) -> None:
            sent.append(message)

        await self._app(scope, receive, send)
        names = {name.decode(): value.decode("latin-1") for name, value in sent[0]["headers"]}
        return Answer(status=sent[0]["status"], headers=names, body=b"".join(one.get("body", b"") for one in sent[1:]))


def _scope(method: str, target: str, headers: Mapping[str, str], length: int) -> Scope:
    path, _, query = target.partition("?")
    wire = {"host": "127.0.0.1", "content-length": str(length), **headers}
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in wire.items()],
        "client": ("127.0.0.1", 40_000),
        "server": ("127.0.0.1", 80),
        "state": {},
    }


@contextmanager
def site_of(app: ASGIApp) -> Iterator[Site]:
    loop = asyncio.new_event_loop()
    try:
        yield Site(app, loop)
    finally:
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()


def encoded(fields: Fields) -> bytes:
    return "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in fields).encode()


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A request as it is written down in an input: a line with where, then a line for each field."""

    where: str
    fields: Fields

    @property
    def fields_by_name(self) -> dict[str, str]:
        return dict(self.fields)


def asked_in(given: bytes, *, most: int) -> list[Asked]:
    """The requests of an input, blank lines between them; `\\n` in a value is a line's end."""
    blocks = given.decode("utf-8", "replace").split("\n\n")[:most]
    return [_asked(block.strip("\n").split("\n")) for block in blocks]


def _asked(lines: Sequence[str]) -> Asked:
    pairs = (line.partition("=") for line in lines[1:])
    return Asked(where=lines[0], fields=[(name, value.replace("\\n", "\n")) for name, _, value in pairs])
