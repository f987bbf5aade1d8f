"""`communityconnect setup`: brings database and Temporal to what this version needs. Safe to run again."""

from collections.abc import Callable
from datetime import timedelta

from google.protobuf.duration_pb2 import Duration
from sqlalchemy import Engine
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest, RegisterNamespaceRequest
from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleIntervalSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleSpec,
)
from temporalio.service import RPCError, RPCStatusCode

from calls.clock import Clock
from calls.contracts import OVERDUE_TEXTS_SCHEDULE, OVERDUE_TEXTS_WORKFLOW, SEARCH_ATTRIBUTES, TASK_QUEUE
from database import migrate

Say = Callable[[str], None]

_RETENTION = timedelta(days=30)
_SWEEP_EVERY = timedelta(minutes=5)
_SWEEP_AT_MOST_EVERY = timedelta(seconds=30)  # real time, for demonstrations on a fast clock


def set_up_database(engine: Engine, *, say: Say) -> None:
    """Run the migrations that are missing."""
    before = migrate.current_revision(engine)
    migrate.upgrade(engine)
    after = migrate.current_revision(engine)
    say(f"database: at revision {after}" + ("" if before == after else f" (was {before or 'empty'})"))


async def set_up_temporal(client: Client, *, clock: Clock, say: Say) -> None:
    """Namespace, search attributes, schedules.

    Raises:
        RPCError: Temporal refuses; on Temporal Cloud, namespaces and search attributes are made in its own console.
    """
    await _namespace(client, say=say)
    await _search_attributes(client, say=say)
    await _schedules(client, clock=clock, say=say)


async def missing_search_attributes(client: Client) -> list[str]:
    """The names that are not registered, or not with our type."""
    request = ListSearchAttributesRequest(namespace=client.namespace)
    registered = (await client.operator_service.list_search_attributes(request)).custom_attributes
    return [name for name, type_ in SEARCH_ATTRIBUTES.items() if registered.get(name) != indexed_type(type_)]


async def has_schedule(client: Client) -> bool:
    """The sweep for overdue texts is scheduled."""
    try:
        await client.get_schedule_handle(OVERDUE_TEXTS_SCHEDULE).describe()
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return False
        raise
    return True


async def has_namespace(client: Client) -> bool:
    """The namespace that the environment names is there."""
    try:
        await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace=client.namespace))
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return False
        raise
    return True


async def _namespace(client: Client, *, say: Say) -> None:
    if await has_namespace(client):
        say(f"temporal: namespace {client.namespace} is there")
        return
    await client.workflow_service.register_namespace(
        RegisterNamespaceRequest(
            namespace=client.namespace,
            workflow_execution_retention_period=Duration(seconds=int(_RETENTION.total_seconds())),
        )
    )
    say(f"temporal: made namespace {client.namespace}; it takes some seconds to be known everywhere")


async def _search_attributes(client: Client, *, say: Say) -> None:
    missing = await missing_search_attributes(client)
    if missing:
        await client.operator_service.add_search_attributes(
            AddSearchAttributesRequest(
                namespace=client.namespace,
                search_attributes={name: indexed_type(SEARCH_ATTRIBUTES[name]) for name in missing},
            )
        )
    say("temporal: search attributes " + (f"registered: {', '.join(missing)}" if missing else "are there"))


async def _schedules(client: Client, *, clock: Clock, say: Say) -> None:
    interval = max(clock.real_duration(_SWEEP_EVERY), _SWEEP_AT_MOST_EVERY)
    schedule = Schedule(
        action=ScheduleActionStartWorkflow(OVERDUE_TEXTS_WORKFLOW, id=OVERDUE_TEXTS_SCHEDULE, task_queue=TASK_QUEUE),
        spec=ScheduleSpec(intervals=[ScheduleIntervalSpec(every=interval)]),
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=timedelta(minutes=1)),
    )
    try:
        await client.create_schedule(OVERDUE_TEXTS_SCHEDULE, schedule)
    except ScheduleAlreadyRunningError:
        say(f"temporal: schedule {OVERDUE_TEXTS_SCHEDULE} is there")
    else:
        say(f"temporal: made schedule {OVERDUE_TEXTS_SCHEDULE}, every {interval}")


def indexed_type(type_: str) -> "IndexedValueType.ValueType":
    return {
        "Keyword": IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
        "Int": IndexedValueType.INDEXED_VALUE_TYPE_INT,
    }[type_]
