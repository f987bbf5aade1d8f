"""A number is deleted for good: what retention and the erasure of one person have in common (docs/decisions/0039).

Rows stay where they keep a text from going out twice (R2): the ledger's key has a mark of the number, which is another
one in each call. What says STOP keeps its number until START (R6).
"""

from typing import Any

from sqlalchemy import ColumnElement, CursorResult, Delete, Update, and_, delete, exists, func, or_, update
from sqlmodel import Session, col

from activities.error_codes import OPTED_OUT
from calls.eligibility import Rule
from calls.merge import PHONE_HASH
from database.tables import CallRow, InboundMessageRow, OptOutRow, TextRow, real_now
from texts.keywords import STOP_BY_CARRIER, Keyword


def forget_calls(which: Any) -> Update:
    """Empty the number of these calls (a query of ids). The latch keeps whatever hears of them from texting anybody;
    `forgotten_real` keeps an old record from bringing the number back."""
    latch = func.coalesce(col(CallRow.latch), Rule.FORGOTTEN.value)
    of_facts = func.jsonb_build_object("recipient_version", 0, "latch", latch)
    return (
        update(CallRow)
        .where(col(CallRow.call_id).in_(which))
        .values(
            phone_encrypted=None,
            phone_hash=None,
            phone_versions={},
            recipient_version=0,
            merged=col(CallRow.merged).op("-")(PHONE_HASH),
            facts=col(CallRow.facts).op("||")(of_facts),
            latch=latch,
            forgotten_real=real_now(),
        )
    )


def forget_texts(which: Any, *, words_too: bool) -> Update:
    """Empty the number of these texts (a query of ids): they stay in the ledger, as texts of their calls."""
    values: dict[str, None] = dict.fromkeys(("phone_encrypted", "phone_hash", "code_hash"))
    if words_too:
        values["body_encrypted"] = None
    return update(TextRow).where(col(TextRow.id).in_(which)).values(**values)


def forget_inbound(which: Any) -> Delete:
    """Delete these texts of residents' (a query of ids)."""
    return delete(InboundMessageRow).where(col(InboundMessageRow.id).in_(which))


def text_says_stop() -> ColumnElement[bool]:
    """The carrier refused this text because of a STOP that nobody told us, and no START has come since: the row is the
    opt-out (`activities/findings.py: is_stopped_at_carrier`)."""
    started = exists().where(
        col(InboundMessageRow.phone_hash) == col(TextRow.phone_hash),
        col(InboundMessageRow.keyword) == Keyword.START.value,
        col(InboundMessageRow.received_at) >= col(TextRow.settled_at),
        or_(col(TextRow.sender).is_(None), col(TextRow.sender) == col(InboundMessageRow.sender)),
    )
    return and_(func.coalesce(col(TextRow.error_code), 0) == OPTED_OUT, ~started)


def inbound_is_needed() -> ColumnElement[bool]:
    """A START that ends what a refused text says, for as long as that text has its number; and a STOP that the carrier
    has answered itself, while it is in force: it confirms the START, too."""
    refused = exists().where(
        col(TextRow.phone_hash) == col(InboundMessageRow.phone_hash),
        col(TextRow.error_code) == OPTED_OUT,
        col(TextRow.settled_at) <= col(InboundMessageRow.received_at),
    )
    in_force = exists().where(
        col(OptOutRow.phone_hash) == col(InboundMessageRow.phone_hash),
        col(OptOutRow.sender) == col(InboundMessageRow.sender),
        col(OptOutRow.ended_at).is_(None),
    )
    keyword = col(InboundMessageRow.keyword)
    return or_(and_(keyword == Keyword.START.value, refused), and_(keyword == STOP_BY_CARRIER, in_force))


def how_many(session: Session, statement: Update | Delete) -> int:
    """Execute it, and count the rows that it has changed."""
    done: CursorResult[Any] = session.execute(  # type: ignore[assignment]
        statement, execution_options={"synchronize_session": False}
    )
    return done.rowcount
