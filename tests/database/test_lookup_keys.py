"""R6: the key that numbers are found by is changed while the service works, and who said STOP stays found."""

import importlib
import pkgutil
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import pytest
from sqlalchemy import Engine, func
from sqlmodel import Session, SQLModel, col, select

import database
from activities.findings import what_is_known
from activities.people import speaks_against
from calls.contracts import Kind, LedgerState, SendText, TextKey
from database.encryption import Keyring, KeyringError, load_keyring, new_key
from database.lookup_keys import HAVE_NUMBERS, KEEP_THE_NUMBER, LookupKeyRow, MovedNumberRow, number_hash
from database.move_numbers import Moved, begin_move, move_numbers, note_key
from database.tables import CallRow, OptOutRow, TextRow, real_now
from policy.agency import Agency
from starter.accept import Acceptor
from starter.records import CadRecord
from tests.builders import NOON, minutes
from web.residents.opt_outs import is_opted_out, say_start, say_stop
from web.staff.numbers.blocked import BlockedNumbers, Why
from web.staff.one_call.find import find

NUMBER: Final = "+16135550142"
OTHER: Final = "+16135550143"
OLD, NEW, ENCRYPTION = new_key(), new_key(), f"k1:{new_key()}"


def ring(first: str, other: str = "") -> Keyring:
    return load_keyring(encryption_keys=ENCRYPTION, lookup_key=first, other_lookup_key=other)


ONLY_OLD, OLD_FIRST, NEW_FIRST, ONLY_NEW = ring(OLD), ring(OLD, NEW), ring(NEW, OLD), ring(NEW)


@dataclass
class Service:
    """What a process of the service does with numbers, with the keys that it was given."""

    engine: Engine
    agency: Agency

    def tells(self, keyring: Keyring, cad_id: str, number: str, **facts: object) -> None:
        acceptor = Acceptor(engine=self.engine, keyring=keyring, agency="ottawa", policy=self.agency.policy)
        told = {"case_number": f"26-{cad_id}", "priority_code": "4", "call_type_code": "NOISE", "source_code": "PHONE"}
        told |= {"received_at": NOON.isoformat(), **facts}  # type: ignore[dict-item]
        acceptor.accept(CadRecord(feed="cad", cad_id=cad_id, stamp=NOON, facts=told, phone=number))

    def stop(self, keyring: Keyring, number: str) -> bool:
        with Session(self.engine) as session, session.begin():
            return say_stop(session, keyring, number, sender=self.agency.identity.sender, now=NOON)

    def has_stopped(self, keyring: Keyring, number: str) -> bool:
        with Session(self.engine) as session, session.begin():
            found = number_hash(session, keyring, number)
            return is_opted_out(session, phone_hash=found, sender=self.agency.identity.sender)

    def end(self, cad_id: str) -> None:
        with Session(self.engine) as session, session.begin():
            row = session.get_one(CallRow, f"ottawa-{cad_id}")
            row.ended_reason, row.signalled = "the survey was offered", row.facts

    def call(self, cad_id: str) -> CallRow:
        with Session(self.engine) as session:
            return session.get_one(CallRow, f"ottawa-{cad_id}")

    def hashes(self) -> set[str]:
        with Session(self.engine) as session:
            every = [session.exec(select(table.phone_hash)).all() for table in HAVE_NUMBERS]
        return {found for column in every for found in column if found}

    def moved(self) -> Moved:
        return move_numbers(self.engine, NEW_FIRST)


@pytest.fixture
def service(engine: Engine, ottawa: Agency) -> Service:
    note_key(engine, ONLY_OLD)
    return Service(engine=engine, agency=ottawa)


def test_r6_who_said_stop_under_the_old_key_is_found_at_every_step_of_the_change(service: Service) -> None:
    service.tells(ONLY_OLD, "1", NUMBER)
    service.stop(ONLY_OLD, NUMBER)
    for keyring in (ONLY_OLD, OLD_FIRST, NEW_FIRST):
        assert service.has_stopped(keyring, NUMBER)
    begin_move(service.engine, NEW_FIRST)
    for keyring in (OLD_FIRST, NEW_FIRST):
        assert service.has_stopped(keyring, NUMBER)
    assert service.moved() == Moved(numbers=0, waiting=2)  # the call is open
    assert service.has_stopped(OLD_FIRST, NUMBER)
    service.end("1")
    assert service.moved() == Moved(numbers=1)
    assert service.moved().is_done
    for keyring in (OLD_FIRST, NEW_FIRST, ONLY_NEW):
        assert service.has_stopped(keyring, NUMBER)
    assert not service.stop(ONLY_NEW, NUMBER), "it is the same opt-out, not a second one"
    assert service.hashes() == {ONLY_NEW.phone_hash(NUMBER)}
    with Session(service.engine) as session:
        assert session.exec(select(MovedNumberRow)).all() == []
        assert [row.fingerprint for row in session.exec(select(LookupKeyRow))] == [ONLY_NEW.fingerprint]


def test_r6_no_table_with_a_number_is_left_out_of_the_change() -> None:
    for module in pkgutil.iter_modules(database.__path__):
        importlib.import_module(f"database.{module.name}")
    tables = SQLModel.metadata.tables
    found = {name for name, table in tables.items() if "phone_hash" in table.columns} - {MovedNumberRow.__tablename__}
    assert found == {table.__tablename__ for table in HAVE_NUMBERS}
    kept = {name for name in found if "phone_encrypted" in tables[name].columns}
    assert kept == {table.__tablename__ for table in KEEP_THE_NUMBER}


@pytest.mark.parametrize("keyring", [OLD_FIRST, NEW_FIRST])
def test_r6_a_database_that_was_never_told_its_key_goes_by_what_is_stored(
    engine: Engine, ottawa: Agency, keyring: Keyring
) -> None:
    """Restored from a backup of before the table, or set up without the keys."""
    untold = Service(engine=engine, agency=ottawa)
    untold.stop(ONLY_OLD, NUMBER)
    assert untold.has_stopped(keyring, NUMBER)
    untold.stop(keyring, OTHER)
    assert untold.hashes() == {ONLY_OLD.phone_hash(NUMBER), ONLY_OLD.phone_hash(OTHER)}
    note_key(engine, keyring)
    assert untold.has_stopped(keyring, NUMBER)
    begin_move(engine, NEW_FIRST)
    assert untold.moved() == Moved(numbers=2)
    assert untold.moved().is_done


def test_r6_a_key_that_finds_nobody_is_not_noted_and_one_that_may_be_any_is_the_same_for_all(
    engine: Engine, ottawa: Agency
) -> None:
    untold = Service(engine=engine, agency=ottawa)
    with Session(engine) as session:
        assert number_hash(session, OLD_FIRST, NUMBER) == number_hash(session, NEW_FIRST, NUMBER)
    untold.stop(ONLY_OLD, NUMBER)
    with pytest.raises(KeyringError, match="no STOP would match"):
        note_key(engine, ONLY_NEW)
    with pytest.raises(KeyringError, match="no STOP would match"):
        untold.has_stopped(ring(NEW, new_key()), NUMBER)


def test_r6_a_process_that_lacks_the_key_others_go_by_writes_nothing_down(service: Service) -> None:
    begin_move(service.engine, NEW_FIRST)
    for act in (lambda: service.stop(ONLY_OLD, NUMBER), lambda: service.tells(ONLY_NEW, "1", NUMBER)):
        with pytest.raises(KeyringError, match="OTHER_LOOKUP_KEY"):
            act()
    assert service.hashes() == set()


def test_r2_a_call_keeps_the_mark_of_its_number_and_a_record_that_comes_again_changes_nothing(service: Service) -> None:
    service.tells(ONLY_OLD, "1", NUMBER)
    mark, version = service.call("1").recipient_version, service.call("1").version
    service.end("1")
    begin_move(service.engine, NEW_FIRST)
    service.moved()
    assert service.moved().is_done
    for keyring in (NEW_FIRST, ONLY_NEW):
        service.tells(keyring, "1", NUMBER)
        row = service.call("1")
        assert (row.recipient_version, row.version, set(row.phone_versions)) == (
            mark,
            version,
            {ONLY_NEW.phone_hash(NUMBER)},
        )
    service.tells(ONLY_NEW, "1", OTHER, priority_code="3")
    assert service.call("1").recipient_version != mark


def test_r6_a_new_number_begins_under_the_next_key_so_that_the_change_ends(service: Service) -> None:
    service.tells(ONLY_OLD, "1", NUMBER)
    begin_move(service.engine, NEW_FIRST)
    service.tells(OLD_FIRST, "2", OTHER)
    assert service.hashes() == {ONLY_OLD.phone_hash(NUMBER), ONLY_NEW.phone_hash(OTHER)}
    service.end("1")
    assert service.moved() == Moved(numbers=1)
    assert service.moved().is_done, "the second call is open, and need not be waited for"


def test_r6_a_number_that_only_wrote_to_us_and_calls_now_keeps_what_it_said(service: Service) -> None:
    """What came in has no number that can be read, only its hash: it goes along as soon as the number is told again."""
    with Session(service.engine) as session, session.begin():
        session.add(_silent_call(phone_versions={ONLY_OLD.phone_hash(NUMBER): 7}))
    begin_move(service.engine, NEW_FIRST)
    with Session(service.engine) as session, session.begin():
        assert number_hash(session, OLD_FIRST, NUMBER) == ONLY_NEW.phone_hash(NUMBER)
    assert service.call("9").phone_versions == {ONLY_NEW.phone_hash(NUMBER): 7}


def test_a_number_is_found_by_staff_and_taken_off_the_list_whatever_key_it_was_written_down_with(
    service: Service,
) -> None:
    service.tells(ONLY_OLD, "1", NUMBER)
    BlockedNumbers(engine=service.engine, keyring=ONLY_OLD).add(OTHER, why=Why.LOBBY)
    begin_move(service.engine, NEW_FIRST)
    for keyring in (OLD_FIRST, NEW_FIRST):
        assert [one.call_id for one in find(service.engine, keyring, NUMBER, agency="ottawa").calls] == ["ottawa-1"]
        assert BlockedNumbers(engine=service.engine, keyring=keyring).find(OTHER) is not None
    assert service.moved().numbers == 1
    for keyring in (OLD_FIRST, NEW_FIRST):
        assert BlockedNumbers(engine=service.engine, keyring=keyring).find(OTHER) is not None
    assert BlockedNumbers(engine=service.engine, keyring=OLD_FIRST).remove(OTHER)


def test_r6_stop_and_start_while_numbers_are_moved_end_in_one_opt_out_or_none(service: Service) -> None:
    """Two processes with their keys in another order say STOP and START as fast as they can; a third moves."""
    numbers = [f"+1613555{place:04d}" for place in range(100, 130)]
    for number in numbers:
        service.stop(ONLY_OLD, number)
    begin_move(service.engine, NEW_FIRST)
    faults: list[BaseException] = []

    def say(keyring: Keyring) -> None:
        try:
            for number in numbers:
                with Session(service.engine) as session, session.begin():
                    found = number_hash(session, keyring, number)
                    say_start(session, phone_hash=found, sender=service.agency.identity.sender, now=NOON)
                service.stop(keyring, number)
        except BaseException as fault:  # noqa: BLE001 - shown below
            faults.append(fault)

    def move() -> None:
        try:
            while not service.moved().is_done:
                pass
        except BaseException as fault:  # noqa: BLE001 - shown below
            faults.append(fault)

    acts: list[Callable[[], None]] = [lambda: say(OLD_FIRST), lambda: say(NEW_FIRST), move]
    threads = [threading.Thread(target=act) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert faults == []
    with Session(service.engine) as session:
        in_force = select(OptOutRow.phone_hash, func.count()).where(col(OptOutRow.ended_at).is_(None))
        found = dict(session.exec(in_force.group_by(col(OptOutRow.phone_hash))).all())
    assert found == {ONLY_NEW.phone_hash(number): 1 for number in numbers}


def test_r6_what_speaks_against_a_text_is_found_after_the_change(service: Service, ottawa: Agency) -> None:
    service.stop(ONLY_OLD, NUMBER)
    begin_move(service.engine, NEW_FIRST)
    while not service.moved().is_done:
        pass
    service.tells(ONLY_NEW, "1", NUMBER)
    order = SendText(
        call_id="ottawa-1",
        key=TextKey(kind=Kind.CONFIRMATION, sequence=1, recipient_version=service.call("1").recipient_version),
        due_at=NOON,
        expires_at=NOON + minutes(30),
        version=1,
    )
    with Session(service.engine) as session:
        found = what_is_known(session, order, agency=ottawa, now=NOON)
        held = speaks_against(found, order, number=NUMBER, rules=ottawa.policy.numbers)
    assert held is not None
    assert "opt" in held.rule


def test_a_text_in_doubt_keeps_its_number_where_it_is_for_a_day(service: Service) -> None:
    text = TextRow(
        kind=Kind.AUTO_REPLY,
        state=LedgerState.UNKNOWN,
        policy_version="1",
        phone_hash=ONLY_OLD.phone_hash(NUMBER),
        phone_encrypted=ONLY_OLD.encrypt(NUMBER),
        due_at=NOON,
        expires_at=NOON,
    )
    with Session(service.engine) as session, session.begin():
        session.add(text)
    begin_move(service.engine, NEW_FIRST)
    assert service.moved() == Moved(waiting=1)
    with Session(service.engine) as session, session.begin():
        row = session.exec(select(TextRow)).one()
        row.updated_real = real_now() - timedelta(hours=25)
        session.add(row)
    assert service.moved() == Moved(numbers=1)


def test_there_is_nothing_to_move_with_one_key_or_with_the_one_in_force(service: Service) -> None:
    with pytest.raises(KeyringError, match="one lookup key only"):
        begin_move(service.engine, ONLY_OLD)
    with pytest.raises(KeyringError, match="in force already"):
        begin_move(service.engine, OLD_FIRST)
    with pytest.raises(KeyringError, match="neither"):
        begin_move(service.engine, ring(NEW, new_key()))


def test_a_link_and_a_code_of_before_open_after_the_change() -> None:
    invitation, text = "7b6f7a1e-0000-4000-8000-000000000001", "7b6f7a1e-0000-4000-8000-000000000002"
    stored, token = ONLY_OLD.token_hash(ONLY_OLD.survey_token(invitation)), ONLY_OLD.survey_token(invitation)
    for keyring in (OLD_FIRST, NEW_FIRST):
        assert stored in keyring.token_hashes(token)
        assert keyring.token_behind(stored, invitation_id=invitation) == token
        assert ONLY_OLD.code_hash(ONLY_OLD.text_code(text)) in keyring.code_hashes(ONLY_OLD.text_code(text))


def _silent_call(*, phone_versions: dict[str, int]) -> CallRow:
    return CallRow(
        call_id="ottawa-9",
        agency="ottawa",
        eligibility="no",
        rule="sensitive call type",
        reason="",
        policy_version="1",
        merged={},
        facts={},
        phone_versions=phone_versions,
    )
