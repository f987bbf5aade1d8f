"""CAD pushes while Temporal or PostgreSQL is away, and a hundred records a second: nothing is lost."""

import asyncio
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlmodel import Session, col, func, select

from calls.facts import CallFacts
from database.tables import CadRecordRow, CallRow
from starter.fictional_numbers import fictional_number
from tests.conftest import FIGURES
from tests.starter.load import Load, push_steadily, some_records
from tests.whole.conftest import BEGINS
from tests.whole.town import Town, running_town

SPEED = 10
"""Three minutes until a confirmation are 18 seconds."""
CANCELLED = {"event": "cancelled", "cancelled": "duplicate"}
SECOND_RECORDS: list[dict[str, Any]] = [{"event": "dispatched"}, CANCELLED, {"call_type": "ASSAULT"}]
CONFIRMED = 0
"""Which of these still gets its confirmation."""


@pytest.fixture
def busy_town(ottawa_with_numbers: Path, tmp_path: Path) -> Iterator[Town]:
    """A town whose number sends a hundred segments a second."""
    folder = tmp_path / "ottawa"
    shutil.copytree(ottawa_with_numbers, folder)
    identity = yaml.safe_load((folder / "agency.yaml").read_text(encoding="utf-8")) | {"segments_per_second": 100}
    (folder / "agency.yaml").write_text(yaml.safe_dump(identity), encoding="utf-8")
    with running_town(folder, speed=SPEED, begins=BEGINS, durable=True) as town:
        yield town


def received(index: int) -> dict[str, Any]:
    told = {"priority": "4", "call_type": "NOISE", "source": "phone", "language": "en"}
    return {
        "cad_id": f"A-{index}",
        "event": "received",
        "case_number": f"26-{index:06}",
        "phone": fictional_number(index),
        **told,
    }


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("records", "seconds"),
    [pytest.param(150, 8, id="short"), pytest.param(1000, 60, id="long", marks=pytest.mark.deep)],
)
def test_r4_while_temporal_is_away_every_record_is_accepted_and_every_call_is_right_afterwards(
    busy_town: Town, records: int, seconds: float, record_property: Any
) -> None:
    town, calls = busy_town, records // 2
    stream = [received(index) for index in range(calls)]
    stream += [{"cad_id": f"A-{index}", **SECOND_RECORDS[index % 3]} for index in range(calls)]
    temporal = town.supervisor.pid("Temporal")
    assert temporal is not None
    os.kill(temporal, signal.SIGKILL)  # nobody starts it again until the town is looked at
    load = asyncio.run(push_steadily(town.box.cad_url, stream, a_second=records / seconds, secret=town.box.cad_secret))
    record_property(FIGURES, f"Temporal away: {load}")
    assert load.statuses[202] == len(stream)
    assert set(load.statuses) <= {202, 503}
    assert _behind(town) > 0

    town.wait_for("Temporal to know everything", lambda: _behind(town) == 0, seconds=120)
    due = [index for index in range(calls) if index % 3 == CONFIRMED]
    town.wait_for("the confirmations", lambda: _phones(town) >= len(due), seconds=180)
    assert {number: len(texts) for number, texts in _texts(town).items()} == {fictional_number(i): 1 for i in due}
    for row, facts in _calls(town):
        kind = int(row.call_id.rpartition("-")[2]) % 3
        assert (facts.dispatched_at is not None, facts.cancelled is not None, facts.latch is not None) == (
            kind == 0,
            kind == 1,
            kind == 2,
        )


@pytest.mark.timeout(600)
def test_r4_postgresql_killed_in_mid_stream_what_was_accepted_is_kept_and_the_rest_comes_again(
    busy_town: Town, record_property: Any
) -> None:
    town, stream = busy_town, some_records(400, prefix="C")

    async def push() -> Load:
        pushing = asyncio.create_task(push_steadily(town.box.cad_url, stream, a_second=50, secret=town.box.cad_secret))
        await asyncio.sleep(2)
        postgres = town.supervisor.pid("PostgreSQL")
        assert postgres is not None
        os.kill(postgres, signal.SIGKILL)
        while not pushing.done():
            town.supervisor.poll()  # starts it again
            await asyncio.sleep(0.1)
        return pushing.result()

    load = asyncio.run(push())
    record_property(FIGURES, f"PostgreSQL killed: {load}")
    assert set(load.statuses) == {202, 503}
    assert load.statuses[202] == len(stream)
    assert len(_calls(town)) == len(stream) // 4
    assert all(facts.cleared_at is not None for _, facts in _calls(town))


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    "seconds", [pytest.param(8, id="short"), pytest.param(60, id="minute", marks=pytest.mark.deep)]
)
def test_a_hundred_records_a_second_are_accepted_and_none_is_lost(
    busy_town: Town, seconds: int, record_property: Any
) -> None:
    """Beside the whole service on the same machine, which forwards each change and sends the texts meanwhile."""
    stream = some_records(100 * seconds, prefix="B")
    load = asyncio.run(push_steadily(busy_town.box.cad_url, stream, a_second=100, secret=busy_town.box.cad_secret))
    record_property(FIGURES, f"A hundred a second: {load}")
    assert load.statuses[202] == len(stream)
    assert set(load.statuses) <= {202, 503}  # beside other tests the machine may not keep up: then they came again
    with Session(busy_town.engine) as session:
        kept = session.exec(select(func.count()).select_from(CadRecordRow)).one()
    assert kept == len(stream)
    assert all(facts.cleared_at is not None for _, facts in _calls(busy_town))


def _behind(town: Town) -> int:
    with Session(town.engine) as session:
        behind = (col(CallRow.signalled_version) < col(CallRow.version)) & col(CallRow.ended_reason).is_(None)
        return session.exec(select(func.count()).where(behind)).one()


def _calls(town: Town) -> list[tuple[CallRow, CallFacts]]:
    with Session(town.engine) as session:
        return [(row, CallFacts.model_validate(row.facts)) for row in session.exec(select(CallRow)).all()]


def _texts(town: Town) -> dict[str, list[str]]:
    texts = {
        phone["number"]: [m for m in phone["messages"] if m["direction"].startswith("outbound")]
        for phone in town.phones()
    }
    return {number: messages for number, messages in texts.items() if messages}


def _phones(town: Town) -> int:
    return len(_texts(town))
