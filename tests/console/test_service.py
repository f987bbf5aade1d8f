"""The whole service: what it does and does not, who said so, and the switches that staff may turn."""

import re
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from sqlalchemy import Engine, event
from sqlmodel import Session, select

from activities.line import Line
from activities.stop_and_go import EVERYTHING, Mode
from calls.clock import Clock
from database.tables import CallRow, SwitchRow, TextRow, real_now
from tests.builders import some_facts
from tests.console.ledger import Ledger
from tests.console.served import Served, Staff, console_site
from tests.recovery.restoring import recovered, restored
from web.staff.access.roles import Act, Role
from web.staff.due_texts import due_texts
from web.staff.numbers.carrier_stops import CarrierStops, StoppedWording
from web.staff.standing import StandingNow
from web.staff.switches import State, Switches

WHY = "the survey link leads nowhere"


def state(site: Served) -> State:
    return Switches(engine=site.engine, keyring=site.keyring).state()


def words_of(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def due(
    site: Served, call_id: str, *, kind: str = "confirmation", true_for: timedelta = timedelta(hours=1), **changes: str
) -> None:
    """A text that is due since a minute and has not gone."""
    now = real_now()
    facts = some_facts(cad_id=call_id, **changes)
    with Session(site.engine) as session, session.begin():
        session.add(
            CallRow(
                call_id=f"ottawa-{call_id}",
                agency="ottawa",
                merged={},
                facts=facts.model_dump(mode="json"),
                eligibility="eligible",
                rule="",
                reason="",
                policy_version="p",
            )
        )
        session.add(
            TextRow(
                call_id=f"ottawa-{call_id}",
                kind=kind,
                state="claimed",
                policy_version="p",
                due_at=now - timedelta(minutes=1),
                expires_at=now + true_for,
            )
        )


def press(staff: Staff, path: str, **fields: str) -> str:
    """Send a form; the page that says what came of it."""
    answer = staff.post(path, **fields)
    assert answer.status_code == 303, answer.text
    return staff.get(answer.headers["Location"]).text


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.SUPERVISOR, Role.ADMINISTRATOR])
def test_whoever_may_stops_everything_with_a_reason_and_one_confirmation(site: Served, role: Role) -> None:
    staff = site.staff(role)
    assert 'href="/service/stop?scope=everything"' in staff.get("/service").text
    assert "Yes, stop everything" in staff.get("/service/stop?scope=everything").text
    assert not state(site).stopped  # nothing has happened yet
    page = press(staff, "/service/stop/everything", why=WHY)
    [stop] = state(site).stopped
    assert (stop.scope, stop.by, stop.why) == (EVERYTHING, f"Demo {role}", WHY)
    for said in ("It is stopped", "Everything is stopped. No text goes out.", f"Demo {role}", WHY):
        assert said in words_of(page)
    entry = site.audit()[-1]
    assert (entry.act, entry.about, entry.detail, entry.outcome) == (
        Act.STOP_SERVICE,
        EVERYTHING,
        {"why": WHY},
        "allowed",
    )


@pytest.mark.parametrize("scope", ["kind:survey", "type:noise", "kind:auto_reply"])
def test_one_kind_or_type_is_stopped_and_started_again(site: Served, scope: str) -> None:
    supervisor = site.staff(Role.SUPERVISOR)
    press(supervisor, f"/service/stop/{scope}", why=WHY)
    assert [stop.scope for stop in state(site).stopped] == [scope]
    assert "was stopped already" in press(supervisor, f"/service/stop/{scope}", why="another reason")
    assert "It goes again" in press(supervisor, f"/service/start/{scope}", why="the link is mended")
    assert not state(site).stopped
    assert "It was not stopped" in press(supervisor, f"/service/start/{scope}", why="once more")
    acts = [(entry.act, entry.about) for entry in site.audit() if entry.act != "sign_in"]
    assert acts == [(Act.STOP_SERVICE, scope)] * 2 + [(Act.START_SERVICE, scope)] * 2


def test_a_switch_has_the_time_of_the_service_like_every_other_page(site: Served) -> None:
    """In a demonstration the service has another day than the wall, and the board says the service's."""
    another_day = Clock(real_origin=real_now(), virtual_origin=datetime(2026, 5, 14, 18, 40, tzinfo=UTC))
    Switches(engine=site.engine, keyring=site.keyring).stop(EVERYTHING, by="Inspector", why="wrong words")
    Switches(engine=site.engine, keyring=site.keyring).set_mode(Mode.SHADOW, by="Inspector", why="a trial")
    with console_site(site.engine, site.keyring, site.agency, clock=another_day) as demonstration:
        for path in ("/service", "/service/history"):
            times = re.findall(r'<time datetime="(.{10})', demonstration.staff(Role.SUPERVISOR).get(path).text)
            assert times == ["2026-05-14", "2026-05-14"]


def test_r2_a_restored_database_is_not_started_before_it_is_recovered(site: Served) -> None:
    restored(site.engine)
    supervisor = site.staff(Role.SUPERVISOR)
    answer = supervisor.post("/service/start/everything", why="it seems well")
    assert answer.status_code == 400
    assert "a technician must finish the recovery first" in words_of(answer.text)
    assert [stop.scope for stop in state(site).stopped] == [EVERYTHING]
    recovered(site.engine)
    press(supervisor, "/service/start/everything", why="it is recovered")
    assert state(site).stopped == []


def test_an_operator_stops_and_does_not_start_again(site: Served) -> None:
    operator = site.staff(Role.OPERATOR)
    press(operator, "/service/stop/everything", why=WHY)
    assert "/service/start" not in operator.get("/service").text
    assert operator.post("/service/start/everything", why="it seems well").status_code == 403
    assert state(site).stopped


@pytest.mark.parametrize("path", ["/service/stop/everything", "/service/start/everything", "/service/mode"])
@pytest.mark.parametrize("why", ["", "   "])
def test_nothing_is_switched_without_a_reason(site: Served, path: str, why: str) -> None:
    Switches(engine=site.engine, keyring=site.keyring).stop("everything" if "start" in path else "x", by="a", why="b")
    before = state(site)
    answer = site.staff(Role.ADMINISTRATOR).post(path, why=why, mode="shadow")
    assert (answer.status_code, "Say why. Nothing was done." in answer.text) == (400, True)
    assert state(site) == before


@pytest.mark.parametrize(
    "scope", ["nothing", "kind:", "type:gone", "call:ottawa-1", "wording:delay:en", "everything/x"]
)
def test_what_there_is_not_cannot_be_stopped(site: Served, scope: str) -> None:
    staff = site.staff(Role.SUPERVISOR)
    assert staff.get(f"/service/stop?scope={scope}").status_code == 404
    assert staff.post(f"/service/stop/{scope}", why=WHY).status_code == 404
    assert not state(site).stopped


def test_r9_it_says_how_many_texts_wait_by_kind_and_how_many_are_still_true(site: Served) -> None:
    for n in range(3):
        due(site, f"1{n}")
    due(site, "20", kind="survey", call_type_code="SHOPLIFT", call_type_group="property")
    due(site, "21", kind="survey", true_for=-timedelta(minutes=1))
    staff = site.staff(Role.SUPERVISOR)
    press(staff, "/service/stop/everything", why=WHY)
    html = staff.get("/service").text
    page = words_of(html)
    assert "Everything" in page
    assert "Confirmation 3 – still true: 3, the first of them until" in page
    first = re.search(r'first of them until <time datetime="([^"]+)"', html)  # an hour from now may be tomorrow
    assert first is not None
    assert timedelta(minutes=50) < datetime.fromisoformat(first[1]) - real_now() < timedelta(hours=1)
    assert re.search(r"Survey link 2 – still true: 1,", page)
    tallies = due_texts(site.engine, site.agency, now=real_now())
    assert [tallies.of(scope).texts for scope in ("everything", "kind:survey", "type:noise")] == [5, 2, 4]
    start = words_of(staff.get("/service/start?scope=everything").text)
    assert "still true: 4." in start
    assert "No longer true, so they never go: 1." in start


def test_a_type_that_has_moved_waits_under_both_of_its_names(site: Served) -> None:
    due(site, "1", call_type_code="NOISE", call_type_group="property")
    tallies = due_texts(site.engine, site.agency, now=real_now())
    assert [tallies.of(f"type:{group}").texts for group in ("property", "noise", "theft")] == [1, 1, 0]


class TestMode:
    def test_it_is_set_with_a_reason_and_the_pilots_numbers_are_shown_nowhere(self, site: Served) -> None:
        staff = site.staff(Role.ADMINISTRATOR)
        phones = "613-555-0142\r\n\r\n+1 613 555 0143\n6135550142"
        page = press(staff, "/service/mode", mode="pilot", why="two weeks", phones=phones)
        assert (state(site).mode, state(site).pilot_phones, state(site).mode_by) == (
            Mode.PILOT,
            2,
            "Demo administrator",
        )
        assert "Phones on the list: 2." in page
        shown = page + staff.get("/service/mode").text + staff.get("/service/history").text
        assert "0142" not in shown + str([entry.detail for entry in site.audit()])
        assert (site.audit()[-1].act, site.audit()[-1].detail) == (Act.SET_MODE, {"why": "two weeks", "mode": "pilot"})

    @pytest.mark.parametrize(
        ("phones", "said"), [("613-555-0142\n12", "Line 2 is no whole telephone number"), (" ", "needs its phones")]
    )
    def test_a_pilot_with_a_wrong_number_or_none_changes_nothing(self, site: Served, phones: str, said: str) -> None:
        answer = site.staff(Role.ADMINISTRATOR).post("/service/mode", mode="pilot", why="w", phones=phones)
        assert (answer.status_code, said in answer.text) == (400, True)
        assert state(site).mode_by is None

    def test_a_mode_that_there_is_not_is_refused(self, site: Served) -> None:
        assert site.staff(Role.ADMINISTRATOR).post("/service/mode", mode="loud", why="w").status_code == 400

    def test_in_shadow_it_says_how_many_were_only_written_down(self, site: Served) -> None:
        with Session(site.engine) as session, session.begin():
            for rule in ("shadow", "shadow", "switched off: everything", "opted out"):
                session.add(
                    TextRow(
                        kind="auto_reply",
                        state="suppressed",
                        rule=rule,
                        policy_version="p",
                        due_at=real_now(),
                        expires_at=real_now(),
                    )
                )
        staff = site.staff(Role.ADMINISTRATOR)
        page = press(staff, "/service/mode", mode="shadow", why="a rehearsal")
        assert "not sent later either: 2." in page
        assert "not given in the last 24 hours: 1." in page
        assert "Shadow: nobody gets texts" in page


class TestTheCarriersOwnStops:
    def test_a_closed_line_is_shown_with_why_and_what_opens_it(self, site: Served) -> None:
        sender = site.agency.identity.sender
        Line(engine=site.engine, sender=sender, segments_per_second=1).close(because="HTTP 401, code 20003")
        page = words_of(site.staff(Role.ANALYST).get("/service").text)
        assert "The carrier refuses everything." in page
        assert "HTTP 401, code 20003" in page

    def test_words_that_somebody_else_has_just_released_are_released_once(
        self, site: Served, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        words = StoppedWording(kind="delay", language="fr", why="refused")
        looks = iter([[words]])
        monkeypatch.setattr(CarrierStops, "wordings", lambda _: next(looks, []))
        answer = site.staff(Role.SUPERVISOR).post("/service/start/wording:delay:fr", why="shortened")
        assert answer.status_code == 303
        with Session(site.engine) as session:
            assert len(session.exec(select(SwitchRow)).all()) <= 1

    def test_words_that_it_refused_are_released_with_a_reason(self, site: Served) -> None:
        version = site.agency.wording.version
        now = real_now()
        with Session(site.engine) as session, session.begin():
            session.add(
                TextRow(
                    kind="delay",
                    state="claimed",
                    error_code=21617,
                    language="en+fr",
                    wording_version=version,
                    policy_version="p",
                    due_at=now,
                    expires_at=now,
                )
            )
        staff = site.staff(Role.SUPERVISOR)
        assert "/service/start?scope=wording%3Adelay%3Aen%2Bfr" in staff.get("/service").text
        assert "Delay notice (English, French)" in staff.get("/service/start?scope=wording:delay:en%2Bfr").text
        page = press(staff, "/service/start/wording:delay:en%2Bfr", why="shortened with the carrier")
        assert "It goes again" in page
        stops = CarrierStops(engine=site.engine, sender=site.agency.identity.sender, version=version)
        assert stops.wordings() == []
        assert site.audit()[-1].about == "wording:delay:en+fr"
        history = words_of(staff.get("/service/history").text)
        assert "Started again Delay notice (English, French) Demo supervisor shortened with the carrier" in history


class TestHistory:
    def test_every_switch_and_mode_is_kept_with_who_and_why(self, site: Served) -> None:
        staff = site.staff(Role.ADMINISTRATOR)
        press(staff, "/service/stop/type:noise", why="first")
        press(staff, "/service/start/type:noise", why="second")
        press(staff, "/service/mode", mode="shadow", why="third")
        page = words_of(staff.get("/service/history").text)
        lines = ["Mode Shadow Demo administrator third", "Started again Calls of type: Noise", "Stopped Calls of type:"]
        places = [page.index(line) for line in lines]
        assert places == sorted(places)  # the newest first

    def test_which_calls_were_held_is_for_those_who_see_calls(self, site: Served) -> None:
        Switches(engine=site.engine, keyring=site.keyring).stop("call:ottawa-77", by="Demo operator", why="a child")
        for path in ("/service", "/service/history"):
            assert "ottawa-77" in site.staff(Role.OPERATOR).get(path).text
            for role in (Role.ANALYST, Role.REVIEWER, Role.ADMINISTRATOR):
                page = site.staff(role).get(path).text
                assert ("ottawa-77" in page, "a child" in page) == (False, False)

    def test_a_call_that_is_over_is_held_no_more(self, site: Served) -> None:
        """Nobody can release it any more: it would be counted for ever."""
        ledger = Ledger(site)
        for call_id in ("ottawa-1", "ottawa-2"):
            ledger.call(call_id)
            Switches(engine=site.engine, keyring=site.keyring).stop(
                f"call:{call_id}", by="Demo operator", why="a child"
            )
        with Session(site.engine) as session, session.begin():
            call = session.get_one(CallRow, "ottawa-1")
            call.ended_reason = "held by staff until it was over"
            session.add(call)
        page = site.staff(Role.OPERATOR).get("/service").text
        assert "Single calls whose texts are held: 1." in page
        assert ("ottawa-1" in page, "ottawa-2" in page) == (False, True)

    def test_it_goes_back_page_by_page(self, site: Served) -> None:
        switches = Switches(engine=site.engine, keyring=site.keyring)
        for n in range(60):
            switches.set_mode(Mode.LIVE, by="x", why=f"word {n:02}")
        staff = site.staff(Role.ANALYST)
        first = staff.get("/service/history").text
        older = re.search(r'href="(/service/history\?before=\d+)"', first)
        assert older is not None
        second = staff.get(older[1]).text
        words = re.findall(r"word \d\d", first + second)
        assert words == [f"word {n:02}" for n in reversed(range(60))]
        assert "history?before" not in second


class TestTheBanner:
    @pytest.mark.parametrize("role", list(Role))
    def test_it_is_on_every_page_while_everything_is_stopped_or_the_mode_is_not_live(
        self, site: Served, role: Role
    ) -> None:
        administrator, staff = site.staff(Role.ADMINISTRATOR), site.staff(role)
        pages = ("/service", "/service/history", "/no-such-page")
        assert not any("No text goes out" in staff.get(path).text for path in pages)
        press(administrator, "/service/stop/everything", why=WHY)
        press(administrator, "/service/mode", mode="shadow", why=WHY)
        for path in pages:
            page = staff.get(path).text
            assert "Everything is stopped. No text goes out." in page
            assert "Shadow: nobody gets texts" in page
        assert "No text goes out" not in site.staff().get("/sign-in").text

    def test_it_costs_one_question_a_second_however_many_look(self, engine: Engine) -> None:
        asked, ticks = [], count()
        event.listen(engine, "before_cursor_execute", lambda *it: asked.append(it[2]))
        standing = StandingNow(engine=engine, monotonic=lambda: next(ticks) * 0.3)
        for _ in range(8):  # 0 to 2.1 seconds
            assert standing.get().mode is Mode.LIVE
        assert len(asked) == 2
        standing.forget()
        standing.get()
        assert len(asked) == 3
