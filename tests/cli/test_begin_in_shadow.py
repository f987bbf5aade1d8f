"""R1: a service that nobody has said anything of yet texts nobody."""

from typing import Any

from sqlalchemy import Engine
from sqlmodel import Session

from activities.stop_and_go import Mode, mode_of_service
from cli.tasks import begin_in_shadow
from database.tables import CallRow, ServiceModeRow


def mode(engine: Engine) -> Mode:
    with Session(engine) as session:
        return mode_of_service(session)


def test_r1_a_new_database_begins_in_shadow_and_what_somebody_says_then_stays(engine: Engine) -> None:
    said: list[str] = []
    begin_in_shadow(engine, say=said.append)
    assert mode(engine) is Mode.SHADOW
    assert "mode live" in said[0]
    with Session(engine) as session, session.begin():
        session.add(ServiceModeRow(mode=Mode.LIVE, set_by="Ada", why="the pilot is over"))
    begin_in_shadow(engine, say=said.append)
    assert mode(engine) is Mode.LIVE
    assert len(said) == 1


def test_a_service_that_has_calls_goes_on_as_it_did(engine: Engine) -> None:
    call: dict[str, Any] = {
        "eligibility": "no",
        "rule": "type",
        "reason": "",
        "policy_version": "1",
        "merged": {},
        "facts": {},
    }
    with Session(engine) as session, session.begin():
        session.add(CallRow(call_id="ottawa-1", agency="ottawa", **call))
    begin_in_shadow(engine, say=print)
    assert mode(engine) is Mode.LIVE
