"""Who had to do with a call, as the starter keeps it for as long as the call's survey may be answered."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import ColumnElement, exists
from sqlmodel import Session, and_, col, or_, select

from calls.merge import Stamped
from database.encryption import Keyring, KeyringError
from database.surveys import CallMemberRow
from database.tables import CallRow, SurveyInvitationRow
from survey.questions import Role

TOLD: Final[TypeAdapter[dict[str, Stamped]]] = TypeAdapter(dict[str, Stamped])
"""By role, the hash of the member's key."""


def told_members(keyring: Keyring, row: CallMemberRow | None) -> dict[str, Stamped]:
    """What the row says; of one that cannot be read, nothing: no record and no answer is lost for it."""
    if row is None:
        return {}
    try:
        return TOLD.validate_json(keyring.decrypt(row.told_encrypted))
    except (KeyringError, ValidationError):
        return {}


def members_of(session: Session, keyring: Keyring, call_id: str) -> Mapping[Role, str]:
    """The hashes of the members' keys that CAD has told, by role."""
    told = told_members(keyring, session.get(CallMemberRow, call_id))
    return {Role(role): str(stamped.value) for role, stamped in told.items()}


def is_over(call_id: object, now: datetime) -> ColumnElement[bool]:
    """Nobody can answer the call's survey any more: its link is used or has expired, or it ended without one.
    `call_id`: the call's, or a column."""
    invited = col(SurveyInvitationRow.call_id) == call_id
    link_over = exists().where(invited, or_(col(SurveyInvitationRow.used), col(SurveyInvitationRow.expires_at) <= now))
    ended = exists().where(col(CallRow.call_id) == call_id, col(CallRow.ended_reason).is_not(None))
    return or_(link_over, and_(~exists(select(SurveyInvitationRow.id).where(invited)), ended))
