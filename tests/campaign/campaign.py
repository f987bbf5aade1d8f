"""A campaign: calls come in while processes are killed and the carrier errs; afterwards every text is accounted for."""

import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

from sqlmodel import Session, col, func, select

from calls.clock import Clock
from calls.contracts import Kind, LedgerState
from database.tables import CallRow, TextRow
from tests.campaign.ground import Ground
from tests.campaign.script import Call
from tests.campaign.troop import strike_now_and_then

_OPEN = (LedgerState.CLAIMED, LedgerState.SENDING, LedgerState.UNKNOWN)
_OVERTAKEN = "overtaken"
_ACCOUNTED_FOR = (LedgerState.UNKNOWN, LedgerState.EXPIRED, _OVERTAKEN)
_EARLY = timedelta(minutes=1)  # what the check allows two clocks to differ


@dataclass(frozen=True, kw_only=True)
class Account:
    """What became of every text. The first four must be empty."""

    doubled: Sequence[str]
    undue: Sequence[str]
    untimely: Sequence[str]
    lost: Sequence[str]
    not_sent: Mapping[str, int]
    due: int
    on_phones: int
    attempts: int


def feed(ground: Ground, calls: Sequence[Call]) -> None:
    """Tell the service what CAD tells, each at its time."""
    records = sorted((record for call in calls for record in call.records()), key=lambda record: _stamp(record.stamp))
    for record in records:
        wait = ground.clock.real_duration(_stamp(record.stamp) - ground.clock.now()).total_seconds()
        time.sleep(max(wait, 0))
        ground.acceptor.accept(record)


def fight(ground: Ground, calls: Sequence[Call], *, every: tuple[float, float]) -> None:
    """Feed the calls while processes are struck down, until the last survey is due; then leave them in peace."""
    stop = threading.Event()
    striker = threading.Thread(target=strike_now_and_then, args=(ground.troop, stop), kwargs={"every": every})
    striker.start()
    try:
        feed(ground, calls)
        time.sleep(ground.clock.real_duration(timedelta(minutes=21)).total_seconds())
    finally:
        stop.set()
        striker.join()


def wait_until_over(ground: Ground, *, seconds: float) -> None:
    """Until every call is over and no text is in doubt, or the time is: then the account says what lacks."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        ground.troop.mend()
        with Session(ground.engine) as session:
            going = select(func.count(col(CallRow.call_id))).where(col(CallRow.ended_reason).is_(None))
            in_doubt = select(func.count(col(TextRow.id))).where(col(TextRow.state).in_(_OPEN))
            if session.exec(going).one() + session.exec(in_doubt).one() == 0:
                return
        time.sleep(1)


def ledger(ground: Ground) -> list[TextRow]:
    with Session(ground.engine) as session:
        return list(session.exec(select(TextRow).where(col(TextRow.kind) != Kind.AUTO_REPLY)))


def account(ground: Ground, calls: Sequence[Call]) -> Account:
    """Compare the phones with what was due and with the ledger."""
    rows = {row.id: row for row in ledger(ground)}
    by_phone = {call.phone: call for call in calls}
    messages = ground.messages()
    seen = Counter((message["to"], _row(rows, message)) for message in messages)
    words = Counter((message["to"], message["body"]) for message in messages)
    got = {(by_phone[phone].call_id, kind) for phone, kind in seen}
    wanted = {(call.call_id, kind.value) for call in calls for kind in call.fate.owed}
    states = {(row.call_id or "", row.kind): str(row.state) for row in rows.values()}
    missing = {one: _why_missing(one, states) for one in wanted - got}
    return Account(
        doubled=[f"{phone} {kind}" for (phone, kind), count in seen.items() if count > 1]
        + [f"{phone} twice the same words" for (phone, _), count in words.items() if count > 1],
        undue=[f"{call_id} {kind}" for call_id, kind in got - wanted],
        untimely=[text for message in messages if (text := _untimely(message, rows, ground.clock))],
        lost=[f"{one[0]} {one[1]}: {why}" for one, why in missing.items() if why not in _ACCOUNTED_FOR],
        not_sent=Counter(missing.values()),
        due=len(wanted),
        on_phones=len(messages),
        attempts=sum(row.attempts for row in rows.values()),
    )


def _why_missing(one: tuple[str, str], states: Mapping[tuple[str, str], str]) -> str:
    """What the ledger says; or that it was no longer owed when a worker lived long enough to send it: the officer had
    been dispatched, or the caller had never got the confirmation."""
    call_id, kind = one
    if one in states:
        return states[one]
    if kind == Kind.DELAY or states.get((call_id, Kind.CONFIRMATION)) == LedgerState.EXPIRED:
        return _OVERTAKEN
    return "not in the ledger"


def _row(rows: Mapping[UUID, TextRow], message: Mapping[str, str]) -> str:
    return rows[_our_id(message)].kind


def _our_id(message: Mapping[str, str]) -> UUID:
    return UUID(parse_qs(urlsplit(message["status_callback"]).query)["mid"][0])


def _untimely(message: Mapping[str, str], rows: Mapping[UUID, TextRow], clock: Clock) -> str | None:
    row = rows[_our_id(message)]
    arrived = clock.at(datetime.fromisoformat(message["created"]))
    if row.due_at - _EARLY <= arrived <= row.expires_at + _EARLY:
        return None
    return f"{row.call_id} {row.kind}: due {row.due_at}, arrived {arrived}"


def _stamp(stamp: datetime | None) -> datetime:
    assert stamp is not None
    return stamp
