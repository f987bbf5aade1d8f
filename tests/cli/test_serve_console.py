"""The console does not start where it would be open to others than staff."""

import pytest

from cli.serve_console import console_app, serve
from settings import Settings, SettingsError

PASSWORD = "COMMUNITYCONNECT_CONSOLE_DEMO_PASSWORD"
ORIGIN = "COMMUNITYCONNECT_CONSOLE_ORIGIN"
HERE = "http://localhost:8010"


@pytest.fixture(autouse=True)
def nobody_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("uvicorn.run", lambda *_, **__: pytest.fail("it started"))
    monkeypatch.setenv("DATABASE_URL", "postgresql+psycopg://nobody@127.0.0.1:1/nothing")


def test_the_accounts_of_a_demonstration_are_not_reached_from_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PASSWORD, "fictional-password")
    monkeypatch.setenv(ORIGIN, "https://console.example.org")
    with pytest.raises(SettingsError, match=PASSWORD):
        console_app(Settings())


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", ""])  # noqa: S104 - that is what is refused
def test_the_accounts_of_a_demonstration_are_served_to_this_machine_alone(
    monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    """The origin only says how the console is called; who can reach it is a matter of where it listens."""
    monkeypatch.setenv(PASSWORD, "fictional-password")
    monkeypatch.setenv(ORIGIN, HERE)
    with pytest.raises(SettingsError, match=PASSWORD):
        serve(Settings(), host=host, port=8010)


def test_sessions_do_not_travel_where_others_can_read_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ORIGIN, "http://console.example.org")
    with pytest.raises(SettingsError, match=ORIGIN):
        console_app(Settings())
