"""R2: "Stop everything", clicked in the console while hundreds of texts are due and the carrier is slow."""

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlmodel import Session, select

from calls.contracts import Kind
from database.staff import AuditEntryRow
from database.tables import SwitchRow
from local.child import Child
from settings import python
from tests.campaign.ground import Ground, ground, in_a_hurry
from tests.campaign.storm import fall_due, until_all_are_queued
from tests.campaign.troop import Troop
from tests.conftest import FIGURES
from tests.console.served import Staff
from web.staff.access.roles import Act, Role

TEXTS = 500
BEGUN = 30
"""So many POSTs, and somebody sees that it goes wrong."""
AT_MOST_SECONDS = 2.0
LONG_AFTER_SECONDS = 6


@pytest.mark.parametrize("kind", ["worker", "hesitant worker"])
def test_no_post_begins_more_than_two_seconds_after_somebody_stops_everything_in_the_console(
    tmp_path: Path, kind: str, record_property: Callable[[str, object], None]
) -> None:
    agency = in_a_hurry(tmp_path, segments_per_second=100)
    with ground(agency, seed=1, speed=1, workers=0, starters=1) as town:
        fall_due(town, range(TEXTS), kinds=[Kind.CONFIRMATION], queued=datetime.now(UTC))
        asyncio.run(until_all_are_queued(town, TEXTS))
        town.misbehave({"what": "slow_answer", "seconds": 1.0})
        troop = Troop(children=[town.box.console(), _worker(town, kind)], dice=random.Random(1))
        try:
            operator = _somebody_at_the_console(town)
            _wait_for(lambda: len(town.posts()) >= BEGUN, seconds=60)
            answer = operator.post("/service/stop/everything", why="wrong words in a text")
            assert answer.headers["Location"] == "/service?said=stopped"
            time.sleep(LONG_AFTER_SECONDS)
            page = operator.get("/service").text
        finally:
            troop.end()
        begun = [datetime.fromisoformat(post["arrived"]) for post in town.posts()]
        stopped = _switch(town)
    latest = (max(begun) - stopped.stopped_real).total_seconds()
    after = sum(post > stopped.stopped_real for post in begun)
    record_property(
        FIGURES,
        f"everything stopped in the console ({kind}): {len(begun)} of {TEXTS} texts begun, {after} of them after the "
        f"click, the latest {latest:+.2f} s from it",
    )
    assert BEGUN <= len(begun) < TEXTS
    assert latest <= AT_MOST_SECONDS
    assert "Everything is stopped" in page


def _worker(town: Ground, kind: str) -> Child:
    child = town.box.worker()
    return child if kind == "worker" else replace(child, argv=[python(), "-m", "tests.whole.hesitant_worker"])


def _somebody_at_the_console(town: Ground) -> Staff:
    staff = Staff(town.box.console_url)
    _wait_for(lambda: town.box.console().healthy(), seconds=30)
    assert staff.sign_in(Role.OPERATOR, town.box.console_password).status_code == 303
    return staff


def _switch(town: Ground) -> SwitchRow:
    """The one that was turned. Its time is taken just before the commit: nothing is counted that came before."""
    with Session(town.engine) as session:
        acts = session.exec(select(AuditEntryRow.act, AuditEntryRow.about)).all()
        assert (Act.STOP_SERVICE, "everything") in acts
        return session.exec(select(SwitchRow)).one()


def _wait_for(is_so: Callable[[], bool], *, seconds: float) -> None:
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.05)
