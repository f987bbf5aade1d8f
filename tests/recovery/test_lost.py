"""R2, R6: a database is lost and restored, a Temporal is thrown away: nobody hears anything twice, nor after a STOP."""

import asyncio
import os
import random
import re
import signal
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import Session, col, select
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import DeleteWorkflowExecutionRequest
from temporalio.client import Client

from calls.contracts import workflow_id
from database.tables import CallRow
from local.ports import free_port
from payloads import data_converter
from tests.builders import minutes
from tests.campaign.ground import Ground, ground, in_a_hurry
from tests.campaign.script import some_calls
from tests.recovery.afternoon import (
    Afternoon,
    Seen,
    account,
    command,
    folder_for_backups,
    posts_since,
    some_stops,
    wait_until_over,
)
from tests.servers import create_database, drop_database

CALLS = 120
_ERRS = ({"what": "lose_answer", "probability": 0.1}, {"what": "no_callback", "probability": 0.3})


def an_afternoon(field: Ground, *, seed: int, patience: float) -> Afternoon:
    begins = field.clock.now() + timedelta(minutes=8)
    calls = some_calls(CALLS, begins=begins, over=timedelta(minutes=100), patience=patience, seed=seed)
    return Afternoon(ground=field, calls=calls, stops=some_stops(calls, seed=seed))


def all_is_well(seen: Seen, *, say: Callable[[str], None], what: str) -> None:
    say(
        f"{what}: {seen.due} texts due, {seen.on_phones} on the phones, {seen.surveys} of them surveys; not sent, with "
        f"the reason on record: {dict(seen.with_reason)}"
    )
    for one in (*seen.lost, *seen.open_still):
        say(f"lost, or open still: {one}")
    assert (list(seen.twice), list(seen.undue), list(seen.after_stop)) == ([], [], [])
    assert (list(seen.lost), list(seen.open_still)) == ([], [])
    assert seen.surveys >= CALLS // 3


@pytest.mark.deep
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("seed", [1, 2])
def test_r2_a_database_that_was_lost_and_restored_costs_no_text_and_repeats_none(tmp_path: Path, seed: int) -> None:
    say = print
    dice = random.Random(seed)
    with ground(in_a_hurry(tmp_path, segments_per_second=1000), seed=seed, workers=2, starters=1) as field:
        field.misbehave(*_ERRS, seed=seed)
        afternoon = an_afternoon(field, seed=seed, patience=270)
        begins = field.clock.now()
        afternoon.wait_until(begins + minutes(50))
        command(field, "backup", str(folder_for_backups(field)))
        as_of = field.clock.now()
        afternoon.wait_until(begins + minutes(85))
        lose_database(field, afternoon)
        time.sleep(3)  # people go on writing ARRET, and nobody hears
        say(command(field, "restore", str(folder_for_backups(field))))
        restored = datetime.now(UTC)
        command(field, "setup")
        field.troop.children = [field.box.starter(name="starter 1", metrics_port=free_port())]
        field.troop.children += [field.box.worker(name=f"worker {n}", metrics_port=free_port()) for n in (2, 3)]
        field.troop.start_all()
        early = command(field, "go", "--by", "Ada", "--why", "impatient", may_fail=True)
        assert "not recovered yet" in early
        say(command(field, "recover", may_fail=True))
        fed = afternoon.feed_again(since=as_of - minutes(30), dice=dice)
        told = command(field, "recover", "--cad-fed-again", "--by", "Ada", "--why", f"{fed} records")
        say(told)
        assert "0 that no call explains" in told
        say(command(field, "resync"))
        assert posts_since(field, restored) == []
        say(command(field, "go", "--by", "Ada", "--why", "recovered"))
        afternoon.end()
        wait_until_over(afternoon, seconds=240)
        all_is_well(account(afternoon), say=say, what=f"database lost, seed {seed}, {fed} records fed again")


@pytest.mark.deep
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("how", ["altogether", "in part"])
def test_r2_a_temporal_that_was_lost_costs_no_text_and_repeats_none(tmp_path: Path, how: str) -> None:
    say = print
    with ground(in_a_hurry(tmp_path, segments_per_second=1000), seed=3, workers=2, starters=1) as field:
        field.misbehave(*_ERRS, seed=3)
        afternoon = an_afternoon(field, seed=3, patience=110)
        afternoon.wait_until(field.clock.now() + minutes(85))
        if how == "altogether":
            lose_temporal(field)
        else:
            say(asyncio.run(lose_some(field, dice=random.Random(3))))
        looked = command(field, "resync")
        done = command(field, "resync", "--apply", "--ended-too", "--per-second", "50")
        say(looked + done)
        assert int((re.search(r"started: (\d+)", done) or [0, 0])[1]) >= CALLS // 8
        afternoon.end()
        wait_until_over(afternoon, seconds=240)
        all_is_well(account(afternoon), say=say, what=f"Temporal lost {how}")


def lose_database(field: Ground, afternoon: Afternoon) -> None:
    """It is gone with all that was in it, in the middle of the work; then the workers are ended."""
    url = field.box.owner_url
    server, _, name = url.rpartition("/")
    afternoon.nobody_listens()
    drop_database(f"{server}/postgres", name)
    field.troop.end()
    field.engine.dispose()
    create_database(f"{server}/postgres", name)


def lose_temporal(field: Ground) -> None:
    """Its process and its file; a new one starts with nothing."""
    pid = field.supervisor.pid("Temporal")
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    time.sleep(0.5)
    for path in field.box.state.home.glob("temporal.db*"):
        path.unlink()
    end = time.monotonic() + 30
    while time.monotonic() < end:
        field.supervisor.poll()
        if field.supervisor.pid("Temporal") not in (None, pid):
            break
        time.sleep(0.2)
    time.sleep(5)
    command(field, "setup")


async def lose_some(field: Ground, *, dice: random.Random) -> str:
    """A third of the open calls is deleted, a third terminated."""
    client = await Client.connect(field.box.environment()["TEMPORAL_ADDRESS"], data_converter=data_converter)
    with Session(field.engine) as session:
        ids = list(session.exec(select(CallRow.call_id).where(col(CallRow.ended_reason).is_(None))))
    deleted, terminated = 0, 0
    for call_id in ids:
        fate = dice.randrange(3)
        try:
            if fate == 0:
                execution = WorkflowExecution(workflow_id=workflow_id(call_id))
                await client.workflow_service.delete_workflow_execution(
                    DeleteWorkflowExecutionRequest(namespace=client.namespace, workflow_execution=execution)
                )
                deleted += 1
            elif fate == 1:
                await client.get_workflow_handle(workflow_id(call_id)).terminate("lost")
                terminated += 1
        except Exception:  # noqa: BLE001, S112 - it had just ended, or none was ever started
            continue
    await asyncio.sleep(2)
    return f"{deleted} workflows deleted, {terminated} terminated, of {len(ids)} open calls"
