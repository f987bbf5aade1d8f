"""The invitation behind a link's token, and why it may open no survey."""

from datetime import datetime
from enum import StrEnum

from sqlmodel import Session, col, select

from database.encryption import plain_token
from database.tables import SurveyInvitationRow
from web.residents.agency import Site


class Closed(StrEnum):
    """Why a link opens no survey. The values are keys of the pages' words."""

    UNKNOWN = "unknown"
    EXPIRED = "expired"
    USED = "used"


def invitation_of(session: Session, site: Site, token: str, *, lock: bool = False) -> SurveyInvitationRow | None:
    """The invitation with this token, however it was typed; locked until the transaction ends, where that is asked."""
    hashes = site.keyring.token_hashes(plain_token(token))
    statement = select(SurveyInvitationRow).where(col(SurveyInvitationRow.token_hash).in_(hashes))
    if not lock:
        return session.exec(statement).one_or_none()
    # The nightly cut takes used invitations out and puts them back. Who waited for one finds it only by looking again.
    locked = statement.with_for_update()
    return session.exec(locked).one_or_none() or session.exec(locked).one_or_none()


def why_closed(invitation: SurveyInvitationRow | None, now: datetime) -> Closed | None:
    """`None`: it is open."""
    if invitation is None:
        return Closed.UNKNOWN
    if invitation.used:
        return Closed.USED
    return Closed.EXPIRED if invitation.over or now >= invitation.expires_at else None
