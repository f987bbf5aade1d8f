"""What somebody has answered so far: saved page by page, encrypted, gone with the submission or with the link."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import structlog
from pydantic import BaseModel, ConfigDict, ValidationError
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, delete

from calls.facts import Language
from database.encryption import Keyring, KeyringError
from database.surveys import SurveyDraftRow

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class _Body(BaseModel):
    """What is encrypted."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    language: Language | None = None
    answers: Mapping[str, Sequence[str]] = {}


class Draft(_Body):
    """Answers as they were typed, not masked: whoever goes back finds them again. Nobody else ever reads them."""

    step: int = 1
    """The page to go on with."""


NO_DRAFT: Final = Draft()


def load_draft(session: Session, keyring: Keyring, invitation: UUID) -> Draft:
    """The draft of an invitation; an empty one where there is none."""
    row = session.get(SurveyDraftRow, invitation)
    if row is None:
        return NO_DRAFT
    try:
        body = _Body.model_validate_json(keyring.decrypt(row.answers_encrypted))
    except (KeyringError, ValidationError) as error:  # its key is gone, or a later version wrote it: begin again
        _log.warning("draft of a survey cannot be read", reason=type(error).__name__)
        return NO_DRAFT
    return Draft(step=row.step, language=body.language, answers=body.answers)


def save_draft(session: Session, keyring: Keyring, invitation: UUID, draft: Draft, *, expires_at: datetime) -> None:
    """Keep the draft in place of the one before. The caller holds the invitation's row, and has seen that it is open:
    so no draft is written after the submission."""
    values = {
        "answers_encrypted": keyring.encrypt(_Body(language=draft.language, answers=draft.answers).model_dump_json()),
        "step": draft.step,
        "expires_at": expires_at,
    }
    statement = insert(SurveyDraftRow).values(invitation_id=invitation, **values)
    session.execute(statement.on_conflict_do_update(index_elements=["invitation_id"], set_=values))


def delete_draft(session: Session, invitation: UUID) -> None:
    """With the submission, in its transaction."""
    session.execute(delete(SurveyDraftRow).where(col(SurveyDraftRow.invitation_id) == invitation))
