"""Who is measured: each takes the same steps of a call's life from the driver."""

from typing import Protocol

from temporalio.client import Client

from benchmarks.bare import QUEUE, TUNED, BareCall, BareCallUpdates
from benchmarks.ground import Ground


class Contestant(Protocol):
    """Calls are numbers from 0 on. Each step returns when it was taken in: by Temporal, a database, or our port."""

    name: str
    parts: tuple[str, ...]
    """Its processes, as the supervisor knows them; the driver counts besides."""
    posts: int
    """Texts at the carrier per lifecycle."""

    async def begin(self, ground: Ground) -> None:
        """Start its processes on the ground's servers, until they are ready."""

    async def received(self, number: int) -> None: ...

    async def dispatched(self, number: int) -> None: ...

    async def cleared(self, number: int) -> None: ...

    def workflow(self, number: int) -> str:
        """The id of the call's workflow."""

    async def end(self) -> None:
        """Let go what the driver holds; the ground stops the processes."""


class Bare:
    """The bare workflow. Its activities do nothing, or make one raw POST. The engine as it comes is what our service is
    compared with; `is_tuned`: without the sandbox, and with our worker's settings."""

    parts: tuple[str, ...] = ("Temporal", "worker")

    def __init__(
        self,
        *,
        posts_raw: bool = False,
        is_delayed: bool = True,
        cache: int | None = None,
        is_tuned: bool = False,
    ) -> None:
        more = [name for name, has in (("raw POST", posts_raw), ("tuned as ours", is_tuned)) if has]
        self.name = ", ".join(["bare engine", *more])
        self._arguments = [TUNED] if is_tuned else []
        self.posts = (3 if is_delayed else 2) if posts_raw else 0
        self._posts_raw, self._is_delayed, self._cache = posts_raw, is_delayed, cache
        self._carrier = ""

    async def begin(self, ground: Ground) -> None:
        self._carrier = f"{ground.carrier}/raw" if self._posts_raw else ""
        ground.start(ground.python("benchmarks.bare", ground.temporal, *self._arguments), cache=self._cache)
        self._client = await Client.connect(ground.temporal)

    async def received(self, number: int) -> None:
        call = BareCall(number=number, carrier=self._carrier, is_delayed=self._is_delayed)
        await self._client.start_workflow(BareCallUpdates.run, call, id=self.workflow(number), task_queue=QUEUE)

    async def dispatched(self, number: int) -> None:
        await self._client.get_workflow_handle(self.workflow(number)).signal("dispatched")

    async def cleared(self, number: int) -> None:
        await self._client.get_workflow_handle(self.workflow(number)).signal("cleared")

    def workflow(self, number: int) -> str:
        return f"call-bare-{number}"

    async def end(self) -> None:
        """Nothing is held."""
