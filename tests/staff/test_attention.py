"""What needs a person first is shown: stuck calls, calls that wait, codes that nobody has listed; nothing personal."""

from datetime import date, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, col, update

from cli.attention import show_attention
from cli.blocked_numbers import block, show, unblock
from database.encryption import Keyring, keyring_of, new_key
from database.feeds import CadFeedRow
from database.reconciliation import ReconciliationRow
from database.tables import CallRow, InboundMessageRow, TextRow, real_now
from policy.agency import load_agency
from policy.cad_feeds import FeedRule
from settings import Settings, SettingsError
from starter.accept import Acceptor
from starter.rejected import RejectedRecords, Shape
from tests.builders import NOON, hours
from tests.conftest import AGENCIES
from tests.starter.test_accept import OTHER_PHONE, PHONE, acceptor, received, record
from tests.survey.month import Town
from web.staff.attention import needs_attention
from web.staff.comments.urgent import UrgentComments
from web.staff.numbers.blocked import Why

__all__ = ["acceptor"]

OTTAWA = load_agency(AGENCIES / "ottawa")


@pytest.fixture
def settings(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("COMMUNITYCONNECT_AGENCY", str(AGENCIES / "ottawa"))
    monkeypatch.setenv("COMMUNITYCONNECT_ENCRYPTION_KEYS", f"k:{new_key()}")
    monkeypatch.setenv("COMMUNITYCONNECT_LOOKUP_KEY", new_key())
    return Settings()


def the_lines(settings: Settings) -> tuple[bool, list[str]]:
    lines: list[str] = []
    return show_attention(settings, say=lines.append), lines


def test_with_nothing_to_do_it_says_so(engine: Engine, acceptor: Acceptor, settings: Settings) -> None:
    acceptor.accept(received())
    well, lines = the_lines(settings)
    assert well
    assert lines.count("  none") == 13


def test_r1_unknown_codes_are_counted_and_shown_those_of_dispositions_too(engine: Engine, acceptor: Acceptor) -> None:
    for cad_id in ("1", "2", "3"):
        zombies = received(call_type_code="ZOMBIES", call_type_group="")
        acceptor.accept(zombies.model_copy(update={"cad_id": cad_id}))
    acceptor.accept(received(disposition="ZZZ"))
    acceptor.accept(record(5, cad_id="9", disposition="CAN", cancelled="cancelled"))
    found = needs_attention(engine, OTTAWA)
    assert [(code.calls, code.what) for code in found.unknown] == [
        (3, "the policy does not know the call type 'ZOMBIES'"),
        (1, "the policy does not know the disposition 'ZZZ': no survey"),
    ]


def test_a_call_that_waits_for_a_fact_is_shown_with_what_is_missing(acceptor: Acceptor, settings: Settings) -> None:
    acceptor.accept(received(case_number=None))
    acceptor.accept(record(1, cad_id="not known yet", phone=OTHER_PHONE, dispatched_at=1))
    well, lines = the_lines(settings)
    assert well  # it may still come
    assert [line.partition(", since")[0] for line in lines if line.startswith("  ") and "has not told" in line] == [
        "  ottawa-1001: CAD has not told the case number",
        "  ottawa-not known yet: CAD has not told the call type, the priority, the source, the time of receipt, "
        "the case number",
    ]
    assert OTHER_PHONE[-7:] not in "".join(lines)


def test_a_stuck_call_is_shown_and_the_command_fails(engine: Engine, acceptor: Acceptor, settings: Settings) -> None:
    acceptor.accept(received())
    with Session(engine) as session, session.begin():
        stuck = {"trouble": "overdue: confirmation", "trouble_since_real": real_now() - hours(1)}
        session.execute(update(CallRow).where(col(CallRow.call_id) == "ottawa-1001").values(**stuck))
    well, lines = the_lines(settings)
    assert not well
    assert lines[lines.index("Calls that are stuck:") + 1].startswith(
        "  ottawa-1001, case 26-104233: overdue: confirmation, since "
    )


def test_a_call_that_has_been_stuck_for_more_than_a_week_is_still_shown(
    engine: Engine, acceptor: Acceptor, settings: Settings
) -> None:
    acceptor.accept(received())
    stuck = {"trouble": "unknown to Temporal", "trouble_since_real": real_now() - hours(24 * 8)}
    with Session(engine) as session, session.begin():
        session.execute(update(CallRow).values(**stuck))
    assert not the_lines(settings)[0]
    with Session(engine) as session, session.begin():
        session.execute(update(CallRow).values(ended_reason="terminated"))
    assert the_lines(settings)[0]


def test_a_wrong_number_is_shown_until_it_is_corrected(
    engine: Engine, acceptor: Acceptor, settings: Settings, keyring: Keyring
) -> None:
    acceptor.accept(received())
    with Session(engine) as session, session.begin():
        session.add(
            InboundMessageRow(
                provider_sid="SM1",
                phone_hash=keyring.phone_hash(PHONE),
                sender="",
                keyword="wrong number",
                body_encrypted="",
                received_at=NOON + hours(1),
            )
        )
    _, lines = the_lines(settings)
    assert "  ottawa-1001, case 26-104233, told 2026-01-15 13:00" in lines
    with Session(engine) as session, session.begin():  # many say so when the survey comes, with which the call ends
        session.execute(update(CallRow).values(ended_reason="the survey was offered"))
    assert len(needs_attention(engine, OTTAWA).wrong) == 1
    with Session(engine) as session, session.begin():
        session.execute(update(CallRow).values(updated_real=real_now() - timedelta(days=8)))
    assert needs_attention(engine, OTTAWA).wrong == []
    with Session(engine) as session, session.begin():
        session.execute(update(CallRow).values(ended_reason=None))
    acceptor.accept(record(70, phone=OTHER_PHONE))
    assert needs_attention(engine, OTTAWA).wrong == []


class TestTheListOfNumbersNotToBeTexted:
    def test_numbers_come_in_by_standard_input_as_people_write_them(self, settings: Settings) -> None:
        said: list[str] = []
        block(settings, ["613-555-0142\n", "\n", "(343) 555-0117"], why=Why.SHELTER, until=None, say=said.append)
        block(settings, ["6135550142"], why=Why.LOBBY, until=real_now() + hours(30), say=said.append)
        assert said[0] == "2 numbers are on the list now (shelter), 0 were there already"
        assert said[1] == "0 numbers are on the list now (lobby), 1 were there already"
        said.clear()
        show(settings, say=said.append)
        assert {line.partition(",")[0] for line in said} == {f"{PHONE}  lobby", f"{OTHER_PHONE}  shelter"}
        unblock(settings, ["613 555 0142", "613 555 0199"], say=said.append)
        assert said[-1] == "1 numbers are off the list, 1 were not on it"

    @pytest.mark.parametrize("line", ["a lobby", "555-0142", "+1 613 555 0142 12345"])
    def test_what_is_no_number_is_said_with_its_line_and_nothing_is_changed(
        self, settings: Settings, line: str
    ) -> None:
        with pytest.raises(SettingsError, match=r"line 2: .*write it as in 613-555-0142.*nothing was changed") as error:
            block(settings, ["613-555-0199", line], why=Why.OTHER, until=None, say=_nothing)
        assert "0142 12345" not in str(error.value)
        said: list[str] = []
        show(settings, say=said.append)
        assert said == ["no number is on the list"]

    def test_r3_no_number_stands_in_clear_in_the_database(self, settings: Settings, engine: Engine) -> None:
        block(settings, [PHONE], why=Why.HOTLINE, until=None, say=_nothing)
        with engine.connect() as connection:
            rows = str(connection.exec_driver_sql("SELECT t::text FROM blocked_number t").all())
        assert "hotline" in rows
        assert PHONE[-7:] not in rows

    def test_a_reason_that_is_none_is_said_with_those_that_there_are(self, settings: Settings) -> None:
        with pytest.raises(SettingsError, match="one of: alarm company, hotline, lobby, shelter, payphone, other"):
            block(settings, [PHONE], why="because", until=None, say=_nothing)


def _nothing(_line: str) -> None:
    """What is said is not looked at."""


def a_text(engine: Engine, **values: object) -> TextRow:
    """A row of the ledger, of the call that was received."""
    row = TextRow(
        call_id="ottawa-1001",
        kind="confirmation",
        state="delivered",
        policy_version="v",
        due_at=NOON,
        expires_at=NOON,
        provider_sid=f"SM{uuid4().hex}",
    )
    for name, value in values.items():
        setattr(row, name, value)
    with Session(engine, expire_on_commit=False) as session, session.begin():
        session.add(row)
    return row


class TestTexts:
    @pytest.fixture(autouse=True)
    def _a_call(self, acceptor: Acceptor) -> None:
        acceptor.accept(received())

    @pytest.mark.parametrize("state", ["unknown", "sending"])
    def test_r2_one_whose_outcome_is_unknown_is_shown_first_and_after_an_hour_the_command_fails(
        self, engine: Engine, settings: Settings, state: str
    ) -> None:
        old = real_now() - hours(2)
        row = a_text(engine, state=state, provider_sid=None, claimed_real=old, sending_real=old, first_sending_real=old)
        well, lines = the_lines(settings)
        assert not well
        assert lines[8] == "Texts whose outcome is unknown: this resident may not have been told:"
        assert lines[9].startswith("  confirmation, ottawa-1001, case 26-104233, since ")
        assert lines[9].endswith(f", text {row.id}")

    def test_one_that_became_unknown_just_now_may_still_be_found_out(self, engine: Engine, settings: Settings) -> None:
        a_text(engine, state="unknown", provider_sid=None)
        well, lines = the_lines(settings)
        assert well
        assert lines[9].startswith("  confirmation, ottawa-1001")

    def test_one_that_is_being_sent_is_no_trouble(self, engine: Engine, settings: Settings) -> None:
        a_text(engine, state="sending", provider_sid=None, sending_real=real_now())
        well, lines = the_lines(settings)
        assert (well, lines[9]) == (True, "  none")

    def test_those_of_earlier_weeks_are_counted_and_let_the_command_succeed(
        self, engine: Engine, settings: Settings
    ) -> None:
        a_text(engine, state="unknown", provider_sid=None, claimed_real=real_now() - hours(24 * 8))
        well, lines = the_lines(settings)
        assert (well, lines[9]) == (True, "  and 1 that became unknown more than 7 days ago")

    @pytest.mark.parametrize(
        ("values", "says"),
        [
            ({"error_code": 30006}, "a landline, or its carrier cannot be reached (30006)"),
            ({"error_code": 30007}, "filtered as spam: look at the wording, do not send it again (30007)"),
            ({"state": "failed", "error_code": 30004}, "blocked, by the phone or by its carrier (30004)"),
            ({"state": "suppressed", "error_code": 21610}, "opted out at the carrier (STOP) (21610)"),
            ({"error_code": 12345}, "see twilio.com/docs/api/errors (12345)"),
            ({}, "the carrier gives no reason"),
        ],
    )
    def test_one_that_did_not_arrive_is_shown_with_its_kind_its_call_and_why(
        self, engine: Engine, settings: Settings, values: dict[str, object], says: str
    ) -> None:
        row = a_text(engine, **{"state": "undelivered", "kind": "delay", "sequence": 2, **values})
        a_text(engine, state="suppressed", rule="opted out", kind="survey")
        well, lines = the_lines(settings)
        (line,) = [line for line in lines if line.startswith("  delay notice 2, ottawa-1001, case 26-104233: ")]
        assert says in line
        assert line.endswith(f", {row.provider_sid}")
        assert well
        assert not any("survey" in line for line in lines)

    def test_what_did_not_arrive_more_than_a_week_ago_is_not_shown(self, engine: Engine, settings: Settings) -> None:
        a_text(engine, state="undelivered", updated_real=real_now() - hours(24 * 8))
        assert the_lines(settings)[1].count("  none") == 13

    def test_an_automatic_reply_has_no_call(self, engine: Engine, settings: Settings) -> None:
        a_text(engine, state="undelivered", kind="auto_reply", call_id=None, error_code=30003)
        assert any(
            line.startswith("  automatic reply, no call: the phone could not") for line in the_lines(settings)[1]
        )

    def test_an_automatic_reply_that_nobody_waited_for_says_why(self, engine: Engine, settings: Settings) -> None:
        a_text(
            engine, state="expired", kind="auto_reply", call_id=None, rule="nobody waited for it", reason="auto_reply"
        )
        assert "  automatic reply, no call: nobody waited for it" in "\n".join(the_lines(settings)[1])


def a_sum(engine: Engine, *, days_ago: int = 1, **values: object) -> date:
    day = (real_now() - timedelta(days=days_ago)).date()
    numbers = ("texts_ours", "texts_theirs", "segments_ours", "segments_theirs")
    counts = ("only_at_carrier", "only_in_ledger", "states_differ")
    row = ReconciliationRow.model_validate(
        {"day": day, **dict.fromkeys(numbers, 9), **dict.fromkeys(counts, 0), "named": {}, **values}
    )
    with Session(engine) as session, session.begin():
        session.add(row)
    return day


def test_r2_a_text_that_was_due_and_expired_is_shown_with_the_reason(engine: Engine, settings: Settings) -> None:
    with Session(engine) as session, session.begin():
        session.add(
            TextRow(
                call_id="ottawa-1001",
                kind="confirmation",
                state="expired",
                rule="expired",
                reason="it would no longer be true or useful",
                policy_version="p",
                due_at=NOON,
                expires_at=NOON + hours(1),
            )
        )
    well, lines = the_lines(settings)
    assert well
    shown = lines[lines.index("Texts that were due and could not be sent in time, in the last 7 days:") + 1]
    assert shown.startswith("  confirmation, ottawa-1001: it would no longer be true or useful, ")


class TestTheDailySum:
    def test_a_day_without_differences_is_not_shown(self, engine: Engine, settings: Settings) -> None:
        a_sum(engine)
        assert the_lines(settings)[1].count("  none") == 13

    def test_a_difference_is_shown_with_what_to_look_up_at_the_carrier(
        self, engine: Engine, settings: Settings
    ) -> None:
        sids = [f"SM{number:032}" for number in range(12)]
        day = a_sum(engine, texts_theirs=21, only_at_carrier=12, states_differ=1, named={"only_at_carrier": sids})
        well, lines = the_lines(settings)
        assert well
        first = lines.index(f"  {day}: 9 texts (9 segments) in the ledger, 21 (9) at the carrier")
        assert lines[first + 1] == f"    only the carrier has 12: {', '.join(sids[:10])}, …"
        assert lines[first + 2].startswith("    ended differently at the carrier: 1")

    def test_a_sum_that_has_not_come_for_days_is_missed(self, engine: Engine, settings: Settings) -> None:
        day = a_sum(engine, days_ago=5)
        assert any(f"no day has been summed up since {day}" in line for line in the_lines(settings)[1])

    def test_that_none_ever_was_is_said_too_once_there_is_something_to_sum_up(
        self, engine: Engine, settings: Settings
    ) -> None:
        """`communityconnect setup` was forgotten, or the schedule paused from the first day on."""
        a_text(engine, state="delivered", claimed_real=real_now() - timedelta(days=1))
        assert not any("summed up" in line for line in the_lines(settings)[1])
        a_text(engine, state="delivered", sequence=2, claimed_real=real_now() - timedelta(days=5))
        assert any("no day has been summed up ever" in line for line in the_lines(settings)[1])


class TestFeeds:
    def test_a_feed_that_is_silent_or_stopped_is_shown_and_the_command_fails(
        self, engine: Engine, settings: Settings
    ) -> None:
        a_feed(engine, feed="county", last_record_real=real_now() - hours(7))
        a_feed(engine, feed="new", since_real=real_now() - hours(7))
        a_feed(engine, feed="view", last_record_real=real_now(), trouble="no column 'ID'")
        well, lines = the_lines(settings)
        assert not well
        first = lines.index(
            "CAD's feeds that are silent or stopped: calls may go unheard (see: communityconnect cad feeds):"
        )
        assert lines[first + 1].startswith("  county: its last new record came on ")
        assert "; that is too long since " in lines[first + 1]
        assert lines[first + 2].startswith("  new: it has never told a call; that is too long since ")
        assert lines[first + 3] == "  view: no column 'ID'"

    def test_feeds_that_are_well_are_not_shown(self, engine: Engine, settings: Settings) -> None:
        a_feed(engine, feed="county", last_record_real=real_now())
        well, lines = the_lines(settings)
        assert well
        assert lines.count("  none") == 13

    def test_r4_records_that_could_not_be_read_are_counted_until_somebody_has_dealt_with_them(
        self, engine: Engine, settings: Settings, keyring: Keyring
    ) -> None:
        rejected = RejectedRecords(engine=engine, keyring=keyring)
        for number in range(3):
            reason = f"call {number}: received is something that is not a time"
            rejected.keep(b"%d" % number, feed="county", shape=Shape.ROW, reason=reason)
        well, lines = the_lines(settings)
        assert not well
        shown = lines[lines.index("CAD's records that could not be read (see: communityconnect cad rejected):") + 1]
        assert shown.startswith("  county: 3, the first on ")
        assert shown.endswith("; of the last: call 2: received is something that is not a time")
        for row_id in rejected.open_ids():
            rejected.settle(row_id, "left by me: a test")
        assert the_lines(settings)[0]

    def test_a_feed_that_cad_yaml_expects_and_that_never_came_is_shown(self, engine: Engine) -> None:
        rules = {"county": FeedRule(silent_after=hours(1))}
        expecting = OTTAWA.model_copy(update={"cad": OTTAWA.cad.model_copy(update={"feeds": rules})})
        (silent,) = needs_attention(engine, expecting).feeds.silent
        assert (silent.feed, silent.last, silent.since) == ("county", None, None)


def a_feed(engine: Engine, **values: object) -> None:
    row = CadFeedRow(way="push", feed="")
    for name, value in values.items():
        setattr(row, name, value)
    with Session(engine) as session, session.begin():
        session.add(row)


def test_urgent_comments_that_nobody_has_seen_are_counted_and_never_told(
    engine: Engine, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The resident's page promises that a person looks today."""
    keyring = keyring_of(settings)
    town = Town(engine=engine, keyring=keyring, agency=OTTAWA)
    for comment in ("he has a gun", "she is bleeding", "Thank you"):
        town.sent(town.invited(uuid4().hex, NOON, area="7"), NOON, C1=comment)
    well, lines = the_lines(settings)
    assert not well
    assert lines[lines.index(next(line for line in lines if "sound urgent" in line)) + 1] == "  2"
    assert not any("gun" in line or "bleeding" in line for line in lines)
    eyes = UrgentComments(engine=engine, keyring=keyring, agency="ottawa")
    assert all(eyes.see(one.id) for one in eyes.unseen())
    assert the_lines(settings)[0]
    monkeypatch.delenv("COMMUNITYCONNECT_ENCRYPTION_KEYS")
    assert "  not counted: the keys are missing" in the_lines(Settings())[1]
    assert needs_attention(engine, OTTAWA).urgent is None
