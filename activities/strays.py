"""R2 after a restore: what the carrier has from us, and the restored ledger does not know, may have been this text."""

from typing import Final

from activities.findings import CLOCKS_MAY_DIFFER, Findings
from activities.verdict import HeldBack
from calls.contracts import Kind, LedgerState, SendText

TAKEN_BACK: Final = "taken back from the carrier's list"
"""The reason of a text that the ledger had lost. A delay notice among them has the next free number of its call: which
it had, nobody knows."""
MAY_HAVE_GONE: Final = "may have gone before the restore"


def may_have_gone(order: SendText, found: Findings) -> HeldBack | None:
    """A confirmation and a survey go once a call: any such message since its receipt may have been it. A delay notice
    may only have been one that was made after it fell due."""
    if not found.has_stray and not _notice_taken_back(order, found):
        return None
    reason = "the carrier has a message to this number that may be this text, and the restored ledger does not know it"
    return HeldBack(state=LedgerState.SUPPRESSED, rule=MAY_HAVE_GONE, reason=reason)


def _notice_taken_back(order: SendText, found: Findings) -> bool:
    """A notice of this call under another number than it had."""
    since = order.due_at - CLOCKS_MAY_DIFFER
    return order.key.kind is Kind.DELAY and any(
        text.kind is Kind.DELAY
        and text.sequence != order.key.sequence
        and text.reason == TAKEN_BACK
        and text.settled_at is not None
        and text.settled_at >= since
        for text in found.texts
    )
