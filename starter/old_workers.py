"""R2 after a restore: a worker that still works for the database of before would send by another ledger."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client

from calls.contracts import TASK_QUEUE
from calls.versions import epoch_of_identity

LONGEST_POLL: Final = timedelta(seconds=70)
"""A worker asks for work at least once a minute: one that was not heard of for longer is gone."""


@dataclass(frozen=True, kw_only=True)
class OldWorker:
    """A worker, as it names itself in Temporal: process and machine."""

    identity: str
    last_seen: datetime


async def old_workers(client: Client, *, epoch: int) -> list[OldWorker]:
    """Those that have asked for work lately (Temporal remembers five minutes), and were not started on this database.

    Raises:
        RPCError: Temporal cannot say it.
    """
    found: dict[str, OldWorker] = {}
    for type_ in (TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY, TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW):
        request = DescribeTaskQueueRequest(
            namespace=client.namespace, task_queue=TaskQueue(name=TASK_QUEUE), task_queue_type=type_
        )
        for poller in (await client.workflow_service.describe_task_queue(request)).pollers:
            seen = poller.last_access_time.ToDatetime(tzinfo=UTC)
            if epoch_of_identity(poller.identity) < epoch:
                before = found.get(poller.identity)
                seen = seen if before is None else max(seen, before.last_seen)
                found[poller.identity] = OldWorker(identity=poller.identity, last_seen=seen)
    return sorted(found.values(), key=lambda one: one.identity)
