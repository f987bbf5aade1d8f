"""The language that a phone number has used with us."""

from sqlmodel import Session, col, select

from calls.facts import Language
from database.tables import InboundMessageRow


def language_used(session: Session, *, phone_hash: str | None) -> Language | None:
    """The language of the number's newest reply that had one: a keyword's own. `None`: none is known.

    Never the language in which a survey was answered: an answer cannot be traced to a number (R7).
    """
    if phone_hash is None:
        return None
    newest = (
        select(InboundMessageRow.language)
        .where(col(InboundMessageRow.phone_hash) == phone_hash, col(InboundMessageRow.language).is_not(None))
        .order_by(col(InboundMessageRow.received_at).desc(), col(InboundMessageRow.id).desc())
        .limit(1)
    )
    language = session.exec(newest).first()
    return None if language is None else Language(language)
