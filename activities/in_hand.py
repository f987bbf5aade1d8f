"""A text that a worker has in hand: what it knows of it, and how far it is."""

from dataclasses import dataclass
from datetime import datetime

from activities.findings import Findings
from activities.ledger import Claim


@dataclass(frozen=True, kw_only=True)
class Found:
    """What is known of an order at one moment: `now` by the service's clock, `checked` by `time.monotonic()`."""

    findings: Findings
    checked: float
    now: datetime


@dataclass(frozen=True, kw_only=True)
class InLine:
    """Claimed, and not yet its turn; to be asked again so much later."""

    claimed: Claim
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Ready:
    """Checked, written down as `sending`, and ready for the carrier."""

    claimed: Claim
    to: str
    body: str
    checked: float
    """`time.monotonic()` of the check."""
    tries_closed_line: bool
