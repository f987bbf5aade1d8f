"""The month's cost against the budget: at the edge, by the service's clock, on the board and on the terminal."""

import shutil
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from calls.clock import Clock
from cli.attention import show_attention
from database.encryption import Keyring, new_key
from database.tables import TextRow
from policy.agency import Agency, load_agency
from policy.yaml_file import AgencyError
from settings import Settings
from tests.conftest import AGENCIES
from web.staff.board.open_calls import Trouble
from web.staff.board.troubles import TroubleWatch
from web.staff.report.running_cost import RunningCost

SINCE = datetime(2026, 11, 1, 4, tzinfo=UTC)
"""Midnight by Ottawa's clocks, some hours before they go back."""
HOURS = 721
BUDGET = 250_000
"""Segments at a cent, of Ottawa's 2500 dollars."""


def clock_at(hours: float) -> Clock:
    """So many hours into the month, and it hardly goes on."""
    return Clock(real_origin=datetime.now(UTC), virtual_origin=SINCE + timedelta(hours=hours), speed=1e-6)


def texted(engine: Engine, segments: int, *, due: datetime = SINCE, state: str = "delivered") -> None:
    row = TextRow(
        id=uuid4(), kind="confirmation", state=state, policy_version="p", segments=segments, due_at=due, expires_at=due
    )
    with Session(engine) as session, session.begin():
        session.add(row)


def test_a_budget_that_just_lasts_is_no_alarm_and_one_segment_more_is(engine: Engine, ottawa: Agency) -> None:
    cost = RunningCost(engine=engine, agency=ottawa, clock=clock_at(HOURS / 2))
    texted(engine, BUDGET // 2)
    found = cost.ask()
    assert found is not None
    assert (found.spent, found.alerts) == (Decimal(1250), False)
    texted(engine, 1, due=SINCE + timedelta(hours=300))
    again = cost.ask()
    assert again is not None
    assert again.alerts
    assert again.lasts_until is not None
    assert SINCE + timedelta(hours=HOURS - 1) < again.lasts_until < SINCE + timedelta(hours=HOURS)


def test_only_this_month_counts_and_only_what_the_carrier_may_have(engine: Engine, ottawa: Agency) -> None:
    texted(engine, 1000, due=SINCE - timedelta(seconds=1))
    texted(engine, 1000, due=SINCE + timedelta(hours=HOURS))
    for state in ("suppressed", "expired", "failed", "claimed", "sending"):
        texted(engine, 1000, state=state)
    texted(engine, 7, due=SINCE + timedelta(hours=HOURS, seconds=-1), state="unknown")
    found = RunningCost(engine=engine, agency=ottawa, clock=clock_at(48)).ask()
    assert found is not None
    assert found.spent == Decimal("0.07")


def test_the_board_and_the_terminal_say_when_it_is_used_up(
    engine: Engine, database_url: str, keyring: Keyring, ottawa: Agency, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = clock_at(10 * 24)
    watch = TroubleWatch(engine=engine, keyring=keyring, agency=ottawa, days=1, clock=clock)
    assert watch.look().groups == ()
    texted(engine, BUDGET // 2)
    late = TroubleWatch(engine=engine, keyring=keyring, agency=ottawa, days=1, clock=clock)
    (group,) = [group for group in late.look().groups if group.trouble is Trouble.BUDGET]
    (item,) = group.items
    assert item.word == "budget_lasts_until"
    assert item.until is not None
    assert abs(item.until - (SINCE + timedelta(days=20))) < timedelta(minutes=1)
    assert watch.look().groups == ()  # it counts once a minute
    lines = _terminal(database_url, clock, monkeypatch)
    assert (
        "  it lasts until 2026-11-20 23:00: 1250.00 of 2500.00 CAD are spent, 3755.21 are to be expected by the end of "
        "the month"
    ) in lines


def test_a_budget_that_is_used_up_is_said_so(
    engine: Engine, database_url: str, keyring: Keyring, ottawa: Agency, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = clock_at(1)
    texted(engine, BUDGET)
    assert TroubleWatch(engine=engine, keyring=keyring, agency=ottawa, days=1, clock=clock).look().groups == ()
    texted(engine, 1)
    (group,) = TroubleWatch(engine=engine, keyring=keyring, agency=ottawa, days=1, clock=clock).look().groups
    assert [item.word for item in group.items] == ["budget_exceeded"]
    assert "  it is used up: 2500.01 of 2500.00 CAD are spent" in _terminal(database_url, clock, monkeypatch)


def _terminal(database_url: str, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("COMMUNITYCONNECT_AGENCY", str(AGENCIES / "ottawa"))
    monkeypatch.setenv("COMMUNITYCONNECT_ENCRYPTION_KEYS", f"k:{new_key()}")
    monkeypatch.setenv("COMMUNITYCONNECT_LOOKUP_KEY", new_key())
    monkeypatch.setenv("COMMUNITYCONNECT_CLOCK", clock.model_dump_json())
    lines: list[str] = []
    show_attention(Settings(), say=lines.append)
    return lines


def test_without_a_budget_nobody_is_alarmed(engine: Engine, ottawa: Agency) -> None:
    texted(engine, BUDGET * 2)
    identity = ottawa.identity.model_copy(update={"monthly_budget": None})
    agency = ottawa.model_copy(update={"identity": identity})
    assert RunningCost(engine=engine, agency=agency, clock=clock_at(100)).get() is None


def test_a_budget_without_a_price_is_a_mistake_in_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "ottawa"
    shutil.copytree(AGENCIES / "ottawa", folder)
    file = folder / "agency.yaml"
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    file.write_text("".join(line for line in lines if not line.startswith("segment_price")), encoding="utf-8")
    with pytest.raises(AgencyError, match=r"agency.yaml line \d+: monthly_budget: needs segment_price"):
        load_agency(folder)
