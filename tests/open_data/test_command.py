"""`communityconnect open-data`: from nothing to the public folder, each step in words."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from calls.clock import Clock
from cli.open_data_work import run_decision, run_list, run_prepare, run_publish, run_show
from database.encryption import new_key
from database.tables import real_now
from settings import Settings, SettingsError
from tests.conftest import AGENCIES
from tests.open_data.conftest import City
from tests.policy.test_open_data import GOOD

CLOCK = Clock(real_origin=real_now(), virtual_origin=datetime(2026, 12, 10, tzinfo=UTC))


def settings_of(city: City, agency: Path, root: Path | None = None) -> Settings:
    return Settings.model_validate(
        {
            "DATABASE_URL": city.engine.url.render_as_string(hide_password=False),
            "COMMUNITYCONNECT_AGENCY": agency,
            "COMMUNITYCONNECT_OPEN_DATA": root,
            "COMMUNITYCONNECT_ENCRYPTION_KEYS": f"k:{new_key()}",
            "COMMUNITYCONNECT_LOOKUP_KEY": new_key(),
            "COMMUNITYCONNECT_CLOCK": CLOCK,
        }
    )


def test_a_quarter_goes_from_the_tables_to_the_public_step_by_step(
    city: City, nothing_prepared: None, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(AGENCIES / "ottawa", tmp_path / "ottawa"))
    (folder / "open_data.yaml").write_text(GOOD, encoding="utf-8")
    settings, said = settings_of(city, folder, tmp_path / "public"), list[str]()
    assert run_prepare(settings, "2026-q3", by="Ana", reason=None, say=said.append)
    assert said[-1] == "2026-q3 v1 waits for a decision: communityconnect open-data show 2026-q3"
    run_show(settings, "2026-q3", version=0, out=None, say=said.append)
    assert '"is_safe": true' in said[-1]
    assert "public_calls" not in said[-1]
    run_show(settings, "2026-q3", version=1, out=tmp_path / "look", say=said.append)
    assert (tmp_path / "look" / "disclosure_report.json").exists()
    with pytest.raises(SettingsError, match="only what is approved is published"):
        run_publish(settings, "2026-q3", version=0, by="Ana", say=said.append)
    run_decision(settings, "2026-q3", version=0, approved=True, by="Ben", why="read", say=said.append)
    with pytest.raises(SettingsError, match="is approved already, by Ben"):
        run_decision(settings, "2026-q3", version=0, approved=False, by="Ana", why="no", say=said.append)
    run_publish(settings, "2026-q3", version=0, by="Ana", say=said.append)
    public = tmp_path / "public" / "ottawa" / "2026-q3" / "v1"
    look = tmp_path / "look" / "v1"
    assert {path.name: path.read_bytes() for path in public.iterdir()} == {
        path.name: path.read_bytes() for path in look.iterdir()
    }
    run_list(settings, say=said.append)
    assert said[-1] == "2026-q3 v1: published, by Ben: read"


def test_what_cannot_be_done_is_said_in_one_line(city: City) -> None:
    settings = settings_of(city, AGENCIES / "ottawa")
    with pytest.raises(SettingsError, match=r"open_data\.yaml says enabled: false"):
        run_prepare(settings, "2026-q3", by=None, reason=None, say=lambda _: None)
    with pytest.raises(SettingsError, match="never prepared"):
        run_show(settings, "2020-q1", version=0, out=None, say=lambda _: None)
    with pytest.raises(SettingsError, match="is not a quarter; write it as in 2026-q3"):
        run_show(settings, "autumn", version=0, out=None, say=lambda _: None)
    with pytest.raises(SettingsError, match="set COMMUNITYCONNECT_OPEN_DATA"):
        run_publish(settings, "2026-q3", version=0, by="Ana", say=lambda _: None)
