"""What the carrier says of a text, in the ledger's words: a row moves forward, never back.

Shared by the webhooks (web/residents), which are told, and by the reconciler, which asks.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from calls.contracts import LedgerState
from database.tables import TextRow, real_now

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
_FINAL: Final = 4


def move_forward(row: TextRow, *, provider_sid: str, status: str, error_code: int | None, now: datetime) -> None:
    """Take note of what the carrier says: repeated, late or reordered, it changes nothing that is known better.

    Args:
        row: locked, and no other message's.
        status: Twilio's.
        now: the service's time.
    """
    row.provider_sid = provider_sid
    told, known = told_by(status), LedgerState(row.state)
    if _RANKS[told] > _RANKS[known]:
        row.state = told
        row.settled_at = row.settled_at or now
        row.updated_real = real_now()
    if error_code is not None and row.state == told:
        row.error_code = error_code


def told_by(status: str) -> LedgerState:
    """The state that one of Twilio's statuses tells."""
    return _STATES.get(status, LedgerState.ACCEPTED)


def states_before(told: LedgerState) -> frozenset[LedgerState]:
    """The states from which a text moves on to this one."""
    return frozenset(state for state, rank in _RANKS.items() if rank < _RANKS[told])


def contradict(known: str, told: LedgerState) -> bool:
    """One of the two knows how the text ended, and the other knows another end, or none."""
    return known != told and _FINAL in (_RANKS[LedgerState(known)], _RANKS[told])
