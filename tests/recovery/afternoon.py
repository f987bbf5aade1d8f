"""An afternoon at speed: calls come in, people answer STOP, and in the middle a database or a Temporal is lost.

What must be on the phones is reckoned from the calls' fates (tests/campaign/script.py), knowing none of the service's
code; which text is which is told by its words.
"""

import random
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import requests
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, col, select

from calls.contracts import Kind
from database.tables import CallRow, TextRow
from settings import child_environment, python
from starter.records import CadRecord
from tests.builders import minutes
from tests.campaign.ground import Ground
from tests.campaign.script import Call
from tests.whole.town import ROOT

_WORDS = {"we received your call": Kind.CONFIRMATION, "still waiting": Kind.DELAY, "How did we do": Kind.SURVEY}
_IN_FLIGHT = timedelta(seconds=4)
"""A POST may begin two seconds after its check, and the webhook needs a moment."""


@dataclass
class Afternoon:
    """Plays records and answers at their times, in a thread of its own. `missed`: what CAD told and nobody took."""

    ground: Ground
    calls: Sequence[Call]
    stops: Mapping[str, datetime]
    """By phone, when it writes ARRET (the service's time)."""
    accepting: bool = True
    missed: list[CadRecord] = field(default_factory=list)
    stopped: dict[str, datetime] = field(default_factory=dict)
    """By phone, when it did (real time)."""

    def __post_init__(self) -> None:
        self._fault: BaseException | None = None
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._play, daemon=True)
        self._thread.start()

    def wait_until(self, moment: datetime) -> None:
        """Of the service's time."""
        wait = self.ground.clock.real_duration(moment - self.ground.clock.now()).total_seconds()
        time.sleep(max(wait, 0))
        self._no_fault()

    def end(self) -> None:
        self._thread.join()
        self._no_fault()

    def nobody_listens(self) -> None:
        """From now on what CAD tells is missed; what is being taken in is taken in."""
        with self._lock:
            self.accepting = False

    def feed_again(self, *, since: datetime, dice: random.Random) -> int:
        """CAD tells everything since then again, in any order; how many records."""
        with self._lock:
            self.accepting = True
        now = self.ground.clock.now()
        again = [record for call in self.calls for record in call.records() if since <= _stamp(record) <= now]
        dice.shuffle(again)
        for record in again:
            self.ground.acceptor.accept(record)
        return len(again)

    def _play(self) -> None:
        try:
            for moment, do in self._events():
                wait = self.ground.clock.real_duration(moment - self.ground.clock.now()).total_seconds()
                time.sleep(max(wait, 0))
                do()
        except BaseException as fault:  # noqa: BLE001 - it is raised in the test
            self._fault = fault

    def _events(self) -> list[tuple[datetime, Callable[[], None]]]:
        events: list[tuple[datetime, Callable[[], None]]] = [
            (_stamp(record), lambda record=record: self._tell(record))  # type: ignore[misc]
            for call in self.calls
            for record in call.records()
        ]
        events += [(moment, lambda phone=phone: self._stop(phone)) for phone, moment in self.stops.items()]  # type: ignore[misc]
        return sorted(events, key=lambda event: event[0])

    def _tell(self, record: CadRecord) -> None:
        with self._lock:
            if self.accepting:
                self._until_taken(record)
            else:
                self.missed.append(record)

    def _until_taken(self, record: CadRecord) -> None:
        """As a sender does: what was not acknowledged is sent again."""
        for _ in range(5):
            try:
                self.ground.acceptor.accept(record)
            except OperationalError:
                time.sleep(0.5)
            else:
                return

    def _stop(self, phone: str) -> None:
        url = f"{self.ground.box.phones_url}/carrier/phones/{phone}/texts"
        requests.post(url, json={"text": "ARRET"}, timeout=10).raise_for_status()
        self.stopped[phone] = datetime.now(UTC)

    def _no_fault(self) -> None:
        if self._fault is not None:
            raise self._fault


def command(ground: Ground, *arguments: str, may_fail: bool = False) -> str:
    """`communityconnect …` as the engineer runs it; what it said."""
    done = subprocess.run(
        [python(), "-m", "cli.main", *arguments],
        env=child_environment(
            {**ground.box.environment(), "COMMUNITYCONNECT_OWNER_DATABASE_URL": ground.box.owner_url}
        ),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0 or may_fail, done.stdout + done.stderr
    return done.stdout + done.stderr


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What came of the afternoon. The first five must be empty."""

    twice: Sequence[str]
    undue: Sequence[str]
    after_stop: Sequence[str]
    lost: Sequence[str]
    open_still: Sequence[str]
    due: int
    on_phones: int
    with_reason: Mapping[str, int]
    surveys: int


def account(afternoon: Afternoon) -> Seen:
    """Compare the phones with the fates, and what is missing with the ledger's reasons."""
    ground = afternoon.ground
    by_phone = {call.phone: call for call in afternoon.calls}
    messages = [message for message in ground.messages() if message["direction"] == "outbound-api"]
    got = Counter((by_phone[message["to"]].call_id, _kind(message["body"])) for message in messages)
    wanted = {(call.call_id, kind) for call in afternoon.calls for kind in call.fate.owed}
    with Session(ground.engine) as session:
        rows = {(row.call_id or "", Kind(row.kind)): row for row in session.exec(select(TextRow))}
        story = {
            row.call_id: f"ended {row.ended_reason}, {row.trouble}; {row.facts.get('cleared_at')};"
            f" {[(kind, text.state, text.rule) for (call, kind), text in rows.items() if call == row.call_id]}"
            for row in session.exec(select(CallRow))
        }
        open_still = session.exec(select(CallRow.call_id).where(col(CallRow.ended_reason).is_(None))).all()
    why = {one: _why_missing(one, rows) for one in wanted - set(got)}
    return Seen(
        twice=[f"{call_id} {kind}" for (call_id, kind), count in got.items() if count > 1],
        undue=[f"{call_id} {kind}" for call_id, kind in set(got) - wanted],
        after_stop=[
            f"{post['to']} {post['arrived']}"
            for post in ground.posts()
            if post["to"] in afternoon.stopped
            and datetime.fromisoformat(post["arrived"]) > afternoon.stopped[post["to"]] + _IN_FLIGHT
        ],
        lost=[f"{call_id} {kind}: {story[call_id]}" for (call_id, kind), reason in why.items() if reason is None],
        open_still=open_still,
        due=len(wanted),
        on_phones=len(messages),
        with_reason=Counter(reason for reason in why.values() if reason is not None),
        surveys=sum(kind is Kind.SURVEY for _, kind in got),
    )


def _why_missing(one: tuple[str, Kind], rows: Mapping[tuple[str, Kind], TextRow]) -> str | None:
    """The reason on record; or that of the confirmation, without which nothing else is owed. A delay notice without a
    row was overtaken: the officer had been dispatched."""
    call_id, kind = one
    row, first = rows.get(one), rows.get((call_id, Kind.CONFIRMATION))
    if row is not None:
        return row.rule or row.state
    if first is not None and first.rule is not None:
        return f"no confirmation: {first.rule}"
    return "overtaken" if kind is Kind.DELAY else None


def _kind(body: str) -> Kind:
    (kind,) = (kind for words, kind in _WORDS.items() if words in body)
    return kind


def some_stops(calls: Sequence[Call], *, seed: int, one_in: int = 8) -> dict[str, datetime]:
    """Some people want no texts, some time after their call."""
    dice = random.Random(seed)
    return {call.phone: call.received + minutes(dice.uniform(1, 150)) for call in calls if dice.randrange(one_in) == 0}


def _stamp(record: CadRecord) -> datetime:
    assert record.stamp is not None
    return record.stamp


def wait_until_over(afternoon: Afternoon, *, seconds: float) -> None:
    """Until no call is open; the account says which still are."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        afternoon.ground.troop.mend()
        with Session(afternoon.ground.engine) as session:
            going = select(CallRow.call_id).where(col(CallRow.ended_reason).is_(None)).limit(1)
            if session.exec(going).first() is None:
                return
        time.sleep(1)


def posts_since(ground: Ground, moment: datetime) -> list[dict[str, Any]]:
    return [post for post in ground.posts() if datetime.fromisoformat(post["arrived"]) > moment]


def folder_for_backups(ground: Ground) -> Path:
    return ground.box.state.home / "the-backup"
