"""`communityconnect stop --call`: a call that nobody knows, one that is over, one that is open; and what is shown."""

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, update

from activities.stop_and_go import EVERYTHING, scope_of_call, scope_of_type
from cli.switches import go, scope_named, set_mode, show_state, stop
from database.encryption import keyring_of
from database.tables import CallRow
from settings import Settings, SettingsError
from starter.accept import Acceptor
from tests.staff.test_attention import settings
from tests.starter.test_accept import acceptor, received
from web.staff.switches import Switches

__all__ = ["acceptor", "settings"]

STAFF = {"by": "the duty inspector", "why": "to look at it first"}
CALL = scope_of_call("ottawa-1001")


def said(settings: Settings, what: object = None) -> list[str]:
    lines: list[str] = []
    if what is None:
        show_state(settings, say=lines.append)
    elif what is stop:
        stop(settings, CALL, **STAFF, say=lines.append)
    else:
        go(settings, CALL, **STAFF, say=lines.append)
    return lines


def test_a_call_that_nobody_knows_cannot_be_stopped_and_one_line_says_so(engine: Engine, settings: Settings) -> None:
    with pytest.raises(SettingsError) as error:
        said(settings, stop)
    assert str(error.value) == "--call ottawa-1001: there is no such call"
    assert said(settings)[-1] == "nothing is stopped"


def test_an_open_call_is_stopped_once_and_shown_with_who_and_why(
    engine: Engine, acceptor: Acceptor, settings: Settings
) -> None:
    acceptor.accept(received())
    assert scope_named(settings, kind=None, group=None, call="ottawa-1001") == CALL
    assert said(settings, stop) == ["stopped: call:ottawa-1001; what falls due waits"]
    assert said(settings, stop) == ["call:ottawa-1001 was stopped already"]
    shown = said(settings)[-1]
    assert shown.startswith("stopped: call:ottawa-1001, since ")
    assert shown.endswith(", by the duty inspector: to look at it first")
    assert said(settings, go)[0].startswith("goes again: call:ottawa-1001")
    assert said(settings, go) == ["call:ottawa-1001 was not stopped"]


def test_of_a_call_that_is_over_it_is_said_that_nothing_was_to_come(
    engine: Engine, acceptor: Acceptor, settings: Settings
) -> None:
    acceptor.accept(received())
    with Session(engine) as session, session.begin():
        session.execute(update(CallRow).values(ended_reason="completed"))
    assert said(settings, stop) == [
        "stopped: call:ottawa-1001; but the call is over (completed): nothing of it was to come"
    ]
    assert said(settings)[-1].endswith("to look at it first (the call is over: completed)")


def test_a_type_that_the_folder_names_no_longer_can_be_released_and_not_stopped(
    engine: Engine, settings: Settings
) -> None:
    Switches(engine=engine, keyring=keyring_of(settings)).stop(scope_of_type("gone"), **STAFF)
    with pytest.raises(SettingsError, match="no such group"):
        scope_named(settings, kind=None, group="gone", call=None)
    scope = scope_named(settings, kind=None, group="gone", call=None, to_stop=False)
    lines: list[str] = []
    go(settings, scope, **STAFF, say=lines.append)
    assert lines[0].startswith("goes again: type:gone")
    assert said(settings)[-1] == "nothing is stopped"


def test_who_lets_everything_go_is_told_what_still_stands_in_the_way(engine: Engine, settings: Settings) -> None:
    switches = Switches(engine=engine, keyring=keyring_of(settings))
    for scope in (EVERYTHING, "kind:survey"):
        switches.stop(scope, **STAFF)
    lines: list[str] = []
    set_mode(settings, "pilot", ["613-555-0142", "+16135550142"], **STAFF, say=lines.append)
    go(settings, EVERYTHING, **STAFF, say=lines.append)
    assert lines[0] == "the service is pilot now, for 1 phones"
    assert lines[2:] == [
        "still stopped: kind:survey; each stop has its own release",
        "the mode is pilot: nobody is texted, but the pilot's phones",
    ]
