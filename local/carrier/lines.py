"""The server's connections, so that one can be cut in the middle of a request: an answer that gets lost."""

import asyncio

from fastapi import Request
from uvicorn.protocols.http.h11_impl import H11Protocol

_open: dict[tuple[str, int], asyncio.Transport] = {}


class Lines(H11Protocol):
    """uvicorn's protocol that remembers which transport belongs to which client."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        super().connection_made(transport)
        if self.client:
            _open[self.client] = transport

    def connection_lost(self, exc: Exception | None) -> None:
        if self.client:
            _open.pop(self.client, None)
        super().connection_lost(exc)


async def drop(request: Request) -> None:
    """Cuts the request's connection without a byte of an answer; whatever is answered afterwards goes nowhere."""
    client = request.client
    transport = client and _open.get((client.host, client.port))
    if not transport and await request.is_disconnected():
        return  # it has cut it itself
    if not transport:
        raise RuntimeError("this connection cannot be dropped: the server was not started with `Lines`")
    transport.abort()
    await asyncio.sleep(0.01)  # uvicorn learns of it in the next turn of the loop
