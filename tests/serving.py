"""Our apps on a real port, in a thread of the test's own process."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI


@contextmanager
def serving(app: FastAPI, *, port: int = 0, proxy_headers: bool = False) -> Iterator[str]:
    """The app on a port (0: any that is free), ready; its address."""
    config = uvicorn.Config(
        app, port=port, access_log=False, log_level="warning", ws="none", proxy_headers=proxy_headers
    )
    server = _Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive(), "The app does not start; why is in the log"
            time.sleep(0.005)
        host, bound = server.servers[0].sockets[0].getsockname()
        yield f"http://{host}:{bound}"
    finally:
        server.leave()
        thread.join()


class _Server(uvicorn.Server):
    """uvicorn's own looks every 0.1 s whether to stop, and then waits 0.1 s whatever there is to wait for: over the 800
    tests with a server of their own two minutes in which nothing happens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._leaving: tuple[asyncio.AbstractEventLoop, asyncio.Event] | None = None

    def leave(self) -> None:
        """From any thread: take no more requests, finish those that are there, and end."""
        self.should_exit = True
        if self._leaving is not None:
            loop, event = self._leaving
            loop.call_soon_threadsafe(event.set)

    async def main_loop(self) -> None:
        event = asyncio.Event()
        self._leaving = asyncio.get_running_loop(), event
        while not await self.on_tick(0):  # which also keeps the Date header right
            try:
                await asyncio.wait_for(event.wait(), timeout=1)
            except TimeoutError:
                continue

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:  # noqa: ARG002 - the base class's name
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        while self.server_state.connections or self.server_state.tasks:  # noqa: ASYNC110 - they tell nobody
            await asyncio.sleep(0.005)
        await self.lifespan.shutdown()
