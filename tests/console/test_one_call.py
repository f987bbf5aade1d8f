"""The page of one call: everything on record is told, and nothing to whom it is not for (R1, R9)."""

import re
from html import unescape

import pytest
from sqlmodel import Session, col, select

from calls.contracts import Kind
from calls.facts import Language
from database.numbers import BlockedNumberRow
from database.staff import CallerLanguageRow
from database.tables import CallRow, SwitchRow
from starter.holds import Holds
from tests.activities.desk import NUMBER
from tests.builders import hours
from tests.console.a_call import CALL, CASE, OTHER_NUMBER, CadAndDesk, cad, desk, noon_site, the_phones
from tests.console.served import Served, Staff
from web.staff.access.roles import MAY, Act, Role

__all__ = ["cad", "desk", "noon_site", "the_phones"]

PAGE = f"/calls/{CALL}"


def seen(staff: Staff, path: str = PAGE, language: str = "en") -> str:
    """What somebody reads, without the marks."""
    answer = staff.get(path, headers={"Accept-Language": language})
    assert answer.status_code == 200, answer.status_code
    content = answer.text[answer.text.index("<main") :]
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", content)))


@pytest.fixture
def operator(noon_site: Served) -> Staff:
    return noon_site.staff(Role.OPERATOR)


def test_r9_the_whole_life_of_a_call_is_told_in_its_order(cad: CadAndDesk, operator: Staff) -> None:
    cad.receives(language=Language.ENGLISH)
    cad.texts()
    cad.replies(8, "when will you be here?")
    cad.says(9, dispatched_at=9, disposition="GOA")
    text = seen(operator)
    told = [
        *(f"Call {CASE}", "12:00 CAD said", f"Case number: {CASE}", "Received: 12:00", "Confirmation accepted"),
        *(
            "received your call",
            "Due 12:03",
            "English",
            "Reply from the phone: something else",
            "when will you be here?",
        ),
        *("12:09 CAD said", "Dispatched: 12:09"),
    ]
    story = text[text.index("What happened") :]
    places = [(text if told_ == f"Call {CASE}" else story).find(told_) for told_ in told]
    assert -1 not in places, told[places.index(-1)]
    assert "613-555-0142" in text
    assert "all rules met" in text
    assert cad.row().policy_version in text


def test_a_record_without_news_is_no_news(cad: CadAndDesk, operator: Staff) -> None:
    cad.receives()
    cad.says(1, dispatched_at=1)
    cad.says(2, dispatched_at=1)
    assert seen(operator).count("CAD said") == 2


def test_what_comes_next_and_why_follows_from_the_state_machine(cad: CadAndDesk, operator: Staff) -> None:
    cad.receives()
    assert "Confirmation : due since 12:03" in seen(operator)
    cad.texts()
    assert "Delay notice 1 falls due" in seen(operator)
    cad.says(5, dispatched_at=5)
    assert "An officer has the call" in seen(operator)
    assert "Un agent a pris l’appel" in seen(operator, language="fr")


def test_r9_a_text_that_was_held_back_says_by_which_rule_and_policy(cad: CadAndDesk, operator: Staff) -> None:
    cad.receives(number="+16135550199")
    operator.post(f"{PAGE}/block", why="alarm company")
    cad.texts()
    text = seen(operator)
    assert "Why it was not sent: on the list of numbers not to be texted" in text
    assert f"policy {cad.desk.agency.version}" in text or f"policy {cad.row().policy_version}" in text
    assert "Nothing would be sent to this number now: on the list of numbers not to be texted" in text


def test_words_that_retention_has_deleted_are_said_to_be_deleted(cad: CadAndDesk, operator: Staff) -> None:
    cad.receives()
    cad.texts()
    cad.replies(8, None)
    cad.change_texts(body_encrypted=None)
    assert seen(operator).count("The words were deleted by retention.") == 2


def test_the_carriers_code_is_said_in_words(cad: CadAndDesk, operator: Staff) -> None:
    cad.receives()
    cad.texts()
    cad.change_texts(state="undelivered", error_code=30003)
    assert "the phone could not be reached: off, or out of range (30003)" in seen(operator)
    assert "le téléphone était injoignable" in seen(operator, language="fr")


def test_a_text_to_an_earlier_number_says_to_which(cad: CadAndDesk, operator: Staff) -> None:
    cad.receives()
    cad.texts()
    cad.says(6, number=OTHER_NUMBER)
    text = seen(operator)
    assert "to another number: 613-555-0142" in text
    assert "Phone number 613-555-0143" in text


def test_a_reply_of_before_or_long_after_the_call_is_not_shown(cad: CadAndDesk, operator: Staff) -> None:
    cad.receives()
    cad.replies(-1, "about another matter")
    cad.replies(60 * 24 * 40, "weeks later")
    assert "Reply from the phone" not in seen(operator)


def test_what_is_switched_off_for_it_and_by_whom(cad: CadAndDesk, operator: Staff) -> None:
    cad.receives()
    with Session(cad.desk.engine) as session, session.begin():
        for scope in ("everything", "kind:survey", "type:noise", "type:theft"):
            session.add(SwitchRow(scope=scope, stopped_by="the duty inspector", why="a storm"))
    text = seen(operator)
    assert "Switched off: all texts –" in text
    assert "Switched off: all texts of the kind: Survey link – by the duty inspector" in text
    assert text.count("Switched off:") == 3


def test_the_workflow_is_one_click_away_where_there_is_one(cad: CadAndDesk, operator: Staff) -> None:
    cad.receives()
    link = 'href="http://temporal.example.org/namespaces/default/workflows/call-ottawa-1001"'
    assert link not in operator.get(PAGE).text
    with Session(cad.desk.engine) as session, session.begin():
        row = session.get(CallRow, CALL)
        assert row is not None
        row.signalled = row.facts
        session.add(row)
    assert link in operator.get(PAGE).text


def test_only_those_who_may_see_the_audit_log_see_the_calls_entries(
    cad: CadAndDesk, noon_site: Served, operator: Staff
) -> None:
    cad.receives()
    operator.post(f"{PAGE}/hold", why="to look at it")
    assert "Audit log of this call" not in seen(operator)
    text = seen(noon_site.staff(Role.SUPERVISOR))
    assert "Demo operator: Held a call’s texts" in text


def test_an_id_of_cads_with_a_slash_and_other_signs_has_its_page(cad: CadAndDesk, operator: Staff) -> None:
    cad.receives("26/7 #1?%")
    page = "/calls/ottawa-26%2F7%20%231%3F%25"
    assert f"Call {CASE}" in seen(operator, page)
    answer = operator.post(f"{page}/hold", why="a test")
    assert answer.headers["Location"] == f"{page}?said=held"
    assert "The texts are held from now on." in seen(operator, answer.headers["Location"])


def test_a_call_that_nobody_knows_has_no_page_and_no_actions(noon_site: Served, operator: Staff) -> None:
    assert operator.get("/calls/ottawa-nothing").status_code == 404
    for action in ("hold", "release", "stop", "language", "block"):
        assert operator.post(f"/calls/x/{action}", why="other", language="fr").status_code == 404


class TestActions:
    def test_a_call_is_held_and_released_with_who_and_why(self, cad: CadAndDesk, operator: Staff) -> None:
        cad.receives()
        assert operator.post(f"{PAGE}/hold", why="to look at it").headers["Location"] == f"{PAGE}?said=held"
        text = seen(operator)
        assert "This call’s texts are held. by Demo operator" in text
        assert ": to look at it" in text
        assert operator.post(f"{PAGE}/release", why="it is fine").headers["Location"] == f"{PAGE}?said=released"
        assert "This call’s texts are held." not in seen(operator)
        assert "Released – by Demo operator : it is fine" in seen(operator).replace("operator:", "operator :")

    def test_stopped_for_good_nothing_can_be_held_or_released_any_more(self, cad: CadAndDesk, operator: Staff) -> None:
        cad.receives()
        assert operator.post(f"{PAGE}/stop", why="the caller asks for it").headers["Location"].endswith("=stopped")
        cad.texts()
        text = seen(operator)
        assert "Why it was not sent: stopped for good by staff" in text
        assert "This call’s texts are stopped for good. by Demo operator" in text
        assert operator.post(f"{PAGE}/hold", why="x").headers["Location"].endswith("=stopped_already")
        assert operator.post(f"{PAGE}/release", why="x").headers["Location"].endswith("=not_held")
        assert cad.desk.phones.bodies(NUMBER) == []

    def test_where_it_stands_follows_a_hold_and_its_release_at_once(self, cad: CadAndDesk, operator: Staff) -> None:
        """Not only when a starter has made the hold a fact of the call."""
        waits = "Held by staff: what falls due waits for its release."
        cad.receives()
        operator.post(f"{PAGE}/hold", why="to look at it")
        assert waits in seen(operator)
        Holds(engine=cad.desk.engine, policy=cad.desk.policy).bring_into_line()
        operator.post(f"{PAGE}/release", why="it is fine")
        assert waits not in seen(operator)

    def test_where_nothing_is_left_to_do_the_page_says_so(self, cad: CadAndDesk, operator: Staff) -> None:
        cad.receives()
        operator.post(f"{PAGE}/block", why="lobby")
        operator.post(f"{PAGE}/stop", why="the caller asks for it")
        assert "What you can do Nothing more is sent." in seen(operator)

    def test_the_language_of_the_next_text_is_chosen(self, cad: CadAndDesk, operator: Staff) -> None:
        cad.receives(language=Language.ENGLISH)
        assert "Language of the next text English – from CAD" in seen(operator)
        assert operator.post(f"{PAGE}/language", language="fr").headers["Location"].endswith("=language")
        assert "Language of the next text French – chosen by staff" in seen(operator)
        cad.texts()
        [body] = cad.desk.phones.bodies(NUMBER)
        assert "votre appel" in body

    def test_the_number_is_marked_as_not_to_be_texted_and_stands_in_no_address(
        self, cad: CadAndDesk, noon_site: Served, operator: Staff
    ) -> None:
        cad.receives()
        answer = operator.post(f"{PAGE}/block", why="shelter")
        assert answer.headers["Location"] == f"{PAGE}?said=blocked"
        with Session(cad.desk.engine) as session:
            [row] = session.exec(select(BlockedNumberRow)).all()
        assert (row.phone_hash, row.reason) == (cad.desk.keyring.phone_hash(NUMBER), "shelter")
        assert not [entry for entry in noon_site.audit() if "0142" in str(entry.model_dump())]

    @pytest.mark.parametrize(
        ("action", "fields", "again"),
        [
            ("hold", {"why": "x"}, "held_already"),
            ("stop", {"why": "x"}, "stopped_already"),
            ("language", {"language": "fr"}, "language_already"),
            ("block", {"why": "lobby"}, "blocked_already"),
        ],
    )
    def test_what_is_posted_twice_is_done_once(
        self, cad: CadAndDesk, noon_site: Served, operator: Staff, action: str, fields: dict[str, str], again: str
    ) -> None:
        cad.receives()
        operator.post(f"{PAGE}/{action}", **fields)
        assert operator.post(f"{PAGE}/{action}", **fields).headers["Location"] == f"{PAGE}?said={again}"
        with Session(cad.desk.engine) as session:
            rows = [
                len(session.exec(select(table)).all()) for table in (SwitchRow, CallerLanguageRow, BlockedNumberRow)
            ]
        assert sum(rows) == 1
        assert [entry.outcome for entry in noon_site.audit() if entry.about == CALL] == [
            "allowed",
            "allowed",
            "nothing",
        ]

    @pytest.mark.parametrize("action", ["hold", "release", "stop", "language", "block"])
    def test_of_a_call_that_is_over_nothing_is_changed(
        self, cad: CadAndDesk, noon_site: Served, operator: Staff, action: str
    ) -> None:
        cad.receives()
        cad.ends()
        answer = operator.post(f"{PAGE}/{action}", why="other", language="fr")
        assert answer.headers["Location"] == f"{PAGE}?said=over"
        text = seen(operator, answer.headers["Location"])
        assert "This call is over: nothing was changed." in text
        assert "This call is over for us. The survey was offered." in text
        with Session(cad.desk.engine) as session:
            tables = (SwitchRow, CallerLanguageRow, BlockedNumberRow)
            assert [session.exec(select(table)).all() for table in tables] == [[], [], []]
        outcomes = [entry.outcome for entry in noon_site.audit() if entry.about == CALL and entry.act != "see_call"]
        assert outcomes == ["allowed", "nothing"]

    @pytest.mark.parametrize("action", ["hold", "stop"])
    def test_without_a_reason_nothing_is_done(self, cad: CadAndDesk, operator: Staff, action: str) -> None:
        cad.receives()
        assert operator.post(f"{PAGE}/{action}", why="  ").headers["Location"].endswith("=no_reason")

    @pytest.mark.parametrize(("action", "field"), [("language", "language"), ("block", "why")])
    def test_what_is_no_choice_is_not_taken(self, cad: CadAndDesk, operator: Staff, action: str, field: str) -> None:
        cad.receives()
        assert operator.post(f"{PAGE}/{action}", **{field: "klingon"}).headers["Location"].endswith("=no_choice")

    def test_a_call_without_a_number_has_none_to_block(self, cad: CadAndDesk, operator: Staff) -> None:
        cad.receives(number=None)
        assert operator.post(f"{PAGE}/block", why="other").headers["Location"].endswith("=no_number")

    def test_every_action_is_in_the_audit_log_with_its_reason(
        self, cad: CadAndDesk, noon_site: Served, operator: Staff
    ) -> None:
        cad.receives()
        posts = [("hold", "a"), ("release", "b"), ("block", "other"), ("stop", "d")]
        for action, why in posts:
            operator.post(f"{PAGE}/{action}", why=why)
        operator.post(f"{PAGE}/language", language="fr")
        kept = [(entry.act, entry.detail) for entry in noon_site.audit() if entry.about == CALL]
        assert kept == [
            ("hold_call", {"why": "a"}),
            ("release_call", {"why": "b"}),
            ("block_number", {"why": "other"}),
            ("stop_call", {"why": "d"}),
            ("change_language", {"language": "fr"}),
        ]

    def test_who_may_not_do_it_is_not_offered_it(self, cad: CadAndDesk, noon_site: Served) -> None:
        cad.receives()
        for role in Role:
            staff = noon_site.staff(role)
            assert (staff.get(PAGE).status_code == 200) == (role in MAY[Act.SEE_CALL])


def test_a_text_of_a_held_call_that_expired_says_so(cad: CadAndDesk, operator: Staff) -> None:
    cad.receives()
    cad.desk.at(cad.at(3) + hours(2))
    cad.texts(Kind.CONFIRMATION)
    assert "Why it was not sent: no longer true or useful" in seen(operator)


def test_what_staff_did_to_it_is_part_of_its_story(cad: CadAndDesk, operator: Staff) -> None:
    cad.receives()
    operator.post(f"{PAGE}/language", language="fr")
    assert "Language chosen: French – by Demo operator" in seen(operator)
    with Session(cad.desk.engine) as session:
        rows = session.exec(select(CallerLanguageRow).order_by(col(CallerLanguageRow.id))).all()
    assert [(row.language, row.chosen_by) for row in rows] == [("fr", "Demo operator")]
