"""R2, R3, R6: what is personal goes in time; what is needed stays, and nobody is texted again."""

import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlmodel import Session, SQLModel, select, update
from temporalio.testing import ActivityEnvironment

from activities import forget_steps
from activities.error_codes import OPTED_OUT
from activities.forgetting import ForgetActivities
from calls.contracts import Kind, LedgerState, SendText
from calls.eligibility import Rule
from calls.forgetting import Forgotten
from database.forgotten import FORGOTTEN_IN
from database.numbers import BlockedNumberRow
from database.surveys import MemberFeedbackRow, SurveyCommentRow
from database.tables import (
    CadRecordRow,
    CallRow,
    InboundMessageRow,
    OptOutRow,
    PilotNumberRow,
    ServiceModeRow,
    SurveyInvitationRow,
    SurveyResponseRow,
    TextRow,
    real_now,
)
from starter.accept import Acceptor
from starter.leases import Leases
from starter.records import CadRecord
from tests.activities.desk import NUMBER, Desk
from tests.builders import NOON, hours, minutes
from tests.starter.test_accept import RECEIVED
from texts.keywords import STOP_BY_CARRIER, Keyword
from web.residents.delivery import Report, record_delivery
from web.residents.opt_outs import say_start, say_stop
from web.serving.in_time import Deadline

YEAR = timedelta(days=365)
LONG_AGO = YEAR + timedelta(days=2)


def a_record(after: timedelta = timedelta(0), **told: Any) -> CadRecord:
    return CadRecord(feed="test", cad_id="1001", stamp=NOON + after, facts={**RECEIVED, **told}, phone=NUMBER)


def acceptor(desk: Desk) -> Acceptor:
    return Acceptor(engine=desk.engine, keyring=desk.keyring, agency="ottawa", policy=desk.policy)


def a_call_that_is_over(desk: Desk) -> None:
    """Told by CAD, confirmed by a text that a phone has, and over."""
    acceptor(desk).accept(a_record())
    (row,) = rows_of(desk, CallRow)
    change(desk, CallRow, signalled=row.facts, signalled_version=1, started_policy=desk.agency.version)
    desk.send(an_order(desk))
    change(desk, CallRow, ended_reason="completed")


def an_order(desk: Desk, kind: Kind = Kind.CONFIRMATION) -> SendText:
    """For the number that the call of these tests had."""
    mark = desk.keyring.recipient_version(call="ottawa-1001", number=NUMBER)
    order = desk.order(kind)
    return order.model_copy(update={"key": order.key.model_copy(update={"recipient_version": mark})})


def change(desk: Desk, of: type[SQLModel], **values: Any) -> None:
    with Session(desk.engine) as session, session.begin():
        session.execute(update(of).values(**values))


def put(desk: Desk, *rows: SQLModel) -> None:
    with Session(desk.engine) as session, session.begin():
        session.add_all(rows)


def rows_of(desk: Desk, of: type[SQLModel]) -> list[Any]:
    with Session(desk.engine) as session:
        return list(session.exec(select(of)).all())


def a_year_passes(desk: Desk, by: timedelta = LONG_AGO) -> None:
    """By the service's clock, and by that of the rows."""
    desk.at(NOON + by)
    for of, names in (
        (CallRow, ("updated_real", "created_real")),
        (TextRow, ("claimed_real", "updated_real")),
        (CadRecordRow, ("accepted_real",)),
    ):
        change(desk, of, **{name: real_now() - by for name in names})


def forget(desk: Desk) -> Mapping[str, int]:
    """What a night does."""
    activities = ForgetActivities(desk.services)
    done: Forgotten = ActivityEnvironment().run(activities.forget_some, None)
    assert done.after is None
    return done.done


def a_text(desk: Desk, **values: Any) -> TextRow:
    fields: dict[str, Any] = {
        "call_id": f"ottawa-{uuid4().hex[:6]}",
        "kind": Kind.CONFIRMATION,
        "state": LedgerState.DELIVERED,
        "policy_version": "",
        "phone_hash": desk.keyring.phone_hash(NUMBER),
        "phone_encrypted": desk.keyring.encrypt(NUMBER),
        "due_at": NOON,
        "expires_at": NOON,
        "settled_at": NOON,
    }
    return TextRow(**fields | values)


def inbound(desk: Desk, keyword: str, at: datetime) -> InboundMessageRow:
    return InboundMessageRow(
        provider_sid=uuid4().hex,
        phone_hash=desk.keyring.phone_hash(NUMBER),
        sender=desk.agency.identity.sender,
        keyword=keyword,
        body_encrypted=None,
        received_at=at,
    )


class TestACallThatIsOver:
    def test_r3_loses_its_number_wherever_it_stands_and_keeps_its_decision_and_its_text(self, desk: Desk) -> None:
        a_call_that_is_over(desk)
        before = rows_of(desk, CallRow)[0]
        a_year_passes(desk)
        assert forget(desk) == {"calls": 1, "texts": 1, "cad_records": 1}
        (row,), (sent,) = rows_of(desk, CallRow), rows_of(desk, TextRow)
        assert (row.phone_encrypted, row.phone_hash, row.phone_versions, row.recipient_version) == (None, None, {}, 0)
        assert "phone_hash" not in row.merged
        assert row.facts["recipient_version"] == 0
        assert (row.rule, row.policy_version, row.version) == (before.rule, before.policy_version, before.version)
        assert row.facts["case_number"] == before.facts["case_number"]
        assert (sent.phone_encrypted, sent.phone_hash, sent.code_hash) == (None, None, None)
        assert (sent.state, sent.recipient_version) == (LedgerState.ACCEPTED, before.recipient_version)
        with desk.engine.connect() as connection:
            whole = [str(connection.execute(text(f"SELECT t::text FROM {t} t")).all()) for t in ("call", "text")]  # noqa: S608
        assert desk.keyring.phone_hash(NUMBER) not in "".join(whole)

    def test_a_second_night_does_nothing_more(self, desk: Desk) -> None:
        a_call_that_is_over(desk)
        a_year_passes(desk)
        forget(desk)
        before = rows_of(desk, CallRow)[0].forgotten_real
        assert forget(desk) == {}
        assert rows_of(desk, CallRow)[0].forgotten_real == before

    def test_keeps_it_for_a_year(self, desk: Desk) -> None:
        a_call_that_is_over(desk)
        a_year_passes(desk, YEAR - hours(1))
        assert forget(desk) == {}

    def test_keeps_it_for_a_year_after_the_last_word_of_its_texts(self, desk: Desk) -> None:
        a_call_that_is_over(desk)
        a_year_passes(desk)
        change(desk, TextRow, updated_real=real_now() - timedelta(days=300))
        assert forget(desk) == {"cad_records": 1}
        assert rows_of(desk, CallRow)[0].phone_hash is not None

    def test_while_somebody_has_its_row_in_hand_it_is_left_for_the_next_night_and_nobody_waits(
        self, desk: Desk
    ) -> None:
        a_call_that_is_over(desk)
        a_year_passes(desk)
        with Session(desk.engine) as session:
            session.exec(select(CallRow).with_for_update()).all()
            assert "calls" not in forget(desk)
        assert forget(desk) == {"calls": 1}


def test_an_open_call_is_never_purged_however_old(desk: Desk) -> None:
    a_call_that_is_over(desk)
    change(desk, CallRow, ended_reason=None)
    a_year_passes(desk, YEAR * 10)
    change(desk, TextRow, body_encrypted=None)
    assert forget(desk) == {}
    assert rows_of(desk, TextRow)[0].phone_hash == rows_of(desk, CallRow)[0].phone_hash is not None


class TestAForgottenCall:
    """What could make it text somebody again."""

    @pytest.fixture
    def forgotten(self, desk: Desk) -> Desk:
        a_call_that_is_over(desk)
        a_year_passes(desk)
        forget(desk)
        desk.phones.forget()
        return desk

    @pytest.mark.parametrize(
        "told",
        [
            a_record(),
            a_record(hours(1), cleared_at=(NOON + hours(1)).isoformat()),
            a_record(hours(2), reopened_at=(NOON + hours(2)).isoformat()),
            a_record(LONG_AGO, received_at=(NOON + LONG_AGO).isoformat(), case_number="26-999999"),
            CadRecord(feed="test", cad_id="1001", stamp=NOON + LONG_AGO, facts={}, phone="+13435550117"),
            CadRecord(feed="test", cad_id="1001", stamp=NOON + LONG_AGO, facts={}, phone_unreadable=True),
        ],
        ids=["the same again", "a newer one", "reopened", "as if received now", "another number", "no number at all"],
    )
    def test_r2_r3_gets_no_number_back_and_texts_nobody_whatever_cad_tells(
        self, forgotten: Desk, told: CadRecord
    ) -> None:
        acceptor(forgotten).accept(told)
        (row,) = rows_of(forgotten, CallRow)
        assert (row.phone_encrypted, row.phone_hash, row.phone_versions) == (None, None, {})
        assert "phone_hash" not in row.merged
        assert not acceptor(forgotten).accept(told).decision.is_eligible
        leases = Leases(engine=forgotten.engine, policy=forgotten.policy, now=forgotten.services.clock.now)
        assert leases.take() == []

    @pytest.mark.parametrize("kind", [Kind.CONFIRMATION, Kind.DELAY, Kind.SURVEY])
    def test_r2_sends_no_text_that_is_ordered_all_the_same(self, forgotten: Desk, kind: Kind) -> None:
        """By a workflow that was reset, say, or started by hand; and as if the row were open again."""
        change(forgotten, CallRow, ended_reason=None)
        forgotten.at(NOON + minutes(3))
        outcome = forgotten.send(an_order(forgotten, kind))
        assert outcome.record is not None
        assert forgotten.phones.bodies(NUMBER) == []
        if kind is not Kind.CONFIRMATION:  # that one has its row: it was accepted a year ago
            assert outcome.rule == Rule.FORGOTTEN
            assert forgotten.row(forgotten.order(kind)).phone_hash is None

    def test_a_late_status_callback_brings_no_number_back(self, forgotten: Desk) -> None:
        (sent,) = rows_of(forgotten, TextRow)
        report = Report(
            text_id=sent.id, provider_sid=sent.provider_sid, status="delivered", error_code=None, now=NOON + LONG_AGO
        )
        record_delivery(forgotten.engine, report, Deadline(time.monotonic() + 5))
        (sent,) = rows_of(forgotten, TextRow)
        assert (sent.state, sent.phone_hash, sent.phone_encrypted) == (LedgerState.DELIVERED, None, None)

    def test_r6_start_revives_nothing(self, forgotten: Desk) -> None:
        put(forgotten, inbound(forgotten, Keyword.START.value, NOON + LONG_AGO))
        change(forgotten, CallRow, ended_reason=None)
        forgotten.send(an_order(forgotten, Kind.DELAY))
        assert forgotten.phones.bodies(NUMBER) == []


class TestWhatSaysStop:
    def test_r6_an_opt_out_in_force_keeps_its_number_one_that_start_has_ended_goes_after_a_year(
        self, desk: Desk
    ) -> None:
        sender = desk.agency.identity.sender
        with Session(desk.engine) as session, session.begin():
            for number in (NUMBER, "+13435550117"):
                say_stop(session, desk.keyring, number, sender=sender, now=NOON)
            say_start(session, phone_hash=desk.keyring.phone_hash("+13435550117"), sender=sender, now=NOON)
        desk.at(NOON + YEAR * 20)
        assert forget(desk) == {"lists": 1}
        (kept,) = rows_of(desk, OptOutRow)
        assert desk.keyring.decrypt(kept.phone_encrypted) == NUMBER

    def test_r6_a_stop_that_only_the_carrier_told_is_obeyed_for_ever(self, desk: Desk) -> None:
        put(desk, a_text(desk, state=LedgerState.SUPPRESSED, error_code=OPTED_OUT))
        a_year_passes(desk)
        assert forget(desk) == {}
        desk.call(received_at=NOON)
        desk.at(NOON + minutes(3))
        desk.send()
        assert desk.row().rule == "opted out"

    def test_r6_it_goes_with_the_start_that_ended_it(self, desk: Desk) -> None:
        refused = a_text(desk, state=LedgerState.SUPPRESSED, error_code=OPTED_OUT)
        put(desk, refused, inbound(desk, Keyword.START.value, NOON + hours(1)))
        a_year_passes(desk)
        assert forget(desk) == {"texts": 1, "inbound": 1}

    def test_r6_a_start_stays_for_as_long_as_the_text_that_it_speaks_of(self, desk: Desk) -> None:
        """The text is younger by real time: its call's clock was behind."""
        refused = a_text(desk, state=LedgerState.SUPPRESSED, error_code=OPTED_OUT)
        put(desk, refused, inbound(desk, Keyword.START.value, NOON + hours(1)))
        desk.at(NOON + LONG_AGO)
        assert forget(desk) == {}

    def test_what_the_carrier_has_answered_itself_is_known_while_the_opt_out_is_in_force(self, desk: Desk) -> None:
        sender = desk.agency.identity.sender
        with Session(desk.engine) as session, session.begin():
            say_stop(session, desk.keyring, NUMBER, sender=sender, now=NOON)
        put(desk, inbound(desk, STOP_BY_CARRIER, NOON), inbound(desk, "other", NOON))
        a_year_passes(desk)
        assert forget(desk) == {"inbound": 1}
        (kept,) = rows_of(desk, InboundMessageRow)
        assert kept.keyword == STOP_BY_CARRIER


def test_a_text_in_doubt_keeps_its_number_while_its_words_are_kept(desk: Desk) -> None:
    put(desk, a_text(desk, state=LedgerState.UNKNOWN, body_encrypted=desk.keyring.encrypt("words")))
    a_year_passes(desk)
    assert forget(desk) == {}
    change(desk, TextRow, body_encrypted=None)
    assert forget(desk) == {"texts": 1}


def test_lists_lose_what_is_over_and_keep_what_is_in_force(desk: Desk) -> None:
    then = real_now() - LONG_AGO
    numbers: dict[str, Any] = {"ended": {"ended_real": then}, "until": {"until_real": then}, "on": {}}
    numbers["lately"] = {"ended_real": real_now()}
    put(
        desk,
        *(
            BlockedNumberRow(phone_hash=name, phone_encrypted="", reason="lobby", **more)
            for name, more in numbers.items()
        ),
        PilotNumberRow(phone_hash="p", phone_encrypted=""),
        ServiceModeRow(mode="pilot", since_real=then - hours(1), set_by="a", why="b"),
    )
    assert forget(desk) == {"lists": 2}
    assert {row.phone_hash for row in rows_of(desk, BlockedNumberRow)} == {"on", "lately"}
    assert len(rows_of(desk, PilotNumberRow)) == 1
    put(desk, ServiceModeRow(mode="live", since_real=then, set_by="a", why="b"))
    assert forget(desk) == {"lists": 1}
    assert rows_of(desk, PilotNumberRow) == []


def test_r2_a_link_loses_its_token_a_year_after_its_end_and_its_call_gets_no_other(desk: Desk) -> None:
    links = [
        SurveyInvitationRow(call_id=name, token_hash=name, survey_version="", expires_at=NOON + end, over=over)
        for name, end, over in (("old", hours(0), True), ("young", timedelta(days=9), True), ("open", hours(0), False))
    ]
    put(desk, *links)
    desk.at(NOON + LONG_AGO)
    assert forget(desk) == {"tokens": 1}
    assert {row.call_id: row.token_hash for row in rows_of(desk, SurveyInvitationRow)} == {
        "old": None,
        "young": "young",
        "open": "open",
    }


def a_comment(week: str, month: str | None, *, agency: str = "ottawa") -> SurveyCommentRow:
    return SurveyCommentRow(
        agency=agency, week=week, language="en", comment_encrypted="", reviewed=month is not None, reviewed_month=month
    )


def test_comments_go_a_year_after_their_review_and_those_that_nobody_reviewed_a_year_after_they_came(
    desk: Desk,
) -> None:
    long_ago, lately = f"{real_now() - LONG_AGO - timedelta(days=31):%Y-%m}", f"{real_now():%Y-%m}"
    of_member: dict[str, Any] = {"agency": "ottawa", "role": "officer", "month": "2025-12"}
    put(
        desk,
        a_comment("2026-W02", long_ago),
        a_comment("2026-W02", lately),
        a_comment("2026-W02", None),
        a_comment("2026-W04", None),
        a_comment("2026-W02", long_ago, agency="elsewhere"),
        MemberFeedbackRow(**of_member, comment_encrypted="k", reviewed_month=long_ago),
        MemberFeedbackRow(**of_member, scores={"Q7": 5}),
    )
    desk.at(NOON + YEAR)
    assert forget(desk) == {"comments": 3}
    assert sorted((row.week, row.reviewed_month or "") for row in rows_of(desk, SurveyCommentRow)) == [
        ("2026-W02", long_ago),
        ("2026-W02", lately),
        ("2026-W04", ""),
    ]
    (scores,) = rows_of(desk, MemberFeedbackRow)
    assert scores.scores == {"Q7": 5}


def test_coded_answers_go_after_five_years_by_whole_weeks(desk: Desk) -> None:
    for week in ("2026-W02", "2026-W03"):
        put(desk, SurveyResponseRow(agency="ottawa", survey_version="1", language="en", week=week, answers={}))
    put(desk, MemberFeedbackRow(agency="ottawa", role="officer", month="2025-12", scores={}))
    desk.at(NOON + timedelta(days=1826))  # the Thursday of 2026-W03, five years later
    assert forget(desk) == {"answers": 2}
    assert [row.week for row in rows_of(desk, SurveyResponseRow)] == ["2026-W03"]


class TestInParts:
    @pytest.fixture
    def many(self, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Desk:
        monkeypatch.setattr("activities.forgetting.BATCH", 5)
        monkeypatch.setattr(forget_steps, "BATCH", 5)
        put(desk, *(a_text(desk) for _ in range(12)), *(inbound(desk, "other", NOON) for _ in range(7)))
        a_year_passes(desk)
        return desk

    def test_all_of_it_is_done_in_small_transactions(self, many: Desk) -> None:
        beats: list[object] = []
        environment = ActivityEnvironment()
        environment.on_heartbeat = lambda *details: beats.extend(details)
        done = environment.run(ForgetActivities(many.services).forget_some, None)
        assert done == Forgotten(done={"texts": 12, "inbound": 7})
        assert [beats.count(name) for name in ("texts", "inbound", "lists")] == [3, 2, 1]

    def test_after_a_crash_the_next_attempt_goes_on_where_the_last_was(self, many: Desk) -> None:
        environment = ActivityEnvironment()
        environment.info = replace(environment.info, heartbeat_details=["inbound"])
        done = environment.run(ForgetActivities(many.services).forget_some, "calls")
        assert done == Forgotten(done={"inbound": 7})

    def test_it_ends_in_time_and_says_where_it_goes_on(self, many: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("activities.forgetting._LONGEST_SECONDS", 0.0)
        part = ActivityEnvironment().run(ForgetActivities(many.services).forget_some, "inbound")
        assert part == Forgotten(done={}, after="inbound")


class TestAtTheCarrier:
    def keeping(self, desk: Desk, length: timedelta | None) -> None:
        retention = desk.policy.retention.model_copy(update={"at_carrier": length})
        policy = desk.policy.model_copy(update={"retention": retention})
        agency = desk.agency.model_copy(update={"policy": policy})
        desk.services = replace(desk.services, agency=agency)

    def test_messages_are_deleted_where_the_policy_says_so_and_the_phone_has_its_text(self, desk: Desk) -> None:
        a_call_that_is_over(desk)
        (sent,) = rows_of(desk, TextRow)
        change(desk, TextRow, claimed_real=real_now() - timedelta(days=31))
        assert forget(desk) == {}
        self.keeping(desk, timedelta(days=30))
        assert forget(desk) == {"at_carrier": 1}
        assert desk.phones.client().fetch(sent.provider_sid) is None
        assert len(desk.phones.bodies(NUMBER)) == 1
        assert forget(desk) == {}

    def test_a_carrier_that_is_away_is_asked_the_next_night(self, desk: Desk) -> None:
        a_call_that_is_over(desk)
        change(desk, TextRow, claimed_real=real_now() - timedelta(days=31))
        self.keeping(desk, timedelta(days=30))
        here = desk.services
        desk.services = replace(here, carrier=desk.phones.client(auth_token="wrong"))
        assert forget(desk) == {}
        desk.services = here
        assert forget(desk) == {"at_carrier": 1}


def test_the_tables_are_cleared_of_what_was_deleted(desk: Desk) -> None:
    a_call_that_is_over(desk)
    a_year_passes(desk)
    forget(desk)
    ActivityEnvironment().run(ForgetActivities(desk.services).clear_away)
    with desk.engine.connect() as connection:
        seen = "SELECT relname, vacuum_count FROM pg_stat_user_tables WHERE vacuum_count > 0"
        found = {row.relname: row.vacuum_count for row in connection.execute(text(seen))}
    assert found == dict.fromkeys(FORGOTTEN_IN, 1)
