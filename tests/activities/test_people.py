"""People, not calls: what one number gets over all its calls, and which numbers get nothing."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any
from uuid import uuid4

import pytest
from sqlmodel import Session, col, select
from temporalio.exceptions import ApplicationError

from activities import findings, people
from activities.verdict import HeldBack
from calls.contracts import Kind, LedgerState
from database.tables import CallRow, InboundMessageRow, SurveyInvitationRow, TextRow, real_now
from tests.activities.desk import NUMBER, Desk
from tests.builders import NOON, hours, minutes
from web.staff.numbers.blocked import BlockedNumbers, Why

OTHER = "+13435550117"
AT_ONCE = 20
TEN_MINUTES = timedelta(minutes=10)


def states(desk: Desk) -> list[str]:
    with Session(desk.engine) as session:
        return list(session.exec(select(TextRow.state).order_by(col(TextRow.state))).all())


def rule_of(desk: Desk, cad_id: str, kind: Kind = Kind.CONFIRMATION) -> str | None:
    return desk.row(desk.order(kind, cad_id=cad_id)).rule


def gone(desk: Desk, count: int, *, kind: Kind = Kind.CONFIRMATION, ago: timedelta = TEN_MINUTES, **more: Any) -> None:
    """So many texts went to the number before, of other calls."""
    with Session(desk.engine) as session, session.begin():
        for place in range(count):
            values: dict[str, Any] = {"state": LedgerState.DELIVERED, "settled_at": NOON - ago, "due_at": NOON - ago}
            session.add(
                TextRow(
                    call_id=f"ottawa-earlier-{kind}-{place}",
                    kind=kind,
                    policy_version="",
                    phone_hash=desk.keyring.phone_hash(NUMBER),
                    expires_at=NOON,
                    **(values | more),
                )
            )


def survey_due(desk: Desk, cad_id: str = "1001") -> None:
    desk.call(cad_id, cleared_at=NOON - hours(5), received_at=NOON - hours(8))
    desk.at(NOON + minutes(3))


def test_several_open_calls_of_one_number_each_have_their_own_case_number(desk: Desk) -> None:
    for cad_id in ("1", "2", "3"):
        desk.call(cad_id, case_number=f"26-{cad_id}")
        desk.send(desk.order(cad_id=cad_id))
    bodies = desk.phones.bodies(NUMBER)
    assert [f"26-{number}" in body for number, body in zip("123", bodies, strict=True)] == [True] * 3


class TestTheLanguageOfANumber:
    def said(self, desk: Desk, language: str | None, *, number: str = NUMBER, ago: timedelta = TEN_MINUTES) -> None:
        """The number replied, with a keyword of this language, or none."""
        with Session(desk.engine) as session, session.begin():
            session.add(
                InboundMessageRow(
                    provider_sid=f"SM{uuid4().hex}",
                    phone_hash=desk.keyring.phone_hash(number),
                    sender="+13438036032",
                    keyword="help",
                    language=language,
                    body_encrypted=None,
                    received_at=NOON - ago,
                )
            )

    def language_of_text(self, desk: Desk, **facts: Any) -> str | None:
        desk.call(**facts)
        desk.send()
        (body,) = desk.phones.bodies(NUMBER)
        assert ("Ottawa Police:" in body, "Police d'Ottawa :" in body) == {
            "en": (True, False),
            "fr": (False, True),
            "en+fr": (True, True),
        }[desk.row().language or ""]
        return desk.row().language

    def test_cads_word_counts_more_than_the_one_that_the_number_has_used(self, desk: Desk) -> None:
        self.said(desk, "fr")
        assert self.language_of_text(desk, language="en") == "en"

    def test_where_cad_tells_none_the_number_is_texted_in_the_one_it_has_used(self, desk: Desk) -> None:
        self.said(desk, "fr")
        assert self.language_of_text(desk) == "fr"

    def test_the_newest_that_had_a_language_counts(self, desk: Desk) -> None:
        self.said(desk, None, ago=minutes(1))
        self.said(desk, "en", ago=minutes(2))
        self.said(desk, "fr", ago=minutes(3))
        assert self.language_of_text(desk) == "en"

    def test_another_numbers_language_is_not_this_ones(self, desk: Desk) -> None:
        self.said(desk, "fr", number=OTHER)
        self.said(desk, None)
        assert self.language_of_text(desk) == "en+fr"

    def test_the_survey_opens_in_it_too(self, desk: Desk) -> None:
        self.said(desk, "fr")
        survey_due(desk)
        desk.send(desk.order(Kind.SURVEY))
        with Session(desk.engine) as session:
            (invitation,) = session.exec(select(SurveyInvitationRow)).all()
        assert invitation.language == desk.row(desk.order(Kind.SURVEY)).language == "fr"


class TestTextsADay:
    def test_the_last_one_goes_out_and_the_next_does_not(self, desk: Desk) -> None:
        most = desk.policy.numbers.texts_a_day
        gone(desk, most - 1)
        for cad_id in ("1", "2"):
            desk.call(cad_id)
            desk.send(desk.order(cad_id=cad_id))
        assert len(desk.phones.bodies(NUMBER)) == 1
        row = desk.row(desk.order(cad_id="2"))
        assert (row.state, row.rule) == ("suppressed", "texts a day")
        assert f"got {most} texts" in (row.reason or "")

    def test_what_is_older_than_a_day_and_what_never_went_does_not_count(self, desk: Desk) -> None:
        gone(desk, 20, ago=hours(24) + minutes(4))
        gone(desk, 20, kind=Kind.DELAY, state=LedgerState.SUPPRESSED)
        gone(desk, 20, kind=Kind.SURVEY, state=LedgerState.FAILED, ago=timedelta(days=40))
        gone(desk, 20, kind=Kind.AUTO_REPLY)
        desk.call()
        desk.send()
        assert len(desk.phones.bodies(NUMBER)) == 1

    @pytest.mark.parametrize("state", [LedgerState.SENDING, LedgerState.UNKNOWN])
    def test_what_is_on_its_way_counts_however_long_ago_it_fell_due(self, desk: Desk, state: LedgerState) -> None:
        """After an outage texts go out that were due the day before."""
        gone(desk, desk.policy.numbers.texts_a_day, ago=hours(30), state=state, settled_at=None)
        desk.call()
        desk.send()
        assert rule_of(desk, "1001") == "texts a day"

    def test_twenty_claims_at_once_for_one_number_never_pass_it(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Each takes its time between counting and writing down, so that they would meet if they could."""
        count = people._told_enough

        def count_slowly(*arguments: Any) -> HeldBack | None:
            found = count(*arguments)
            time.sleep(0.05)
            return found

        monkeypatch.setattr(people, "_told_enough", count_slowly)
        gone(desk, 2)
        for cad_id in range(AT_ONCE):
            desk.call(str(cad_id))
        together = Barrier(AT_ONCE)

        def send(cad_id: int) -> None:
            together.wait(timeout=30)
            for _ in range(20):  # as Temporal does: a busy database is tried again
                try:
                    desk.send(desk.order(cad_id=str(cad_id)))
                except ApplicationError:
                    continue
                return

        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(send, range(AT_ONCE)))
        most = desk.policy.numbers.texts_a_day - 2
        assert states(desk) == ["accepted"] * most + ["delivered"] * 2 + ["suppressed"] * (AT_ONCE - most)
        assert len(desk.phones.bodies(NUMBER)) == most


class TestOneSurvey:
    def test_a_number_that_was_asked_within_thirty_days_is_not_asked_again(self, desk: Desk) -> None:
        gone(desk, 1, kind=Kind.SURVEY, ago=timedelta(days=29))
        survey_due(desk)
        desk.send(desk.order(Kind.SURVEY))
        assert rule_of(desk, "1001", Kind.SURVEY) == "one survey"
        assert desk.phones.bodies(NUMBER) == []

    def test_after_that_it_is(self, desk: Desk) -> None:
        gone(desk, 1, kind=Kind.SURVEY, ago=timedelta(days=31))
        survey_due(desk)
        desk.send(desk.order(Kind.SURVEY))
        assert len(desk.phones.bodies(NUMBER)) == 1

    def test_only_those_who_got_the_confirmation_are_asked(self, desk: Desk) -> None:
        """The carrier took it, and told an hour later that it never reached the phone."""
        survey_due(desk)
        with Session(desk.engine) as session, session.begin():
            session.add(
                TextRow(
                    call_id="ottawa-1001",
                    kind=Kind.CONFIRMATION,
                    state=LedgerState.UNDELIVERED,
                    policy_version="",
                    phone_hash=desk.keyring.phone_hash(NUMBER),
                    due_at=NOON,
                    expires_at=NOON,
                    error_code=30003,
                )
            )
        desk.send(desk.order(Kind.SURVEY))
        assert rule_of(desk, "1001", Kind.SURVEY) == "not confirmed"


class TestNumbersThatMustNotBeTexted:
    @pytest.fixture
    def blocked(self, desk: Desk) -> BlockedNumbers:
        return BlockedNumbers(engine=desk.engine, keyring=desk.keyring)

    def test_r1_one_on_the_list_gets_nothing_from_the_commit_on(self, desk: Desk, blocked: BlockedNumbers) -> None:
        assert blocked.add("613-555-0142", why=Why.ALARM_COMPANY)
        desk.call()
        desk.send()
        row = desk.row()
        assert (row.state, row.rule, row.reason) == ("suppressed", "not to be texted", "alarm company")
        assert desk.phones.bodies(NUMBER) == []

    @pytest.mark.parametrize(
        "lifted",
        [
            lambda blocked: blocked.remove(NUMBER),
            lambda blocked: blocked.add(NUMBER, why=Why.LOBBY, until=real_now() - minutes(1)),
            lambda blocked: blocked.remove(NUMBER) and blocked.add(OTHER, why=Why.SHELTER),
        ],
    )
    def test_taken_off_run_out_or_another_one_it_is_texted(
        self, desk: Desk, blocked: BlockedNumbers, lifted: Callable[[BlockedNumbers], object]
    ) -> None:
        blocked.add(NUMBER, why=Why.HOTLINE, until=real_now() + hours(1))
        lifted(blocked)
        desk.call()
        desk.send()
        assert len(desk.phones.bodies(NUMBER)) == 1

    def test_r1_whoever_says_wrong_number_gets_no_more_of_this_call_and_may_call_us_later(self, desk: Desk) -> None:
        desk.call("1")
        desk.send(desk.order(cad_id="1"))
        with Session(desk.engine) as session, session.begin():
            session.add(
                InboundMessageRow(
                    provider_sid="SM1",
                    phone_hash=desk.keyring.phone_hash(NUMBER),
                    sender=desk.agency.identity.sender,
                    keyword="wrong number",
                    body_encrypted="",
                    received_at=NOON + minutes(10),
                )
            )
        desk.at(NOON + minutes(60))
        desk.send(desk.order(Kind.DELAY, cad_id="1"))
        assert rule_of(desk, "1", Kind.DELAY) == "wrong number"
        desk.call("2", received_at=NOON + minutes(50))
        desk.send(desk.order(cad_id="2"))
        assert len(desk.phones.bodies(NUMBER)) == 2

    @pytest.mark.parametrize("code", [30006, 21614])
    def test_a_landline_is_known_from_an_earlier_failure(self, desk: Desk, code: int) -> None:
        gone(desk, 1, state=LedgerState.UNDELIVERED, error_code=code, ago=timedelta(days=364))
        desk.call()
        desk.send()
        assert rule_of(desk, "1001") == "landline"

    def test_a_year_later_it_is_tried_again(self, desk: Desk) -> None:
        gone(desk, 1, state=LedgerState.UNDELIVERED, error_code=30006, ago=timedelta(days=366))
        desk.call()
        desk.send()
        assert len(desk.phones.bodies(NUMBER)) == 1

    @pytest.mark.parametrize("number", ["+19115550142", "+442079460142", "+18005550142", "+18765550142"])
    def test_r1_a_number_that_the_policy_no_longer_allows_is_not_texted(self, desk: Desk, number: str) -> None:
        """Whatever was decided when it came in: the policy of this moment is asked."""
        desk.call(number=number)
        desk.send()
        assert rule_of(desk, "1001") == "no number that may be texted"
        assert desk.phones.bodies(number) == []


def test_a_number_that_is_corrected_while_it_is_looked_at_is_looked_at_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the lock of the old number and the reading of the call."""
    desk.call()
    lock = findings.lock_number_of

    def lock_and_correct(session: Session, call_id: str) -> str | None:
        locked = lock(session, call_id)
        if locked == desk.keyring.phone_hash(NUMBER):
            with Session(desk.engine) as other, other.begin():
                row = other.get(CallRow, "ottawa-1001")
                assert row is not None
                row.phone_hash, row.phone_encrypted = desk.keyring.phone_hash(OTHER), desk.keyring.encrypt(OTHER)
                other.add(row)
        return locked

    monkeypatch.setattr("activities.texts.lock_number_of", lock_and_correct)
    with pytest.raises(ApplicationError, match="corrected at this moment"):
        desk.send()
    assert desk.phones.bodies(NUMBER) == desk.phones.bodies(OTHER) == []
    desk.send()
    assert len(desk.phones.bodies(OTHER)) == 1
