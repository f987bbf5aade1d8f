"""What staff chose for one call binds its next text: nothing more of it, or another language. Asked again at send."""

import pytest
from sqlmodel import Session, col, select
from temporalio.exceptions import ApplicationError

from activities.stop_and_go import EVERYTHING, scope_for_good, scope_of_call
from calls.contracts import Kind, LedgerState
from calls.facts import Language
from database.staff import CallerLanguageRow
from database.tables import SurveyInvitationRow, SwitchRow
from tests.activities.desk import NUMBER, Desk
from tests.builders import NOON, hours, minutes
from web.staff.switches import Switches

CALL = "ottawa-1001"
STAFF = {"by": "the duty inspector", "why": "a test"}
STOPPED = ("suppressed", "stopped by staff", "a member of staff has stopped the texts of this call for good")


@pytest.fixture
def switches(desk: Desk) -> Switches:
    return Switches(engine=desk.engine, keyring=desk.keyring)


def choose(desk: Desk, language: str, *, call: str = CALL) -> None:
    with Session(desk.engine) as session, session.begin():
        session.add(CallerLanguageRow(call_id=call, language=language, chosen_by="the duty inspector"))


def became(desk: Desk, kind: Kind = Kind.CONFIRMATION) -> tuple[str, str | None, str | None]:
    row = desk.row(desk.order(kind))
    return row.state, row.rule, row.reason


def claimed_already(desk: Desk) -> None:
    """The text was claimed, and the carrier had no time for it."""
    desk.phones.misbehave({"what": "too_many_requests", "next": 1})
    with pytest.raises(ApplicationError, match="busy"):
        desk.send()
    desk.line_is_free()
    assert became(desk) == ("claimed", None, None)


class TestStoppedForGood:
    def test_r9_a_text_that_falls_due_is_not_sent_and_the_ledger_says_why(self, desk: Desk, switches: Switches) -> None:
        desk.call()
        assert switches.stop_for_good(CALL, **STAFF)
        outcome = desk.send()
        assert outcome.record is not None
        assert (outcome.record.state, outcome.rule) == (LedgerState.SUPPRESSED, "stopped by staff")
        assert became(desk) == STOPPED
        assert desk.phones.bodies(NUMBER) == []

    @pytest.mark.parametrize("kind", [Kind.DELAY, Kind.SURVEY])
    def test_the_texts_after_the_confirmation_are_stopped_as_well(
        self, desk: Desk, switches: Switches, kind: Kind
    ) -> None:
        desk.call(cleared_at=NOON - hours(5)) if kind is Kind.SURVEY else desk.call()
        desk.send()
        switches.stop_for_good(CALL, **STAFF)
        desk.send(desk.order(kind))
        assert became(desk, kind) == STOPPED
        assert len(desk.phones.bodies(NUMBER)) == 1

    def test_it_binds_a_text_that_is_claimed_already(self, desk: Desk, switches: Switches) -> None:
        desk.call()
        claimed_already(desk)
        switches.stop_for_good(CALL, **STAFF)
        desk.send()
        assert became(desk) == STOPPED
        assert desk.phones.bodies(NUMBER) == []

    def test_of_another_call_of_the_same_number_nobody_has_said_anything(self, desk: Desk, switches: Switches) -> None:
        desk.call()
        desk.call("1002")
        switches.stop_for_good("ottawa-1002", **STAFF)
        desk.send()
        assert len(desk.phones.bodies(NUMBER)) == 1

    def test_what_waited_for_something_else_does_not_wait_any_longer(self, desk: Desk, switches: Switches) -> None:
        desk.call()
        switches.stop(EVERYTHING, **STAFF)
        with pytest.raises(ApplicationError, match="switched off: everything"):
            desk.send()
        switches.stop_for_good(CALL, **STAFF)
        desk.send()
        assert became(desk) == STOPPED

    def test_a_hold_ends_with_it_and_says_by_whom(self, desk: Desk, switches: Switches) -> None:
        desk.call()
        switches.stop(scope_of_call(CALL), by="somebody", why="to look at it first")
        switches.stop_for_good(CALL, **STAFF)
        with Session(desk.engine) as session:
            rows = session.exec(select(SwitchRow).order_by(col(SwitchRow.id))).all()
        assert [(row.scope, row.released_by) for row in rows] == [
            (scope_of_call(CALL), "the duty inspector"),
            (scope_for_good(CALL), None),
        ]
        desk.send()
        assert became(desk) == STOPPED

    def test_it_has_no_release_and_is_done_once(self, desk: Desk, switches: Switches) -> None:
        desk.call()
        assert switches.stop_for_good(CALL, **STAFF)
        assert not switches.stop_for_good(CALL, by="somebody else", why="later")
        assert not switches.go(scope_for_good(CALL), **STAFF)
        desk.send()
        assert became(desk) == STOPPED
        assert switches.state().stopped == []

    def test_r1_what_may_not_be_texted_says_so_first(self, desk: Desk, switches: Switches) -> None:
        desk.call(safety_flag=True)
        switches.stop_for_good(CALL, **STAFF)
        desk.send()
        assert became(desk)[:2] == ("suppressed", "safety flag")


class TestLanguage:
    @pytest.mark.parametrize("told", [None, *Language])
    @pytest.mark.parametrize("chosen", list(Language))
    def test_r10_the_language_that_staff_chose_is_the_one_that_is_sent(
        self, desk: Desk, told: Language | None, chosen: Language
    ) -> None:
        desk.call(language=told)
        choose(desk, chosen)
        desk.send()
        assert desk.row().language == chosen
        [body] = desk.phones.bodies(NUMBER)
        assert {Language.ENGLISH: "received your call", Language.FRENCH: "votre appel"}[chosen] in body
        assert {Language.ENGLISH: "votre appel", Language.FRENCH: "received your call"}[chosen] not in body

    def test_the_last_word_counts_and_only_for_its_call(self, desk: Desk) -> None:
        desk.call(language=Language.ENGLISH)
        for language in ("fr", "en", "fr"):
            choose(desk, language)
        choose(desk, "en", call="ottawa-1002")
        desk.send()
        assert desk.row().language == "fr"

    def test_it_binds_a_text_that_is_claimed_already(self, desk: Desk) -> None:
        desk.call(language=Language.ENGLISH)
        claimed_already(desk)
        choose(desk, "fr")
        desk.send()
        assert desk.row().language == "fr"

    def test_it_binds_a_text_that_has_been_tried_in_another_language(self, desk: Desk) -> None:
        """And the survey opens in the language of the text that brings its link."""
        desk.call(language=Language.ENGLISH, cleared_at=NOON + minutes(5))
        desk.phones.misbehave({"what": "too_many_requests", "next": 1})
        with pytest.raises(ApplicationError, match="busy"):
            desk.send(desk.order(Kind.SURVEY))
        choose(desk, "fr")
        desk.line_is_free()
        desk.send(desk.order(Kind.SURVEY))
        assert desk.row(desk.order(Kind.SURVEY)).language == "fr"
        with Session(desk.engine) as session:
            assert session.exec(select(SurveyInvitationRow.language)).all() == ["fr"]
