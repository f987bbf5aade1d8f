"""Ready or not: one late answer changes nothing, a long silence does, and whoever asks never waits."""

import asyncio
import socket
import time
from collections.abc import Iterator
from contextlib import closing

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from local.ports import free_port
from watching.own_port import Health, answer, open_own_port
from watching.readiness import (
    EVERY_SECONDS,
    LIMIT_SECONDS,
    PATIENCE_SECONDS,
    Heartbeat,
    Readiness,
    Standing,
    database_answers,
)


class Watch:
    """A clock that tests turn."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def mute() -> Iterator[str]:
    """A database that takes the connection and never speaks."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        yield f"postgresql+psycopg://nobody@127.0.0.1:{server.getsockname()[1]}/none"


@given(st.lists(st.booleans(), max_size=60))
def test_readiness_follows_the_answers_late_and_never_flaps(answers: list[bool]) -> None:
    watch = Watch()
    standing = Standing(watch)
    states, last_well = [False], None
    for position, is_well in enumerate(answers):
        watch.now = position * EVERY_SECONDS
        standing.note(None if is_well else "no answer")
        last_well = watch.now if is_well else last_well
        states.append(standing.trouble() is None)
        if states[-1]:  # it is ready on no older word than this
            assert last_well is not None
            assert watch.now - last_well <= PATIENCE_SECONDS
        if states[-1] and not states[-2] and True in states[:-1]:  # back: twice in a row
            assert answers[position - 1 : position + 1] == [True, True]
        if states[-2] and not states[-1]:
            assert not any(answers[position - 4 : position])


def test_a_process_whose_checks_hang_is_not_ready_either() -> None:
    watch = Watch()
    standing = Standing(watch)
    standing.note(None)
    watch.now = PATIENCE_SECONDS
    assert standing.trouble() is None
    watch.now += 1
    assert standing.trouble() is not None


async def test_a_database_that_never_speaks_is_asked_for_three_seconds_and_whoever_asks_us_does_not_wait(
    mute: str,
) -> None:
    health = Health(readiness=Readiness({"database": database_answers(mute)}), heartbeat=Heartbeat())
    asking = asyncio.create_task(health.readiness.once())
    await asyncio.sleep(0.05)
    began = time.monotonic()
    assert answer(health, "/readyz")[0] == 503
    assert answer(health, "/livez") == (200, "alive\n")
    assert time.monotonic() - began < 0.05
    await asking
    assert time.monotonic() - began < LIMIT_SECONDS + 1
    assert answer(health, "/readyz") == (503, "database: no answer within 3 seconds\n")


async def test_a_database_that_answers_makes_a_process_ready_at_its_first_word(database_url: str) -> None:
    readiness = Readiness({"database": database_answers(database_url)})
    readiness.expect("Temporal")
    await readiness.once()
    assert readiness.troubles() == {"Temporal": "not asked yet"}


async def test_a_check_that_fails_says_its_kind_and_none_of_its_words() -> None:
    async def fails() -> str | None:
        raise ConnectionError("postgresql://user:secret@host")

    readiness = Readiness({"database": fails})
    await readiness.once()
    assert readiness.troubles() == {"database": "ConnectionError"}


def test_a_loop_that_stands_still_is_not_alive() -> None:
    watch = Watch()
    health = Health(readiness=Readiness({}), heartbeat=Heartbeat(watch))
    watch.now = 29
    assert answer(health, "/livez")[0] == 200
    watch.now = 31
    assert answer(health, "/livez") == (503, "stands still\n")


class Sdk:
    def read(self) -> bytes:
        return b"temporal_request 1\n"


def test_the_own_port_has_metrics_and_health_and_nothing_else() -> None:
    port = free_port()
    open_own_port("127.0.0.1", port, health=Health(readiness=Readiness({})), more=Sdk())
    told = {
        path: requests.get(f"http://127.0.0.1:{port}{path}", timeout=5)
        for path in ("/metrics", "/livez", "/readyz", "/", "/metrics/")
    }
    assert [told[path].status_code for path in told] == [200, 200, 200, 404, 404]
    assert "communityconnect_ready" in told["/metrics"].text
    assert told["/metrics"].text.endswith("temporal_request 1\n")
    assert "_created" not in told["/metrics"].text


def test_without_a_port_nothing_is_served() -> None:
    open_own_port("127.0.0.1", None)
