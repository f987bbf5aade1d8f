"""R4: what is accepted is committed, once, and comes to the same however it comes. On a real PostgreSQL."""

import itertools
import random
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from threading import Barrier
from typing import Any

import psycopg
import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session, SQLModel, col, func, select

from calls.eligibility import Eligibility, Rule
from calls.facts import CallFacts
from database.encryption import Keyring
from database.tables import CadRecordRow, CallRow
from policy.agency import load_agency
from starter.accept import Accepted, Acceptor
from starter.records import CadRecord
from tests.builders import NOON, minutes, some_facts
from tests.conftest import AGENCIES
from tests.local.boxes import until

POLICY = load_agency(AGENCIES / "ottawa").policy
PHONE = "+16135550142"
OTHER_PHONE = "+13435550117"
RECEIVED: dict[str, Any] = {
    name: value
    for name, value in some_facts().model_dump(mode="json").items()
    if value is not None and name not in {"agency", "cad_id", "in_progress", "safety_flag", "recipient_version", "held"}
}


def record(after: float = 0, *, phone: str | None = None, cad_id: str = "1001", **facts: Any) -> CadRecord:
    """A record so many minutes after receipt; numbers as times are minutes after receipt too."""
    told = {
        name: (NOON + minutes(value)).isoformat() if name.endswith("_at") else value for name, value in facts.items()
    }
    return CadRecord(feed="test", cad_id=cad_id, stamp=NOON + minutes(after), facts=told, phone=phone)


def received(phone: str | None = PHONE, **facts: Any) -> CadRecord:
    return CadRecord(feed="test", cad_id="1001", stamp=NOON, facts={**RECEIVED, **facts}, phone=phone)


@pytest.fixture
def acceptor(engine: Engine, keyring: Keyring) -> Acceptor:
    return Acceptor(engine=engine, keyring=keyring, agency="ottawa", policy=POLICY)


@pytest.fixture
def emptied(engine: Engine) -> Callable[[], None]:
    """Forget all calls: cheaper than a database for each of many."""

    def empty() -> None:
        with engine.begin() as connection:
            connection.execute(text("TRUNCATE call, cad_record"))

    return empty


def the_row(engine: Engine, call: str = "ottawa-1001") -> CallRow:
    with Session(engine) as session:
        row = session.get(CallRow, call)
        assert row is not None
        return row


def the_facts(engine: Engine) -> CallFacts:
    return CallFacts.model_validate(the_row(engine).facts)


def kept(engine: Engine) -> int:
    with Session(engine) as session:
        return session.exec(select(func.count(col(CadRecordRow.id)))).one()


def everything(engine: Engine) -> str:
    """All rows of all tables, as PostgreSQL writes them."""
    with engine.connect() as connection:
        return "\n".join(
            str(row[0])
            for table in SQLModel.metadata.sorted_tables
            for row in connection.execute(text(f'SELECT t::text FROM "{table.name}" AS t'))  # noqa: S608 - our own names
        )


def test_a_call_of_a_resident_is_eligible_and_stands_there_with_the_rule_and_the_policy(
    engine: Engine, acceptor: Acceptor, keyring: Keyring
) -> None:
    accepted = acceptor.accept(received())
    assert (accepted.call_id, accepted.is_new, accepted.changed) == ("ottawa-1001", True, True)
    assert accepted.decision.eligibility is Eligibility.ELIGIBLE
    row = the_row(engine)
    assert (row.eligibility, row.rule, row.policy_version) == ("eligible", "all rules met", POLICY.version)
    assert (row.case_number, row.received_at, row.version, row.signalled_version) == ("26-104233", NOON, 1, 0)
    assert the_facts(engine) == some_facts(
        recipient_version=keyring.recipient_version(call="ottawa-1001", number=PHONE)
    )


def test_a_record_is_kept_once_however_often_it_is_sent(engine: Engine, acceptor: Acceptor) -> None:
    acceptor.accept(received())
    before = the_row(engine).model_dump()
    for _ in range(5):
        again = acceptor.accept(received())
        assert (again.is_new, again.changed) == (False, False)
    assert kept(engine) == 1
    assert the_row(engine).model_dump() == before


def test_the_same_moment_written_in_another_zone_is_the_same_record(engine: Engine, acceptor: Acceptor) -> None:
    one = record(5, dispatched_at=5)
    here = CadRecord(
        feed="test", cad_id="1001", stamp=(one.stamp or NOON).astimezone(timezone(timedelta(hours=-5))), facts=one.facts
    )
    acceptor.accept(received())
    assert acceptor.accept(one).changed
    assert not acceptor.accept(here).changed
    assert kept(engine) == 2


def test_r1_a_record_without_a_time_counts_as_of_its_turn_and_not_of_when_it_came_to_wait(
    engine: Engine, keyring: Keyring, database_url: str
) -> None:
    """0019: what counts last must be what was kept last, else a correction that is taken back is a repetition."""
    clock = [NOON]
    acceptor = Acceptor(engine=engine, keyring=keyring, agency="ottawa", policy=POLICY, now=lambda: clock[-1])
    word = CadRecord(feed="test", cad_id="1001", stamp=None, facts={}, phone=PHONE)
    with psycopg.connect(database_url.replace("+psycopg", "", 1)) as blocking, ThreadPoolExecutor(1) as pool:
        blocking.execute("SELECT pg_advisory_xact_lock(hashtextextended('ottawa-1001', 1))")
        waiting = pool.submit(acceptor.accept, word)
        until(lambda: _waits_for_a_lock(engine))
        clock.append(NOON + minutes(1))
        blocking.rollback()
        waiting.result()
    with Session(engine) as session:
        assert session.exec(select(CadRecordRow.stamp)).one() == NOON + minutes(1)


def _waits_for_a_lock(engine: Engine) -> bool:
    with engine.connect() as connection:
        return bool(connection.execute(text("SELECT count(*) FROM pg_locks WHERE NOT granted")).scalar())


def test_what_tells_nothing_new_is_kept_and_is_no_new_version(engine: Engine, acceptor: Acceptor) -> None:
    acceptor.accept(received())
    assert not acceptor.accept(record(5, area=None, case_number="26-104233")).changed
    assert (kept(engine), the_row(engine).version) == (2, 1)
    assert acceptor.accept(record(6, dispatched_at=6)).changed
    assert (kept(engine), the_row(engine).version) == (3, 2)


def test_a_late_record_counts_only_where_it_is_the_newest_to_speak(engine: Engine, acceptor: Acceptor) -> None:
    acceptor.accept(received())
    acceptor.accept(record(30, priority_code="3", priority=3))
    acceptor.accept(record(10, priority_code="4", priority=4, dispatched_at=10))
    facts = the_facts(engine)
    assert (facts.priority, facts.priority_code) == (3, "3")
    assert facts.dispatched_at == NOON + minutes(10)


@pytest.mark.parametrize(
    ("silencing", "latch"),
    [
        ({"in_progress": True}, Rule.IN_PROGRESS),
        ({"safety_flag": True}, Rule.SAFETY_FLAG),
        ({"call_type_code": "DVA", "call_type_group": "intimate_partner_violence"}, Rule.SENSITIVE_TYPE),
        ({"call_type_code": "ALARM", "call_type_group": "alarm"}, Rule.EXCLUDED_TYPE),
        ({"priority_code": "1", "priority": 1}, Rule.PRIORITY),
    ],
)
@pytest.mark.parametrize("when", [1, 60])
def test_r1_once_silenced_always_silenced_also_by_a_record_that_comes_too_late(
    engine: Engine, acceptor: Acceptor, silencing: dict[str, Any], latch: Rule, when: int
) -> None:
    harmless = {**{name: RECEIVED.get(name, False) for name in silencing}}
    acceptor.accept(received())
    acceptor.accept(record(30, **harmless))
    acceptor.accept(record(when, **silencing))
    acceptor.accept(record(90, **harmless))
    assert (the_row(engine).latch, the_row(engine).eligibility) == (latch, Eligibility.INELIGIBLE)
    assert the_facts(engine).latch == latch


def test_r1_r4_an_unknown_type_does_not_hide_a_priority_that_is_too_high(
    acceptor: Acceptor, engine: Engine, emptied: Callable[[], None]
) -> None:
    records = [
        received(call_type_code="NEW", call_type_group="", priority_code="1", priority=1),
        record(1, priority_code="4", priority=4),
        record(2, call_type_code="NOISE", call_type_group="noise"),
    ]
    for order in itertools.permutations(records):
        emptied()
        for each in order:
            acceptor.accept(each)
        assert (the_row(engine).eligibility, the_row(engine).latch) == (Eligibility.INELIGIBLE, Rule.PRIORITY)


LIFE: Sequence[CadRecord] = [
    received(phone=None),
    record(0.5, phone=PHONE),
    record(1, language="fr"),
    record(2, call_type_code="NEW", call_type_group=""),
    record(3, call_type_code="THEFT", call_type_group="theft"),
    record(10, dispatched_at=10, area="east"),
    record(12, requeued_at=12),
    record(15, priority_code="3", priority=3, dispatched_at=15),
    record(15, dispatched_at=14, safety_flag=False),
    record(20, arrived_at=20),
    record(30, cleared_at=30, disposition="report"),
    record(40, reopened_at=40, phone=PHONE),
    record(50, cleared_at=50, case_number="26-104234"),
]


def test_r4_the_same_records_in_any_order_any_number_of_times_are_the_same_call(
    engine: Engine, acceptor: Acceptor, emptied: Callable[[], None]
) -> None:
    chance = random.Random(2)
    ends = []
    for turn in range(25):
        emptied()
        stream = [*LIFE, *chance.choices(LIFE, k=5)] if turn else list(LIFE)
        if turn:
            chance.shuffle(stream)
        for each in stream:
            acceptor.accept(each)
        row = the_row(engine)
        ends.append(
            row.model_dump(exclude={"version", "phone_encrypted", "created_real", "updated_real", "behind_since_real"})
        )
        assert kept(engine) == len(LIFE)
    assert all(end == ends[0] for end in ends)
    assert the_facts(engine).is_cleared


def test_r4_one_record_that_silences_does_so_in_any_order(
    engine: Engine, acceptor: Acceptor, emptied: Callable[[], None]
) -> None:
    chance = random.Random(3)
    silencing = record(4, call_type_code="BOMB", call_type_group="bomb_threat")
    ends = []
    for _ in range(10):
        emptied()
        stream = [*LIFE, silencing]
        chance.shuffle(stream)
        for each in stream:
            acceptor.accept(each)
        ends.append(the_row(engine).facts)
        assert the_row(engine).latch == Rule.SENSITIVE_TYPE
        assert the_row(engine).phone_encrypted is None
    assert all(end == ends[0] for end in ends)


class TestNumbers:
    def test_without_one_there_is_nobody_to_text_until_it_comes(self, engine: Engine, acceptor: Acceptor) -> None:
        assert acceptor.accept(received(phone=None)).decision.rule == Rule.NO_NUMBER
        assert acceptor.accept(record(5, phone=PHONE)).decision.is_eligible
        assert the_facts(engine).recipient_version > 0

    def test_undecided_it_waits_with_its_number_for_what_is_missing(
        self, engine: Engine, acceptor: Acceptor, keyring: Keyring
    ) -> None:
        early = CadRecord(feed="test", cad_id="1001", stamp=NOON - minutes(1), facts={}, phone=PHONE)
        assert acceptor.accept(early).decision.eligibility is Eligibility.UNDECIDED
        assert acceptor.accept(received(phone=None)).decision.is_eligible
        assert keyring.decrypt(the_row(engine).phone_encrypted or "") == PHONE

    def test_a_corrected_one_is_a_new_recipient_and_the_same_again_is_none(
        self, engine: Engine, acceptor: Acceptor, keyring: Keyring
    ) -> None:
        acceptor.accept(received())
        assert not acceptor.accept(record(5, phone=PHONE)).changed
        assert acceptor.accept(record(6, phone=OTHER_PHONE)).changed
        row = the_row(engine)
        assert the_facts(engine).recipient_version == row.recipient_version
        assert row.recipient_version == keyring.recipient_version(call="ottawa-1001", number=OTHER_PHONE)
        assert the_facts(engine).number_corrected_at == NOON + minutes(6)
        assert keyring.decrypt(row.phone_encrypted or "") == OTHER_PHONE
        assert row.phone_hash == keyring.phone_hash(OTHER_PHONE)

    def test_one_that_comes_too_late_is_not_taken(self, engine: Engine, acceptor: Acceptor, keyring: Keyring) -> None:
        acceptor.accept(received())
        before = the_facts(engine)
        acceptor.accept(record(-1, phone=OTHER_PHONE))
        assert the_facts(engine) == before.model_copy(update={"number_corrected_at": NOON})
        assert keyring.decrypt(the_row(engine).phone_encrypted or "") == PHONE

    def test_r3_of_a_call_that_was_never_to_be_texted_none_is_kept(self, engine: Engine, acceptor: Acceptor) -> None:
        acceptor.accept(received(safety_flag=True))
        assert the_row(engine).phone_encrypted is None
        acceptor.accept(record(5, phone=OTHER_PHONE, safety_flag=False))
        assert the_row(engine).phone_encrypted is None

    def test_r3_none_stands_in_clear_in_any_table(self, engine: Engine, acceptor: Acceptor) -> None:
        for number in range(30):
            acceptor.accept(record(number, phone=f"+1613555{100 + number:04}", cad_id=str(number), area="east"))
        acceptor.accept(received(PHONE))
        acceptor.accept(record(5, phone=OTHER_PHONE))
        stored = everything(engine)
        assert "26-104233" in stored
        assert "ottawa-29" in stored
        for phone in (PHONE, OTHER_PHONE, "+16135550100", "+16135550129"):
            assert not [form for form in written(phone) if form in stored]

    def test_r3_the_search_finds_one_that_is_planted(self, engine: Engine, acceptor: Acceptor) -> None:
        for form in written(PHONE):
            acceptor.accept(record(0, cad_id=form, area=f"call back at {form}."))
            assert form in everything(engine)


def written(phone: str) -> list[str]:
    """A number as people and programs write it."""
    area, exchange, line = phone[2:5], phone[5:8], phone[8:]
    return [
        phone,
        phone[1:],
        phone[2:],
        f"{exchange}{line}",
        *(f"{area}{mark}{exchange}{mark}{line}" for mark in ("-", " ", ".")),
        *(f"{exchange}{mark}{line}" for mark in ("-", " ", ".")),
        f"({area}) {exchange}-{line}",
        phone.encode().hex(),
    ]


def test_r4_eight_threads_with_the_records_of_one_call_come_to_the_same(
    engine: Engine, acceptor: Acceptor, emptied: Callable[[], None]
) -> None:
    for each in LIFE:
        acceptor.accept(each)
    expected = the_row(engine)
    emptied()
    streams = [random.Random(seed).sample(LIFE, k=len(LIFE)) for seed in range(8)]

    def feed(stream: Sequence[CadRecord]) -> list[Accepted]:
        return [acceptor.accept(each) for each in stream]

    with ThreadPoolExecutor(8) as pool:
        accepted = [one for stream in pool.map(feed, streams) for one in stream]
    row = the_row(engine)
    assert (row.facts, row.merged, row.rule) == (expected.facts, expected.merged, expected.rule)
    assert kept(engine) == len(LIFE)
    assert sum(one.is_new for one in accepted) == 1
    assert sum(one.changed for one in accepted) == row.version


def test_r4_eight_threads_with_the_first_record_of_one_call_make_one_call(engine: Engine, acceptor: Acceptor) -> None:
    together = Barrier(8)

    def feed(thread: int) -> list[Accepted]:
        accepted = []
        for call in range(10):
            together.wait(timeout=30)
            accepted.append(acceptor.accept(record(thread, cad_id=str(call), area=f"area {thread}")))
        return accepted

    with ThreadPoolExecutor(8) as pool:
        accepted = [one for stream in pool.map(feed, range(8)) for one in stream]
    assert sum(one.is_new for one in accepted) == 10
    assert kept(engine) == 80
    assert {CallFacts.model_validate(the_row(engine, f"ottawa-{call}").facts).area for call in range(10)} == {"area 7"}


def test_a_record_that_cannot_be_read_leaves_nothing_behind(engine: Engine, acceptor: Acceptor) -> None:
    with pytest.raises(ValueError, match="priority"):
        acceptor.accept(received(priority="urgent"))
    assert kept(engine) == 0
    acceptor.accept(received())
    with pytest.raises(ValueError, match="cleared_at"):
        acceptor.accept(CadRecord(feed="test", cad_id="1001", stamp=NOON, facts={"cleared_at": "soon"}))
    assert (kept(engine), the_row(engine).version) == (1, 1)


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="stamp"):
        CadRecord(feed="test", cad_id="1", stamp=datetime(2026, 1, 1), facts={})  # noqa: DTZ001


def test_r2_a_number_that_comes_back_has_the_version_that_it_had(engine: Engine, acceptor: Acceptor) -> None:
    """Corrected by mistake and corrected back: its confirmation stands in the ledger already."""
    versions = []
    for after, phone in ((0, PHONE), (5, OTHER_PHONE), (10, PHONE), (15, OTHER_PHONE)):
        acceptor.accept(received(phone) if after == 0 else record(after, phone=phone))
        versions.append(the_facts(engine).recipient_version)
    assert versions == [versions[0], versions[1]] * 2
    assert versions[0] != versions[1]


def test_r3_the_mark_of_a_number_is_another_one_in_every_call(keyring: Keyring) -> None:
    """Else Temporal would tell that two calls are one caller's."""
    marks = {keyring.recipient_version(call=f"ottawa-{call}", number=PHONE) for call in range(1000)}
    assert len(marks) == 1000
    assert min(marks) > 0
    assert max(marks) < 2**31


def test_r3_the_number_of_a_caller_who_will_not_be_texted_is_not_kept(engine: Engine, acceptor: Acceptor) -> None:
    acceptor.accept(received(cancelled="duplicate"))
    row = the_row(engine)
    assert (row.phone_encrypted, row.phone_hash, row.recipient_version) == (None, None, 0)
    assert row.rule == Rule.CANCELLED


def test_r4_an_officer_as_source_may_be_a_mistake_so_the_number_waits(engine: Engine, acceptor: Acceptor) -> None:
    """Whichever of the two comes first, the caller of a resident's call is texted."""
    mistaken, corrected = (
        received(source_code="officer", source="officer"),
        record(2, source_code="phone", source="resident"),
    )
    for cad_id, order in (("a", (mistaken, corrected)), ("b", (corrected, mistaken))):
        for each in order:
            decision = acceptor.accept(each.model_copy(update={"cad_id": cad_id})).decision
        assert decision.is_eligible
        assert the_row(engine, f"ottawa-{cad_id}").phone_encrypted is not None


def test_r1_a_correction_that_is_taken_back_by_a_feed_without_times_counts(
    engine: Engine, acceptor: Acceptor, keyring: Keyring
) -> None:
    """What was said before is said again; the same twice in a row is nothing."""
    acceptor.accept(received(phone=None))
    changes = []
    for phone in (PHONE, PHONE, OTHER_PHONE, PHONE, PHONE):
        without_time = CadRecord(feed="test", cad_id="1001", stamp=None, facts={}, phone=phone)
        changes.append(acceptor.accept(without_time).changed)
    assert changes == [True, False, True, True, False]
    assert keyring.decrypt(the_row(engine).phone_encrypted or "") == PHONE
    assert kept(engine) == 4


def test_a_number_that_is_none_is_refused_and_not_repeated() -> None:
    with pytest.raises(ValueError, match="phone") as refused:
        received(phone="613-555-0142")
    assert "0142" not in str(refused.value)
