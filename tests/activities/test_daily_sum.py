"""The daily sum: whatever only the carrier or only the ledger has, or has ended differently, is counted and named."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import structlog
from sqlmodel import Session, col, select

from activities import carrier_client, daily_sum
from activities.carrier_client import CarrierClient, NotProcessed
from activities.carrier_messages import Message
from activities.daily_sum import DailySum
from calls.contracts import UNHEARD, Kind, LedgerState
from calls.reconciliation import Batch
from database.reconciliation import ReconciliationRow
from database.tables import InboundMessageRow, TextRow, real_now
from tests.activities.desk import NUMBER, Desk
from tests.builders import hours, minutes
from tests.carrier.carrier_box import (
    ACCOUNT,
    SENDER,
    TOKEN,
    Carrier,
    eventually,
    running_carrier,
    running_service,
)

OTHER = "+16135550143"
TODAY_IS_OVER = timedelta(days=1, hours=10, minutes=11)


def sum_up(desk: Desk, *, later: timedelta = TODAY_IS_OVER) -> Batch:
    """As if it were so much later: the sum that is due is today's."""
    return DailySum(desk.services, now=lambda: real_now() + later)(beat=_nothing)


def the_row(desk: Desk) -> ReconciliationRow:
    with Session(desk.engine) as session:
        return session.exec(select(ReconciliationRow)).one()


def counts(desk: Desk) -> tuple[int, int, int]:
    row = the_row(desk)
    return row.only_at_carrier, row.only_in_ledger, row.states_differ


def sent(desk: Desk, cad_id: str = "1001", *, number: str = NUMBER, ends: str = "delivered") -> str:
    """Its sid, once it has ended at the carrier."""
    desk.call(cad_id, number=number)
    desk.send(desk.order(cad_id=cad_id))
    sid = desk.row(desk.order(cad_id=cad_id)).provider_sid or ""
    eventually(lambda: status_at_carrier(desk, sid) == ends)
    return sid


def status_at_carrier(desk: Desk, sid: str) -> str:
    message = desk.phones.client().fetch(sid)
    return "" if message is None else message.status


def only_at_carrier(desk: Desk) -> str:
    """Somebody has sent a text with our number, without us."""
    sid = (
        desk.phones.client()
        .send(
            to=OTHER,
            sender=desk.agency.identity.sender,
            body="hello",
            callback="http://127.0.0.1:1/x",
            valid_for_seconds=60,
        )
        .sid
    )
    eventually(lambda: status_at_carrier(desk, sid) == "delivered")
    return sid


class TestADay:
    def test_on_which_both_have_the_same_differs_in_nothing(self, desk: Desk) -> None:
        sent(desk)
        sent(desk, "1002", number=OTHER)
        segments = 2 * (desk.row().segments or 0)
        assert sum_up(desk) == Batch(done=1, after=f"{real_now():%Y-%m-%d}")
        row = the_row(desk)
        assert (row.texts_ours, row.texts_theirs, row.segments_ours, row.segments_theirs) == (2, 2, segments, segments)
        assert counts(desk) == (0, 0, 0)

    def test_a_message_that_only_the_carrier_has_is_named(self, desk: Desk) -> None:
        sent(desk)
        sid = only_at_carrier(desk)
        with structlog.testing.capture_logs() as logs:
            sum_up(desk)
        assert counts(desk) == (1, 0, 0)
        assert the_row(desk).named["only_at_carrier"] == [sid]
        assert (the_row(desk).texts_ours, the_row(desk).texts_theirs) == (1, 2)
        (line,) = [line for line in logs if line["event"] == "the daily sum"]
        assert (line["log_level"], line["only_at_carrier"]) == ("error", (1, [sid]))
        assert OTHER[-7:] not in str(logs)

    def test_a_message_that_only_the_ledger_has_is_named(self, desk: Desk) -> None:
        sent(desk)
        desk.change_row({"provider_sid": "SM" + "f" * 32})
        sum_up(desk)
        assert the_row(desk).named["only_in_ledger"] == ["SM" + "f" * 32]
        assert counts(desk) == (1, 1, 0)

    def test_a_text_that_ended_differently_is_named(self, desk: Desk) -> None:
        desk.phones.misbehave({"what": "undelivered", "error": 30007})
        sid = sent(desk, ends="undelivered")
        desk.change_row({"state": "delivered"})
        sum_up(desk)
        assert counts(desk) == (0, 0, 1)
        assert the_row(desk).named["states_differ"] == [sid]
        assert desk.row().state == LedgerState.DELIVERED

    def test_a_report_that_was_lost_is_made_good_and_is_no_difference(self, desk: Desk) -> None:
        desk.phones.misbehave({"what": "undelivered", "error": 30007})
        sent(desk, ends="undelivered")
        sum_up(desk)
        assert counts(desk) == (0, 0, 0)
        assert (desk.row().state, desk.row().error_code) == (LedgerState.UNDELIVERED, 30007)

    def test_a_text_that_the_list_lacks_is_asked_for_by_itself(self, desk: Desk) -> None:
        """The carrier lists by the date of sending; one that is queued, or failed before, has none."""
        sent(desk)
        desk.services = replace(desk.services, carrier=ListLacksAll(**credentials(desk)))
        sum_up(desk)
        assert counts(desk) == (0, 0, 0)
        assert (the_row(desk).texts_ours, the_row(desk).texts_theirs) == (1, 1)

    def test_all_pages_of_the_list_are_read(self, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(carrier_client, "_PAGE_SIZE", 2)
        monkeypatch.setattr(daily_sum, "_PAGE", 2)
        for number in range(5):
            sent(desk, f"20{number}", number=f"+161355501{number:02}")
        sum_up(desk)
        assert (the_row(desk).texts_ours, the_row(desk).texts_theirs) == (5, 5)
        assert counts(desk) == (0, 0, 0)


class TestWhichDay:
    def test_a_day_is_summed_once(self, desk: Desk) -> None:
        sent(desk)
        assert sum_up(desk).done == 1
        assert sum_up(desk) == Batch()

    def test_a_day_is_summed_when_ten_hours_have_passed_since_its_end(self, desk: Desk) -> None:
        """So long a message may wait at the carrier, without a date of sending."""
        sent(desk)
        midnight = datetime.combine(real_now().date() + timedelta(days=1), time.min, UTC)
        early = DailySum(desk.services, now=lambda: midnight + hours(10))
        assert early(beat=_nothing) == Batch()
        in_time = DailySum(desk.services, now=lambda: midnight + hours(10) + minutes(10))
        assert in_time(beat=_nothing).done == 1

    def test_days_that_were_missed_are_caught_up_one_after_the_other(self, desk: Desk) -> None:
        sent(desk)
        first = real_now().date()
        for _ in range(3):
            sum_up(desk, later=TODAY_IS_OVER)
        summed = [sum_up(desk, later=TODAY_IS_OVER + timedelta(days=2)).after for _ in range(3)]
        assert summed == [f"{first + timedelta(days=1)}", f"{first + timedelta(days=2)}", None]

    def test_a_service_that_has_just_begun_is_not_told_of_what_its_number_sent_before(self, desk: Desk) -> None:
        only_at_carrier(desk)
        assert sum_up(desk) == Batch()

    def test_a_message_belongs_to_the_day_on_which_the_carrier_made_it(self, desk: Desk) -> None:
        """Claimed a moment before midnight by our clock, made after it by theirs: no difference on either day."""
        sent(desk)
        desk.change_row({"claimed_real": real_now() - timedelta(days=1)})
        sum_up(desk, later=TODAY_IS_OVER - timedelta(days=1))
        sum_up(desk)
        with Session(desk.engine) as session:
            rows = session.exec(select(ReconciliationRow).order_by(col(ReconciliationRow.day))).all()
        assert [(row.texts_ours, row.texts_theirs, row.only_in_ledger) for row in rows] == [(0, 0, 0), (1, 1, 0)]

    def test_a_list_that_cannot_be_had_writes_nothing(self, desk: Desk) -> None:
        sent(desk)
        desk.services = replace(desk.services, carrier=desk.phones.client(auth_token="wrong"))
        with pytest.raises(NotProcessed, match="list of messages cannot be had"):
            sum_up(desk)
        with Session(desk.engine) as session:
            assert session.exec(select(ReconciliationRow)).all() == []


class TestReplies:
    """They are answers to a webhook: the ledger learns their sid from a callback only."""

    @pytest.fixture
    def line(self, desk: Desk, tmp_path: Path) -> Iterator[Carrier]:
        """A carrier that hands texts to a service, which answers every one of them."""
        with running_service() as service, running_carrier(service, tmp_path / "phones.db") as carrier:
            service.twiml = "<Response><Message>Call 9-1-1.</Message></Response>"
            identity = desk.agency.identity.model_copy(update={"sender": SENDER})
            client = CarrierClient(account_sid=ACCOUNT, auth_token=TOKEN, address=carrier.url, timeout_seconds=2)
            agency = desk.agency.model_copy(update={"identity": identity})
            desk.services = replace(desk.services, carrier=client, agency=agency)
            yield carrier

    def test_one_that_no_callback_told_of_is_known_by_its_number_and_time(self, desk: Desk, line: Carrier) -> None:
        a_reply(desk)
        text_us(line)
        sum_up(desk)
        assert counts(desk) == (0, 0, 0)
        assert (the_row(desk).texts_ours, the_row(desk).texts_theirs) == (1, 1)

    @pytest.mark.usefixtures("line")
    def test_one_that_the_carrier_never_got_is_named_by_its_own_id(self, desk: Desk) -> None:
        text_id = a_reply(desk)
        sum_up(desk)
        assert counts(desk) == (0, 1, 0)
        assert the_row(desk).named["only_in_ledger"] == [str(text_id)]

    @pytest.mark.parametrize("state", [LedgerState.SENDING, LedgerState.UNKNOWN])
    @pytest.mark.parametrize("has_gone", [True, False])
    def test_one_whose_site_died_before_it_wrote_down_that_it_went_out_may_be_there_or_not(
        self, desk: Desk, line: Carrier, state: LedgerState, *, has_gone: bool
    ) -> None:
        text_id = a_reply(desk, state=state)
        if has_gone:
            text_us(line)
        sum_up(desk)
        assert counts(desk) == (0, 0, 0)
        with Session(desk.engine) as session:
            row = session.get_one(TextRow, text_id)
        assert (row.state, row.rule) == ((LedgerState.DELIVERED, None) if has_gone else (LedgerState.EXPIRED, UNHEARD))

    def test_one_that_the_ledger_does_not_know_is_a_difference(self, desk: Desk, line: Carrier) -> None:
        a_reply(desk, number=OTHER)
        text_us(line)
        sum_up(desk)
        assert counts(desk) == (1, 1, 0)

    def test_what_the_carrier_answers_to_stop_by_itself_is_not_in_the_sum(self, desk: Desk, line: Carrier) -> None:
        a_reply(desk, number=OTHER, claimed_real=real_now() - timedelta(days=2))
        with Session(desk.engine) as session, session.begin():
            session.add(
                InboundMessageRow(
                    provider_sid="SM1",
                    phone_hash=desk.keyring.phone_hash(NUMBER),
                    sender=SENDER,
                    keyword="stop by carrier",
                    body_encrypted=None,
                    received_at=desk.services.clock.now(),
                )
            )
        text_us(line)
        text_us(line)
        sum_up(desk)
        assert counts(desk) == (1, 0, 0)  # one of the two answers only
        assert the_row(desk).texts_theirs == 1


class ListLacksAll(CarrierClient):
    """The carrier, whose list is empty."""

    def sent_between(self, since: date, until: date, *, sender: str) -> Iterator[Message]:  # noqa: ARG002
        return iter(())


def credentials(desk: Desk) -> Any:
    phones = desk.phones
    return {
        "account_sid": phones.account_sid,
        "auth_token": phones.auth_token,
        "address": phones.address,
        "timeout_seconds": 2,
    }


def text_us(line: Carrier) -> None:
    """A resident writes, and has the answer."""
    before = len(replies_on(line))
    line.text("hello")
    eventually(lambda: [reply for reply in replies_on(line)[before:] if reply["status"] == "delivered"])


def replies_on(line: Carrier) -> list[dict[str, Any]]:
    return [message for message in line.texts() if message["direction"] == "outbound-reply"]


def a_reply(desk: Desk, *, number: str = NUMBER, **values: object) -> UUID:
    """What the ledger has of an automatic reply before any callback."""
    now = real_now()
    row = TextRow(
        kind=Kind.AUTO_REPLY,
        state=LedgerState.ACCEPTED,
        policy_version="v",
        segments=1,
        phone_hash=desk.keyring.phone_hash(number),
        due_at=now,
        expires_at=now,
    )
    for name, value in values.items():
        setattr(row, name, value)
    with Session(desk.engine, expire_on_commit=False) as session, session.begin():
        session.add(row)
    return row.id


def _nothing() -> None:
    """Nobody listens to the heart."""
