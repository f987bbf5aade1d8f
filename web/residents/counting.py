"""How many open their link and how many begin: weekly counters, each invitation once, and nothing of who it was (R7).

Phones and mail scanners open links to preview them: "opened" is more than were read by a person.
"""

from typing import Final

import structlog
from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, col

from database.surveys import SurveyCountRow
from database.tables import SurveyInvitationRow
from survey.context import iso_week
from survey.cut import NO_LANGUAGE
from web.residents.agency import Site
from web.residents.invitations import invitation_of, why_closed

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_NOBODY_WAITS: Final = "SET LOCAL lock_timeout = 300"
"""Milliseconds. The page does not wait for a counter: one that is not counted now is by the next page."""


def count_opening(site: Site, token: str) -> None:
    """The first time that a link is opened. The page comes whether it could be counted or not."""
    try:
        with Session(site.engine) as session, session.begin():
            session.execute(text(_NOBODY_WAITS))
            invitation = invitation_of(session, site, token, lock=True)
            if invitation is not None and why_closed(invitation, site.clock.now()) is None:
                note(session, site, invitation, began=False)
    except SQLAlchemyError as error:
        _log.info("an opening was not counted", cause=type(error).__name__)


def note(session: Session, site: Site, invitation: SurveyInvitationRow, *, began: bool) -> None:
    """Count what is new of an invitation, whose row is locked. Who begins has opened it."""
    opened = not invitation.opened
    if not opened and not began:
        return
    invitation.opened = True
    session.add(invitation)
    values = {"opened": int(opened), "started": int(began)}
    row = insert(SurveyCountRow).values(
        agency=site.agency.key,
        week=iso_week(site.clock.now()),
        language=invitation.language or NO_LANGUAGE,
        **values,
    )
    more = {name: getattr(SurveyCountRow, name) + count for name, count in values.items()}
    keys = [col(SurveyCountRow.agency), col(SurveyCountRow.week), col(SurveyCountRow.language)]
    session.execute(row.on_conflict_do_update(index_elements=keys, set_=more))
