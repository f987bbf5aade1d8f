"""A text that a worker has in hand: what it knows of it, and how far it is."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from activities.findings import Findings
from activities.ledger import Claim
from activities.services import TextServices
from activities.words import code_hash_of
from calls.contracts import LedgerState
from database.tables import TextRow, real_now
from texts.render import Rendered


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


def write_sending(
    session: Session, text: TextRow, found: Findings, rendered: Rendered, *, services: TextServices
) -> None:
    """R2: from now on the text may be on the phone. What goes out, to whom and in which words stands in its row."""
    text.state = LedgerState.SENDING
    text.sending_real = text.updated_real = real_now()
    text.first_sending_real = text.first_sending_real or text.sending_real
    text.policy_version = services.agency.version
    text.wording_version = services.agency.wording.version
    text.language = rendered.language
    text.segments = rendered.segments
    text.phone_encrypted, text.phone_hash = found.phone_encrypted, found.phone_hash
    text.sender, text.error_code = services.agency.identity.sender, None
    text.body_encrypted, text.code_hash = services.keyring.encrypt(rendered.body), code_hash_of(text, services)
    session.add(text)
