"""The language of a caller: what staff chose for the call, what CAD says, what the number has used with us."""

from sqlmodel import Session, col, select

from activities.findings import Findings
from calls.facts import CallFacts, Language
from database.staff import CallerLanguageRow
from database.tables import InboundMessageRow


def language_found(found: Findings) -> Language | None:
    """In which the call's next text goes out: the word of staff, else CAD's, else the number's own. `None`: in both."""
    return found.language_chosen or found.facts.language or found.language_used


def language_of_caller(session: Session, facts: CallFacts, *, call_id: str, phone_hash: str | None) -> Language | None:
    """The same, where nothing else is asked."""
    return language_chosen(session, call_id) or facts.language or language_used(session, phone_hash=phone_hash)


def language_chosen(session: Session, call_id: str) -> Language | None:
    """What staff chose last for this call; `None`: nothing."""
    newest = (
        select(CallerLanguageRow.language)
        .where(col(CallerLanguageRow.call_id) == call_id)
        .order_by(col(CallerLanguageRow.id).desc())
        .limit(1)
    )
    language = session.exec(newest).first()
    return None if language is None else Language(language)


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
