"""R2 after a restore: what the lost ledger had is taken back from the carrier's list, or silences what it may be.

The ledger is lost by deleting its rows: what the carrier has, and the workflows' orders, stay.
"""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from unittest.mock import ANY
from uuid import uuid4

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, delete, select, update
from temporalio.exceptions import ApplicationError

from activities.strays import MAY_HAVE_GONE, TAKEN_BACK
from activities.taken_back import Sent, TakeBackSent
from calls.contracts import Kind, LedgerState, SendText, TextKey
from calls.versions import version_of
from database.encryption import plain_token
from database.recovery import StrayMessageRow, epoch_now
from database.tables import CallRow, SurveyInvitationRow, SwitchRow, TextRow, real_now
from tests.activities.desk import NUMBER, Desk
from tests.builders import NOON, minutes
from tests.recovery.restoring import recovered, restored
from web.residents.delivery import Report, record_delivery
from web.serving.in_time import Deadline


@pytest.fixture
def sent(desk: Desk) -> SendText:
    """A confirmation that the phone has."""
    has_call(desk)
    assert desk.send().record is not None
    assert len(desk.phones.bodies(NUMBER)) == 1
    return desk.order()


def has_call(desk: Desk, cad_id: str = "1001", *, number: str = NUMBER, **facts: Any) -> None:
    desk.call(cad_id, number=number, **facts)
    with Session(desk.engine) as session, session.begin():
        row = session.get_one(CallRow, f"ottawa-{cad_id}")
        row.epoch = epoch_now(session)
        row.case_number = str(facts.get("case_number", "26-104233"))
        row.phone_versions = {desk.keyring.phone_hash(number): row.recipient_version}
        session.add(row)


def lose_ledger(desk: Desk, *conditions: object) -> None:
    with Session(desk.engine) as session, session.begin():
        session.execute(delete(TextRow).where(*conditions))  # type: ignore[arg-type]
        session.execute(delete(SurveyInvitationRow))


def take_back(desk: Desk) -> Sent:
    carrier = desk.phones.client()
    return TakeBackSent(desk.services, carrier)(real_now() - timedelta(minutes=1), beat=lambda _: None)


def go(desk: Desk) -> None:
    """It is recovered, and a person starts it."""
    recovered(desk.engine)
    with Session(desk.engine) as session, session.begin():
        session.execute(update(SwitchRow).values(released_real=real_now() - timedelta(hours=1)))


def lost(desk: Desk) -> int:
    """The ledger is lost, and the database restored."""
    lose_ledger(desk)
    epoch = restored(desk.engine)
    return version_of(epoch=epoch, change=1)


def test_r2_what_was_sent_since_the_backup_is_taken_back_and_not_sent_again(desk: Desk, sent: SendText) -> None:
    lost(desk)
    found = take_back(desk)
    assert (found.listed, found.known, dict(found.taken_back), found.strays) == (1, 0, {"confirmation": 1}, 0)
    row = desk.row(sent)
    assert (row.reason, row.recipient_version, row.provider_sid) == (TAKEN_BACK, 1, ANY)
    assert row.state in (LedgerState.ACCEPTED, LedgerState.SENT, LedgerState.DELIVERED)
    go(desk)
    outcome = desk.send(sent)
    assert outcome.record is not None
    assert outcome.record.key == sent.key
    assert len(desk.phones.bodies(NUMBER)) == 1


def test_r2_a_reply_in_doubt_of_weeks_ago_is_not_taken_for_a_message_with_the_same_words(
    desk: Desk, sent: SendText
) -> None:
    """All automatic replies have the same words."""
    weeks_ago = real_now() - timedelta(weeks=3)
    old = {"state": LedgerState.UNKNOWN, "provider_sid": None, "sending_real": weeks_ago, "claimed_real": weeks_ago}
    desk.change_row({"kind": Kind.AUTO_REPLY, "call_id": None, **old})
    restored(desk.engine)
    assert dict(take_back(desk).taken_back) == {"confirmation": 1}
    with Session(desk.engine) as session:
        (reply,) = session.exec(select(TextRow).where(TextRow.kind == Kind.AUTO_REPLY))
    assert (reply.state, reply.provider_sid) == (LedgerState.UNKNOWN, None)


def test_r2_the_carriers_clock_and_ours_may_differ_by_minutes(desk: Desk, sent: SendText) -> None:
    lost(desk)
    ahead = real_now() + timedelta(minutes=14)
    found = TakeBackSent(desk.services, desk.phones.client())(ahead, beat=lambda _: None)
    assert dict(found.taken_back) == {"confirmation": 1}


def test_r2_what_an_earlier_number_of_ours_sent_is_taken_back_too(desk: Desk, sent: SendText) -> None:
    """The agency texts from another number since: its ledger says from which it did before."""
    before = desk.services.agency.identity.sender
    desk.change_row({"provider_sid": "SMbefore", "claimed_real": real_now() - timedelta(days=2)})
    restored(desk.engine)
    identity = desk.agency.identity.model_copy(update={"sender": "+16135550199"})
    desk.services = replace(desk.services, agency=desk.agency.model_copy(update={"identity": identity}))
    has_call(desk, "1002", number="+16135550143")
    found = take_back(desk)
    assert found.listed == 1
    with Session(desk.engine) as session:
        assert {before} == set(session.exec(select(TextRow.sender)))


def test_taking_back_twice_changes_nothing(desk: Desk, sent: SendText) -> None:
    lost(desk)
    take_back(desk)
    again = take_back(desk)
    assert (again.known, again.taken_back.total(), again.strays) == (1, 0, 0)
    assert desk.rows() == 1


def test_r2_a_restored_service_sends_nothing_until_a_person_starts_it(desk: Desk) -> None:
    has_call(desk)
    restored(desk.engine)
    with pytest.raises(ApplicationError, match="not recovered yet"):
        desk.send()
    recovered(desk.engine)
    with pytest.raises(ApplicationError, match="switched off: everything"):
        desk.send()
    assert desk.phones.posts() == []
    go(desk)
    assert desk.send().record is not None


def test_r2_while_a_restored_database_is_not_recovered_no_text_is_held_back_for_good(
    desk: Desk, sent: SendText
) -> None:
    """A workflow would hear that the text was suppressed, and a moment later it is explained that it was sent."""
    with Session(desk.engine) as session, session.begin():
        session.execute(update(CallRow).values(case_number=None))
    lost(desk)
    assert take_back(desk).strays == 1
    with pytest.raises(ApplicationError, match="not recovered yet"):
        desk.send(sent)
    has_call(desk)
    take_back(desk)
    go(desk)
    outcome = desk.send(sent)
    assert outcome.record is not None
    assert outcome.record.state != LedgerState.SUPPRESSED


def test_r2_a_text_whose_call_nobody_knows_silences_what_it_may_have_been_until_cad_tells_of_it(
    desk: Desk, sent: SendText
) -> None:
    with Session(desk.engine) as session, session.begin():
        session.execute(update(CallRow).values(case_number=None))
    lost(desk)
    assert take_back(desk).strays == 1
    go(desk)
    outcome = desk.send(sent)
    assert outcome.record is not None
    assert (outcome.record.state, outcome.rule) == (LedgerState.SUPPRESSED, MAY_HAVE_GONE)
    assert len(desk.phones.bodies(NUMBER)) == 1
    has_call(desk)  # CAD tells the case number again
    assert dict(take_back(desk).taken_back) == {"confirmation": 1}
    assert desk.row(sent).state != LedgerState.SUPPRESSED
    with Session(desk.engine) as session:
        assert session.exec(select(StrayMessageRow)).all() == []


def test_r2_a_text_without_words_at_the_carrier_silences_every_kind(desk: Desk, sent: SendText) -> None:
    sid = desk.row(sent).provider_sid or ""
    desk.phones.client()._client.messages(sid).update(body="")  # as somebody may who has the account
    lost(desk)
    assert take_back(desk).strays == 1
    go(desk)
    outcome = desk.send(sent)
    assert outcome.rule == MAY_HAVE_GONE


def test_a_call_that_was_received_after_a_stray_message_is_told_as_ever(desk: Desk, sent: SendText) -> None:
    with Session(desk.engine) as session, session.begin():
        session.execute(update(CallRow).values(case_number=None))
    lost(desk)
    assert take_back(desk).strays == 1
    go(desk)
    later = NOON + minutes(60)
    has_call(desk, "1002", received_at=later, case_number="26-2")
    desk.at(later + minutes(3))
    order = desk.order(cad_id="1002").model_copy(
        update={"due_at": later + minutes(3), "expires_at": later + minutes(60)}
    )
    assert desk.send(order).record is not None
    assert len(desk.phones.bodies(NUMBER)) == 2


def test_r2_two_calls_of_one_number_keep_their_own_texts(desk: Desk, sent: SendText) -> None:
    has_call(desk, "1002", case_number="26-2")
    lost(desk)
    assert dict(take_back(desk).taken_back) == {"confirmation": 1}
    go(desk)
    desk.send(sent)
    desk.send(desk.order(cad_id="1002"))
    assert len(desk.phones.bodies(NUMBER)) == 2


def notice(desk: Desk, sequence: int) -> SendText:
    due = NOON + minutes(63)
    return SendText(
        call_id="ottawa-1001",
        key=TextKey(kind=Kind.DELAY, sequence=sequence),
        due_at=due,
        expires_at=due + minutes(60),
        version=1,
    )


def test_r2_a_delay_notice_that_had_another_number_is_not_sent_again(desk: Desk, sent: SendText) -> None:
    """The first had expired in the lost ledger, the second went out: the carrier's list knows only of one."""
    desk.at(NOON + minutes(64))
    desk.send(notice(desk, 2))
    assert len(desk.phones.bodies(NUMBER)) == 2
    version = lost(desk)
    assert dict(take_back(desk).taken_back) == {"confirmation": 1, "delay": 1}
    go(desk)
    desk.send(notice(desk, 2))  # its POST had gone, its outcome never reached the workflow
    assert len(desk.phones.bodies(NUMBER)) == 2
    outcome = desk.send(notice(desk, 2).model_copy(update={"version": version}))  # ordered anew since
    assert (outcome.rule, len(desk.phones.bodies(NUMBER))) == (MAY_HAVE_GONE, 2)


def test_r2_a_text_that_was_being_sent_at_the_backup_is_known_by_its_words(desk: Desk, sent: SendText) -> None:
    desk.change_row({"state": "sending", "provider_sid": None, "settled_at": None, "lease_until_real": None})
    restored(desk.engine)
    assert dict(take_back(desk).taken_back) == {"confirmation": 1}
    assert desk.rows() == 1
    assert desk.row(sent).provider_sid is not None


def test_the_link_in_a_text_that_was_lost_opens_its_survey_again(desk: Desk, sent: SendText) -> None:
    has_call(desk, cleared_at=NOON + minutes(30))
    desk.at(NOON + minutes(200))
    survey = SendText(
        call_id="ottawa-1001",
        key=TextKey(kind=Kind.SURVEY),
        due_at=NOON + minutes(190),
        expires_at=NOON + minutes(600),
        version=1,
    )
    assert desk.send(survey).rule is None
    token = desk.phones.bodies(NUMBER)[-1].partition("/s/")[2].split()[0]
    lost(desk)
    assert dict(take_back(desk).taken_back) == {"confirmation": 1, "survey": 1}
    with Session(desk.engine) as session:
        invitation = session.exec(select(SurveyInvitationRow)).one()
        assert invitation.token_hash == desk.keyring.token_hash(plain_token(token))
        assert invitation.expires_at > desk.services.clock.now() + timedelta(days=1)
    go(desk)
    desk.send(survey)
    assert len(desk.phones.bodies(NUMBER)) == 2


def report(desk: Desk, sid: str) -> Report:
    return Report(
        text_id=desk.row().id if sid == "known" else uuid4(),
        provider_sid=sid,
        status="delivered",
        error_code=None,
        now=desk.services.clock.now(),
        hash_of_number=lambda _: desk.keyring.phone_hash(NUMBER),
    )


@pytest.fixture
def told(engine: Engine) -> Callable[[Report], None]:
    return lambda one: record_delivery(engine, one, Deadline(at=time.monotonic() + 5))


def test_a_delivery_report_finds_a_text_that_was_taken_back_by_its_sid(
    desk: Desk, sent: SendText, told: Callable[[Report], None]
) -> None:
    sid = desk.row(sent).provider_sid or ""
    lost(desk)
    take_back(desk)
    with Session(desk.engine) as session, session.begin():
        session.execute(update(TextRow).values(state=LedgerState.ACCEPTED))
    told(report(desk, sid))
    assert desk.row(sent).state == LedgerState.DELIVERED


def test_r2_a_report_of_a_text_that_the_list_did_not_show_silences_what_it_may_have_been(
    desk: Desk, sent: SendText, told: Callable[[Report], None]
) -> None:
    sid = desk.row(sent).provider_sid or ""
    lost(desk)
    told(report(desk, sid))
    go(desk)
    assert desk.send(sent).rule == MAY_HAVE_GONE
    assert len(desk.phones.bodies(NUMBER)) == 1


def test_a_report_of_an_unknown_text_means_nothing_where_nothing_was_restored(
    desk: Desk, sent: SendText, told: Callable[[Report], None]
) -> None:
    told(report(desk, "SM00"))
    with Session(desk.engine) as session:
        assert session.exec(select(StrayMessageRow)).all() == []


def test_r2_a_worker_of_the_database_of_before_sends_nothing_that_a_newer_one_ordered(desk: Desk) -> None:
    has_call(desk)
    order = desk.order(version=version_of(epoch=1_764_000_000, change=1))
    with pytest.raises(ApplicationError, match="of before a restore"):
        desk.send(order)
    assert (desk.rows(), desk.phones.posts()) == (0, [])


def test_an_order_of_before_the_restore_is_checked_on_the_facts_of_now(desk: Desk) -> None:
    has_call(desk, dispatched_at=NOON + minutes(1))
    restored(desk.engine)
    go(desk)
    outcome = desk.send(desk.order())
    assert outcome.record is not None
    assert outcome.call is not None
    assert outcome.call.version > 2**40
