"""R4: the same calls through all four ways at once, out of order and overlapping, end in the same records and texts."""

import random
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import FIGURES
from tests.whole.four_ways import (
    Snapshot,
    Ways,
    a_town_with_four_ways,
    facts_of,
    five_hundred_calls,
    folder_for_all_ways,
    records_in,
    send_what_is_due,
    tell_by_all_ways_at_once,
)

SEED = 7


@pytest.mark.timeout(600)
@pytest.mark.parametrize("count", [150, pytest.param(500, marks=pytest.mark.deep)])
def test_r4_calls_by_four_ways_are_the_same_records_and_texts_as_by_one(
    tmp_path: Path, record_property: Any, count: int
) -> None:
    calls = five_hundred_calls()[-count:]  # the first have expired when they are told
    agency = folder_for_all_ways(tmp_path / "new-york")
    with a_town_with_four_ways(agency, tmp_path / "by-one") as ways:
        ways.push([snapshot for snapshots in calls for snapshot in snapshots])
        facts = facts_of(ways.town)
        texts = send_what_is_due(ways.town)
        phones = phones_of(ways)
    assert len(facts) == len(calls)
    assert len(phones) > count // 10

    with a_town_with_four_ways(agency, tmp_path / "by-four") as ways:
        tell_by_all_ways_at_once(ways, calls, random.Random(SEED))
        ways.town.wait_for("every file to be taken in", lambda: is_empty(ways, calls), seconds=120)
        ways.town.wait_for("the view to be read", lambda: facts_of(ways.town) == facts, seconds=60)
        told = records_in(ways.town)
        assert send_what_is_due(ways.town) == texts
        assert phones_of(ways) == phones
        assert not list((ways.folder / "failed").glob("*"))
    assert set(told) == {"cad", "view", "folder"}
    record_property(FIGURES, f"Records by feed: {told}; texts: {dict(Counter(texts.values()))}; {len(phones)} phones")


def is_empty(ways: Ways, calls: Sequence[Sequence[Snapshot]]) -> bool:
    return not any(ways.folder.glob("*.csv")) and not any(ways.folder.glob("taking/*/*.csv"))


def phones_of(ways: Ways) -> dict[str, list[str]]:
    """What each phone has got, the survey's links apart: each has its own."""
    return {
        phone["number"]: [message["body"].partition("http")[0] for message in phone["messages"]]
        for phone in ways.town.phones()
        if phone["messages"]
    }
