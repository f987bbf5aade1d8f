"""The survey's invitation: one per call, ever, and the same link at every retry."""

from datetime import datetime
from uuid import UUID

from sqlmodel import Session, col, update

from activities.findings import InvitationFound
from database.encryption import Keyring
from database.tables import SurveyInvitationRow
from policy.agency import Agency


def survey_link(
    session: Session,
    *,
    call_id: str,
    known: InvitationFound | None,
    language: str | None,
    agency: Agency,
    keyring: Keyring,
    origin: str,
    now: datetime,
) -> str:
    """The link of this call's invitation, which is made if there was none: `known`, as it was read while the call's
    number was locked."""
    if known is None:
        row = SurveyInvitationRow(
            call_id=call_id,
            token_hash="",
            language=language,
            survey_version=agency.survey.version,
            expires_at=now + agency.policy.timetable.survey.link_valid_for,
        )
        row.token_hash = keyring.token_hash(keyring.survey_token(str(row.id)))
        session.add(row)
        return _link(origin, keyring, row.id, row.token_hash)
    if known.language != language and not known.used:  # the page opens in the language of the text that brings the link
        of_call = col(SurveyInvitationRow.call_id) == call_id
        session.execute(update(SurveyInvitationRow).where(of_call).values(language=language))
    return _link(origin, keyring, known.id, known.token_hash)


def _link(origin: str, keyring: Keyring, invitation_id: UUID, token_hash: str | None) -> str:
    return f"{origin}/s/{keyring.token_behind(token_hash or '', invitation_id=str(invitation_id))}"
