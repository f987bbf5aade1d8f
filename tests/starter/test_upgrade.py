"""From revision 0001 with calls open: nobody is texted twice, nobody is forgotten, and set-ups do not meet."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError
from sqlmodel import Session

from activities.known_call import known_call
from calls.clock import Clock
from calls.contracts import Kind
from calls.timetable import Send, Step, next_step
from database import migrate
from database.encryption import Keyring
from database.engine import connect
from database.tables import CallRow
from starter.accept import Acceptor
from tests.builders import CONFIRMED, NOON, minutes, some_facts
from tests.servers import create_database, drop_database
from tests.starter.test_accept import OTHER_PHONE, PHONE, POLICY, RECEIVED, record
from tests.starter.test_sweep import looked_at

_INSERT = """
INSERT INTO call (call_id, agency, case_number, received_at, merged, facts, version, eligibility, rule, reason,
  policy_version, phone_encrypted, phone_hash, recipient_version, phone_versions, signalled_version, signalled,
  created_real, updated_real)
VALUES ('ottawa-1001', 'ottawa', '26-104233', :received, :merged, :facts, 1, :eligibility, :rule, '', 'v', :phone,
  :hash, 1, :versions, 1, :signalled, :received, :received)"""


@pytest.fixture
def old(postgres_url: str) -> Iterator[Engine]:
    """A database as the program before this one left it."""
    name = f"old_{uuid4().hex[:12]}"
    engine = connect(create_database(postgres_url, name), pool_size=3)
    migrate.upgrade(engine, "0001")
    yield engine
    engine.dispose()
    drop_database(postgres_url, name)


def an_old_call(engine: Engine, keyring: Keyring, *, signalled: bool = True, **facts: Any) -> None:
    """Its number has the version 1; nothing is known that revision 0001 did not know."""
    known = some_facts(**facts).model_dump(mode="json", exclude={"outcome", "number_corrected_at", "untextable"})
    phone_hash = keyring.phone_hash(PHONE)
    told = {name: known[name] for name in RECEIVED if known[name] is not None} | {"phone_hash": phone_hash}
    values = {
        "received": NOON,
        "merged": json.dumps({name: {"at": NOON.isoformat(), "value": value} for name, value in told.items()}),
        "facts": json.dumps(known),
        "eligibility": "eligible" if signalled else "undecided",
        "rule": "all rules met" if signalled else "a fact is missing",
        "phone": keyring.encrypt(PHONE),
        "hash": phone_hash,
        "versions": json.dumps({phone_hash: 1}),
        "signalled": json.dumps(known) if signalled else None,
    }
    with engine.begin() as connection:
        connection.execute(text(_INSERT), values)


def row_of(engine: Engine) -> CallRow:
    with Session(engine) as session:
        row = session.get(CallRow, "ottawa-1001")
        assert row is not None
        return row


def owed(engine: Engine, *, after: float) -> Step:
    """What the call is owed, where its first number was confirmed before the upgrade."""
    call = known_call(row_of(engine), POLICY)
    return next_step(call=call, texts=[CONFIRMED], timetable=POLICY.timetable, now=NOON + minutes(after))


def test_r2_a_number_that_comes_back_is_not_confirmed_a_second_time(old: Engine, keyring: Keyring) -> None:
    an_old_call(old, keyring)
    migrate.upgrade(old)
    acceptor = Acceptor(engine=old, keyring=keyring, agency="ottawa", policy=POLICY)
    acceptor.accept(record(20, phone=OTHER_PHONE))
    acceptor.accept(record(22, phone=PHONE))
    step = owed(old, after=23)
    assert not (isinstance(step, Send) and step.key.kind is Kind.CONFIRMATION)


def test_a_number_that_is_corrected_after_it_is_confirmed(old: Engine, keyring: Keyring) -> None:
    an_old_call(old, keyring)
    migrate.upgrade(old)
    Acceptor(engine=old, keyring=keyring, agency="ottawa", policy=POLICY).accept(record(120, phone=OTHER_PHONE))
    step = owed(old, after=121)
    assert isinstance(step, Send)
    assert (step.key.kind, step.due_at) == (Kind.CONFIRMATION, NOON + minutes(120))


def test_r3_a_call_that_waited_before_it_is_closed_and_its_number_goes(old: Engine, keyring: Keyring) -> None:
    an_old_call(old, keyring, signalled=False, case_number=None)
    migrate.upgrade(old)
    looked_at(old, clock=Clock(real_origin=NOON, virtual_origin=NOON))  # now is long after
    assert row_of(old).ended_reason == "never texted: a fact is missing"
    assert row_of(old).phone_encrypted is None


def test_a_report_that_runs_for_long_holds_up_the_index_and_breaks_nothing(old: Engine) -> None:
    migrate.upgrade(old, "0002")
    with old.connect() as report, ThreadPoolExecutor(1) as pool:
        report.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
        report.execute(text("SELECT count(*) FROM text"))
        upgrading = pool.submit(migrate.upgrade, old)
        with pytest.raises(TimeoutError):
            upgrading.result(timeout=3)
        report.rollback()
        upgrading.result(timeout=30)
    assert migrate.current_revision(old) == migrate.head_revision()


def test_an_index_that_was_left_half_made_is_made_again(old: Engine) -> None:
    migrate.upgrade(old, "0002")
    with old.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("CREATE INDEX ix_call_trouble ON call (trouble)"))
    migrate.upgrade(old)
    assert migrate.current_revision(old) == migrate.head_revision()


def test_three_set_ups_at_once_make_one(old: Engine) -> None:
    url = old.url.render_as_string(hide_password=False)
    engines = [connect(url, pool_size=2) for _ in range(3)]
    with ThreadPoolExecutor(3) as pool:
        faults = [job.exception() for job in [pool.submit(migrate.upgrade, engine) for engine in engines]]
    for engine in engines:
        engine.dispose()
    assert [fault for fault in faults if isinstance(fault, OperationalError | RuntimeError)] == []
    assert faults == [None] * 3
    assert migrate.current_revision(old) == migrate.head_revision()
