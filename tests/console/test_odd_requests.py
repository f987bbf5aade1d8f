"""What nobody asks by accident, and a database that is away: a page that says what is so, and nothing of it is lost."""

import random
import string
from collections.abc import Iterator

import pytest
from sqlalchemy.exc import OperationalError

from activities.stop_and_go import EVERYTHING
from database.encryption import Keyring
from database.engine import connect
from policy.agency import Agency
from tests.console.a_call import CALL, CadAndDesk, cad, desk, noon_site, the_phones
from tests.console.served import Served, console_site
from web.staff.access.roles import Role
from web.staff.console.parts import SESSION_COOKIE

__all__ = ["cad", "desk", "noon_site", "the_phones"]

LONG = "".join(random.Random(1).choices(string.ascii_letters + string.digits, k=20_000))


def test_an_address_that_is_far_too_long_is_no_call_and_is_written_down(site: Served) -> None:
    """An index of PostgreSQL takes no such thing: the page must not say that the database is away."""
    assert site.staff(Role.OPERATOR).get(f"/calls/{LONG}").status_code == 404
    assert site.staff(Role.OPERATOR).post(f"/calls/{LONG}/hold", why="an exercise").status_code == 404
    assert site.staff(Role.ANALYST).get(f"/calls/{LONG}").status_code == 403
    entries = [entry for entry in site.audit() if entry.act != "sign_in"]
    assert [(entry.act, entry.outcome) for entry in entries] == [
        ("see_call", "allowed"),
        ("hold_call", "allowed"),
        ("see_call", "refused"),
    ]
    assert {entry.about for entry in entries} == {LONG[:300]}


@pytest.mark.parametrize("number", ["613-555-0142", "(613) 555 0142", "+16135550142", "6135550142"])
def test_r3_a_number_in_a_reason_does_not_get_into_the_audit_log(
    noon_site: Served, cad: CadAndDesk, number: str
) -> None:
    """Whoever administers the service reads the log, and no resident's number."""
    cad.receives()
    noon_site.staff(Role.OPERATOR).post(f"/calls/{CALL}/hold", why=f"asked by {number}, twice")
    noon_site.staff(Role.OPERATOR).post(f"/service/stop/{EVERYTHING}", why=f"asked by {number}, twice")
    noon_site.staff(Role.OPERATOR).post("/numbers/opt-outs", number=number, asked="by telephone", why=f"of {number}")
    details = [entry.detail["why"] for entry in noon_site.audit() if "why" in entry.detail]
    assert details == ["asked by [number], twice", "asked by [number], twice", "of [number]"]
    page = noon_site.staff(Role.ADMINISTRATOR).get("/audit").text
    assert "0142" not in page


@pytest.fixture
def away(keyring: Keyring, ottawa: Agency) -> Iterator[Served]:
    """The console without its database."""
    with console_site(connect("postgresql+psycopg://nobody@127.0.0.1:1/nothing"), keyring, ottawa) as site:
        yield site


@pytest.mark.parametrize("path", ["/calls", "/nonesuch", "/sign-in", "/calls/ottawa-1", "/texts.csv", "/theme/pink"])
def test_without_a_database_every_page_says_so_kindly(away: Served, path: str) -> None:
    staff = away.staff()
    staff.http.cookies.set(SESSION_COOKIE, "of a session of before")
    answer = staff.get(path)
    assert answer.status_code == 503
    assert "The database does not answer" in answer.text


def test_a_database_that_goes_away_in_the_middle_is_said_as_kindly(
    site: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nothing() -> None:
        raise OperationalError("", None, Exception("gone"))

    staff = site.staff(Role.OPERATOR)
    monkeypatch.setattr(site.app.state.console.standing, "get", nothing)
    answer = staff.get("/find")
    assert answer.status_code == 503
    assert "The database does not answer" in answer.text
