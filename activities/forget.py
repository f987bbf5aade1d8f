"""R3: the words of texts, ours and residents', are kept encrypted as long as the agency's retention says.

Numbers and the rest of the rows stay: a text that went out must not go out again (R2).
"""

from datetime import timedelta
from typing import Any, Final

from sqlalchemy.sql.dml import ReturningUpdate
from sqlmodel import Session, and_, col, delete, or_, select, update

from activities.ledger import IN_DOUBT
from activities.services import TextServices
from calls.reconciliation import Batch
from database.recovery import StrayMessageRow
from database.tables import InboundMessageRow, TextRow, real_now

_BATCH: Final = 1000
_DOUBT_AT_MOST: Final = timedelta(days=30)
"""So much longer the words of a text in doubt are kept: by them it is known in the carrier's list, and in a person's
hand. Twilio keeps its own for 30 days at least."""
_STRAYS_FOR: Final = timedelta(days=30)
_MORE: Final = "more"


class Forget:
    """Deletes words that are old enough, a thousand at a time."""

    def __init__(self, services: TextServices) -> None:
        self._is = services

    def __call__(self) -> Batch:
        """One batch of each table. A row that somebody is writing to is for the next time."""
        with Session(self._is.engine) as session, session.begin():
            counts = [len(session.execute(statement).all()) for statement in (self._texts(), self._inbound())]
            # By then no call is open that such a message may have been about (docs/recovery.md).
            session.execute(delete(StrayMessageRow).where(col(StrayMessageRow.noted_real) < real_now() - _STRAYS_FOR))
        return Batch(done=sum(counts), after=_MORE if max(counts) == _BATCH else None)

    def _texts(self) -> ReturningUpdate[Any]:
        """By real time, from its last attempt on."""
        old = real_now() - self._is.agency.policy.retention.bodies
        is_over = or_(col(TextRow.state).not_in(IN_DOUBT), col(TextRow.claimed_real) < old - _DOUBT_AT_MOST)
        ids = (
            select(TextRow.id)
            .where(and_(col(TextRow.body_encrypted).is_not(None), col(TextRow.claimed_real) < old, is_over))
            .order_by(col(TextRow.claimed_real))
            .limit(_BATCH)
            .with_for_update(skip_locked=True)
        )
        return update(TextRow).where(col(TextRow.id).in_(ids)).values(body_encrypted=None).returning(col(TextRow.id))

    def _inbound(self) -> ReturningUpdate[Any]:
        """By the service's time: it is the only one that is known of them."""
        old = self._is.clock.now() - self._is.agency.policy.retention.bodies
        ids = (
            select(InboundMessageRow.id)
            .where(col(InboundMessageRow.body_encrypted).is_not(None), col(InboundMessageRow.received_at) < old)
            .order_by(col(InboundMessageRow.received_at))
            .limit(_BATCH)
            .with_for_update(skip_locked=True)
        )
        inbound = update(InboundMessageRow).where(col(InboundMessageRow.id).in_(ids)).values(body_encrypted=None)
        return inbound.returning(col(InboundMessageRow.id))
