"""The whole command on parts of three logs, beside a calculation that knows only the policy's words."""

from datetime import datetime
from pathlib import Path

from tests.simulation import simulated
from tests.simulation.simulated import NEW_YORK, NEW_YORKS_LOG, OTTAWA, SAN_DIEGO, SAN_DIEGOS_LOG

FALL_BEGINS = datetime.fromisoformat("2024-11-01")
FALL = ("--from", "2024-11-01", "--hours", "72")  # the clocks go back on the third
SPRING = ("--from", "2024-03-08", "--hours", "72")  # and go forward on the tenth


def test_the_night_on_which_the_clocks_go_back_is_what_the_policy_says(tmp_path: Path) -> None:
    said = simulated.simulate(NEW_YORKS_LOG, NEW_YORK, tmp_path, *FALL)
    assert "Nobody was texted" in said
    found = simulated.assert_by_the_policy(tmp_path, NEW_YORKS_LOG, NEW_YORK, start=FALL_BEGINS, hours=72)
    assert len(found.texts) > 100
    assert not any(tmp_path.glob(".unfinished*")), "what it worked with is gone"


def test_the_night_on_which_the_clocks_go_forward_is_what_the_policy_says(tmp_path: Path) -> None:
    simulated.simulate(NEW_YORKS_LOG, NEW_YORK, tmp_path, *SPRING)
    simulated.assert_by_the_policy(
        tmp_path, NEW_YORKS_LOG, NEW_YORK, start=datetime.fromisoformat("2024-03-08"), hours=72
    )


def test_san_diegos_stream_is_what_the_policy_says(tmp_path: Path) -> None:
    """Every call has a decision; nobody is dispatched, so that each caller gets all the notices that there are."""
    simulated.simulate(SAN_DIEGOS_LOG, SAN_DIEGO, tmp_path, "--from", "2023-01-07", "--hours", "8")
    found = simulated.assert_by_the_policy(
        tmp_path, SAN_DIEGOS_LOG, SAN_DIEGO, start=datetime.fromisoformat("2023-01-07"), hours=8
    )
    assert {"false", "true"} <= {eligible for eligible, _ in found.decisions.values()}


def test_a_generated_day_with_reopenings_and_cancellations_is_what_the_policy_says(tmp_path: Path) -> None:
    log = simulated.generated(tmp_path / "day.csv", seed=7)
    simulated.simulate(log, OTTAWA, tmp_path, "--from", "2026-05-14T16:00", "--hours", "0.75")
    simulated.assert_by_the_policy(tmp_path, log, OTTAWA, start=datetime.fromisoformat("2026-05-14T16:00"), hours=0.75)
