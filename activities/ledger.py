"""R2: the ledger. A text is claimed before it is sent, and what became of it is written down afterwards.

A row goes `claimed` -> `sending` -> an outcome. While it is `claimed` no POST can have begun: another attempt may take
it over at once, because `sending` is only entered by the attempt whose id the row still has. From `sending` on the
text may be on the phone, and only finding out may move it.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

import structlog
from sqlalchemy import Engine
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from activities import told_in_time
from activities.findings import Findings
from activities.stop_and_go import SHADOW
from calls.contracts import Kind, LedgerState, SendText, TextKey, TextRecord
from calls.versions import version_of
from database.engine import alone
from database.tables import TextRow, real_now

log = structlog.get_logger()

# One attempt's right to send. Longer than its steps can take (database 10 s, Twilio 10 s), shorter than Temporal's
# timeout of an attempt (30 s), so that the next attempt seldom finds the last one's lease in force.
LEASE = timedelta(seconds=25)

IN_DOUBT = frozenset({LedgerState.SENDING, LedgerState.UNKNOWN})
_UNSETTLED = frozenset({LedgerState.CLAIMED, LedgerState.SENDING})


class AnotherAttempt(Exception):  # noqa: N818 - an outcome
    """Another attempt has taken this text over: this one must not send."""


_STILL_OWN: Final = """
SELECT t.state, t.updated_real, c.epoch, c.version FROM text t JOIN call c ON c.call_id = t.call_id
WHERE t.id = %(id)s AND t.attempt_id = %(attempt)s FOR UPDATE OF t
"""

_ACCEPTED: Final = """
UPDATE text t SET state = 'accepted', settled_at = %(at)s, rule = NULL, reason = NULL, provider_sid = %(sid)s,
  updated_real = %(real_now)s
FROM call c
WHERE t.id = %(id)s AND t.attempt_id = %(attempt)s AND t.state = 'sending' AND t.provider_sid IS NULL
  AND c.call_id = t.call_id
RETURNING c.epoch, c.version, c.received_at, c.phone_versions
"""


@dataclass(frozen=True, kw_only=True)
class Claim:
    """This attempt may send the text, if the check allows it."""

    text_id: UUID
    attempt_id: UUID
    lease_until: datetime
    row: TextRow | None = field(compare=False, repr=False)
    """As it was when this attempt changed it last. `None`: it was not read, or nobody has written it yet."""


@dataclass(frozen=True, kw_only=True)
class InDoubt:
    """An earlier attempt may have sent the text."""

    text_id: UUID


@dataclass(frozen=True, kw_only=True)
class Settled:
    """The text has its outcome already."""

    record: TextRecord


def claim(session: Session, order: SendText, *, found: Findings) -> Claim | InDoubt | Settled:
    """Claim the text for this attempt. The number is locked until the transaction ends: two calls of one number are
    counted one after the other."""
    row = None
    if found.text(order.key) is not None:
        row = session.exec(_row_of(order).with_for_update()).first()
    if row is None:  # written with what comes next: most texts go at once
        return Claim(text_id=uuid4(), attempt_id=uuid4(), lease_until=real_now() + LEASE, row=None)
    if row.state in IN_DOUBT:
        return InDoubt(text_id=row.id)
    if row.state != LedgerState.CLAIMED:
        return Settled(record=record_of(row))
    return renew(session, row)


def write_claimed(session: Session, order: SendText, held: Claim, *, found: Findings) -> TextRow:
    """The claimed text's row; one that nobody has written yet is written when the transaction commits."""
    row = held.row or TextRow(**new_row(order, held, found=found), state=LedgerState.CLAIMED)
    session.add(row)
    return row


def new_row(order: SendText, held: Claim, *, found: Findings) -> dict[str, Any]:
    """What stands in the row of a text that was never tried before, besides its state."""
    claimed = held.lease_until - LEASE
    return {
        "id": held.text_id,
        "call_id": order.call_id,
        "kind": order.key.kind.value,
        "sequence": order.key.sequence,
        "recipient_version": order.key.recipient_version,
        "policy_version": found.policy_version,
        "phone_hash": found.phone_hash,
        "due_at": order.due_at,
        "expires_at": order.expires_at,
        "attempt_id": held.attempt_id,
        "attempts": 1,
        "lease_until_real": held.lease_until,
        "claimed_real": claimed,
        "updated_real": claimed,
        "at_carrier": True,
    }


NEVER_HAD_IT = "the carrier never had an earlier attempt, say its list and its silence"


def drop(session: Session, row: TextRow, *, at: datetime) -> TextRecord | None:
    """The text is no longer owed. Its row goes, unless an earlier attempt may have sent it: that stays on record."""
    if row.first_sending_real is None:
        session.delete(row)
        return None
    return hold_back(session, row, LedgerState.EXPIRED, at=at, rule="overtaken", reason="newer facts overtook it")


def hold_back(
    session: Session, row: TextRow, state: LedgerState, *, at: datetime, rule: str, reason: str
) -> TextRecord:
    """The text is not sent, for good.

    Where an earlier attempt was in doubt, list and callbacks have been silent for so long that it might have been sent
    again: so it was not sent. Should the carrier tell otherwise later, the row moves on (web/residents/delivery.py).
    """
    if row.first_sending_real is not None:
        reason = f"{reason}; {NEVER_HAD_IT}"
    return settle(session, row, state, at=at, rule=rule, reason=reason)


def renew(session: Session, row: TextRow) -> Claim:
    """Give this attempt the row, from whichever attempt had it; written when the transaction commits."""
    attempt, now = uuid4(), real_now()
    lease_until = now + LEASE
    row.state = LedgerState.CLAIMED
    row.attempt_id = attempt
    row.attempts += 1
    row.claimed_real = now
    if row.error_code is None:  # when words were refused is kept: a release after that counts (activities/words.py)
        row.updated_real = now
    row.lease_until_real = lease_until
    row.looked_up_real = None
    session.add(row)
    return Claim(text_id=row.id, attempt_id=attempt, lease_until=lease_until, row=row)


def own_row(session: Session, held: Claim) -> TextRow:
    """The claimed row, locked.

    Raises:
        AnotherAttempt: the row is no longer this attempt's.
    """
    row = session.exec(select(TextRow).where(col(TextRow.id) == held.text_id).with_for_update()).first()
    if row is None or row.attempt_id != held.attempt_id:
        raise AnotherAttempt
    return row


def still_own_row(session: Session, held: Claim) -> tuple[TextRow, int]:
    """As `own_row`, where this attempt has changed it last and still has it as it was then; and the version of its
    call's facts now. What a callback may have changed meanwhile is read anew.

    Raises:
        AnotherAttempt: the row is no longer this attempt's.
    """
    known = session.connection().exec_driver_sql(_STILL_OWN, {"id": held.text_id, "attempt": held.attempt_id}).first()
    if known is None:
        raise AnotherAttempt
    if held.row is None:
        return session.get_one(TextRow, held.text_id), version_of(epoch=known.epoch, change=known.version)
    session.add(held.row)
    if (known.state, known.updated_real) != (held.row.state, held.row.updated_real):
        session.refresh(held.row)
    return held.row, version_of(epoch=known.epoch, change=known.version)


def back_to_claimed(session: Session, row: TextRow, *, error_code: int | None) -> None:
    """Nothing was sent: the next attempt need not find out."""
    if row.state == LedgerState.SENDING:
        row.state = LedgerState.CLAIMED
        if row.first_sending_real == row.sending_real:
            row.first_sending_real = None
        row.sending_real = row.first_sending_real
        row.error_code = error_code
        row.updated_real = real_now()
        session.add(row)


@dataclass(frozen=True, kw_only=True)
class Written:
    """An outcome that is committed. `version`: of its call's facts at that moment."""

    record: TextRecord
    version: int


def write_accepted(engine: Engine, order: SendText, held: Claim, *, at: datetime, sid: str) -> Written | None:
    """The carrier has it, and nobody has touched the row since: one statement, where a transaction would be
    several. `None`: a callback was quicker, or another attempt has the row; nothing is written."""
    values = {"id": held.text_id, "attempt": held.attempt_id, "at": at, "sid": sid, "real_now": real_now()}
    found = alone(engine, _ACCEPTED, values)
    if found is None:
        return None
    due_at = order.due_at if held.row is None else held.row.due_at  # an order given anew may have another
    told_in_time.accepted(
        order.key.kind, due_at=due_at, at=at, received_at=found.received_at, numbers=found.phone_versions
    )
    return Written(
        record=_record(order.key, state=LedgerState.ACCEPTED, rule=None, due_at=due_at),
        version=version_of(epoch=found.epoch, change=found.version),
    )


def settle(
    session: Session,
    row: TextRow,
    state: LedgerState,
    *,
    at: datetime,
    rule: str | None = None,
    reason: str | None = None,
    sid: str | None = None,
    error_code: int | None = None,
) -> TextRecord:
    """Write the outcome down. A callback may have moved the row on already: then only what it lacked is added."""
    if row.state == LedgerState.CLAIMED or row.state in IN_DOUBT:
        row.state = state
        row.settled_at = at
        row.rule, row.reason = rule, reason
        row.error_code = error_code or row.error_code  # of words that were refused: kept when they expire
    if row.provider_sid is not None and sid is not None and row.provider_sid != sid:
        log.error("the carrier has this text twice", text_id=str(row.id))
    row.provider_sid = row.provider_sid or sid
    if sid is not None or error_code is not None or row.error_code is None:  # else as in `renew`
        row.updated_real = real_now()
    session.add(row)
    return record_of(row)


def records_of(session: Session, call_id: str) -> list[TextRecord]:
    """The settled texts of a call, as the state machine takes them."""
    rows = session.exec(select(TextRow).where(col(TextRow.call_id) == call_id, col(TextRow.state).not_in(_UNSETTLED)))
    return [record_of(row) for row in rows]


def records_in(found: Findings) -> list[TextRecord]:
    """The same of what was found together."""
    return [
        _record(text.key, state=text.state, rule=text.rule, due_at=text.due_at)
        for text in found.texts
        if text.state not in _UNSETTLED
    ]


def record_of(row: TextRow) -> TextRecord:
    """The row as it travels to the workflow: nothing personal in it (R3).

    What was only written down, in shadow, counts as sent: else nobody would see how the call's life goes on.
    """
    return _record(_key_of(row), state=LedgerState(row.state), rule=row.rule, due_at=row.due_at)


def _key_of(row: TextRow) -> TextKey:
    return TextKey(kind=Kind(row.kind), sequence=row.sequence, recipient_version=row.recipient_version)


def _record(key: TextKey, *, state: LedgerState, rule: str | None, due_at: datetime) -> TextRecord:
    return TextRecord(key=key, state=LedgerState.ACCEPTED if rule == SHADOW else state, due_at=due_at)


def _row_of(order: SendText) -> SelectOfScalar[TextRow]:
    return select(TextRow).where(
        col(TextRow.call_id) == order.call_id,
        col(TextRow.kind) == order.key.kind,
        col(TextRow.sequence) == order.key.sequence,
        col(TextRow.recipient_version) == order.key.recipient_version,
    )
