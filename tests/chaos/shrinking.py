"""A plan that failed, made smaller as long as it still fails: fewer kinds of blows first, then fewer calls."""

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from tests.chaos.drawing import AGENCIES
from tests.chaos.plan import Plan
from tests.chaos.run import Say, play

FOUND: Final = Path(__file__).parent / "found"
MOST_TRIES: Final = 12
"""Of some ten minutes each."""


def shrink(plan: Plan, runs: Path, *, say: Say) -> int:
    """Play it again and again; the smallest that failed is kept in `found/`. 1: it failed; 0: it did not, not once."""

    def fails(smaller: Plan) -> bool:
        folder = runs / f"{plan.seed}-shrunk"
        shutil.rmtree(folder, ignore_errors=True)
        return not play(smaller, folder, say=say).verdict.is_clean

    if not fails(plan):
        say(f"seed {plan.seed} did not fail this time: nothing to shrink")
        return 0
    smallest = smallest_that(fails, plan, tries=MOST_TRIES - 1, say=say)
    path = FOUND / f"seed-{plan.seed}.json"
    smallest.write(path)
    say(f"{path}: {len(smallest.blows)} blows of {len(smallest.kinds())} kinds, {len(smallest.cad_ids())} calls")
    return 1


def smallest_that(fails: Callable[[Plan], bool], plan: Plan, *, tries: int, say: Say) -> Plan:
    """Halves are left out: of the kinds of blows as long as it still fails, then of the calls."""
    agency = AGENCIES[plan.log]

    def with_blows(of: Plan, kept: Sequence[str]) -> Plan:
        return of.with_blows(frozenset(kept))

    def with_calls(of: Plan, kept: Sequence[str]) -> Plan:
        return of.with_calls(frozenset(kept), agency=agency)

    left = tries
    for parts_of, with_these in ((Plan.kinds, with_blows), (Plan.cad_ids, with_calls)):
        halves = _halves(parts_of(plan))
        while halves and left > 0:
            left -= 1
            smaller = with_these(plan, halves.pop(0))
            if fails(smaller):
                say(f"it still fails with {len(smaller.blows)} blows and {len(smaller.cad_ids())} calls")
                plan, halves = smaller, _halves(parts_of(smaller))
    return plan


def _halves(parts: Sequence[str]) -> list[Sequence[str]]:
    if len(parts) < 2:
        return []
    middle = len(parts) // 2
    return [parts[:middle], parts[middle:]]
