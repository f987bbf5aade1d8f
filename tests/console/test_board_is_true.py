"""R9: what the board says is so: nobody is told that nothing has changed when something has."""

import time
from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine

from activities.stop_and_go import Mode, scope_of_type
from calls.clock import Clock
from database.encryption import Keyring
from policy.agency import Agency
from tests.console.board_calls import Desk
from tests.console.served import Served, Staff, console_site
from tests.local.boxes import until
from web.staff.access.roles import Role
from web.staff.standing import Standing
from web.staff.switches import Switches


def asked_again(staff: Staff, path: str, tag: str) -> int:
    return staff.get(path, headers={"If-None-Match": tag, "X-Live": "1"}).status_code


def test_a_page_of_one_console_process_is_not_taken_for_another_ones(
    engine: Engine, keyring: Keyring, ottawa: Agency
) -> None:
    """A proxy before two of them: each counts its looks for itself."""
    desk = Desk(engine, keyring, ottawa)
    desk.call("1001", area="Kanata")
    with console_site(engine, keyring, ottawa) as one:
        staff = one.staff(Role.OPERATOR)
        tag = staff.get("/calls").headers["ETag"]
        desk.tell("1001", area="Vanier")
        with console_site(engine, keyring, ottawa) as two:
            staff.address = two.address
            assert "Vanier" in staff.get("/calls").text
            assert asked_again(staff, "/calls", tag) == 200


@pytest.mark.parametrize("path", ["/calls", "/attention"])
def test_a_page_whose_banner_is_old_is_not_taken_for_the_same(
    site: Served, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    """The banner and the list are asked for separately: the one may know of a switch before the other does."""
    staff, standing = site.staff(Role.OPERATOR), site.app.state.console.standing
    with monkeypatch.context() as old:
        old.setattr(standing, "get", lambda: Standing(everything_is_stopped=False, mode=Mode.LIVE))
        Switches(engine=site.engine, keyring=site.keyring).set_mode(Mode.SHADOW, by="somebody", why="an exercise")
        until(lambda: "runs in shadow" in staff.get(path).text, seconds=10)
        tag = staff.get(path).headers["ETag"]
    assert asked_again(staff, path, tag) == 200


def test_what_was_today_is_not_shown_as_today_after_midnight(engine: Engine, keyring: Keyring, ottawa: Agency) -> None:
    """Midnight is that of the agency's clocks, four or five hours after the date of UTC has changed."""
    now = datetime.now(UTC)
    before_midnight = datetime(2026, 7, 15, 3, 59, 58, tzinfo=UTC)
    Switches(engine=engine, keyring=keyring).stop(scope_of_type("noise"), by="somebody", why="an exercise")
    with console_site(engine, keyring, ottawa, clock=Clock(real_origin=now, virtual_origin=before_midnight)) as site:
        staff = site.staff(Role.OPERATOR)
        first = staff.get("/attention")
        assert ">23:59<" in first.text
        time.sleep(2.5)
        again = staff.get("/attention", headers={"If-None-Match": first.headers["ETag"]})
        assert again.status_code == 200
        assert ">14 Jul 2026 23:59<" in again.text


def test_a_name_with_signs_is_shown_as_it_is_written(site: Served) -> None:
    Desk(site.engine, site.keyring, site.agency).call("1001", call_type_code="D&D <'X'>", call_type_group=None)
    page = site.staff(Role.OPERATOR).get("/attention").text
    assert "D&amp;D &lt;&#39;X&#39;&gt;" in page
    assert "&amp;amp;" not in page


def test_the_service_and_the_board_say_the_same_time(engine: Engine, keyring: Keyring, ottawa: Agency) -> None:
    """On the clock of a demonstration, too."""
    now = datetime.now(UTC)
    clock = Clock(real_origin=now, virtual_origin=datetime(2025, 3, 3, 15, 0, tzinfo=UTC))
    switches = Switches(engine=engine, keyring=keyring)
    switches.stop(scope_of_type("noise"), by="somebody", why="an exercise")
    switches.set_mode(Mode.PILOT, by="somebody", why="an exercise", pilot=["+16135550142"])
    with console_site(engine, keyring, ottawa, clock=clock) as site:
        staff = site.staff(Role.SUPERVISOR)
        for path, times in (("/attention", 1), ("/service", 2), ("/service/history", 2)):
            page = staff.get(path).text
            assert page.count('<time datetime="2025-03-03T') == times, path
            assert f"{now:%Y-%m-%d}" not in page, path
