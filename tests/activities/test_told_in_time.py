"""Are residents told in time? What is measured agrees with the ledger, whatever way a text takes through it."""

import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from random import Random
from uuid import UUID, uuid4

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, col, select

from activities import ledger
from activities.told_in_time import watch_ledger
from calls.clock import Clock
from calls.contracts import Kind, LedgerState
from database.tables import CallRow, TextRow, real_now
from tests.builders import NOON, minutes, some_facts
from web.residents.delivery import Report, record_delivery
from web.serving.in_time import Deadline

LATE, TRIP = timedelta(seconds=7), timedelta(seconds=4)


class Ledger:
    """Texts that were due at noon; `now` is the service's time."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.before = {key: self._sample(*key) for key in KEYS}

    def text(self, *, kind: Kind = Kind.CONFIRMATION, numbers: int = 1) -> UUID:
        call_id, id_ = f"ottawa-{uuid4().hex[:8]}", uuid4()
        with Session(self.engine) as session, session.begin():
            session.add(
                CallRow(
                    call_id=call_id,
                    agency="ottawa",
                    received_at=NOON - minutes(5),
                    merged={},
                    facts=some_facts().model_dump(mode="json"),
                    eligibility="eligible",
                    rule="",
                    reason="",
                    policy_version="1",
                    phone_versions={str(number): number for number in range(numbers)},
                )
            )
            session.add(
                TextRow(
                    id=id_,
                    call_id=call_id,
                    kind=kind,
                    state=LedgerState.SENDING,
                    policy_version="1",
                    due_at=NOON,
                    expires_at=NOON + minutes(60),
                )
            )
        return id_

    def accept(self, id_: UUID, *, commits: bool = True) -> None:
        """The worker writes the carrier's answer down."""
        with Session(self.engine) as session:
            row = session.exec(select(TextRow).where(col(TextRow.id) == id_)).one()
            ledger.settle(session, row, LedgerState.ACCEPTED, at=NOON + LATE, sid=f"SM{id_.hex}")
            session.flush()
            session.commit() if commits else session.rollback()

    def report(self, id_: UUID, status: str, *, at: datetime = NOON + LATE + TRIP) -> None:
        """A callback."""
        report = Report(text_id=id_, provider_sid=f"SM{id_.hex}", status=status, error_code=None, now=at)
        record_delivery(self.engine, report, Deadline(time.monotonic() + 5))

    def hold_back(self, id_: UUID, state: LedgerState) -> None:
        with Session(self.engine) as session, session.begin():
            row = session.exec(select(TextRow).where(col(TextRow.id) == id_)).one()
            ledger.hold_back(session, row, state, at=NOON + LATE, rule="expired", reason="")

    def grown(self) -> dict[str, float]:
        """What was measured since the test began."""
        return {
            f"{name} {kind}".strip(): grown
            for (name, kind) in KEYS
            if (grown := round(self._sample(name, kind) - self.before[name, kind], 3))
        }

    def _sample(self, name: str, kind: str) -> float:
        labels = {"kind": kind} if kind else {}
        return REGISTRY.get_sample_value(f"communityconnect_{name}", labels) or 0.0


KEYS = [
    (f"{name}_{part}", kind)
    for part in ("count", "sum")
    for name, kinds in {
        "received_to_confirmation_seconds": [""],
        "due_to_accepted_seconds": list(map(str, Kind)),
        "accepted_to_delivered_seconds": list(map(str, Kind)),
    }.items()
    for kind in kinds
]


@pytest.fixture
def book(engine: Engine) -> Iterator[Ledger]:
    at = NOON + LATE + TRIP
    end = watch_ledger(Clock(real_origin=real_now(), virtual_origin=at, speed=0.001))
    yield Ledger(engine)
    end()


ONCE = {
    "received_to_confirmation_seconds_count": 1,
    "received_to_confirmation_seconds_sum": 307,
    "due_to_accepted_seconds_count confirmation": 1,
    "due_to_accepted_seconds_sum confirmation": 7,
}
TWICE = ONCE | {
    "accepted_to_delivered_seconds_count confirmation": 1,
    "accepted_to_delivered_seconds_sum confirmation": 4,
}


def test_a_text_is_measured_from_receipt_from_its_due_time_and_to_the_phone(book: Ledger) -> None:
    text = book.text()
    book.accept(text)
    assert book.grown() == pytest.approx(ONCE)
    book.report(text, "sent")
    book.report(text, "delivered")
    assert book.grown() == pytest.approx(TWICE, abs=0.01)


def test_what_is_not_committed_was_not_measured(book: Ledger) -> None:
    text = book.text()
    book.accept(text, commits=False)
    assert book.grown() == {}
    book.accept(text)
    assert book.grown() == pytest.approx(ONCE)


def test_a_callback_that_is_quicker_than_the_workers_own_word_counts_once(book: Ledger) -> None:
    text = book.text()
    book.report(text, "delivered", at=NOON + LATE)
    book.accept(text)
    book.report(text, "delivered")
    assert book.grown() == pytest.approx(TWICE, abs=0.01)


@pytest.mark.parametrize("state", [LedgerState.EXPIRED, LedgerState.SUPPRESSED])
def test_a_text_that_is_held_back_was_never_with_the_carrier(book: Ledger, state: LedgerState) -> None:
    book.hold_back(book.text(), state)
    assert book.grown() == {}


def test_of_a_call_whose_number_was_corrected_receipt_is_not_measured(book: Ledger) -> None:
    book.accept(book.text(numbers=2))
    assert "received_to_confirmation_seconds_count" not in book.grown()


def test_whatever_happens_in_any_order_the_counts_are_the_ledgers(book: Ledger, engine: Engine) -> None:
    chance = Random(7)
    for _ in range(25):
        text = book.text(kind=chance.choice([Kind.CONFIRMATION, Kind.DELAY, Kind.SURVEY]))
        steps: list[Callable[[], None]] = [
            partial(book.accept, text, commits=False),
            partial(book.accept, text),
            *(partial(book.report, text, status) for status in ("sent", "delivered", "undelivered")),
        ]
        for step in chance.choices(steps, k=4):
            step()
    with Session(engine) as session:
        rows = session.exec(select(TextRow)).all()
    taken = [row for row in rows if row.settled_at is not None]
    arrived = [row for row in rows if row.state == LedgerState.DELIVERED]
    grown = book.grown()
    assert sum(value for name, value in grown.items() if name.startswith("due_to_accepted_seconds_count")) == len(taken)
    assert sum(value for name, value in grown.items() if name.startswith("accepted_to_delivered_seconds_count")) == len(
        arrived
    )
    assert len(arrived) > 3
    late = sum((row.settled_at - row.due_at).total_seconds() for row in taken if row.settled_at)
    assert sum(
        value for name, value in grown.items() if name.startswith("due_to_accepted_seconds_sum")
    ) == pytest.approx(late)


def test_a_fault_in_measuring_stops_no_text(book: Ledger, engine: Engine) -> None:
    text = book.text()
    with Session(engine) as session, session.begin():
        row = session.exec(select(TextRow).where(col(TextRow.id) == text)).one()
        row.kind, row.state = "a kind that nobody knows", LedgerState.FAILED
        session.add(row)
    with Session(engine) as session:
        assert session.exec(select(TextRow.state)).all() == [LedgerState.FAILED]


def test_a_database_that_goes_away_while_a_text_is_measured_is_said_to_be_away(book: Ledger, engine: Engine) -> None:
    """Chaos, seed 10: the fault was swallowed, and the webhook failed with another that nobody knew."""
    text = book.text()
    with Session(engine) as session:
        row = session.exec(select(TextRow).where(col(TextRow.id) == text)).one()
        ledger.settle(session, row, LedgerState.ACCEPTED, at=NOON + LATE, sid=f"SM{text.hex}")
        (own,) = session.connection().exec_driver_sql("SELECT pg_backend_pid()").one()
        with engine.begin() as other:
            other.exec_driver_sql(f"SELECT pg_terminate_backend({own}, 2000)")
        with pytest.raises(OperationalError):
            session.flush()
