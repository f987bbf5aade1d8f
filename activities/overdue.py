"""The sweep: every open call, asked of the state machine; what is due and has no row in the ledger raises an alarm."""

from datetime import timedelta

import structlog
from sqlalchemy import Engine
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar
from temporalio import activity

from activities.known_call import known_call
from activities.ledger import records_of
from calls.clock import Clock
from calls.contracts import FIND_OVERDUE_TEXTS, Kind, OverdueReport
from calls.eligibility import Eligibility
from calls.policy import Policy
from calls.timetable import Send, next_step
from database.tables import CallRow, TextRow

log = structlog.get_logger()

_OVERDUE_AFTER = timedelta(minutes=10)


class OverdueActivities:
    """The activity behind the schedule `overdue-texts`."""

    def __init__(self, *, engine: Engine, policy: Policy, clock: Clock) -> None:
        self._engine = engine
        self._policy = policy
        self._clock = clock

    @activity.defn(name=FIND_OVERDUE_TEXTS)
    def find_overdue_texts(self) -> OverdueReport:
        """Look at every open call once. An alarm is one line of the log, with the call's id and the kind of text."""
        with Session(self._engine) as session:
            rows = session.exec(self._open_calls()).all()
            overdue = sum(self._is_overdue(session, row) for row in rows)
        return OverdueReport(open_calls=len(rows), overdue=overdue)

    def _open_calls(self) -> SelectOfScalar[CallRow]:
        """Calls that may still be owed a text: eligible, not given up yet, and without a survey in the ledger."""
        offered = select(TextRow.id).where(
            col(TextRow.call_id) == col(CallRow.call_id), col(TextRow.kind) == Kind.SURVEY
        )
        return select(CallRow).where(
            col(CallRow.ended_reason).is_(None),
            col(CallRow.eligibility) == Eligibility.ELIGIBLE,
            col(CallRow.received_at) > self._clock.now() - self._policy.timetable.give_up_after,
            ~offered.exists(),
        )

    def _is_overdue(self, session: Session, row: CallRow) -> bool:
        now = self._clock.now()
        step = next_step(
            call=known_call(row, self._policy),
            texts=records_of(session, row.call_id),
            timetable=self._policy.timetable,
            now=now,
        )
        if not isinstance(step, Send) or now < step.due_at + _OVERDUE_AFTER or self._is_tried(session, row, step):
            return False
        log.error("text overdue", call_id=row.call_id, kind=step.key.kind, sequence=step.key.sequence)
        return True

    def _is_tried(self, session: Session, row: CallRow, step: Send) -> bool:
        rows = select(TextRow.id).where(
            col(TextRow.call_id) == row.call_id,
            col(TextRow.kind) == step.key.kind,
            col(TextRow.sequence) == step.key.sequence,
            col(TextRow.recipient_version) == step.key.recipient_version,
        )
        return session.exec(rows).first() is not None
