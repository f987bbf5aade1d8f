"""What `make chaos` draws from a seed, and how a plan that failed is made smaller."""

from collections import Counter
from datetime import timedelta
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest

from tests.chaos.drawing import draw, hows_of
from tests.chaos.lives import Record
from tests.chaos.plan import CARRIER, LINES, PROCESSES, Plan, read_plan
from tests.chaos.record import PAGE, played, run_of, table
from tests.chaos.run import happened
from tests.chaos.shrinking import smallest_that

drawn = cache(draw)


@pytest.fixture(scope="module", params=[1, 2], ids=["ottawa-day", "new-york"])
def plan(request: pytest.FixtureRequest) -> Plan:
    return drawn(request.param)


def records(plan: Plan) -> list[Record]:
    return [record for push in plan.pushes for record in push.records]


def test_the_same_seed_draws_the_same_plan_and_another_another(plan: Plan) -> None:
    assert draw(plan.seed) == plan
    assert plan.blows != drawn(3 - plan.seed).blows


def test_a_plan_is_written_and_read_again(plan: Plan, tmp_path: Path) -> None:
    plan.write(tmp_path / "plan.json")
    assert read_plan(tmp_path / "plan.json") == plan


def test_a_run_has_some_hundred_calls_and_everything_that_can_happen_to_one(plan: Plan) -> None:
    assert 150 <= len(plan.cad_ids()) <= 350
    told = records(plan)
    fields = Counter(name for record in told for name in record)
    steps = Counter(record["event"] for record in told if "event" in record)
    for name in ("in_progress", "cancelled", "dispatched_at", "cleared_at", "requeued_at", "reopened_at"):
        assert fields[name] + steps[name.removesuffix("_at")] > 0, name
    assert max(Counter(record["cad_id"] for record in told if "phone" in record).values()) > 1  # a corrected number
    assert len(told) > len({str(record) for record in told})  # some come twice
    stamps = [record.get("updated_at") or record["at"] for record in told]
    assert stamps != sorted(stamps)  # and some out of their order


def test_every_number_is_one_that_nobody_can_have(plan: Plan) -> None:
    numbers = {record["phone"] for record in records(plan) if "phone" in record} - {"unknown"}
    assert {number[-7:-2] for number in numbers} == {"55501"}


def test_every_life_is_over_before_the_blows_are_or_soon_after(plan: Plan) -> None:
    assert max(push.after for push in plan.pushes) < plan.seconds + 65
    assert plan.at(plan.seconds) - plan.begins < timedelta(hours=13)


def test_a_long_run_strikes_everything_and_several_things_at_once() -> None:
    blows = [blow for seed in (1, 2) for blow in drawn(seed).blows]
    assert {blow.whom for blow in blows} == {*PROCESSES, CARRIER, *LINES}
    assert max(blow.seconds for blow in blows) > 15  # longer than a worker may stand still
    after = sorted(blow.after for blow in drawn(1).blows)
    assert min(later - earlier for earlier, later in pairwise(after)) < 0.5


def test_a_short_run_has_every_kind_of_blow_once() -> None:
    kinds = Counter(blow.kind for blow in draw(2, minutes=0.4).blows)
    assert set(kinds) == {f"{how} {whom}" for whom in (*PROCESSES, CARRIER, *LINES) for how in hows_of(whom)}
    assert set(kinds.values()) == {1}


def test_whatever_staff_hold_they_let_go(plan: Plan) -> None:
    acts = Counter((act.what, act.call_id) for act in plan.staff)
    for (what, call_id), count in acts.items():
        ends = {"hold": "release", "stop everything": "go on"}.get(what)
        assert ends is None or acts[ends, call_id] == count  # type: ignore[index]


def test_a_plan_that_fails_is_halved_until_it_does_not_fail_any_more(plan: Plan) -> None:
    culprit, kind = plan.cad_ids()[7], plan.kinds()[3]

    def fails(smaller: Plan) -> bool:
        return culprit in smaller.cad_ids() and kind in smaller.kinds()

    smallest = smallest_that(fails, plan, tries=100, say=lambda _: None)
    assert (smallest.kinds(), smallest.cad_ids()) == ([kind], [culprit])
    assert {record["cad_id"] for record in records(smallest)} == {culprit}


def test_tries_are_bounded(plan: Plan) -> None:
    tried: list[Plan] = []
    smallest_that(lambda smaller: tried.append(smaller) or True, plan, tries=3, say=lambda _: None)  # type: ignore[func-returns-value]
    assert len(tried) == 3


def test_seeds_are_listed_with_what_was_struck_how_often() -> None:
    summary = {
        "seed": 7,
        "log": "new-york",
        "calls": 200,
        "blows": {"kill worker 1": 3, "kill a backend PostgreSQL": 1, "hang database line": 2, "stop cad": 1},
        "mischief": {"lose_answer": 4},
        "clean": True,
        "minutes": 10,
        "commit": "abc",
    }
    verdict = {"figures": {"on_phones": {"confirmation": 9, "survey": 1}}}
    runs = [run_of(summary | {"seed": seed}, verdict) for seed in (11, 7)]
    killed = "a backend PostgreSQL ×1, worker 1 ×3"
    assert table(runs).splitlines()[2] == (
        f"| 7 | new-york | 200 | 10 | {killed} | – | cad ×1 | – | database ×2 | – | 4 | abc | clean |"
    )
    assert table(runs).splitlines()[-1] == "| all |  | 400 | 20 | 8 | 0 | 2 | 0 | 4 | 0 | 8 |  | 2 of 2 clean |"


def test_what_a_carrier_did_that_was_struck_still_counts_when_another_has_come_up() -> None:
    ours = [{"what": "refused"}, {"what": "lose_answer"}, {"what": "lose_answer"}]
    counted = [{"what": "refused", "happened": 2}, *({"what": "lose_answer", "happened": 1} for _ in range(2))]
    assert happened(counted, ours=ours) == {"refused": 2, "lose_answer": 2}
    assert happened([], ours=ours) is None  # it has no rules yet: no word of what happened before


def test_the_page_lists_what_was_played() -> None:
    assert table(played()) in PAGE.read_text("utf-8")
