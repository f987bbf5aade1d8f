"""What the carrier tells of a text that we sent: the ledger's row moves forward, never back."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError
from sqlmodel import select

from calls.contracts import LedgerState
from database.tables import TextRow, real_now
from web.residents.in_time import Deadline, transaction

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


@dataclass(frozen=True, kw_only=True)
class Report:
    """One callback. `text_id` is our own id, which came back in its address: so it settles a text whose POST was never
    answered (R2). `now` is the service's time."""

    text_id: UUID
    provider_sid: str
    status: str
    error_code: int | None
    now: datetime


def record_delivery(engine: Engine, report: Report, deadline: Deadline) -> None:
    """Take note of it: repeated, late or reordered, it changes nothing that is known better."""
    text_id = report.text_id
    try:
        with transaction(engine, deadline) as session:
            row = session.exec(select(TextRow).where(TextRow.id == text_id).with_for_update()).one_or_none()
            if row is None:
                _log.warning("callback for an unknown text", text=str(text_id))
            elif row.provider_sid not in {None, report.provider_sid}:
                # Two messages at the carrier for one row: somebody got a text twice. The row keeps to its own.
                _log.error("callback of a second message for one text", text=str(text_id), status=report.status[:20])
            else:
                _move(row, report)
                session.add(row)
    except IntegrityError:
        _log.error("callback with the message id of another text", text=str(text_id))


def _move(row: TextRow, report: Report) -> None:
    row.provider_sid = report.provider_sid
    told, known = _STATES.get(report.status, LedgerState.ACCEPTED), LedgerState(row.state)
    if _RANKS[told] > _RANKS[known]:
        row.state = told
        row.settled_at = row.settled_at or report.now
        row.updated_real = real_now()
    if report.error_code is not None and row.state == told:
        row.error_code = report.error_code
