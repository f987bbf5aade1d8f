"""R2: workers and starters are killed, told to end and stopped at random while the carrier errs in every way it can.

The phones hold no text twice and none that was not due; every text that was due is on its phone. Half a minute of it,
with everything else struck too, is in tests/chaos/test_chaos.py.
"""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from calls.contracts import LedgerState
from tests.campaign.campaign import account, fight, wait_until_over
from tests.campaign.ground import ground, in_a_hurry
from tests.campaign.script import some_calls

TROUBLE = (
    {"what": "lose_answer", "probability": 0.06},
    {"what": "slow_answer", "probability": 0.25, "seconds": 0.7},
    {"what": "server_error", "probability": 0.04, "taken_on": True},
    {"what": "server_error", "probability": 0.04},
    {"what": "too_many_requests", "probability": 0.02, "seconds": 1},
    {"what": "too_many_requests", "probability": 0.02, "retry_after": False},
    {"what": "no_callback", "probability": 0.3},
    {"what": "duplicate_callback", "probability": 0.1},
    {"what": "reversed_callback", "probability": 0.1},
    {"what": "early_callback", "probability": 0.1},
    {"what": "unknown_status", "probability": 0.05},
    {"what": "list_lags", "probability": 0.3, "seconds": 8},
    {"what": "list_fails", "probability": 0.1},
)
TOO_SLOW = {"what": "slow_answer", "probability": 0.03, "seconds": 3}
"""Longer than the service waits for an answer (two seconds here)."""


def campaign(
    folder: Path, *, calls: int, over: timedelta, patience: float, seed: int, say: Callable[[str], None]
) -> None:
    agency = in_a_hurry(folder, segments_per_second=1000)
    with ground(agency, seed=seed) as field:
        field.misbehave(TOO_SLOW, *TROUBLE, seed=seed)
        played = some_calls(
            calls, begins=field.clock.now() + timedelta(minutes=8), over=over, patience=patience, seed=seed
        )
        fight(field, played, every=(2, 5))
        wait_until_over(field, seconds=240)
        found, mischief, blows = account(field, played), field.mischief(), dict(field.troop.blows)
    say(
        f"campaign {seed}: {calls} calls, {found.due} texts due, {found.on_phones} on the phones, "
        f"{sum(found.not_sent.values())} not sent {dict(found.not_sent)}, {found.attempts} attempts; "
        f"blows {blows}; the carrier {mischief}"
    )
    assert (list(found.doubled), list(found.undue), list(found.untimely), list(found.lost)) == ([], [], [], [])
    assert LedgerState.UNKNOWN not in found.not_sent  # this carrier's list tells the truth
    # A worker may be killed with the same text again and again, until it is not true any more: seldom.
    assert sum(found.not_sent.values()) <= found.due // 20


@pytest.mark.deep
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", [1, 2])
def test_r2_a_long_campaign_of_kills_over_two_thousand_texts(tmp_path: Path, seed: int) -> None:
    campaign(tmp_path, calls=800, over=timedelta(minutes=420), patience=300, seed=seed, say=print)
