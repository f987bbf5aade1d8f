"""R2 after a restore: what the carrier has from us, and the restored ledger does not know, may have been this text."""

from datetime import datetime, timedelta
from typing import Final

from sqlmodel import Session, col, or_, select

from activities.verdict import HeldBack
from calls.contracts import Kind, LedgerState, SendText
from database.recovery import StrayMessageRow
from database.tables import TextRow

TAKEN_BACK: Final = "taken back from the carrier's list"
"""The reason of a text that the ledger had lost. A delay notice among them has the next free number of its call: which
it had, nobody knows."""
MAY_HAVE_GONE: Final = "may have gone before the restore"
CLOCKS_MAY_DIFFER: Final = timedelta(minutes=15)
"""The carrier's clock and ours, and the times of one call told before and after a restore."""


def may_have_gone(session: Session, order: SendText, *, phone_hash: str, received: datetime | None) -> HeldBack | None:
    """A confirmation and a survey go once a call: any such message since its receipt may have been it. A delay notice
    may only have been one that was made after it fell due."""
    if order.key.kind is Kind.DELAY:
        since = order.due_at - CLOCKS_MAY_DIFFER
        found = _stray(session, order, phone_hash, since) or _notice_taken_back(session, order, since)
    else:
        found = received is not None and _stray(session, order, phone_hash, received - CLOCKS_MAY_DIFFER)
    if not found:
        return None
    reason = "the carrier has a message to this number that may be this text, and the restored ledger does not know it"
    return HeldBack(state=LedgerState.SUPPRESSED, rule=MAY_HAVE_GONE, reason=reason)


def _stray(session: Session, order: SendText, phone_hash: str, since: datetime) -> bool:
    """A message whose call nobody knows."""
    strays = select(StrayMessageRow.provider_sid).where(
        col(StrayMessageRow.phone_hash) == phone_hash,
        or_(col(StrayMessageRow.kind).is_(None), col(StrayMessageRow.kind) == order.key.kind),
        col(StrayMessageRow.created_at) >= since,
    )
    return session.exec(strays.limit(1)).first() is not None


def _notice_taken_back(session: Session, order: SendText, since: datetime) -> bool:
    """A notice of this call under another number than it had."""
    notices = select(TextRow.id).where(
        col(TextRow.call_id) == order.call_id,
        col(TextRow.kind) == Kind.DELAY,
        col(TextRow.sequence) != order.key.sequence,
        col(TextRow.reason) == TAKEN_BACK,
        col(TextRow.settled_at) >= since,
    )
    return session.exec(notices.limit(1)).first() is not None
