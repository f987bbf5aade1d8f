"""Are residents told in time? Measured where the ledger is written, once it is committed: no way to send a text, to
find out about one or to be told of it passes this by. By kind only; seconds of the service's clock.

What is written through a session is seen by itself. Who writes with a statement of its own says so: `comes_into`,
`accepted`, `reported`.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Final

import structlog
from prometheus_client import Counter, Histogram
from sqlalchemy import event, inspect, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from sqlmodel import col

from calls.clock import Clock
from calls.contracts import Kind, LedgerState
from database.tables import CallRow, TextRow

_RECEIVED: Final = Histogram(
    "communityconnect_received_to_confirmation_seconds",
    "From a call's receipt to the carrier's word that it has the confirmation",
    buckets=(60, 120, 180, 240, 300, 330, 360, 420, 480, 600, 900, 1200, 1800, 3600, 7200),
)
_ACCEPTED: Final = Histogram(
    "communityconnect_due_to_accepted_seconds",
    "From when a text was due to the carrier's word that it has it; what staff held meanwhile is in it",
    ["kind"],
    buckets=(0.5, 1, 2, 3, 5, 8, 12, 20, 30, 60, 120, 300, 600, 1800, 3600, 14400),
)
_DELIVERED: Final = Histogram(
    "communityconnect_accepted_to_delivered_seconds",
    "From then to the report that it is on the phone",
    ["kind"],
    buckets=(1, 2, 3, 5, 8, 12, 20, 30, 60, 120, 300, 600, 1800, 3600, 14400),
)
_STATES: Final = Counter("communityconnect_text_states", "Texts that came into a state", ["kind", "state"])
_AT_THE_CARRIER: Final = frozenset(
    {LedgerState.ACCEPTED, LedgerState.SENT, LedgerState.DELIVERED, LedgerState.UNDELIVERED, LedgerState.FAILED}
)
_SEEN: Final = "told_in_time"


log = structlog.get_logger()


def watch_ledger(clock: Clock) -> Callable[[], None]:
    """Measure what this process writes to the ledger from now on, until what this returns is called."""

    def before_flush(session: Session, _context: object, _instances: object) -> None:
        for row in [*session.new, *session.dirty]:
            if isinstance(row, TextRow):
                with _if_it_can():
                    _see(session, row, now=clock.now())

    def after_commit(session: Session) -> None:
        for tell in session.info.pop(_SEEN, ()):
            tell()

    def after_rollback(session: Session) -> None:
        session.info.pop(_SEEN, None)

    listeners: dict[str, Callable[..., None]] = {
        "before_flush": before_flush,
        "after_commit": after_commit,
        "after_rollback": after_rollback,
    }
    for name, listener in listeners.items():
        event.listen(Session, name, listener)

    def end() -> None:
        for name, listener in listeners.items():
            event.remove(Session, name, listener)

    return end


def comes_into(session: Session, kind: Kind, state: LedgerState) -> None:
    """A row of this transaction's does, by a statement: told once it is committed."""
    with _if_it_can():
        session.info.setdefault(_SEEN, []).append(_STATES.labels(kind, state).inc)


def accepted(
    kind: Kind, *, due_at: datetime, at: datetime, received_at: datetime | None, numbers: Mapping[str, object]
) -> None:
    """The carrier has a text since `at`, and that is committed. `numbers`: those that its call has had."""
    with _if_it_can():
        _STATES.labels(kind, LedgerState.ACCEPTED).inc()
        _ACCEPTED.labels(kind).observe(max((at - due_at).total_seconds(), 0))
        if kind is Kind.CONFIRMATION and received_at is not None and _is_the_first(numbers):
            _RECEIVED.observe(max((at - received_at).total_seconds(), 0))


def reported(kind: str, state: str, *, accepted_at: datetime, now: datetime) -> None:
    """A report moved a text that the carrier had taken before on to this state, and that is committed."""
    with _if_it_can():
        _STATES.labels(kind, state).inc()
        if state == LedgerState.DELIVERED:
            _DELIVERED.labels(kind).observe(max((now - accepted_at).total_seconds(), 0))


@contextmanager
def _if_it_can() -> Iterator[None]:
    try:
        yield
    except DBAPIError:  # the transaction has ended with it, and nothing more can be written in it
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is: no text waits for a figure
        log.error("a text was not measured", cause=type(error).__name__)


def _see(session: Session, row: TextRow, *, now: datetime) -> None:
    if not inspect(row).attrs["state"].history.has_changes():
        return
    seen: list[Callable[[], None]] = session.info.setdefault(_SEEN, [])
    kind, state = Kind(row.kind), LedgerState(row.state)
    seen.append(_STATES.labels(kind, state).inc)
    is_new = row in session.new
    if is_new or row.settled_at is None or row.provider_sid is None:  # a reply is written down when it is asked for
        return
    if state in _AT_THE_CARRIER and inspect(row).attrs["settled_at"].history.has_changes():
        late = (row.settled_at - row.due_at).total_seconds()
        seen.append(lambda: _ACCEPTED.labels(kind).observe(max(late, 0)))
        _see_confirmation(session, row, seen)
    if state is LedgerState.DELIVERED:
        took = (now - row.settled_at).total_seconds()
        seen.append(lambda: _DELIVERED.labels(kind).observe(max(took, 0)))


def _see_confirmation(session: Session, row: TextRow, seen: list[Callable[[], None]]) -> None:
    if row.kind != Kind.CONFIRMATION or row.settled_at is None:
        return
    asked = select(col(CallRow.received_at), col(CallRow.phone_versions)).where(col(CallRow.call_id) == row.call_id)
    with session.no_autoflush:
        received, numbers = session.execute(asked).one_or_none() or (None, {})
    if received is not None and _is_the_first(numbers):
        took = (row.settled_at - received).total_seconds()
        seen.append(lambda: _RECEIVED.observe(max(took, 0)))


def _is_the_first(numbers: Mapping[str, object]) -> bool:
    """Of a call with one number: one that was corrected later is confirmed later, too."""
    return len(numbers) <= 1
