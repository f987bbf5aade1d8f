"""What the carrier tells of a text that we sent: the ledger's row moves forward, never back."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog
from sqlalchemy import Engine
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, select

from activities.delivery_states import move_forward
from database.recovery import StrayMessageRow, epoch_now
from database.tables import TextRow, real_now
from web.serving.in_time import Deadline, transaction

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Report:
    """One callback. `text_id` is our own id, which came back in its address: so it settles a text whose POST was never
    answered (R2). `now` is the service's time."""

    text_id: UUID
    provider_sid: str
    status: str
    error_code: int | None
    now: datetime
    hash_of_number: Callable[[Session], str] | None = None
    """Of the number that it went to, as it is found at this moment."""


def _taken_back(session: Session, report: Report) -> TextRow | None:
    """A text that was lost with the database has another id since, and its sid still."""
    of_sid = select(TextRow).where(TextRow.provider_sid == report.provider_sid)
    return session.exec(of_sid.with_for_update()).one_or_none()


def _may_be_ours(session: Session, report: Report) -> None:
    """After a restore it is one that the ledger lost and the carrier's list did not show: what it may have been is not
    sent (R2)."""
    if report.hash_of_number is None or epoch_now(session) == 0:
        return
    phone_hash = report.hash_of_number(session)
    values = {"provider_sid": report.provider_sid, "phone_hash": phone_hash, "created_at": report.now}
    session.execute(insert(StrayMessageRow).values(**values, noted_real=real_now()).on_conflict_do_nothing())


def record_delivery(engine: Engine, report: Report, deadline: Deadline) -> None:
    """Take note of it: repeated, late or reordered, it changes nothing that is known better."""
    text_id = report.text_id
    try:
        with transaction(engine, deadline) as session:
            row = session.exec(select(TextRow).where(TextRow.id == text_id).with_for_update()).one_or_none()
            row = row or _taken_back(session, report)
            if row is None:
                _log.warning("callback for an unknown text", text=str(text_id))
                _may_be_ours(session, report)
            elif row.provider_sid not in {None, report.provider_sid}:
                # Two messages at the carrier for one row: somebody got a text twice. The row keeps to its own.
                _log.error("callback of a second message for one text", text=str(text_id), status=report.status[:20])
            else:
                move_forward(
                    row,
                    provider_sid=report.provider_sid,
                    status=report.status,
                    error_code=report.error_code,
                    now=report.now,
                )
                session.add(row)
    except IntegrityError:
        _log.error("callback with the message id of another text", text=str(text_id))
