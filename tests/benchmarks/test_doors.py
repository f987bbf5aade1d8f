"""The doors' loop, and, with real processes, that each door gives its figures."""

import asyncio

import pytest

from benchmarks.doors.accept import BATCH, accept
from benchmarks.doors.loop import closed_loop
from benchmarks.doors.surveys import survey


async def test_so_many_ask_at_once_each_work_is_done_once_and_the_first_ones_do_not_count() -> None:
    asking, most, done = 0, 0, list[int]()

    async def ask(work: int) -> None:
        nonlocal asking, most
        asking += 1
        most = max(most, asking)
        await asyncio.sleep(0)
        done.append(work)
        asking -= 1

    loop = await closed_loop(iter(range(50)), ask, at_once=4, warm_up=10)
    assert sorted(done) == list(range(50))
    assert most == 4
    assert len(loop.seconds) == 40
    assert loop.a_second == pytest.approx(40 / loop.took)


async def test_after_its_time_nothing_more_is_begun() -> None:
    async def ask(_work: int) -> None:
        await asyncio.sleep(0.001)

    loop = await closed_loop(iter(range(10**9)), ask, at_once=4, warm_up=1, seconds=0.05)
    assert 0.05 <= loop.took < 10


@pytest.mark.deep
async def test_records_are_accepted_one_by_one_and_in_batches() -> None:
    one, many = await accept(batch=1, seconds=0.5), await accept(batch=BATCH, seconds=0.5)
    assert one["records_per_s"] > 1
    assert many["records_per_s"] > 1
    assert one["cpu_ms_cad"] > 0


@pytest.mark.deep
async def test_surveys_are_opened_and_sent() -> None:
    figures = await survey(surveys=20)
    assert figures["n"] == figures["page_n"] == figures["answer_n"] == 20
