"""Whole logs, every call and every text beside the independent calculation: `make test-deep`."""

from pathlib import Path

import pytest

from tests.simulation import simulated
from tests.simulation.simulated import NEW_YORK, NEW_YORKS_LOG, OTTAWA, SAN_DIEGO, SAN_DIEGOS_LOG

pytestmark = [pytest.mark.deep, pytest.mark.timeout(2 * 3600)]


def test_the_whole_year_of_new_york_is_what_the_policy_says(tmp_path: Path) -> None:
    print(simulated.simulate(NEW_YORKS_LOG, NEW_YORK, tmp_path))  # noqa: T201 - how fast it was
    found = simulated.assert_by_the_policy(tmp_path, NEW_YORKS_LOG, NEW_YORK)
    assert len(found.decisions) == 8152


def test_san_diegos_twenty_days_are_what_the_policy_says(tmp_path: Path) -> None:
    print(simulated.simulate(SAN_DIEGOS_LOG, SAN_DIEGO, tmp_path))  # noqa: T201 - how fast it was
    found = simulated.assert_by_the_policy(tmp_path, SAN_DIEGOS_LOG, SAN_DIEGO)
    assert len(found.decisions) == 26_595


def test_a_whole_generated_day_is_what_the_policy_says(tmp_path: Path) -> None:
    log = simulated.generated(tmp_path / "day.csv.gz", seed=1)
    print(simulated.simulate(log, OTTAWA, tmp_path))  # noqa: T201 - how fast it was
    simulated.assert_by_the_policy(tmp_path, log, OTTAWA)
