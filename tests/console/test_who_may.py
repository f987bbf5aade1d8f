"""R1, R9: who may what, of every route that there is; and everything that is done, seen or refused is written down."""

import pytest
from fastapi import APIRouter, FastAPI
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from tests.console.served import Served, Staff
from web.staff.access.roles import MAY, SHOWS_PERSONAL_DATA, Act, Role
from web.staff.console.guard import guarded_routes

ANY = "x"


def _path(template: str) -> str:
    return "/".join(ANY if part.startswith("{") else part for part in template.split("/"))


def _ask(staff: Staff, method: str, template: str) -> int:
    path = _path(template)
    return (staff.get(path) if method == "GET" else staff.post(path)).status_code


def test_every_act_says_who_may_and_nobody_else_may(site: Served) -> None:
    assert set(MAY) == set(Act)
    refused, allowed = 0, 0
    for role in Role:
        staff = site.staff(role)
        for route, act in guarded_routes(site.app.routes):
            if act is None:
                continue
            for method in route.methods or ():
                status = _ask(staff, method, route.path)
                if role in MAY[act]:
                    assert status not in (401, 403), (role, method, route.path, status)
                    allowed += 1
                else:
                    assert status == 403, (role, method, route.path, status)
                    refused += 1
    assert min(refused, allowed) > 0
    entries = [entry for entry in site.audit() if entry.outcome == "refused"]
    assert len(entries) == refused


def test_nobody_who_is_not_signed_in_gets_further_than_the_door(site: Served) -> None:
    for route, act in guarded_routes(site.app.routes):
        for method in route.methods or ():
            status = _ask(site.staff(), method, route.path)
            if act is None:
                assert status in (200, 303, 403, 404, 422, 400), (method, route.path, status)
            else:
                assert status == (303 if method == "GET" else 401), (method, route.path, status)


def test_a_form_without_the_token_of_its_session_does_nothing(site: Served) -> None:
    supervisor = site.staff(Role.SUPERVISOR)
    for route, act in guarded_routes(site.app.routes):
        if act is not None and "POST" in (route.methods or ()) and Role.SUPERVISOR in MAY[act]:
            before = len(site.audit())
            answer = supervisor.post(_path(route.path), form_token="of another session")
            assert answer.status_code == 403, route.path
            assert len(site.audit()) == before


def test_every_action_and_every_look_at_personal_data_is_written_down(site: Served) -> None:
    for route, act in guarded_routes(site.app.routes):
        for method in route.methods or ():
            if act is None or (method == "GET" and act not in SHOWS_PERSONAL_DATA):
                continue
            staff = site.staff(sorted(MAY[act])[0])
            before = len(site.audit())
            _ask(staff, method, route.path)
            entries = site.audit()[before:]
            assert [entry.act for entry in entries][-1:] == [act] or _seen_before(site, act), (method, route.path)


def _seen_before(site: Served, act: Act) -> bool:
    """A look that goes on is one look: another route of the same act and address was asked a moment ago."""
    return any(entry.act == act for entry in site.audit())


def test_a_route_of_which_nobody_says_who_may_is_refused_at_the_start() -> None:
    router = APIRouter()
    router.add_api_route("/secret", lambda: "personal")
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.include_router(router)
    with pytest.raises(RuntimeError, match="nobody has said who may do this"):
        list(guarded_routes(app.routes))


@pytest.mark.parametrize(
    "statement", ["UPDATE audit_entry SET name = ''", "DELETE FROM audit_entry", "TRUNCATE audit_entry"]
)
def test_the_audit_log_is_only_added_to(site: Served, statement: str) -> None:
    site.staff(Role.OPERATOR)
    with pytest.raises(DBAPIError, match="only added to"), Session(site.engine) as session:
        session.execute(text(statement))
    assert site.audit()


@pytest.mark.parametrize("path", ["/audit?who=%00", "/audit?about=%00x", "/texts?rule=%00", "/calls?area=%00"])
def test_an_address_with_a_nul_is_not_understood(site: Served, path: str) -> None:
    assert site.staff(Role.SUPERVISOR).get(path).status_code == 400
