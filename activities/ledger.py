"""R2: the ledger. A text is claimed before it is sent, and what became of it is written down afterwards.

A row goes `claimed` -> `sending` -> an outcome. While it is `claimed` no POST can have begun: another attempt may take
it over at once, because `sending` is only entered by the attempt whose id the row still has. From `sending` on the
text may be on the phone, and only finding out may move it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import structlog
from sqlalchemy import func
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from activities.stop_and_go import SHADOW
from calls.contracts import Kind, LedgerState, SendText, TextKey, TextRecord
from database.tables import CallRow, TextRow, real_now

log = structlog.get_logger()

# One attempt's right to send. Longer than its steps can take (database 10 s, Twilio 10 s), shorter than Temporal's
# timeout of an attempt (30 s), so that the next attempt seldom finds the last one's lease in force.
LEASE = timedelta(seconds=25)

IN_DOUBT = frozenset({LedgerState.SENDING, LedgerState.UNKNOWN})


class AnotherAttempt(Exception):  # noqa: N818 - an outcome
    """Another attempt has taken this text over: this one must not send."""


@dataclass(frozen=True, kw_only=True)
class Claim:
    """This attempt may send the text, if the check allows it."""

    text_id: UUID
    attempt_id: UUID
    lease_until: datetime


@dataclass(frozen=True, kw_only=True)
class InDoubt:
    """An earlier attempt may have sent the text."""

    text_id: UUID


@dataclass(frozen=True, kw_only=True)
class Settled:
    """The text has its outcome already."""

    record: TextRecord


def claim(session: Session, order: SendText, *, call: CallRow) -> Claim | InDoubt | Settled:
    """Claim the text for this attempt. The number stays locked until the transaction ends: two calls of one number
    are counted one after the other."""
    session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(call.phone_hash or call.call_id, 0))))
    row = session.exec(_row_of(order).with_for_update()).first()
    if row is None:
        session.refresh(call)  # whoever had the lock may have deleted the number for good
        row = TextRow(
            call_id=order.call_id,
            kind=order.key.kind,
            sequence=order.key.sequence,
            recipient_version=order.key.recipient_version,
            state=LedgerState.CLAIMED,
            policy_version=call.policy_version,
            phone_hash=call.phone_hash,
            due_at=order.due_at,
            expires_at=order.expires_at,
        )
    elif row.state in IN_DOUBT:
        return InDoubt(text_id=row.id)
    elif row.state != LedgerState.CLAIMED:
        return Settled(record=record_of(row))
    return renew(session, row)


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
    """Give this attempt the row, from whichever attempt had it."""
    row.state = LedgerState.CLAIMED
    row.attempt_id = uuid4()
    row.attempts += 1
    row.claimed_real = real_now()
    if row.error_code is None:  # when words were refused is kept: a release after that counts (activities/words.py)
        row.updated_real = row.claimed_real
    row.lease_until_real = row.claimed_real + LEASE
    row.looked_up_real = None
    session.add(row)
    session.flush()
    return Claim(text_id=row.id, attempt_id=row.attempt_id, lease_until=row.lease_until_real)


def own_row(session: Session, held: Claim) -> TextRow:
    """The claimed row, locked.

    Raises:
        AnotherAttempt: the row is no longer this attempt's.
    """
    row = session.exec(select(TextRow).where(col(TextRow.id) == held.text_id).with_for_update()).first()
    if row is None or row.attempt_id != held.attempt_id:
        raise AnotherAttempt
    return row


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
    unsettled = [LedgerState.CLAIMED, LedgerState.SENDING]
    rows = session.exec(
        select(TextRow).where(col(TextRow.call_id) == call_id, col(TextRow.state).not_in(unsettled))
    ).all()
    return [record_of(row) for row in rows]


def record_of(row: TextRow) -> TextRecord:
    """The row as it travels to the workflow: nothing personal in it (R3).

    What was only written down, in shadow, counts as sent: else nobody would see how the call's life goes on.
    """
    key = TextKey(kind=Kind(row.kind), sequence=row.sequence, recipient_version=row.recipient_version)
    state = LedgerState.ACCEPTED if row.rule == SHADOW else LedgerState(row.state)
    return TextRecord(key=key, state=state, due_at=row.due_at)


def _row_of(order: SendText) -> SelectOfScalar[TextRow]:
    return select(TextRow).where(
        col(TextRow.call_id) == order.call_id,
        col(TextRow.kind) == order.key.kind,
        col(TextRow.sequence) == order.key.sequence,
        col(TextRow.recipient_version) == order.key.recipient_version,
    )
