"""A text that a worker has in hand: what it knows of it, and how far it is."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert
from sqlmodel import Session

from activities import ledger, told_in_time
from activities.findings import Findings
from activities.ledger import Claim
from activities.services import TextServices
from activities.words import code_hash_of
from calls.contracts import LedgerState, SendText
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
    session: Session, order: SendText, held: Claim, found: Findings, rendered: Rendered, *, services: TextServices
) -> None:
    """R2: from now on the text may be on the phone. What goes out, to whom and in which words stands in its row.

    Most texts go at once: their row begins here, with a plain INSERT. By way of the ORM it was a quarter of what
    sending a text costs.
    """
    now, row = real_now(), held.row
    sending = {
        "state": LedgerState.SENDING.value,
        "sending_real": now,
        "updated_real": now,
        "first_sending_real": now if row is None else row.first_sending_real or now,
        "policy_version": services.agency.version,
        "wording_version": services.agency.wording.version,
        "language": rendered.language,
        "segments": rendered.segments,
        "phone_encrypted": found.phone_encrypted,
        "phone_hash": found.phone_hash,
        "sender": services.agency.identity.sender,
        "error_code": None,
        "body_encrypted": services.keyring.encrypt(rendered.body),
        "code_hash": code_hash_of(held.text_id, services),
    }
    if row is None:
        session.connection().execute(insert(TextRow), ledger.new_row(order, held, found=found) | sending)
        told_in_time.comes_into(session, order.key.kind, LedgerState.SENDING)
        return
    for name, value in sending.items():
        setattr(row, name, value)
    session.add(row)
