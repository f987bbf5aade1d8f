"""What somebody has answered so far: saved page by page, encrypted, gone with the submission or with the link."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import structlog
from pydantic import BaseModel, ConfigDict, ValidationError
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session

from calls.facts import Language
from database.encryption import Keyring, KeyringError
from database.surveys import SurveyDraftRow
from web.residents.agency import Site
from web.residents.counting import note
from web.residents.invitations import Closed, invitation_of, why_closed

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


@dataclass(frozen=True, kw_only=True)
class Opened:
    """What a link leads to."""

    closed: Closed | None = None
    draft: Draft = NO_DRAFT
    invited_in: str | None = None
    """The caller's language, as far as it is known."""
    is_first: bool = False
    """It was never opened before, as far as that was counted."""


def open_link(site: Site, token: str) -> Opened:
    """The survey's draft, or why there is none. Writes nothing."""
    with Session(site.engine) as session:
        invitation = invitation_of(session, site, token)
        closed = why_closed(invitation, site.clock.now())
        if closed is not None or invitation is None:
            # An expired link answers as if it had never been: not in the caller's language either.
            language = invitation.language if invitation is not None and closed is Closed.USED else None
            return Opened(closed=closed or Closed.UNKNOWN, invited_in=language)
        draft = _draft_of(session, site.keyring, invitation.id)
        return Opened(draft=draft, invited_in=invitation.language, is_first=not invitation.opened)


def change_draft(site: Site, token: str, change: Callable[[Draft], Draft]) -> Opened:
    """Keep what `change` makes of the draft as it is at this moment, and tell it; or why the link is closed.

    The invitation's row is held meanwhile, as it is by a submission: no draft is written after one, and of two pages
    that are sent at once neither overwrites the other's answers.
    """
    with Session(site.engine) as session, session.begin():
        invitation = invitation_of(session, site, token, lock=True)
        closed = why_closed(invitation, site.clock.now())
        if closed is not None or invitation is None:
            return Opened(closed=closed or Closed.UNKNOWN)
        began = session.get(SurveyDraftRow, invitation.id) is None
        draft = change(_draft_of(session, site.keyring, invitation.id))
        body = _Body(language=draft.language, answers=draft.answers).model_dump_json()
        values = {
            "answers_encrypted": site.keyring.encrypt_without_time(body),
            "step": draft.step,
            "expires_at": invitation.expires_at,
        }
        statement = insert(SurveyDraftRow).values(invitation_id=invitation.id, **values)
        session.execute(statement.on_conflict_do_update(index_elements=["invitation_id"], set_=values))
        note(session, site, invitation, began=began)
        return Opened(draft=draft, invited_in=invitation.language)


def _draft_of(session: Session, keyring: Keyring, invitation: UUID) -> Draft:
    row = session.get(SurveyDraftRow, invitation)
    if row is None:
        return NO_DRAFT
    try:
        body = _Body.model_validate_json(keyring.decrypt(row.answers_encrypted))
    except (KeyringError, ValidationError) as error:  # its key is gone, or a later version wrote it: begin again
        _log.warning("draft of a survey cannot be read", reason=type(error).__name__)
        return NO_DRAFT
    return Draft(step=row.step, language=body.language, answers=body.answers)
