"""The survey's invitation: one per call, ever, and the same link at every retry."""

from datetime import datetime

from sqlmodel import Session, col, select

from database.encryption import Keyring
from database.tables import CallRow, SurveyInvitationRow
from policy.agency import Agency


def survey_link(
    session: Session,
    *,
    call: CallRow,
    language: str | None,
    agency: Agency,
    keyring: Keyring,
    origin: str,
    now: datetime,
) -> str:
    """The link of this call's invitation, which is made if it is not there yet."""
    row = session.exec(select(SurveyInvitationRow).where(col(SurveyInvitationRow.call_id) == call.call_id)).first()
    if row is None:
        row = SurveyInvitationRow(
            call_id=call.call_id,
            token_hash="",
            language=language,
            survey_version=agency.survey.version,
            expires_at=now + agency.policy.timetable.survey.link_valid_for,
        )
        row.token_hash = keyring.token_hash(keyring.survey_token(str(row.id)))
        session.add(row)
        session.flush()
    elif row.language != language and not row.used:  # the page opens in the language of the text that brings the link
        row.language = language
        session.add(row)
    return f"{origin}/s/{keyring.token_behind(row.token_hash or '', invitation_id=str(row.id))}"
