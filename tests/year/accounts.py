"""Every call accounted for: what the policy owes it by a calculation that imports nothing of the product, beside the
database's decision, the ledger and the phones. Each difference has a name."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from tests.simulation.by_the_policy import ExpectedText

_WENT_OUT: Final = frozenset({"accepted", "sent", "delivered"})
_HELD_BACK: Final = frozenset({"suppressed"})
_EARLY: Final = timedelta(minutes=1)
"""By which the check lets two clocks differ."""

Slack = Callable[[str, datetime], timedelta]
"""How late the service was with texts of a kind around the time at which one was due."""


@dataclass(frozen=True, kw_only=True)
class Ledgered:
    """A row of the ledger. `carried_at`: when the carrier had it, by the service's clock."""

    id: UUID
    kind: str
    sequence: int
    due_at: datetime
    state: str
    rule: str | None
    carried_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class OnPhone:
    """A text on a phone. `text_id`: the one that its status callback names."""

    text_id: UUID
    phone: str
    status: str


@dataclass(frozen=True, kw_only=True)
class Call:
    """One call. `moments`: when CAD told something of it; `phone`: its caller's. `found`: the database's decision,
    (eligible, rule); `None`: it does not know the call. `heard_late`: by how much the latest of its records was
    committed after its moment."""

    call: str
    phone: str
    moments: Sequence[datetime]
    decision: tuple[str, str]
    owed: Sequence[ExpectedText]
    found: tuple[str, str] | None
    ledger: Sequence[Ledgered]
    heard_late: timedelta = timedelta(0)


@dataclass(kw_only=True)
class Account:
    """What became of all calls. `counts`: totals, by name; `differences`: what must not be, by name, and of which
    calls."""

    counts: Counter[str] = field(default_factory=Counter)
    differences: dict[str, list[str]] = field(default_factory=dict)

    def differs(self, name: str, what: str) -> None:
        """Note a difference."""
        self.differences.setdefault(name, []).append(what)

    def add(self, call: Call, phones: Mapping[UUID, Sequence[OnPhone]], slack: Slack) -> None:
        """Account for the call. A step that CAD told within the slack, and within what the call's records were late,
        after a text was due may have come before or after it."""

        def near(kind: str, due: datetime) -> timedelta:
            return slack(kind, due) + call.heard_late

        self.counts["calls"] += 1
        self.counts["eligible, by the calculation"] += call.decision[0] == "true"
        self._decision(call)
        owed = {(text.kind, text.due_at) for text in call.owed}
        others = [row for row in call.ledger if (row.kind, row.due_at) not in owed]
        instead = {row.kind for row in others if row.state in _WENT_OUT and _came_before_it_was_heard(call, row, near)}
        self._owed(call, near, instead)
        self._not_owed(call, others, near)
        for row in call.ledger:
            self._on_phone(call, row, phones.get(row.id, ()))

    def _decision(self, call: Call) -> None:
        if call.found is None:
            self.differs("the database does not know the call", call.call)
            return
        self.counts[f"decided: {call.found[1]}"] += 1
        self.counts["eligible, by the service"] += call.found[0] == "true"
        if call.found != call.decision:
            self.differs("decided otherwise", f"{call.call}: {call.found}, by the policy {call.decision}")

    def _owed(self, call: Call, near: Slack, instead: set[str]) -> None:
        """What is owed, and whether it went out. `instead`: kinds of which another text went out than the one that is
        owed, since the service had not heard yet what makes it this one."""
        rows = {(row.kind, row.due_at): row for row in call.ledger}
        was_confirmed = any(row.kind == "confirmation" and row.state in _WENT_OUT for row in call.ledger)
        for text in call.owed:
            self.counts[f"owed: {text.kind}"] += 1
            row = rows.get((text.kind, text.due_at))
            if row is not None and row.state in _WENT_OUT:
                self.counts[f"sent: {text.kind}"] += 1
            elif row is None and text.kind in instead:
                self.counts[f"sent as what was heard by then wanted it: {text.kind}"] += 1
            elif any(text.due_at < at <= text.due_at + near(text.kind, text.due_at) for at in call.moments):
                self.counts[f"overtaken by what CAD told: {text.kind}"] += 1
            elif row is None and text.kind != "confirmation" and not was_confirmed:
                self.counts[f"not sent, since the confirmation was not: {text.kind}"] += 1
            elif row is None:
                self.differs("owed, and not in the ledger", _of(call, text.kind, text.sequence, text.due_at))
            else:
                what = _of(call, row.kind, row.sequence, row.due_at)
                self.differs(f"owed, and {row.state} ({row.rule})", what)

    def _not_owed(self, call: Call, rows: Sequence[Ledgered], near: Slack) -> None:
        has_expired = any(row.kind == "delay" and row.state == "expired" for row in call.ledger)
        is_confirmed = any(text.kind == "confirmation" for text in call.owed)
        for row in rows:
            if row.state in _HELD_BACK:
                self.counts[f"held back, not owed: {row.kind} ({row.rule})"] += 1
            elif _came_before_it_was_heard(call, row, near):
                self.counts[f"sent before it was heard what CAD told: {row.kind}"] += 1
            elif row.kind == "delay" and has_expired:
                self.counts["delay notices in place of one that expired"] += 1
            elif row.kind != "confirmation" and not is_confirmed:
                self.counts[f"sent, since the confirmation was: {row.kind}"] += 1
            else:
                what = f"{_of(call, row.kind, row.sequence, row.due_at)} is {row.state}"
                self.differs("in the ledger, and not owed", what)

    def _on_phone(self, call: Call, row: Ledgered, found: Sequence[OnPhone]) -> None:
        what = f"{_of(call, row.kind, row.sequence, row.due_at)} is {row.state}"
        if row.state not in _WENT_OUT:
            if found:
                self.differs("on a phone, and by the ledger not sent", what)
            return
        if not found:
            self.differs("sent by the ledger, and on no phone", what)
            return
        self.counts["on phones"] += 1
        if len(found) > 1:
            self.differs("twice on a phone", what)
        if any(one.phone != call.phone for one in found):
            self.differs("on another's phone", what)
        if any(one.status != "delivered" for one in found):
            self.differs("not delivered", what)
        elif row.state != "delivered":
            self.counts["delivered, and the service was not told"] += 1
        if row.carried_at is not None and row.carried_at < row.due_at - _EARLY:
            self.differs("sent before it was due", what)

    def strangers(self, known: set[UUID], phones: Mapping[UUID, Sequence[OnPhone]]) -> None:
        """Texts on phones that the ledger does not have."""
        for text_id, found in phones.items():
            if text_id not in known:
                self.differs("on a phone, and not in the ledger", f"{text_id} ({len(found)})")


def _came_before_it_was_heard(call: Call, row: Ledgered, near: Slack) -> bool:
    return any(row.due_at - near(row.kind, row.due_at) <= at <= row.due_at for at in call.moments)


def _of(call: Call, kind: str, sequence: int, due: datetime) -> str:
    return f"{call.call} {kind} {sequence} due {due:%Y-%m-%d %H:%M:%S}"
