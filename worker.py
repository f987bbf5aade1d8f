"""The worker: registers workflows and activities, and polls Temporal for their tasks."""

import asyncio
import math
import os
import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client
from temporalio.common import VersioningBehavior, WorkerDeploymentVersion
from temporalio.worker import UnsandboxedWorkflowRunner, Worker, WorkerDeploymentConfig

from activities.call_in_logs import CallInLogs
from activities.carrier_client import CarrierClient
from activities.find_issues import IssueActivities
from activities.forgetting import ForgetActivities
from activities.open_data import OpenDataActivities
from activities.reconcile import ReconcileActivities
from activities.services import TextServices
from activities.texts import TextActivities
from activities.told_in_time import watch_ledger
from calls.contracts import RECONCILER_TASK_QUEUE, TASK_QUEUE
from calls.versions import identity_of
from database.encryption import keyring_of
from database.engine import connect
from database.recovery import epoch_now
from logs import configure_logging
from policy.agency import load_agency
from settings import Settings, load_settings
from temporal_client import SdkMetrics, connect_temporal
from watching.own_port import Health, open_own_port
from watching.readiness import Check, Heartbeat, Readiness, database_answers
from watching.stopping import Stopped, stop_at_signals, unless_stopped
from workflow_sandbox import workflow_runner
from workflows.call_updates import CallUpdates
from workflows.find_issues import FindIssues
from workflows.forget import Forget
from workflows.prepare_open_data import PrepareOpenData
from workflows.reconcile import Reconcile

log = structlog.get_logger()

# Longer than the HTTP timeout (10 s) and the database's (10 s) together: a text that is being sent is finished, not
# repeated by the next worker. Whoever stops us must wait longer still (docker-compose: 60 s).
_GRACE = timedelta(seconds=25)
_FEWEST = 4
_FROZEN_SECONDS = 15.0
_FIRST_PAUSE_SECONDS = 0.25
_LONGEST_PAUSE_SECONDS = 10.0
# A worker remembers the calls that it had, and Temporal brings their tasks to it. When it is dead they wait so long for
# it before another one gets them; as the SDK has it, ten seconds.
_ANOTHER_WORKER_AFTER = timedelta(seconds=3)
# Half of them for calls that no worker remembers: all, when a fresh one starts. As the SDK has it that is one of five.
_POLLS = 10
_OF_THEM_FOR_THE_UNKNOWN = 0.5
# More at once would be no quicker, for they share the interpreter's lock, and each slower: the SDK takes for hung what
# has not answered in two seconds, and fails its task.
_TASKS_AT_ONCE = 16
# A poll that gets no task lasts a minute.
_POLLED_WITHIN = timedelta(seconds=90)


def text_services(settings: Settings) -> TextServices:
    """What the activities need of the world, from the settings."""
    return TextServices(
        # One for each thread, the reconciler's too: nobody waits for a connection that another holds.
        engine=connect(settings.database_url.get_secret_value(), pool_size=settings.worker_threads + 1),
        carrier=CarrierClient(
            account_sid=settings.twilio_account_sid,
            auth_token=settings.twilio_auth_token.get_secret_value(),
            address=str(settings.twilio_address),
            timeout_seconds=settings.twilio_timeout_seconds,
        ),
        keyring=keyring_of(settings),
        agency=load_agency(settings.agency),
        clock=settings.clock,
        origin=settings.origin,
        unknown_wait=timedelta(seconds=settings.unknown_wait_seconds),
    )


def release_of(settings: Settings) -> WorkerDeploymentConfig | None:
    """R8: a call ends on the release on which it began. `None`: workers are not versioned.

    Never said of a workflow itself: on a worker that is not versioned the server then refuses every one of its tasks.
    """
    if not settings.deployment_name:
        return None
    return WorkerDeploymentConfig(
        version=WorkerDeploymentVersion(deployment_name=settings.deployment_name, build_id=settings.build_id),
        use_worker_versioning=True,
        default_versioning_behavior=VersioningBehavior.PINNED,
    )


def build_worker(
    client: Client,
    services: TextServices,
    *,
    threads: int,
    release: WorkerDeploymentConfig | None = None,
    epoch: int = 0,
) -> Worker:
    """A worker for the calls. Activities are plain functions on at most `threads` threads. In Temporal it is named with
    the `epoch` of its database."""
    threads = in_hand_at_once(services.segments_per_second, threads=threads)
    return Worker(
        client,
        task_queue=TASK_QUEUE,
        workflows=[CallUpdates],
        activities=[TextActivities(services).send_text],
        activity_executor=ThreadPoolExecutor(max_workers=threads, thread_name_prefix="activity"),
        max_concurrent_activities=threads,
        max_concurrent_workflow_tasks=_TASKS_AT_ONCE,
        max_concurrent_workflow_task_polls=_POLLS,
        nonsticky_to_sticky_poll_ratio=_OF_THEM_FOR_THE_UNKNOWN,
        sticky_queue_schedule_to_start_timeout=_ANOTHER_WORKER_AFTER,
        graceful_shutdown_timeout=_GRACE,
        workflow_runner=UnsandboxedWorkflowRunner(),  # tests and replays run them in the sandbox: decision 0050
        interceptors=[CallInLogs()],
        deployment_config=release,
        identity=identity_of(client.identity, epoch=epoch),
    )


async def epoch_of(engine: Engine) -> int:
    """The database's, once it answers. In a thread: to ask may take longer than this process may stand still."""

    def ask() -> int:
        with Session(engine) as session:
            return epoch_now(session)

    pause = _FIRST_PAUSE_SECONDS
    while True:
        try:
            return await asyncio.to_thread(ask)
        except SQLAlchemyError:
            log.warning("the database does not answer; trying again", pause_seconds=pause)
        await asyncio.sleep(pause)
        pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)


def build_reconciler(
    client: Client, services: TextServices, *, release: WorkerDeploymentConfig | None = None
) -> Worker:
    """A worker for what looks after the texts. On a queue of its own, one thing at a time: no text waits for it."""
    reconciling, forgetting = ReconcileActivities(services), ForgetActivities(services)
    open_data = OpenDataActivities(services)
    return Worker(
        client,
        task_queue=RECONCILER_TASK_QUEUE,
        workflows=[Reconcile, FindIssues, PrepareOpenData, Forget],
        activities=[
            reconciling.settle_texts,
            reconciling.sum_a_day,
            reconciling.forget_bodies,
            reconciling.cut_surveys,
            IssueActivities(services).look_at_days,
            open_data.due_quarters,
            open_data.prepare_quarter,
            forgetting.forget_some,
            forgetting.clear_away,
        ],
        activity_executor=ThreadPoolExecutor(max_workers=1, thread_name_prefix="reconciler"),
        max_concurrent_activities=1,
        graceful_shutdown_timeout=_GRACE,
        workflow_runner=workflow_runner(),
        deployment_config=release,
    )


def in_hand_at_once(segments_per_second: float | None, *, threads: int) -> int:
    """How many texts a worker takes in hand. The fewer, the more strictly Temporal's queue decides what goes first; but
    a number that sends 100 segments a second needs more than four to be kept busy."""
    return threads if segments_per_second is None else min(threads, max(_FEWEST, math.ceil(2 * segments_per_second)))


async def die_if_frozen() -> None:
    """R2: a process that stood still for longer must not go on where it was, a moment before a POST, perhaps.

    By then another worker may have sent the text. The kernel's timer ends us before we run again; no code of ours can
    look at a clock late enough. Nobody else has begun before: lease (25 s), timeout and two minutes are longer.
    """
    while True:
        signal.setitimer(signal.ITIMER_REAL, _FROZEN_SECONDS)
        await asyncio.sleep(1)


def polls(client: Client, *, identity: str, is_running: Callable[[], bool]) -> Check:
    """Is the worker of this name among those that Temporal hands the calls' tasks to? Temporal itself says so."""
    queue = TaskQueue(name=TASK_QUEUE)
    request = DescribeTaskQueueRequest(
        namespace=client.namespace, task_queue=queue, task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW
    )

    async def check() -> str | None:
        answer = await client.workflow_service.describe_task_queue(request)
        recently = time.time() - _POLLED_WITHIN.total_seconds()
        mine = [one for one in answer.pollers if one.identity == identity]
        if not is_running() or not any(one.last_access_time.seconds >= recently for one in mine):
            return "this process does not poll"
        return None

    return check


async def run(settings: Settings) -> None:
    """Work until SIGTERM or SIGINT, then finish what is being sent."""
    stop = stop_at_signals()
    database = database_answers(settings.database_url.get_secret_value())
    heartbeat = Heartbeat()
    health = Health(readiness=Readiness({"database": database}), heartbeat=heartbeat)
    health.readiness.expect("Temporal")
    beside = [asyncio.create_task(one) for one in (die_if_frozen(), heartbeat.beat(), health.readiness.watch())]
    sdk = None if settings.metrics_port is None else SdkMetrics()
    open_own_port(settings.metrics_host, settings.metrics_port, health=health, more=sdk)
    services = text_services(settings)
    watch_ledger(services.clock)
    release = release_of(settings)
    with suppress(Stopped):
        client = await unless_stopped(connect_temporal(metrics=sdk, of_a_service=True), stop)
        epoch = await unless_stopped(epoch_of(services.engine), stop)
        calls = build_worker(client, services, threads=settings.worker_threads, release=release, epoch=epoch)
        async with calls, build_reconciler(client, services, release=release) as reconciler:
            identity = identity_of(client.identity, epoch=epoch)
            is_polling = polls(client, identity=identity, is_running=lambda: calls.is_running and reconciler.is_running)
            health.readiness.add("Temporal", is_polling)
            version = services.agency.version
            log.info("worker ready", agency=services.agency.key, policy=version, build=settings.build_id)
            await stop.wait()
    log.info("worker stopped")
    for task in beside:
        task.cancel()


def main() -> None:
    """Run a worker with the settings from the environment."""
    settings = load_settings()
    configure_logging(service="worker", format_=settings.log_format)
    asyncio.run(run(settings))
    # The SDK's threads abort the interpreter's exit now and then (sdk-python #300); everything of ours is finished.
    os._exit(0)


if __name__ == "__main__":
    main()
