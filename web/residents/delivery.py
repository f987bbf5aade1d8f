"""What the carrier tells of a text that we sent: the ledger's row moves forward, never back."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, select

from calls.contracts import LedgerState
from database.tables import TextRow, real_now

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_STATES: Final[Mapping[str, LedgerState]] = {
    "accepted": LedgerState.ACCEPTED,
    "scheduled": LedgerState.ACCEPTED,
    "queued": LedgerState.ACCEPTED,
    "sending": LedgerState.ACCEPTED,
    "sent": LedgerState.SENT,
    "delivered": LedgerState.DELIVERED,
    "partially_delivered": LedgerState.DELIVERED,
    "read": LedgerState.DELIVERED,
    "undelivered": LedgerState.UNDELIVERED,
    "failed": LedgerState.FAILED,
    "canceled": LedgerState.FAILED,
}
"""Twilio's statuses. Any other, present or future, proves only that the carrier has the text."""

_RANKS: Final[Mapping[LedgerState, int]] = {
    LedgerState.CLAIMED: 0,
    # Held back, says the ledger; the carrier says that an earlier attempt went out after all. The carrier knows.
    LedgerState.SUPPRESSED: 0,
    LedgerState.EXPIRED: 0,
    LedgerState.SENDING: 1,
    LedgerState.UNKNOWN: 1,
    LedgerState.ACCEPTED: 2,
    LedgerState.SENT: 3,
    LedgerState.DELIVERED: 4,
    LedgerState.UNDELIVERED: 4,
    LedgerState.FAILED: 4,
}


def record_delivery(
    engine: Engine, *, text_id: UUID, provider_sid: str, status: str, error_code: int | None, now: datetime
) -> None:
    """Take note of one callback: repeated, late or reordered, it changes nothing that is known better.

    `text_id` is our own id, which came back in the callback's address: so a callback settles a text whose POST was
    never answered (R2). `now` is the service's time.
    """
    try:
        with Session(engine) as session, session.begin():
            row = session.exec(select(TextRow).where(TextRow.id == text_id).with_for_update()).one_or_none()
            if row is None:
                _log.warning("callback for an unknown text", text=str(text_id))
            elif row.provider_sid not in {None, provider_sid}:
                # Two messages at the carrier for one row: somebody got a text twice. The row keeps to its own.
                _log.error("callback of a second message for one text", text=str(text_id), status=status[:20])
            else:
                _move(row, provider_sid=provider_sid, status=status, error_code=error_code, now=now)
                session.add(row)
    except IntegrityError:
        _log.error("callback with the message id of another text", text=str(text_id))


def _move(row: TextRow, *, provider_sid: str, status: str, error_code: int | None, now: datetime) -> None:
    row.provider_sid = provider_sid
    told, known = _STATES.get(status, LedgerState.ACCEPTED), LedgerState(row.state)
    if _RANKS[told] > _RANKS[known]:
        row.state = told
        row.settled_at = row.settled_at or now
        row.updated_real = real_now()
    if error_code is not None and row.state == told:
        row.error_code = error_code
