import os
import threading
from pathlib import Path

import pytest

from local.errors import LocalError
from local.state import State


def test_the_state_is_in_the_folder_that_the_variable_names_or_else_beside_us(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("COMMUNITYCONNECT_HOME", raising=False)
    assert State.at().home == tmp_path / ".communityconnect"
    monkeypatch.setenv("COMMUNITYCONNECT_HOME", "chosen")
    assert State.at().home == tmp_path / "chosen"
    assert (tmp_path / "chosen" / ".gitignore").read_text() == "*\n"


def test_a_secret_is_made_once_and_readable_by_its_owner_alone(tmp_path: Path) -> None:
    state = State.at(tmp_path / "home")
    made = [state.secret("key", lambda: os.urandom(8).hex()) for _ in range(3)]
    assert len(set(made)) == 1
    assert State.at(tmp_path / "home").secret("key", lambda: "another") == made[0]
    assert state.secret("other key", lambda: "x") == "x"
    assert state.secrets.stat().st_mode & 0o777 == 0o600


def test_two_commands_at_the_same_moment_agree_on_a_secret(tmp_path: Path) -> None:
    state = State.at(tmp_path)
    seen: list[str] = []
    threads = [
        threading.Thread(target=lambda: seen.append(state.secret("key", lambda: os.urandom(8).hex()))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 8
    assert len(set(seen)) == 1


def test_damaged_secrets_are_not_replaced(tmp_path: Path) -> None:
    state = State.at(tmp_path)
    state.secrets.write_text('{"key": "half')
    with pytest.raises(LocalError, match="damaged") as raised:
        state.secret("key", lambda: "new")
    assert "\n" not in str(raised.value)
    assert state.secrets.read_text() == '{"key": "half'


def test_a_folder_that_cannot_be_made_gives_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(LocalError, match=r"Cannot write to .*/file/home \(Not a directory\)\. Choose another folder"):
        State.at(tmp_path / "file" / "home")
