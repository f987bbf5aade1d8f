"""`communityconnect setup`: brings database and Temporal to what this version needs. Safe to run again."""

import asyncio
import time
from collections.abc import Callable
from datetime import timedelta

from google.protobuf.duration_pb2 import Duration
from sqlalchemy import URL, Engine
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.namespace.v1 import NamespaceConfig
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest, RegisterNamespaceRequest, UpdateNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from calls.contracts import SEARCH_ATTRIBUTES
from cli.forget_schedule import set_up_forget_schedule
from cli.issues_schedule import set_up_issues_schedule
from cli.open_data_schedule import set_up_open_data_schedule
from cli.reconcile_schedule import set_up_schedule
from database import migrate
from database.roles import grant_service

Say = Callable[[str], None]

RETENTION = timedelta(days=30)
"""So long Temporal keeps the history of a call that is over: people look at it, and nothing else needs it."""
_OLD_SCHEDULE = "overdue-texts"
_KNOWN_AFTER_SECONDS = 60.0
_ASK_AGAIN_AFTER_SECONDS = 0.5


def set_up_database(owner: Engine, *, service: URL, say: Say) -> None:
    """Run the migrations that are missing, as the owner, and grant the service's role what it needs.

    Raises:
        RoleError: there is no such role, and the owner may not make one.
    """
    before = migrate.current_revision(owner)
    migrate.upgrade(owner)
    after = migrate.current_revision(owner)
    say(f"database: at revision {after}" + ("" if before == after else f" (was {before or 'empty'})"))
    if service.username == owner.url.username:
        say("database: the service owns its tables, and the audit log is protected by its trigger alone")
        return
    grant_service(owner, service)
    say(f"database: {service.username} may do what the service does, and only add to the audit log")


async def set_up_temporal(client: Client, *, zone: str, say: Say) -> None:
    """Namespace, search attributes, and the schedules; those of the nights in the agency's `zone`.

    Raises:
        RPCError: Temporal refuses; on Temporal Cloud, namespaces and search attributes are made in its own console.
    """
    await _namespace(client, say=say)
    await _search_attributes(client, say=say)
    await _no_old_schedule(client, say=say)
    say(f"temporal: the reconciler's schedule {await set_up_schedule(client)}")
    say(f"temporal: the schedule of emerging issues {await set_up_issues_schedule(client, zone=zone)}")
    say(f"temporal: the schedule of open data {await set_up_open_data_schedule(client, zone=zone)}")
    say(f"temporal: the schedule of forgetting {await set_up_forget_schedule(client, zone=zone)}")


async def missing_search_attributes(client: Client) -> list[str]:
    """The names that are not registered, or not with our type."""
    request = ListSearchAttributesRequest(namespace=client.namespace)
    registered = (await client.operator_service.list_search_attributes(request)).custom_attributes
    return [name for name, type_ in SEARCH_ATTRIBUTES.items() if registered.get(name) != indexed_type(type_)]


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
        await _keep_long_enough(client, say=say)
        return
    await client.workflow_service.register_namespace(
        RegisterNamespaceRequest(
            namespace=client.namespace,
            workflow_execution_retention_period=_as_duration(RETENTION),
        )
    )
    await _known(client)
    say(f"temporal: made namespace {client.namespace}")


async def retention_of(client: Client) -> timedelta:
    """How long the namespace keeps the history of a workflow that has ended."""
    there = await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace=client.namespace))
    return there.config.workflow_execution_retention_ttl.ToTimedelta()


async def _keep_long_enough(client: Client, *, say: Say) -> None:
    """Whoever made the namespace may have left Temporal's own default, a day or three. Longer is left."""
    if await retention_of(client) >= RETENTION:
        return
    config = NamespaceConfig(workflow_execution_retention_ttl=_as_duration(RETENTION))
    await client.workflow_service.update_namespace(UpdateNamespaceRequest(namespace=client.namespace, config=config))
    say(f"temporal: histories are kept for {RETENTION.days} days")


def _as_duration(span: timedelta) -> Duration:
    return Duration(seconds=int(span.total_seconds()))


async def _known(client: Client) -> None:
    """A namespace that was made a moment ago is not known everywhere in Temporal for some seconds."""
    deadline = time.monotonic() + _KNOWN_AFTER_SECONDS
    while True:
        try:
            await missing_search_attributes(client)
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND or time.monotonic() > deadline:
                raise
        else:
            return
        await asyncio.sleep(_ASK_AGAIN_AFTER_SECONDS)


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


async def _no_old_schedule(client: Client, *, say: Say) -> None:
    """Until 0002 the sweep for overdue texts was a workflow; now the starter sweeps (docs/decisions/0015)."""
    try:
        await client.get_schedule_handle(_OLD_SCHEDULE).delete()
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
    else:
        say(f"temporal: removed the schedule {_OLD_SCHEDULE}: the starter sweeps now")


def indexed_type(type_: str) -> "IndexedValueType.ValueType":
    return {
        "Keyword": IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
        "Int": IndexedValueType.INDEXED_VALUE_TYPE_INT,
    }[type_]
