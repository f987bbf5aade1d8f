"""R9: an open call keeps the policy that it started with; a send needs the word of both that and the newest."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session, update
from temporalio.exceptions import ApplicationError

from calls.contracts import Kind
from calls.policy import QuietHours, Threshold
from database.tables import CallRow
from policy.agency import Agency
from starter.rules import keep_rules
from tests.activities.desk import NUMBER, Desk
from tests.builders import NOON, hours, minutes


def with_timetable(agency: Agency, version: str, **kinds: dict[str, Any]) -> Agency:
    """The agency with another version of its policy."""
    table = agency.policy.timetable
    changed = {kind: getattr(table, kind).model_copy(update=values) for kind, values in kinds.items()}
    policy = agency.policy.model_copy(update={"version": version, "timetable": table.model_copy(update=changed)})
    return agency.model_copy(update={"version": version, "policy": policy})


def started_with(desk: Desk, version: str, kind: Kind = Kind.CONFIRMATION) -> None:
    desk.call()
    if kind is not Kind.CONFIRMATION:
        desk.send()
    with Session(desk.engine) as session, session.begin():
        session.execute(update(CallRow).values(started_policy=version))


def now_in_force(desk: Desk, agency: Agency) -> None:
    desk.agency = agency
    desk.services = replace(desk.services, agency=agency)


def rule_and_reason(desk: Desk, kind: Kind = Kind.CONFIRMATION) -> tuple[str | None, str]:
    row = desk.row(desk.order(kind))
    return row.rule, row.reason or ""


def test_r1_a_type_that_the_policy_of_then_excluded_stays_silent(desk: Desk) -> None:
    """The call's type was changed to one that only the newest policy allows."""
    old = with_timetable(desk.agency, "old")
    groups = {name: group for name, group in old.policy.eligibility.groups.items() if name != "noise"}
    eligibility = old.policy.eligibility.model_copy(update={"groups": groups})
    old = old.model_copy(update={"policy": old.policy.model_copy(update={"eligibility": eligibility})})
    keep_rules(desk.engine, old)
    started_with(desk, "old")
    desk.send()
    rule, reason = rule_and_reason(desk)
    assert rule == "unknown call type"
    assert "by the policy that the call started with (old)" in reason
    assert desk.phones.bodies(NUMBER) == []


def test_with_the_word_of_both_it_goes(desk: Desk) -> None:
    keep_rules(desk.engine, with_timetable(desk.agency, "like it"))
    started_with(desk, "like it")
    desk.send()
    assert len(desk.phones.bodies(NUMBER)) == 1


def test_a_notice_that_the_newest_policy_does_not_want_is_held_back_with_the_reason(desk: Desk) -> None:
    started_with(desk, "earlier", Kind.DELAY)
    only_3 = {"first_after": {3: Threshold(after=minutes(30))}}
    now_in_force(desk, with_timetable(desk.agency, "new", delay=only_3))
    desk.send(desk.order(Kind.DELAY))
    assert rule_and_reason(desk, Kind.DELAY) == (
        "the policy was changed",
        "by the newest policy: no delay notice for such calls",
    )


def test_a_notice_that_the_newest_policy_wants_later_waits(desk: Desk) -> None:
    started_with(desk, "earlier", Kind.DELAY)
    later = {4: Threshold(after=minutes(50))}
    now_in_force(desk, with_timetable(desk.agency, "new", delay={"first_after": later}))
    with pytest.raises(ApplicationError, match="wants it later") as error:
        desk.send(desk.order(Kind.DELAY))
    delay = error.value.next_retry_delay
    assert delay is not None
    assert timedelta(minutes=46) < delay <= timedelta(minutes=47)
    desk.at(NOON + minutes(51))
    desk.send(desk.order(Kind.DELAY))
    assert len(desk.phones.bodies(NUMBER)) == 2


def test_one_that_it_wants_when_it_is_no_longer_true_is_not_sent(desk: Desk) -> None:
    started_with(desk, "earlier", Kind.DELAY)
    now_in_force(desk, with_timetable(desk.agency, "new", delay={"first_after": {4: Threshold(after=hours(5))}}))
    desk.send(desk.order(Kind.DELAY))
    assert rule_and_reason(desk, Kind.DELAY)[1] == "by the newest policy it would come when it is no longer true"


def test_new_quiet_hours_bind_calls_that_are_open(desk: Desk) -> None:
    started_with(desk, "earlier")
    quiet = QuietHours.model_validate({"begin": "11:00", "end": "12:30"})
    now_in_force(desk, with_timetable(desk.agency, "new", confirmation={"quiet_hours": quiet}))
    with pytest.raises(ApplicationError, match="wants it later"):
        desk.send()


def test_surveys_that_were_switched_off_are_not_sent_by_calls_that_are_open(desk: Desk) -> None:
    desk.call(cleared_at=NOON)
    desk.send()
    with Session(desk.engine) as session, session.begin():
        session.execute(update(CallRow).values(started_policy="earlier"))
    now_in_force(desk, with_timetable(desk.agency, "new", survey={"enabled": False}))
    desk.send(desk.order(Kind.SURVEY))
    assert rule_and_reason(desk, Kind.SURVEY)[1] == "by the newest policy: no survey: surveys are off"


def test_a_call_that_started_before_rules_were_kept_goes_by_the_newest(desk: Desk) -> None:
    started_with(desk, "nobody has kept it")
    desk.send()
    assert len(desk.phones.bodies(NUMBER)) == 1
