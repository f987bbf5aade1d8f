"""The board in memory: of a look only what has changed is read, and only what may have changed is asked about (R9)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine
from sqlmodel import Session

from activities.stop_and_go import all_switched_off
from calls.clock import Clock
from calls.policy import Policy
from database.tables import real_now
from web.staff.board.open_calls import CallOnRecord, Look, OpenCall, Shown, shown
from web.staff.board.row_versions import Records, versions


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """All open calls at a look. `version`: another one whenever something on the board is another."""

    version: int
    calls: Sequence[OpenCall]


class Board:
    """All who watch have the same one; what it gives never changes afterwards."""

    def __init__(self, *, engine: Engine, policy: Policy, clock: Clock) -> None:
        self._engine = engine
        self._policy = policy
        self._clock = clock
        self._records = Records(current=policy.timetable)
        self._versions: dict[str, str] = {}
        self._on_record: dict[str, CallOnRecord] = {}
        self._shown: dict[str, Shown] = {}
        self._off: frozenset[str] = frozenset()
        self._now: datetime | None = None
        self._snapshot = Snapshot(version=0, calls=())

    def look(self) -> Snapshot:
        """Look again, one after the other."""
        now, real = self._clock.now(), real_now()
        with Session(self._engine) as session:
            found = versions(session)
            changed = {call_id for call_id, version in found.items() if self._versions.get(call_id) != version}
            read = self._records.read(session, changed)
            off = frozenset(all_switched_off(session, or_released_since=real))
        gone = (self._shown.keys() - found.keys()) | (changed - {record.call_id for record in read})
        for call_id in gone:  # one that ended between the two questions is not among those found the next time
            self._on_record.pop(call_id, None)
            self._shown.pop(call_id, None)
        self._on_record |= {record.call_id: record for record in read}
        again = self._again(changed, off=off, now=now)
        look = Look(policy=self._policy, now=now, real=real, off=off)
        differs = self._show(again, look) or bool(gone)
        self._versions, self._off, self._now = found, off, now
        if differs:
            calls = tuple(each.call for each in self._shown.values())
            self._snapshot = Snapshot(version=self._snapshot.version + 1, calls=calls)
        return self._snapshot

    def _again(self, changed: set[str], *, off: frozenset[str], now: datetime) -> set[str]:
        """Which calls are to be asked of the state machine again: a wait stays the same until it is over."""
        if off != self._off or self._now is None or now < self._now:
            return set(self._on_record)
        over = {call_id for call_id, each in self._shown.items() if each.until <= now}
        return (over | changed) & self._on_record.keys()

    def _show(self, call_ids: set[str], look: Look) -> bool:
        """True where one is other than before."""
        differs = False
        for call_id in call_ids:
            before, after = self._shown.get(call_id), shown(self._on_record[call_id], look)
            self._shown[call_id] = after
            differs = differs or before is None or before.call != after.call
        return differs
