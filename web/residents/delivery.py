"""What the carrier tells of a text that we sent: the ledger's row moves forward, never back.

Nearly every report tells the next step of a text of which the ledger knows the message: that is one statement. All
others, and repetitions, take the longer way: they lock the row, look, and decide.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import structlog
from sqlalchemy import Engine, Row
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, select

from activities import told_in_time
from activities.delivery_states import move_forward, states_before, told_by
from database.recovery import StrayMessageRow, epoch_now
from database.tables import TextRow, real_now
from web.serving.in_time import Deadline, transaction

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_MOVED: Final = """
UPDATE text SET state = %(state)s, updated_real = %(real_now)s
WHERE id = %(id)s AND provider_sid = %(sid)s AND state = ANY(%(before)s) AND settled_at IS NOT NULL
RETURNING kind, state, settled_at
"""


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
    try:
        with transaction(engine, deadline) as session:
            moved = _moved(session, report)
            if moved is None:
                _look_and_record(session, report)
    except IntegrityError:
        _log.error("callback with the message id of another text", text=str(report.text_id))
        return
    if moved is not None:
        told_in_time.reported(moved.kind, moved.state, accepted_at=moved.settled_at, now=report.now)


def _moved(session: Session, report: Report) -> Row[Any] | None:
    """The text that went on by this report, and by nothing else; `None`: whoever looks closer decides."""
    if report.error_code is not None:
        return None
    state = told_by(report.status)
    values = {
        "id": report.text_id,
        "sid": report.provider_sid,
        "state": state,
        "before": sorted(states_before(state)),
        "real_now": real_now(),
    }
    return session.connection().exec_driver_sql(_MOVED, values).first()


def _look_and_record(session: Session, report: Report) -> None:
    text_id = report.text_id
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
