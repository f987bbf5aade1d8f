"""A blizzard day: the line drains in order, nothing stale is sent, nothing is lost, and the rate is kept."""

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest

from calls.contracts import Kind, LedgerState
from database.tables import TextRow
from local.ports import free_port
from tests.campaign.campaign import ledger
from tests.campaign.ground import Ground, ground, in_a_hurry
from tests.campaign.storm import (
    KINDS,
    Waiting,
    fall_due,
    in_the_queue,
    out_of_the_line_in_disorder,
    out_of_the_queue_in_disorder,
    until_all_are_queued,
    waits,
)
from tests.campaign.troop import Troop
from tests.conftest import FIGURES

RATE = 50
_UNSETTLED = (LedgerState.CLAIMED, LedgerState.SENDING, LedgerState.UNKNOWN)


def storm(folder: Path, *, texts: int, say: Callable[[str], None]) -> None:
    agency = in_a_hurry(
        folder,
        segments_per_second=RATE,
        confirmation={"expires_after": "60 min"},
        delay={"first_after": {3: "60 min", 4: "60 min"}, "expires_after": "60 min"},
    )
    at_first = texts * 9 // 10
    with ground(agency, seed=1, speed=1, workers=0, starters=1) as town:
        before = datetime.now(UTC)
        due = fall_due(town, range(at_first), kinds=KINDS, queued=before)
        asyncio.run(until_all_are_queued(town, at_first))
        begins = datetime.now(UTC)
        workers = [town.box.worker(name=f"worker {n}", metrics_port=free_port()) for n in range(2)]
        troop = Troop(children=workers, dice=random.Random(1))
        try:
            _wait_for(lambda: len(town.posts()) > at_first // 6, seconds=60)
            due += fall_due(town, range(at_first, texts), kinds=[Kind.CONFIRMATION], queued=datetime.now(UTC))
            _wait_for(lambda: _all_settled(town, due), seconds=60 + 6 * texts / RATE)
            queue = asyncio.run(in_the_queue(town, due))  # before its workers end: they report the last text's end
        finally:
            troop.end()
        rows = {row.id: row for row in ledger(town) if row.policy_version != "x"}
        messages = town.messages()
    _nothing_is_twice_stale_or_lost(due, rows, messages)
    arrived = {_row(rows, message).call_id or "": datetime.fromisoformat(message["created"]) for message in messages}
    assert out_of_the_queue_in_disorder(due, queue) == []
    assert out_of_the_line_in_disorder(due, queue, arrived) == []
    _the_rate_is_kept(messages)
    expired = sum(row.state == LedgerState.EXPIRED for row in rows.values())
    segments = sum(int(message["segments"]) for message in messages)
    took = (max(arrived.values()) - min(arrived.values())).total_seconds()
    say(
        f"storm of {texts} texts at {RATE} segments a second: {len(messages)} went out ({segments} segments in "
        f"{took:.0f} s), {expired} had become stale; waited: {waits(due, arrived, since=begins)}"
    )


def _all_settled(town: Ground, due: Sequence[Waiting]) -> bool:
    settled = {(row.call_id, row.kind) for row in ledger(town) if row.state not in _UNSETTLED}
    return all((text.call_id, text.kind) in settled for text in due)


def _nothing_is_twice_stale_or_lost(
    due: Sequence[Waiting], rows: dict[UUID, TextRow], messages: Sequence[dict[str, Any]]
) -> None:
    sent = [_row(rows, message) for message in messages]
    assert len({row.id for row in sent}) == len(sent)
    for row, message in zip(sent, messages, strict=True):
        # One clock: the service's ran at real speed from its own origin; a row settled after its expiry was stale.
        assert row.settled_at is not None, message["sid"]
        assert row.settled_at < row.expires_at
    went = {(row.call_id, row.kind) for row in sent}
    expired = {(row.call_id, row.kind) for row in rows.values() if row.state == LedgerState.EXPIRED}
    assert {(text.call_id, text.kind) for text in due} == went | expired
    assert not went & expired
    assert {kind for _, kind in expired} == {Kind.SURVEY}


def _the_rate_is_kept(messages: Sequence[dict[str, Any]]) -> None:
    sent = sorted((datetime.fromisoformat(m["created"]).timestamp(), int(m["segments"])) for m in messages)
    most = max(segments for _, segments in sent)
    for begin in range(0, len(sent), 7):
        total = 0
        for when, segments in sent[begin:]:
            total += segments
            assert total <= RATE * (when - sent[begin][0] + 1.5) + most


def _row(rows: dict[UUID, TextRow], message: dict[str, Any]) -> TextRow:
    return rows[UUID(parse_qs(urlsplit(message["status_callback"]).query)["mid"][0])]


def _wait_for(is_so: Callable[[], bool], *, seconds: float) -> None:
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.2)


@pytest.mark.timeout(300)
def test_a_storm_of_three_hundred_texts_drains_in_order(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    storm(tmp_path, texts=300, say=lambda line: record_property(FIGURES, line))


@pytest.mark.deep
@pytest.mark.timeout(3600)
def test_a_storm_of_five_thousand_texts_drains_in_order(tmp_path: Path) -> None:
    storm(tmp_path, texts=5000, say=print)
