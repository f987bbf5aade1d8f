"""R4: what could not be read is kept, shown, and taken in after a mend, as of when it came: newer words stand."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import pytest
from pydantic import JsonValue
from sqlalchemy import Engine
from sqlmodel import Session, select

from calls.clock import REAL_TIME
from calls.eligibility import Rule
from cli.cad_rejected import RejectedAct, act
from database.encryption import Keyring, keyring_of
from database.feeds import CadFeedRow, RejectedRecordRow
from database.tables import CadRecordRow, CallRow, real_now
from policy.agency import Agency
from settings import Settings, SettingsError
from starter.feeds import Result, Way
from starter.intake import Intake, Intakes
from starter.readers.eido import read_eido
from starter.readers.json_text import parse
from starter.readers.record import read_record
from starter.readers.told import Unreadable
from starter.rejected import COUNT_EVERY, MOST_BYTES, RejectedRecords, Shape
from starter.rejected_again import KNOWN_AFTER_A_MEND, TAKEN_AFTER_A_MEND, Again, RejectedAgain
from tests.builders import NOON, minutes
from tests.staff.test_attention import settings
from tests.starter.eidos import eido, with_eido
from tests.starter.logs import row as a_row
from tests.starter.test_accept import OTHER_PHONE, PHONE, the_facts, the_row

__all__ = ["settings"]

Document = Mapping[str, JsonValue]


@pytest.fixture
def intake(engine: Engine, keyring: Keyring, ottawa: Agency) -> Intake:
    return Intakes(engine=engine, keyring=keyring, agency=ottawa).of("county", Way.PUSH)


@pytest.fixture
def rejected(engine: Engine, keyring: Keyring) -> RejectedRecords:
    return RejectedRecords(engine=engine, keyring=keyring)


@pytest.fixture
def again(engine: Engine, keyring: Keyring, ottawa: Agency) -> Callable[[], list[Again]]:
    """Read all open records again; what became of them."""

    def read() -> list[Again]:
        replay = RejectedAgain(engine=engine, keyring=keyring, agency=ottawa, clock=REAL_TIME)
        return [one.became for one in replay.all_of(None)]

    return read


def received(**changes: JsonValue) -> dict[str, JsonValue]:
    return {
        "cad_id": "1001",
        "event": "received",
        "case_number": "26-104233",
        "priority": "4",
        "call_type": "NOISE",
        "source": "phone",
        "phone": PHONE,
        **changes,
    }


def send(intake: Intake, document: Document, *, rejects: bool = False, shape: Shape = Shape.RECORD) -> Result:
    """As a sender pushes it. `rejects`: by the code of yesterday, which had a bug and could not read it."""
    raw = json.dumps(document).encode()
    read = Unreadable(what="yesterday's bug") if rejects else read_record(parse(raw), intake.agency.cad)
    return intake.take(read, raw=lambda: raw, shape=shape).result


def came_ago(engine: Engine, **ago: float) -> datetime:
    """Let all rejected records have come that many minutes ago."""
    came = real_now() - minutes(ago["minutes"])
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE rejected_record SET rejected_real = %s, last_rejected_real = %s", (came,) * 2
        )
    return came


def settled(engine: Engine) -> list[str | None]:
    with Session(engine) as session:
        return list(session.exec(select(RejectedRecordRow.settled).order_by(RejectedRecordRow.id)))  # type: ignore[arg-type]


class TestWhatIsKept:
    def test_only_the_newest_have_their_bytes_however_many_were_sent_again_between_them(
        self, rejected: RejectedRecords, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """One that is sent again uses up an id: those of the new ones may all be odd."""
        monkeypatch.setattr("starter.rejected.MOST_KEPT", 10)
        for number in range(80):
            for _ in range(2):
                rejected.keep(str(number).encode(), feed="county", shape=Shape.OTHER, reason="not JSON")
        with_bytes = [row.raw_encrypted is not None for row in rejected.open()]
        assert len(with_bytes) == 80
        assert sum(with_bytes) <= 10 + COUNT_EVERY
        assert with_bytes[-10:] == [True] * 10

    def test_a_process_that_never_comes_to_many_counts_too(
        self, engine: Engine, keyring: Keyring, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("starter.rejected.MOST_KEPT", 10)
        for number in range(15):
            one = RejectedRecords(engine=engine, keyring=keyring)
            one.keep(str(number).encode(), feed="county", shape=Shape.OTHER, reason="not JSON")
        assert sum(row.raw_encrypted is not None for row in one.open()) == 10

    def test_one_whose_bytes_were_given_up_has_them_again_when_it_is_sent_again(
        self, engine: Engine, rejected: RejectedRecords
    ) -> None:
        """Its sender is told that it is kept."""
        rejected.keep(b"1", feed="county", shape=Shape.OTHER, reason="not JSON")
        with engine.begin() as connection:
            connection.exec_driver_sql("UPDATE rejected_record SET raw_encrypted = NULL")
        rejected.keep(b"1", feed="county", shape=Shape.OTHER, reason="not JSON")
        (row,) = rejected.open()
        assert rejected.raw(row) == b"1"

    def test_one_that_is_dealt_with_has_none_when_it_is_sent_again(
        self, engine: Engine, rejected: RejectedRecords
    ) -> None:
        rejected.keep(b"1", feed="county", shape=Shape.OTHER, reason="not JSON")
        rejected.settle(rejected.open_ids()[0], "left by Ann: a test of theirs")
        rejected.keep(b"1", feed="county", shape=Shape.OTHER, reason="not JSON")
        with Session(engine) as session:
            assert session.exec(select(RejectedRecordRow.raw_encrypted)).all() == [None]


class TestReadAgain:
    def test_a_record_that_can_be_read_now_is_taken_in_and_off_the_list(
        self, engine: Engine, intake: Intake, rejected: RejectedRecords, again: Callable[[], list[Again]]
    ) -> None:
        send(intake, received(), rejects=True)
        assert again() == [Again.TAKEN]
        assert the_row(engine).rule == Rule.ALL_MET
        assert (rejected.open_ids(), settled(engine)) == ([], [TAKEN_AFTER_A_MEND])
        assert again() == []

    def test_one_that_still_cannot_be_read_stays_with_todays_reason(
        self, intake: Intake, rejected: RejectedRecords, again: Callable[[], list[Again]]
    ) -> None:
        send(intake, received(colour="red"), rejects=True)
        assert again() == [Again.STILL]
        (row,) = rejected.open()
        assert (row.reason, row.times) == ("colour: not a field of a record", 1)

    def test_one_that_its_sender_has_sent_again_since_is_a_repetition(
        self, engine: Engine, intake: Intake, again: Callable[[], list[Again]]
    ) -> None:
        document = received(updated_at="2026-01-15T17:00:00Z")
        send(intake, document, rejects=True)
        assert send(intake, document) is Result.TAKEN
        assert again() == [Again.REPEATED]
        assert settled(engine) == [KNOWN_AFTER_A_MEND]

    def test_r1_an_old_word_without_a_time_does_not_outweigh_a_newer_one(
        self, engine: Engine, intake: Intake, again: Callable[[], list[Again]]
    ) -> None:
        """The number was corrected while the record lay on the list: the text must not go to the old one."""
        send(intake, received(), rejects=True)
        came_ago(engine, minutes=30)
        send(intake, received(phone=OTHER_PHONE))
        number = the_row(engine).phone_hash
        assert again() == [Again.TAKEN]
        assert the_row(engine).phone_hash == number

    def test_r1_the_same_word_said_again_by_cad_afterwards_counts_as_said_then(
        self, engine: Engine, keyring: Keyring, intake: Intake, again: Callable[[], list[Again]]
    ) -> None:
        """0019: A (rejected), B by mistake, A read again, then CAD takes B back: it must not be swallowed."""
        send(intake, received(), rejects=True)
        came_ago(engine, minutes=30)
        send(intake, received(phone=OTHER_PHONE))
        again()
        assert send(intake, received()) is Result.TAKEN
        assert the_row(engine).phone_hash == keyring.phone_hash(PHONE)

    def test_one_that_came_several_times_counts_as_of_the_last(
        self, engine: Engine, keyring: Keyring, intake: Intake, again: Callable[[], list[Again]]
    ) -> None:
        send(intake, received(), rejects=True)
        came_ago(engine, minutes=30)
        send(intake, received(phone=OTHER_PHONE))
        send(intake, received(), rejects=True)
        again()
        assert the_row(engine).phone_hash == keyring.phone_hash(PHONE)

    def test_a_step_that_was_told_without_a_time_happened_when_it_was_told(
        self, engine: Engine, intake: Intake, again: Callable[[], list[Again]]
    ) -> None:
        """R5: a call of this morning does not get its confirmation in the evening."""
        send(intake, received(), rejects=True)
        came = came_ago(engine, minutes=300)
        again()
        assert the_facts(engine).received_at == came

    def test_such_a_step_happened_then_whatever_other_times_stand_beside_it(
        self, engine: Engine, intake: Intake, again: Callable[[], list[Again]]
    ) -> None:
        send(intake, received(event="cleared", received_at="2026-01-15T17:00:00Z"), rejects=True)
        came = came_ago(engine, minutes=300)
        again()
        assert the_facts(engine).cleared_at == came

    def test_one_with_a_time_of_its_own_counts_by_that(
        self, engine: Engine, intake: Intake, again: Callable[[], list[Again]]
    ) -> None:
        send(intake, received(updated_at="2026-01-15T17:00:00Z"), rejects=True)
        again()
        with Session(engine) as session:
            (record,) = session.exec(select(CadRecordRow)).all()
        assert record.stamp.isoformat() == "2026-01-15T17:00:00+00:00"

    def test_one_of_a_clock_that_is_ahead_counts_as_of_when_it_came(
        self, engine: Engine, intake: Intake, again: Callable[[], list[Again]]
    ) -> None:
        """As it would have then: read again hours later, its time is not in the future any more."""
        send(intake, received(updated_at=(real_now() - minutes(60)).isoformat()), rejects=True)
        came = came_ago(engine, minutes=180)
        again()
        with Session(engine) as session:
            (record,) = session.exec(select(CadRecordRow)).all()
        assert record.stamp == came

    def test_r1_a_danger_that_is_seen_only_now_silences_though_the_record_cannot_be_read(
        self, engine: Engine, intake: Intake, again: Callable[[], list[Again]]
    ) -> None:
        send(intake, received())
        send(intake, received(in_progress=True, colour="red"), rejects=True)
        assert the_row(engine).latch is None
        assert again() == [Again.STILL]
        assert the_row(engine).latch == Rule.IN_PROGRESS

    def test_one_whose_bytes_are_not_kept_stays(
        self, intake: Intake, rejected: RejectedRecords, again: Callable[[], list[Again]]
    ) -> None:
        raw = b" " * (MOST_BYTES + 1)
        intake.take(Unreadable(what="too long"), raw=lambda: raw, shape=Shape.RECORD)
        assert again() == [Again.NOT_KEPT]
        assert len(rejected.open_ids()) == 1

    def test_what_is_no_record_by_itself_stays(self, intake: Intake, again: Callable[[], list[Again]]) -> None:
        intake.take(Unreadable(what="not JSON"), raw=lambda: b"{", shape=Shape.OTHER)
        assert again() == [Again.NO_RECORD]

    @pytest.mark.parametrize("shape", [Shape.ROW, Shape.VIEW])
    def test_a_row_is_read_under_its_headings(
        self, engine: Engine, intake: Intake, again: Callable[[], list[Again]], shape: Shape
    ) -> None:
        cells = {**a_row(received="2026-01-15 12:00:00"), "language": "FR"}
        raw = json.dumps(cells).encode()
        intake.take(Unreadable(what="call 1001: received is not a time"), raw=lambda: raw, shape=shape)
        assert again() == [Again.TAKEN]
        assert the_facts(engine).received_at == datetime.fromisoformat("2026-01-15T17:00:00+00:00")

    def test_an_eido_that_the_folder_could_not_read_is_read_with_todays(
        self, engine: Engine, keyring: Keyring, intake: Intake, ottawa: Agency
    ) -> None:
        document = eido(cad_id="1001", case_number="26-104233", received=NOON, phone=PHONE)
        intake.take(read_eido(document, ottawa.cad), raw=lambda: json.dumps(document).encode(), shape=Shape.EIDO)
        mended = RejectedAgain(engine=engine, keyring=keyring, agency=with_eido(ottawa), clock=REAL_TIME)
        assert [one.became for one in mended.all_of(None)] == [Again.TAKEN]
        assert the_row(engine).case_number == "26-104233"

    @pytest.mark.parametrize("raw", [b"[]", b'{"a": 1}', b"7", b"{", b"\xff"])
    @pytest.mark.parametrize("shape", [Shape.ROW, Shape.VIEW, Shape.RECORD])
    def test_bytes_that_are_not_of_their_shape_stay(
        self, intake: Intake, again: Callable[[], list[Again]], raw: bytes, shape: Shape
    ) -> None:
        intake.take(Unreadable(what="?"), raw=lambda: raw, shape=shape)
        assert again() == [Again.STILL]

    def test_a_silent_feed_does_not_speak_again_because_somebody_reads_again(
        self, engine: Engine, intake: Intake, again: Callable[[], list[Again]]
    ) -> None:
        send(intake, received(), rejects=True)
        intake.tally.write()
        again()
        with Session(engine) as session:
            feed = session.get(CadFeedRow, "county")
        assert feed is not None
        assert (feed.last_record_real, feed.taken, feed.rejected) == (None, 0, 1)

    def test_only_the_feeds_that_is_asked_for(
        self, engine: Engine, keyring: Keyring, ottawa: Agency, intake: Intake, rejected: RejectedRecords
    ) -> None:
        send(intake, received(), rejects=True)
        replay = RejectedAgain(engine=engine, keyring=keyring, agency=ottawa, clock=REAL_TIME)
        assert list(replay.all_of("another")) == []
        assert len(rejected.open_ids()) == 1


class TestTheCommand:
    @pytest.fixture
    def feed(self, engine: Engine, settings: Settings, ottawa: Agency) -> Intake:
        """One whose keys are those of the settings."""
        return Intakes(engine=engine, keyring=keyring_of(settings), agency=ottawa).of("county", Way.PUSH)

    def said(self, settings: Settings, **what: Any) -> tuple[bool, list[str]]:
        lines: list[str] = []
        return act(settings, RejectedAct(**what), say=lines.append), lines

    def test_with_none_it_says_so(self, settings: Settings) -> None:
        assert self.said(settings) == (True, ["No record waits that could not be read."])

    def test_each_is_listed_with_what_is_known_of_it_and_nothing_of_what_it_says(
        self, settings: Settings, feed: Intake
    ) -> None:
        send(feed, received(phone=613))
        send(feed, received(phone=613))
        well, lines = self.said(settings)
        assert well
        assert lines[0] == "Records that could not be read, and that nobody has dealt with: 1"
        assert lines[1].startswith("1  county, 20")
        assert ", 2 times until 20" in lines[1]
        assert lines[1].endswith("; record, 139 bytes")
        assert lines[2] == "    phone: not text in quotes"

    def test_one_is_shown_as_it_came_with_a_warning(self, settings: Settings, feed: Intake) -> None:
        send(feed, received(colour="\x1b[2Jred\u202e"))
        _, lines = self.said(settings, show=1)
        assert "There may be a telephone number in it" in lines[2]
        assert json.loads(lines[-1])["phone"] == PHONE
        assert '  "cad_id": "1001",' in lines[-1].splitlines()
        assert "\x1b" not in lines[-1]
        assert "\\u202e" in lines[-1]

    def test_what_is_not_json_is_shown_as_it_stands(self, settings: Settings, feed: Intake) -> None:
        feed.take(Unreadable(what="not JSON"), raw=lambda: b"1001;NOISE\x00\xff\r\nx", shape=Shape.OTHER)
        assert self.said(settings, show=1)[1][-1] == "1001;NOISE\\x00\\xff\nx"

    def test_one_that_was_too_long_says_that_its_bytes_are_not_kept(self, settings: Settings, feed: Intake) -> None:
        feed.take(Unreadable(what="too long"), raw=lambda: b" " * (MOST_BYTES + 1), shape=Shape.OTHER)
        assert "it had more than 128 KiB" in self.said(settings, show=1)[1][-1]

    def test_reading_again_says_how_many_of_each(self, settings: Settings, feed: Intake, engine: Engine) -> None:
        send(feed, received(), rejects=True)
        send(feed, received(cad_id="2", colour="red"))
        well, lines = self.said(settings, replay=True)
        assert not well
        assert lines == [
            "2  county: colour: not a field of a record",
            "2 read again, each as of when it came:",
            "      1 taken in, and off the list",
            "      1 still cannot be read",
        ]
        with Session(engine) as session:
            assert [row.call_id for row in session.exec(select(CallRow))] == ["ottawa-1001"]

    def test_one_that_is_left_is_off_the_list_with_who_and_why(
        self, settings: Settings, feed: Intake, engine: Engine
    ) -> None:
        send(feed, received(colour="red"))
        assert self.said(settings, leave=1, by="Ann", why="a test of theirs")[0]
        assert settled(engine) == ["left by Ann: a test of theirs"]
        assert self.said(settings)[1] == ["No record waits that could not be read."]
        with pytest.raises(SettingsError, match="dealt with: left by Ann"):
            self.said(settings, show=1)

    def test_what_cannot_be_done_is_said(self, settings: Settings, feed: Intake) -> None:
        send(feed, received(colour="red"))
        with pytest.raises(SettingsError, match="--leave needs --by and --why"):
            self.said(settings, leave=1)
        with pytest.raises(SettingsError, match="at a time"):
            self.said(settings, show=1, replay=True)
        with pytest.raises(SettingsError, match="no rejected record 7"):
            self.said(settings, show=7)

    def test_r3_the_kept_bytes_are_not_legible_in_the_database(self, feed: Intake, engine: Engine) -> None:
        send(feed, received(colour="red"))
        with engine.connect() as connection:
            rows = str(connection.exec_driver_sql("SELECT r::text FROM rejected_record r").all())
        assert "county" in rows
        assert PHONE[-7:] not in rows
