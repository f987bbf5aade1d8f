"""Texts without an end are looked up at a real carrier, over HTTP; what is found is written down, nothing is sent."""

from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from sqlmodel import Session, col, select
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities import settle
from activities.carrier_client import Accepted, CarrierClient, NotProcessed
from activities.carrier_messages import Message
from activities.forget import Forget
from activities.reconcile import ReconcileActivities
from calls.contracts import Kind, LedgerState
from calls.reconciliation import Batch
from database.encryption import load_keyring, new_key
from database.tables import InboundMessageRow, TextRow, real_now
from tests.activities.desk import NUMBER, Desk
from tests.builders import NOON, hours, minutes
from tests.carrier.carrier_box import eventually

LONG_AGO = {"updated_real": -hours(2), "claimed_real": -hours(2), "lease_until_real": -hours(2), "sending_real": None}


def settled(desk: Desk, after: str | None = None) -> Batch:
    """Run the activity once, as Temporal would."""
    batch: Batch = ActivityEnvironment().run(ReconcileActivities(desk.services).settle_texts, after)
    return batch


def grown_old(desk: Desk, **values: object) -> None:
    """Two hours have passed over every text of the ledger."""
    with Session(desk.engine) as session, session.begin():
        for row in session.exec(select(TextRow)):
            for name, value in {**LONG_AGO, **values}.items():
                setattr(row, name, real_now() + value if isinstance(value, timedelta) else value)
            session.add(row)


def sent(desk: Desk, *, ends: str = "delivered") -> TextRow:
    """A text that the carrier took, and whose callbacks nobody has heard; it has ended at the carrier."""
    desk.call()
    desk.send()
    sid = desk.row().provider_sid
    assert sid is not None
    eventually(lambda: status_at_carrier(desk, sid) == ends)
    grown_old(desk)
    return desk.row()


def status_at_carrier(desk: Desk, sid: str) -> str:
    message = desk.phones.client().fetch(sid)
    return "" if message is None else message.status


def in_doubt(desk: Desk) -> None:
    """The carrier took it, and the answer was lost; the attempt is long dead."""
    desk.call()
    desk.phones.misbehave({"what": "lose_answer", "next": 1})
    with pytest.raises(ApplicationError):
        desk.send()
    grown_old(desk, sending_real=-minutes(5), first_sending_real=-minutes(5), lease_until_real=-minutes(5))


class TestATextWithItsSid:
    def test_whose_callbacks_were_lost_is_delivered_once_it_is_looked_up(self, desk: Desk) -> None:
        assert sent(desk).state == LedgerState.ACCEPTED
        assert settled(desk) == Batch(done=1, after=None)
        assert desk.row().state == LedgerState.DELIVERED
        assert desk.row().looked_up_real is not None

    def test_that_was_not_delivered_is_told_with_its_code(self, desk: Desk) -> None:
        desk.phones.misbehave({"what": "undelivered", "error": 30006})
        sent(desk, ends="undelivered")
        settled(desk)
        assert (desk.row().state, desk.row().error_code) == (LedgerState.UNDELIVERED, 30006)

    def test_moves_forward_only(self, desk: Desk) -> None:
        """A callback has told that it failed, while the carrier was being asked, which says delivered."""
        sent(desk)
        looking = replace(desk.services, carrier=Meanwhile(desk, lambda: desk.change_row({"state": "failed"})))
        ActivityEnvironment().run(ReconcileActivities(looking).settle_texts, None)
        assert desk.row().state == LedgerState.FAILED

    def test_that_is_young_is_left_to_its_callbacks(self, desk: Desk) -> None:
        sent(desk)
        grown_old(desk, updated_real=-minutes(50))
        assert settled(desk).done == 0
        assert desk.row().looked_up_real is None

    def test_that_the_carrier_does_not_know_keeps_its_state(self, desk: Desk) -> None:
        sent(desk)
        desk.phones.forget()
        assert settled(desk).done == 1
        assert desk.row().state == LedgerState.ACCEPTED
        assert desk.row().looked_up_real is not None


class TestHowOften:
    """`sent` is the end where carriers never report delivery."""

    @pytest.mark.parametrize(
        ("state", "looked_up", "age", "again"),
        [
            ("sent", None, hours(1000), True),
            ("sent", hours(2), hours(3), False),
            ("sent", hours(25), hours(26), True),
            ("sent", hours(25), hours(73), False),
            ("accepted", hours(0.5), hours(3), False),
            ("accepted", hours(2), hours(3), True),
            ("unknown", hours(2), hours(71), True),
            ("unknown", hours(2), hours(73), False),
            ("unknown", None, hours(1000), True),
            ("delivered", None, hours(3), False),
            ("failed", None, hours(3), False),
            ("claimed", None, hours(3), False),
        ],
    )
    def test_a_text_is_looked_up_again_after_an_hour_one_that_is_sent_after_a_day_and_not_for_ever(
        self, desk: Desk, state: str, looked_up: timedelta | None, age: timedelta, again: bool
    ) -> None:
        desk.call()
        desk.send()
        grown_old(desk, state=state, claimed_real=-age, looked_up_real=None if looked_up is None else -looked_up)
        assert settled(desk).done == again


class TestATextInDoubt:
    @pytest.mark.parametrize("state", ["sending", "unknown"])
    def test_that_the_carriers_list_has_is_settled(self, desk: Desk, state: str) -> None:
        in_doubt(desk)
        desk.change_row({"state": state})
        eventually(lambda: [phone["messages"][0]["status"] for phone in desk.phones.all()] == ["delivered"])
        assert settled(desk).done == 1
        row = desk.row()
        assert row.state == LedgerState.DELIVERED
        assert row.provider_sid is not None
        assert row.reason == "found in the carrier's list"
        assert row.settled_at is not None
        assert desk.send().record is not None  # and the activity takes it so
        assert len(desk.phones.bodies(NUMBER)) == 1

    def test_is_looked_for_under_the_number_that_it_went_from(self, desk: Desk) -> None:
        in_doubt(desk)
        identity = desk.agency.identity.model_copy(update={"sender": "+16135550199"})
        agency = desk.agency.model_copy(update={"identity": identity})
        desk.services = replace(desk.services, agency=agency)
        assert settled(desk).done == 1
        assert desk.row().provider_sid is not None

    @pytest.mark.parametrize("state", ["sending", "unknown"])
    def test_r2_that_the_carrier_does_not_know_stays_unknown_and_is_not_sent(self, desk: Desk, state: str) -> None:
        in_doubt(desk)
        desk.change_row({"state": state})
        desk.phones.forget()
        assert settled(desk).done == 1
        assert desk.row().state == LedgerState.UNKNOWN
        assert desk.phones.all() == []

    def test_whose_words_are_gone_stays_unknown_and_keeps_nobody_waiting(self, desk: Desk) -> None:
        in_doubt(desk)
        desk.change_row({"body_encrypted": None})
        assert settled(desk) == Batch(done=1)
        assert desk.row().state == LedgerState.UNKNOWN

    def test_whose_key_is_missing_stays_unknown_and_keeps_nobody_waiting(self, desk: Desk) -> None:
        in_doubt(desk)
        desk.services = replace(
            desk.services, keyring=load_keyring(encryption_keys=f"k9:{new_key()}", lookup_key=new_key())
        )
        assert settled(desk) == Batch(done=1)
        assert desk.row().state == LedgerState.UNKNOWN

    def test_r2_does_not_take_a_message_for_its_own_that_was_made_when_no_attempt_can_have_been_sending(
        self, desk: Desk
    ) -> None:
        """Two delay notices of a call have the same words."""
        in_doubt(desk)
        an_hour_ago = -hours(1)
        grown_old(desk, sending_real=an_hour_ago, first_sending_real=an_hour_ago, lease_until_real=an_hour_ago)
        assert settled(desk).done == 1
        assert (desk.row().state, desk.row().provider_sid) == (LedgerState.UNKNOWN, None)

    def test_r2_does_not_take_a_message_for_its_own_that_is_another_texts(self, desk: Desk) -> None:
        in_doubt(desk)
        (phone,) = desk.phones.all()
        twin = a_twin(desk, provider_sid=phone["messages"][0]["sid"])
        assert settled(desk).done == 1
        assert desk.row().state == LedgerState.UNKNOWN
        forget_twin(desk, twin)

    def test_r2_waits_while_another_text_to_the_same_number_is_in_the_air(self, desk: Desk) -> None:
        in_doubt(desk)
        twin = a_twin(desk, state="sending", lease_until_real=real_now() + minutes(1))
        settled(desk)
        assert (desk.row().state, desk.row().looked_up_real) == (LedgerState.SENDING, None)
        forget_twin(desk, twin)
        settled(desk)
        assert desk.row().provider_sid is not None


class TestAnAttemptThatIsAlive:
    def test_r2_is_not_asked_about(self, desk: Desk) -> None:
        in_doubt(desk)
        desk.change_row({"lease_until_real": real_now() + minutes(1)})
        before = desk.row()
        assert settled(desk).done == 0
        assert desk.row() == before

    def test_r2_keeps_its_text_where_nothing_was_found(self, desk: Desk) -> None:
        """An attempt has taken the text over while the carrier was being asked."""
        in_doubt(desk)
        desk.phones.forget()
        taken = {"state": "sending", "attempt_id": uuid4(), "lease_until_real": real_now() + minutes(1)}
        looking = replace(desk.services, carrier=Meanwhile(desk, lambda: desk.change_row(taken)))
        ActivityEnvironment().run(ReconcileActivities(looking).settle_texts, None)
        assert (desk.row().state, desk.row().looked_up_real) == (LedgerState.SENDING, None)

    def test_r2_is_kept_from_sending_again_what_was_found(self, desk: Desk) -> None:
        """It has claimed the text afresh while the list, which lagged behind before, told of it."""
        in_doubt(desk)
        taken = {"state": "claimed", "attempt_id": uuid4(), "lease_until_real": real_now() + minutes(1)}
        looking = replace(desk.services, carrier=Meanwhile(desk, lambda: desk.change_row(taken)))
        ActivityEnvironment().run(ReconcileActivities(looking).settle_texts, None)
        assert desk.row().provider_sid is not None
        desk.send()
        assert len(desk.phones.bodies(NUMBER)) == 1


class TestManyTexts:
    def test_are_looked_up_in_batches_and_none_is_left_out(self, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(settle, "_BATCH", 2)
        send_some(desk, 5)
        batches = [settled(desk)]
        while batches[-1].after is not None:
            batches.append(settled(desk, batches[-1].after))
        assert [batch.done for batch in batches] == [2, 2, 1]
        assert settled(desk).done == 0

    def test_one_that_cannot_be_had_does_not_keep_the_others_waiting(self, desk: Desk) -> None:
        send_some(desk, 3)
        looking = replace(desk.services, carrier=OneIsPoison(desk))
        batch: Batch = ActivityEnvironment().run(ReconcileActivities(looking).settle_texts, None)
        assert batch == Batch(done=2)
        assert settled(desk).done == 1

    def test_a_carrier_that_is_away_is_asked_three_times_and_said_without_personal_data(self, desk: Desk) -> None:
        send_some(desk, 4)
        nobody = CarrierClient(account_sid="AC", auth_token="x", address="http://127.0.0.1:9", timeout_seconds=1)
        away = replace(desk.services, carrier=nobody)
        with pytest.raises(ApplicationError, match="a message cannot be had") as error:
            ActivityEnvironment().run(ReconcileActivities(away).settle_texts, None)
        assert error.value.type == "NotProcessed"
        assert error.value.__cause__ is None
        assert settled(desk).done == 4

    def test_wrong_credentials_are_no_answer_about_a_text(self, desk: Desk) -> None:
        sent(desk)
        with pytest.raises(NotProcessed, match="HTTP 401, code 20003"):
            desk.phones.client(auth_token="wrong").fetch(desk.row().provider_sid or "")


class TestBodies:
    """Ottawa keeps them for 365 days."""

    @pytest.mark.parametrize(
        ("state", "days", "kept"),
        [
            ("delivered", 364, True),
            ("delivered", 366, False),
            ("suppressed", 366, False),
            ("claimed", 366, False),
            ("unknown", 394, True),
            ("sending", 394, True),
            ("unknown", 396, False),
        ],
    )
    def test_r3_a_texts_words_are_deleted_in_time_those_of_one_in_doubt_later(
        self, desk: Desk, state: str, days: int, kept: bool
    ) -> None:
        desk.call()
        desk.send()
        desk.change_row({"state": state, "claimed_real": real_now() - timedelta(days=days)})
        assert Forget(desk.services)() == Batch(done=int(not kept))
        assert (desk.row().body_encrypted is not None) == kept
        assert desk.row().phone_encrypted is not None

    def test_r3_what_residents_wrote_is_deleted_by_the_services_clock(self, desk: Desk) -> None:
        desk.at(NOON)
        with Session(desk.engine) as session, session.begin():
            for sid, days in (("SM1", 364), ("SM2", 366)):
                session.add(
                    InboundMessageRow(
                        provider_sid=sid,
                        phone_hash="h",
                        sender="",
                        keyword="other",
                        body_encrypted="k:x",
                        received_at=NOON - timedelta(days=days),
                    )
                )
        assert Forget(desk.services)() == Batch(done=1)
        with Session(desk.engine) as session:
            rows = session.exec(select(InboundMessageRow).order_by(col(InboundMessageRow.provider_sid)))
            assert [row.body_encrypted for row in rows] == ["k:x", None]

    def test_r2_a_text_without_words_is_still_not_sent_again(self, desk: Desk) -> None:
        desk.call()
        desk.send()
        desk.change_row({"body_encrypted": None})
        desk.send()
        assert len(desk.phones.bodies(NUMBER)) == 1


class Meanwhile(CarrierClient):
    """The carrier; while it looks a message up, something happens here."""

    def __init__(self, desk: Desk, happens: Callable[[], None]) -> None:
        phones = desk.phones
        super().__init__(
            account_sid=phones.account_sid, auth_token=phones.auth_token, address=phones.address, timeout_seconds=2
        )
        self._happens = happens

    def find(self, *, to: str, sender: str, body: str, since: datetime, known: Collection[str]) -> Accepted | None:
        found = super().find(to=to, sender=sender, body=body, since=since, known=known)
        if found is None:
            self._happens()
        return found

    def fetch(self, sid: str) -> Message | None:
        found = super().fetch(sid)
        self._happens()
        return found


class OneIsPoison(CarrierClient):
    """The carrier, whose answer about the first message that it is asked for nobody can read."""

    def __init__(self, desk: Desk) -> None:
        phones = desk.phones
        super().__init__(
            account_sid=phones.account_sid, auth_token=phones.auth_token, address=phones.address, timeout_seconds=2
        )
        self._poison = ""

    def fetch(self, sid: str) -> Message | None:
        self._poison = self._poison or sid
        if sid == self._poison:
            raise NotProcessed("a message cannot be had")
        return super().fetch(sid)


def send_some(desk: Desk, number: int) -> None:
    """To a phone each."""
    for index in range(number):
        desk.call(f"20{index}", number=f"+161355501{index:02}", recipient_version=1)
        desk.send(desk.order(cad_id=f"20{index}"))
    grown_old(desk)


def a_twin(desk: Desk, **values: object) -> TextRow:
    """Another text with the same words to the same number."""
    row = desk.row()
    with Session(desk.engine, expire_on_commit=False) as session, session.begin():
        kept = row.model_dump(exclude={"id"})
        twin = TextRow.model_validate({**kept, "kind": Kind.DELAY, "state": "delivered", **values})
        session.add(twin)
    return twin


def forget_twin(desk: Desk, twin: TextRow) -> None:
    with Session(desk.engine) as session, session.begin():
        session.delete(session.get_one(TextRow, twin.id))
