"""Settings: each stands in the example, is wrong in one line, and may be a file."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.settings_example import GROUPS, example, is_secret
from cli.settings_secrets import BY_A_PERSON, make_secrets
from database.encryption import keyring_of
from settings import (
    SECRETS_FOLDER_VARIABLE,
    Settings,
    SettingsError,
    load_settings,
    temporal_connection,
    unknown_settings,
)
from starter.push.senders import senders_of
from tests.cli.test_errors import ROOT, run

CLOCK = "COMMUNITYCONNECT_CLOCK"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Of secrets, empty."""
    monkeypatch.setenv(SECRETS_FOLDER_VARIABLE, str(tmp_path))
    load_settings.cache_clear()
    yield tmp_path
    load_settings.cache_clear()


def test_the_example_is_what_the_command_prints() -> None:
    assert (ROOT / ".env.example").read_text(encoding="utf-8") == example(), (
        "write it anew: communityconnect settings example > .env.example"
    )


def test_every_setting_is_described_and_stands_in_the_example_once() -> None:
    grouped = [name for names in GROUPS.values() for name in names]
    assert sorted([*grouped, "clock"]) == sorted(Settings.model_fields)
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


def test_the_example_holds_no_secret() -> None:
    secret = {str(field.validation_alias) for field in Settings.model_fields.values() if is_secret(field)}
    lines = [line.removeprefix("#") for line in example().splitlines() if "=" in line]
    assert {line for line in lines if line.partition("=")[0] in secret and line.partition("=")[2]} == set()


def test_every_setting_that_is_wrong_is_named_in_a_line_of_its_own(tmp_path: Path) -> None:
    wrong = {
        "COMMUNITYCONNECT_WORKER_THREADS": "many",
        "COMMUNITYCONNECT_LOG_FORMAT": "xml",
        "COMMUNITYCONNECT_METRICS_PORT": "70000",
        "COMMUNITYCONNECT_TWILIO_ADDRESS": "nowhere",
    }
    done = run("doctor", home=tmp_path, changes=wrong)
    assert done.returncode == 1
    lines = done.stderr.splitlines()
    assert len(lines) == len(wrong)
    for name in wrong:
        assert [line for line in lines if f"{name} cannot be used: " in line], name


def test_a_secret_is_read_from_its_file_and_a_variable_wins(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "twilio_auth_token").write_text("from-the-file\n")
    assert load_settings().twilio_auth_token.get_secret_value() == "from-the-file"
    load_settings.cache_clear()
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", "from-the-variable")
    assert load_settings().twilio_auth_token.get_secret_value() == "from-the-variable"


def test_temporals_key_is_read_from_its_file(folder: Path) -> None:
    (folder / "temporal_api_key").write_text("from-the-file\n")
    assert temporal_connection().get("api_key") == "from-the-file"
    (folder / "temporal_api_key").write_text("")
    assert not temporal_connection().get("api_key")


def test_a_wrong_file_is_named_without_what_is_in_it(folder: Path) -> None:
    (folder / "database_url").write_text("mysql://secret@127.0.0.1/x")
    with pytest.raises(SettingsError, match=r"the file .*database_url cannot be used") as caught:
        load_settings()
    assert "secret@" not in str(caught.value)


def test_a_folder_of_secrets_that_is_not_there_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SECRETS_FOLDER_VARIABLE, "/nowhere")
    load_settings.cache_clear()
    with pytest.raises(SettingsError, match="names /nowhere, and there is no such folder"):
        load_settings()
    load_settings.cache_clear()


def test_a_slip_of_the_pen_is_found_with_what_was_meant(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMMUNITYCONNECT_WEB_PROXYS", "10.0.0.5")
    (folder / "communityconnect_lookupkey").write_text("x")
    assert unknown_settings() == {
        "COMMUNITYCONNECT_LOOKUPKEY": "COMMUNITYCONNECT_LOOKUP_KEY",
        "COMMUNITYCONNECT_WEB_PROXYS": "COMMUNITYCONNECT_WEB_PROXIES",
    }


def test_the_secrets_that_the_command_makes_can_be_used_and_a_second_run_changes_none(folder: Path) -> None:
    said: list[str] = []
    make_secrets(folder, say=said.append)
    first = {path.name: path.read_text() for path in folder.iterdir()}
    settings = load_settings()
    assert keyring_of(settings).decrypt(keyring_of(settings).encrypt("text")) == "text"
    assert list(senders_of(settings).keys) == ["cad.1"]
    assert f":{first['postgres_password']}@" in settings.owner_database_url.get_secret_value()
    assert settings.database_url.get_secret_value().startswith("postgresql+psycopg://communityconnect_service:")
    assert {name for name, text in first.items() if not text} == set(BY_A_PERSON)
    make_secrets(folder, say=said.append)
    assert {path.name: path.read_text() for path in folder.iterdir()} == first
    assert folder.stat().st_mode & 0o077 == 0


def test_only_the_folder_keeps_others_out(folder: Path) -> None:
    """Compose mounts each file alone, and each container's user must be able to read its own."""
    make_secrets(folder, say=lambda _: None)
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o444}


def test_a_file_that_cannot_be_read_is_said_in_one_line(folder: Path) -> None:
    (folder / "twilio_auth_token").write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match=r"^the file .*twilio_auth_token cannot be used: it is not UTF-8$"):
        load_settings()
