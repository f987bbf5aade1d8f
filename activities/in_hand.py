"""A text that a worker has in hand: what it knows of it, and how far it is."""

from dataclasses import dataclass
from datetime import datetime
from functools import cache

from sqlalchemy import insert
from sqlmodel import Session

from activities import ledger, told_in_time
from activities.findings import Findings
from activities.ledger import Claim
from activities.line import Line, NotYet, Place, Turn, WithTurn
from activities.services import TextServices
from activities.words import code_hash_of
from calls.contracts import PRIORITY, LedgerState, SendText
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


def take_turn(
    session: Session,
    line: Line,
    order: SendText,
    held: Claim,
    found: Findings,
    rendered: Rendered,
    *,
    services: TextServices,
) -> Turn | NotYet:
    """Where it is the text's turn, write it down as being sent.

    R2: from then on the text may be on the phone. What goes out, to whom and in which words stands in its row. Most
    texts go at once: their row begins here, in the statement that takes the turn. By way of the ORM it was a quarter
    of what sending a text costs.
    """
    place = Place(
        text_id=held.text_id, priority=PRIORITY[order.key.kind], due_at=order.due_at, segments=rendered.segments
    )
    sending = _sending(held, found, rendered, services=services)
    if held.row is not None:
        turn = line.take(session, place)
        if isinstance(turn, Turn):
            for name, value in sending.items():
                setattr(held.row, name, value)
            session.add(held.row)
        return turn
    row = ledger.new_row(order, held, found=found) | sending
    turn = line.take(session, place, with_turn=WithTurn(insert=_first_row(tuple(row)), values=row))
    if isinstance(turn, Turn):
        if not turn.is_written:
            session.connection().execute(insert(TextRow), row)
        told_in_time.comes_into(session, order.key.kind, LedgerState.SENDING)
    return turn


@cache
def _first_row(columns: tuple[str, ...]) -> str:
    values = ", ".join(f"%({column})s" for column in columns)
    return f"INSERT INTO text ({', '.join(columns)}) SELECT {values} FROM turn"  # noqa: S608 - names of our own


def _sending(held: Claim, found: Findings, rendered: Rendered, *, services: TextServices) -> dict[str, object]:
    now, row = real_now(), held.row
    return {
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
