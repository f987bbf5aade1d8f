"""The lines between the service and what it needs: a process that passes bytes on, and on request does not.

`python -m tests.chaos.network NAME=LISTENS:LEADS …`; a line on its standard input sets what happens on a line from now
on: `{"line": NAME, "how": "well" | "cut" | "hang" | "slow"}`. It ends with its standard input.
"""

import asyncio
import json
import sys
from contextlib import suppress
from dataclasses import dataclass, field

from local.ports import LOOPBACK

_SLOW_SECONDS = 0.4
_CHUNK = 65_536


@dataclass(eq=False)
class Line:
    """One line: where it listens, and where it leads."""

    listens: int
    leads: int
    how: str = "well"
    _open: set[asyncio.StreamWriter] = field(default_factory=set)
    _passes: asyncio.Event = field(default_factory=asyncio.Event)

    def becomes(self, how: str) -> None:
        """`cut`: what is open breaks, and what comes does. `hang`: connections are accepted, and nothing passes."""
        self.how = how
        if how == "hang":
            self._passes.clear()
        else:
            self._passes.set()
        if how == "cut":
            for writer in self._open:
                writer.transport.abort()

    async def serve(self) -> None:
        self._passes.set()
        await asyncio.start_server(self._connect, LOOPBACK, self.listens, backlog=500)

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.how == "cut":
            writer.transport.abort()
            return
        self._open.add(writer)
        try:
            await self._passes.wait()
            far_reader, far_writer = await asyncio.open_connection(LOOPBACK, self.leads)
        except OSError:
            writer.transport.abort()
            self._open.discard(writer)
            return
        self._open.add(far_writer)
        try:
            with suppress(OSError):  # it broke on one side, and so does the other
                await asyncio.gather(self._pump(reader, far_writer), self._pump(far_reader, writer))
        finally:
            self._open -= {writer, far_writer}
            writer.transport.abort()
            far_writer.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while chunk := await reader.read(_CHUNK):
            await self._passes.wait()
            if self.how == "slow":
                await asyncio.sleep(_SLOW_SECONDS)
            writer.write(chunk)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()


async def main(given: list[str]) -> None:
    lines = {}
    for one in given:
        name, _, ports = one.partition("=")
        listens, _, leads = ports.partition(":")
        lines[name] = Line(int(listens), int(leads))
        await lines[name].serve()
    orders = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    while order := await orders.readline():
        asked = json.loads(order)
        lines[asked["line"]].becomes(asked["how"])


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
