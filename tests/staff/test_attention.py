"""What needs a person first is shown: stuck calls, calls that wait, codes that nobody has listed; nothing personal."""

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, col, update

from cli.attention import show_attention
from cli.blocked_numbers import block, show, unblock
from database.encryption import Keyring, new_key
from database.tables import CallRow, InboundMessageRow, real_now
from settings import Settings, SettingsError
from starter.accept import Acceptor
from tests.builders import NOON, hours
from tests.conftest import AGENCIES
from tests.starter.test_accept import OTHER_PHONE, PHONE, acceptor, received, record
from web.staff.attention import needs_attention
from web.staff.blocked_numbers import Why

__all__ = ["acceptor"]


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
    assert lines.count("  none") == 4


def test_r1_unknown_codes_are_counted_and_shown_those_of_dispositions_too(engine: Engine, acceptor: Acceptor) -> None:
    for cad_id in ("1", "2", "3"):
        zombies = received(call_type_code="ZOMBIES", call_type_group="")
        acceptor.accept(zombies.model_copy(update={"cad_id": cad_id}))
    acceptor.accept(received(disposition="ZZZ"))
    acceptor.accept(record(5, cad_id="9", disposition="CAN", cancelled="cancelled"))
    found = needs_attention(engine)
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


def test_a_stuck_call_is_shown_first_and_the_command_fails(
    engine: Engine, acceptor: Acceptor, settings: Settings
) -> None:
    acceptor.accept(received())
    with Session(engine) as session, session.begin():
        stuck = {"trouble": "overdue: confirmation", "trouble_since_real": real_now() - hours(1)}
        session.execute(update(CallRow).where(col(CallRow.call_id) == "ottawa-1001").values(**stuck))
    well, lines = the_lines(settings)
    assert not well
    assert lines[1].startswith("  ottawa-1001, case 26-104233: overdue: confirmation, since ")


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
    acceptor.accept(record(70, phone=OTHER_PHONE))
    assert needs_attention(engine).wrong == []


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
