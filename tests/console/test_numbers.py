"""Numbers that get no texts: the list that staff keep, and opt-outs that staff enter for somebody who asks (R1, R6)."""

from datetime import datetime, timedelta

import pytest
from sqlmodel import Session, col, select

from activities.findings import what_is_known
from activities.people import speaks_against
from calls.contracts import Kind, SendText, TextKey
from database.numbers import BlockedNumberRow
from database.tables import CallRow, OptOutRow, real_now
from tests.builders import NOON, minutes, some_facts
from tests.console.served import Served
from tests.console.test_service import press, words_of
from web.residents.opt_outs import say_start, say_stop
from web.staff.access.roles import Act, Role
from web.staff.numbers.blocked import BlockedNumbers, Why, for_reading
from web.staff.numbers.opt_outs import OptOuts

NUMBER, OTHER = "+16135550142", "+16135550143"
TYPED = "(613) 555-0142"
SHOWN = "+1 613-555-0142"


def blocked(site: Served) -> BlockedNumbers:
    return BlockedNumbers(engine=site.engine, keyring=site.keyring)


def opt_outs(site: Served) -> OptOuts:
    sender = site.agency.identity.sender
    return OptOuts(engine=site.engine, keyring=site.keyring, sender=sender, clock=site.app.state.console.clock)


def phone_says(site: Served, word: str, number: str = NUMBER) -> bool:
    """As the webhook does it."""
    sender = site.agency.identity.sender
    with Session(site.engine) as session, session.begin():
        if word == "STOP":
            return say_stop(session, site.keyring, number, sender=sender, now=real_now())
        return say_start(session, phone_hash=site.keyring.phone_hash(number), sender=sender, now=real_now())


def silenced(site: Served, number: str = NUMBER, *, received: datetime = NOON) -> str | None:
    """Why the next text of a call to this number would be held back, by the check before every send."""
    call = CallRow(
        call_id="ottawa-1",
        agency="ottawa",
        merged={},
        facts=some_facts().model_dump(mode="json"),
        eligibility="eligible",
        rule="",
        reason="",
        policy_version="p",
        phone_hash=site.keyring.phone_hash(number),
        received_at=received,
    )
    order = SendText(
        call_id="ottawa-1",
        key=TextKey(kind=Kind.CONFIRMATION),
        due_at=NOON,
        expires_at=NOON + minutes(60),
        version=1,
    )
    with Session(site.engine) as session:  # never committed
        session.add(call)
        session.flush()
        found = what_is_known(session, order, agency=site.agency, now=NOON)
        held = speaks_against(found, order, number=number, rules=site.agency.policy.numbers)
    return None if held is None else f"{held.rule}: {held.reason}"


class TestTheList:
    def test_an_operator_puts_a_number_on_it_and_it_binds_at_once(self, site: Served) -> None:
        operator = site.staff(Role.OPERATOR)
        page = press(operator, "/numbers/blocked", number=TYPED, why="shelter", note="called at night", until="")
        assert "The number is on the list." in page
        # The numbers that 555-01xx stands for are fictional, and no reason of their own here.
        assert silenced(site) == "not to be texted: shelter"
        entry = blocked(site).find(NUMBER)
        assert entry is not None
        assert (entry.by, entry.note, entry.until) == ("Demo operator", "called at night", None)
        assert (site.audit()[-1].act, site.audit()[-1].detail) == (Act.BLOCK_NUMBER, {"why": "shelter"})
        assert operator.get("/numbers/blocked").status_code == 403

    def test_a_supervisor_sees_it_and_takes_a_number_off_with_a_reason(self, site: Served) -> None:
        blocked(site).add(NUMBER, why=Why.LOBBY, by="Demo operator", note="north door")
        supervisor = site.staff(Role.SUPERVISOR)
        page = words_of(supervisor.get("/numbers/blocked").text)
        assert f"{SHOWN} Lobby: north door" in page
        entry = blocked(site).page().entries[0].id
        path = f"/numbers/blocked/{entry}"
        assert SHOWN in supervisor.get(path).text
        assert supervisor.post(path + "/remove", why=" ").status_code == 400
        assert silenced(site)
        assert "off the list" in press(supervisor, path + "/remove", why="the lobby was rebuilt")
        assert silenced(site) is None
        with Session(site.engine) as session:
            row = session.exec(select(BlockedNumberRow)).one()
        assert (row.ended_by, row.ended_why) == ("Demo supervisor", "the lobby was rebuilt")
        assert (site.audit()[-1].act, site.audit()[-1].about) == (Act.UNBLOCK_NUMBER, str(entry))
        assert "over already" in press(supervisor, path + "/remove", why="again")

    def test_it_holds_until_the_last_day_is_over_and_a_day_that_is_over_is_refused(self, site: Served) -> None:
        operator = site.staff(Role.OPERATOR)
        today = real_now().astimezone(site.agency.policy.timetable.zone_info).date()
        yesterday = (today - timedelta(days=1)).isoformat()
        for wrong in (yesterday, "soon", "9999-12-31"):
            answer = operator.post("/numbers/blocked", number=TYPED, why="other", until=wrong)
            assert (answer.status_code, "The last day is no date, or over" in answer.text) == (400, True)
            assert TYPED in answer.text  # what was typed is not typed again
        press(operator, "/numbers/blocked", number=TYPED, why="other", until=today.isoformat())
        entry = blocked(site).find(NUMBER)
        assert entry is not None
        assert entry.until is not None
        assert entry.until.astimezone(site.agency.policy.timetable.zone_info).date() == today + timedelta(days=1)

    def test_r1_whoever_may_not_take_a_number_off_does_not_do_so_by_putting_it_there_until_today(
        self, site: Served
    ) -> None:
        zone = site.agency.policy.timetable.zone_info
        today = real_now().astimezone(zone).date()
        operator = site.staff(Role.OPERATOR)
        press(operator, "/numbers/blocked", number=TYPED, why="shelter")
        said = press(operator, "/numbers/blocked", number=NUMBER, why="other", until=today.isoformat())
        assert "stays there for as long as was said before" in said
        entry = blocked(site).find(NUMBER)
        assert entry is not None
        assert (entry.reason, entry.until) == ("other", None)
        press(site.staff(Role.SUPERVISOR), "/numbers/blocked", number=NUMBER, why="other", until=today.isoformat())
        press(operator, "/numbers/blocked", number=NUMBER, why="lobby", until=(today + timedelta(days=9)).isoformat())
        press(operator, "/numbers/blocked", number=NUMBER, why="lobby", until=(today + timedelta(days=2)).isoformat())
        entry = blocked(site).find(NUMBER)
        assert entry is not None
        assert entry.until is not None
        assert entry.until.astimezone(zone).date() == today + timedelta(days=10)

    def test_what_was_said_before_of_a_number_is_kept(self, site: Served) -> None:
        operator = site.staff(Role.OPERATOR)
        press(operator, "/numbers/blocked", number=TYPED, why="lobby")
        assert "on the list already" in press(operator, "/numbers/blocked", number=NUMBER, why="shelter")
        with Session(site.engine) as session:
            rows = session.exec(select(BlockedNumberRow).order_by(col(BlockedNumberRow.id))).all()
        assert [(row.reason, row.ended_real is None) for row in rows] == [("lobby", False), ("shelter", True)]

    @pytest.mark.parametrize("number", ["", "12", "not a number", "613-555-01"])
    @pytest.mark.parametrize("path", ["/numbers/blocked", "/numbers/opt-outs", "/numbers/find"])
    def test_what_is_no_number_is_refused_and_nothing_is_done(self, site: Served, path: str, number: str) -> None:
        answer = site.staff(Role.SUPERVISOR).post(path, number=number, why="other", asked="in person")
        assert (answer.status_code, "no whole telephone number" in answer.text) == (400, True)
        assert (blocked(site).count(), opt_outs(site).count()) == (0, 0)

    def test_it_goes_page_by_page(self, site: Served) -> None:
        for n in range(60):
            blocked(site).add(f"+16135550{100 + n}", why=Why.OTHER)
        supervisor = site.staff(Role.SUPERVISOR)
        first = supervisor.get("/numbers/blocked").text
        older = blocked(site).page().older
        second = supervisor.get(f"/numbers/blocked?before={older}").text
        assert [page.count('<th scope="row">') for page in (first, second)] == [50, 10]
        assert "Numbers on the list: 60." in first
        assert "Older" not in second
        assert len(blocked(site).all()) == 60


class TestOptOuts:
    def test_one_that_is_asked_for_by_telephone_binds_in_advance(self, site: Served) -> None:
        operator = site.staff(Role.OPERATOR)
        page = press(operator, "/numbers/opt-outs", number=TYPED, asked="by telephone", why="finds them alarming")
        assert "Nothing more goes to the number" in page
        assert silenced(site) == "opted out: the person asked staff for no more texts"
        [entry] = opt_outs(site).page().entries
        assert (entry.by, entry.why) == ("Demo operator", "by telephone: finds them alarming")
        audited = site.audit()[-1]
        assert (audited.act, audited.detail) == (
            Act.ENTER_OPT_OUT,
            {"why": "finds them alarming", "asked": "by telephone"},
        )
        assert "in force already" in press(operator, "/numbers/opt-outs", number=NUMBER, asked="in writing")

    def test_r6_a_stop_is_ended_by_nobody_but_the_phone(self, site: Served) -> None:
        phone_says(site, "STOP")
        supervisor = site.staff(Role.SUPERVISOR)
        assert "in force already" in press(supervisor, "/numbers/opt-outs", number=NUMBER, asked="by telephone")
        [entry] = opt_outs(site).page().entries
        path = f"/numbers/opt-outs/{entry.id}"
        assert "nobody here can" in supervisor.get(path).text
        fields = {"theirs": "yes", "asked": "by telephone", "why": "wants them again"}
        assert "Nothing was changed" in press(supervisor, path + "/end", **fields)
        assert silenced(site) == "opted out: STOP is in force for this number"
        assert phone_says(site, "START")
        assert silenced(site, received=real_now()) is None
        assert silenced(site)  # R6: an earlier call stays silent

    def test_r6_a_stop_that_the_phone_texts_later_makes_it_the_phones_own(self, site: Served) -> None:
        supervisor = site.staff(Role.SUPERVISOR)
        press(supervisor, "/numbers/opt-outs", number=TYPED, asked="in person")
        [entry] = opt_outs(site).page().entries
        assert entry.staff_may_end_it
        assert phone_says(site, "STOP")  # and is confirmed
        assert not phone_says(site, "STOP")  # once
        fields = {"theirs": "yes", "asked": "in person", "why": "wants them again"}
        assert "Nothing was changed" in press(supervisor, f"/numbers/opt-outs/{entry.id}/end", **fields)
        assert silenced(site) == "opted out: STOP is in force for this number"
        assert phone_says(site, "START")
        assert not opt_outs(site).count()

    def test_what_staff_entered_is_ended_when_the_person_whose_number_it_is_asks(self, site: Served) -> None:
        opt_outs(site).enter(NUMBER, by="Demo operator", why="by telephone")
        supervisor = site.staff(Role.SUPERVISOR)
        [entry] = opt_outs(site).page().entries
        path = f"/numbers/opt-outs/{entry.id}"
        complete = {"theirs": "yes", "asked": "in person", "why": "wants them again"}
        for missing in complete:
            answer = supervisor.post(path + "/end", **{**complete, missing: ""})
            assert (answer.status_code, "Nothing was done" in answer.text) == (400, True)
        assert site.staff(Role.OPERATOR).post(path + "/end", **complete).status_code == 403
        assert silenced(site)
        assert "may be texted again" in press(supervisor, path + "/end", **complete)
        assert silenced(site, received=real_now()) is None
        assert silenced(site)  # R6: an earlier call stays silent
        with Session(site.engine) as session:
            row = session.exec(select(OptOutRow)).one()
        assert (row.ended_by, row.ended_why) == ("Demo supervisor", "in person: wants them again")
        audited = site.audit()[-1]
        assert (audited.act, audited.about) == (Act.END_OPT_OUT, str(entry.id))
        assert audited.detail == {"why": "wants them again", "asked": "in person"}

    def test_the_phones_own_start_ends_what_staff_entered(self, site: Served) -> None:
        opt_outs(site).enter(NUMBER, by="Demo operator", why="by telephone")
        assert phone_says(site, "START")
        assert silenced(site, received=real_now()) is None
        assert silenced(site)  # R6: an earlier call stays silent


class TestLookingANumberUp:
    def test_what_holds_for_it_is_shown_with_what_was(self, site: Served) -> None:
        blocked(site).add(NUMBER, why=Why.HOTLINE, by="Demo operator")
        phone_says(site, "STOP")
        phone_says(site, "START")
        opt_outs(site).enter(NUMBER, by="Demo operator", why="in writing")
        answer = site.staff(Role.SUPERVISOR).post("/numbers/find", number="613 555 0142")
        page = words_of(answer.text)
        for said in (SHOWN, "on the list Hotline", "in force Entered by Demo operator", "The phone texted STOP"):
            assert said in page
        assert "(In writing)" in page
        assert [entry.act for entry in site.audit()][-2:] == [Act.SEE_BLOCKED, Act.SEE_OPT_OUTS]

    def test_of_a_number_that_nobody_knows_it_says_so(self, site: Served) -> None:
        page = words_of(site.staff(Role.SUPERVISOR).post("/numbers/find", number=OTHER).text)
        assert "It is not on the list." in page
        assert "None was ever entered or texted." in page

    def test_no_number_stands_in_an_address_or_in_the_audit_log(self, site: Served) -> None:
        supervisor = site.staff(Role.SUPERVISOR)
        locations = [
            supervisor.post("/numbers/blocked", number=NUMBER, why="other", note="n").headers["Location"],
            supervisor.post("/numbers/opt-outs", number=NUMBER, asked="in person").headers["Location"],
        ]
        supervisor.post("/numbers/find", number=NUMBER)
        for path in ("/numbers", "/numbers/blocked", "/numbers/opt-outs"):
            page = supervisor.get(path).text
            locations += [part.split('"')[0] for part in page.split('href="')[1:]]
        log = [f"{entry.about} {entry.detail}" for entry in site.audit()]
        assert not [text for text in locations + log if "0142" in text]

    def test_nobody_else_sees_a_number(self, site: Served) -> None:
        blocked(site).add(NUMBER, why=Why.HOTLINE)
        for role in set(Role) - {Role.SUPERVISOR}:
            staff = site.staff(role)
            for path in ("/numbers/blocked", "/numbers/opt-outs", "/numbers/blocked/1", "/numbers/opt-outs/1"):
                assert staff.get(path).status_code == 403
            assert staff.post("/numbers/find", number=NUMBER).status_code == 403
            assert "0142" not in staff.get("/numbers").text


def test_a_number_is_shown_in_groups() -> None:
    assert for_reading(NUMBER) == SHOWN
    assert for_reading("no number") == "no number"
