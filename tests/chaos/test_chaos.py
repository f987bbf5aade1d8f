"""R2, R4, R1, R6: the whole service is struck while it works, and what comes of it is judged from outside."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.chaos.drawing import draw
from tests.chaos.judge import LISTS, Verdict
from tests.chaos.plan import Plan, read_plan
from tests.chaos.run import play
from tests.chaos.shrinking import FOUND
from tests.conftest import FIGURES


def judged(plan: Plan, folder: Path, *, say: Callable[[str], None]) -> Verdict:
    outcome = play(plan, folder / "run", say=lambda _: None)
    on_phones, ledger = outcome.verdict.figures["on_phones"], outcome.verdict.figures["ledger"]
    say(f"chaos {plan.seed}: struck {outcome.summary['blows']}; on phones {on_phones}; ledger {ledger}")
    return outcome.verdict


def is_clean(verdict: Verdict) -> bool:
    assert {name: list(getattr(verdict, name)) for name in LISTS} == {name: [] for name in LISTS}
    return True


@pytest.mark.timeout(600)
def test_r2_half_a_minute_in_which_everything_is_struck_once_costs_no_text_and_repeats_none(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    verdict = judged(draw(1, minutes=0.4), tmp_path, say=lambda line: record_property(FIGURES, line))
    assert is_clean(verdict)
    assert verdict.figures["on_phones"]["confirmation"] >= 5


@pytest.mark.deep
@pytest.mark.timeout(3600)
def test_r2_ten_minutes_of_blows_cost_no_text_and_repeat_none(tmp_path: Path) -> None:
    assert is_clean(judged(draw(2), tmp_path, say=print))


@pytest.mark.deep
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("path", sorted(FOUND.glob("*.json")), ids=lambda path: str(path.stem))
def test_what_once_failed_is_clean_now(path: Path, tmp_path: Path) -> None:
    assert is_clean(judged(read_plan(path), tmp_path, say=print))
