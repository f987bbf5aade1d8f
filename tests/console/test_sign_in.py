"""In and out: the demonstration's accounts, sessions, and where the way leads back to."""

from datetime import datetime, timedelta

import pytest
from sqlmodel import Session, col, select, update

from database.staff import StaffSessionRow
from database.tables import real_now
from tests.console.served import PASSWORD, Served
from web.staff.access.roles import Role
from web.staff.access.sessions import IDLE


def test_whoever_signs_in_comes_to_the_page_that_was_asked_for(site: Served) -> None:
    staff = site.staff()
    asked = staff.get("/audit?act=sign_in")
    assert (asked.status_code, asked.headers["Location"]) == (303, "/sign-in?back=%2Faudit%3Fact%3Dsign_in")
    answer = staff.sign_in(Role.SUPERVISOR, back="/audit?act=sign_in")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/audit?act=sign_in")
    assert "Demo supervisor" in staff.get("/audit?act=sign_in").text


@pytest.mark.parametrize("back", ["https://example.org/", "//example.org", "/\\example.org", "\x00", "/" + "x" * 600])
def test_nobody_is_led_to_another_site(site: Served, back: str) -> None:
    assert site.staff().sign_in(Role.OPERATOR, back=back).headers["Location"] == "/"


def test_a_cookie_is_for_our_own_pages_only_and_out_of_reach_of_scripts(site: Served) -> None:
    cookie = site.staff().sign_in(Role.OPERATOR).headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie


def test_five_wrong_passwords_close_the_account_for_all(site: Served) -> None:
    staff = site.staff()
    assert [staff.sign_in(Role.OPERATOR, "wrong").status_code for _ in range(6)] == [403] * 5 + [429]
    assert site.staff().sign_in(Role.OPERATOR, PASSWORD).status_code == 429
    assert site.staff().sign_in(Role.SUPERVISOR, PASSWORD).status_code == 303
    assert [entry.outcome for entry in site.audit()].count("refused") == 5


def test_an_account_that_there_is_not_is_refused_like_a_wrong_password(site: Served) -> None:
    assert site.staff().sign_in("root", PASSWORD).status_code == 403


def test_whoever_signs_out_is_out_also_with_a_cookie_that_was_kept(site: Served) -> None:
    staff = site.staff(Role.SUPERVISOR)
    kept = staff.http.cookies.copy()
    assert staff.post("/sign-out").status_code == 303
    staff.http.cookies.update(kept)
    assert staff.get("/audit").status_code == 303


@pytest.mark.parametrize("ended", [{"ends_real": timedelta(0)}, {"seen_real": IDLE}])
def test_a_session_ends_by_itself(site: Served, ended: dict[str, timedelta]) -> None:
    staff = site.staff(Role.SUPERVISOR)
    assert staff.get("/audit").status_code == 200
    with Session(site.engine) as session, session.begin():
        for name, ago in ended.items():
            session.execute(update(StaffSessionRow).values({col(getattr(StaffSessionRow, name)): real_now() - ago}))
    assert staff.get("/audit").status_code == 303


def test_a_page_that_keeps_itself_up_to_date_keeps_nobody_signed_in(site: Served) -> None:
    staff = site.staff(Role.SUPERVISOR)
    long_ago = real_now() - timedelta(hours=1)
    with Session(site.engine) as session, session.begin():
        session.execute(update(StaffSessionRow).values(seen_real=long_ago))
    staff.get("/audit", headers={"X-Live": "1"})
    assert _seen(site) == long_ago
    staff.get("/audit")
    assert _seen(site) > long_ago


def _seen(site: Served) -> datetime:
    with Session(site.engine) as session:
        return session.exec(select(StaffSessionRow.seen_real)).one()
