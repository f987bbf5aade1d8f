"""The words of a text about a call, and whether the carrier has stopped them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlmodel import Session, col, func, select

from activities.error_codes import CONTENT, FILTERED
from activities.invitation import survey_link
from activities.known_call import known_call
from activities.services import TextServices
from calls.contracts import Kind, SendText
from database.tables import CallRow, SwitchRow, TextRow
from texts.render import Rendered, render

FILTERED_PHONES: Final = 3
"""So many phones in a day, and the wording is stopped: a network filters one phone's texts now and then, and that must
not keep everybody uninformed."""
_IN: Final = timedelta(days=1)
_ENOUGH_ROWS: Final = 100


def words_for(session: Session, order: SendText, *, call: CallRow, services: TextServices) -> Rendered:
    """The text as it goes out now: in the caller's language, with the call's own case number and link."""
    agency = services.agency
    facts = known_call(call, agency.policy).facts
    link = ""
    if order.key.kind is Kind.SURVEY:
        link = survey_link(
            session,
            call=call,
            language=facts.language,
            agency=agency,
            keyring=services.keyring,
            origin=services.origin,
            now=services.clock.now(),
        )
    return render(
        agency.wording,
        order.key.kind,
        facts.language,
        {
            "case_number": facts.case_number or "",
            "link": link,
            "emergency_line": agency.identity.emergency_line,
            "non_emergency_line": agency.identity.non_emergency_line,
        },
        announce_survey=agency.policy.timetable.survey.enabled,
    )


def scope_of_wording(*, kind: str, language: str, version: str) -> str:
    """How one wording is named where staff release it. Changed words are another one, and are not stopped."""
    return f"wording:{kind}:{language}:{version}"


def why_stopped(session: Session, *, kind: str, language: str, version: str) -> str | None:
    """Why nothing goes out in these words, until they are changed or staff release them; `None`: nothing is wrong.

    They are stopped by what the ledger says: the carrier refused them, or networks filtered them on several phones.
    """
    scope = scope_of_wording(kind=kind, language=language, version=version)
    released = select(func.max(col(SwitchRow.released_real))).where(col(SwitchRow.scope) == scope)
    query = select(TextRow.error_code, TextRow.phone_hash, TextRow.updated_real).where(
        col(TextRow.error_code).in_(CONTENT | FILTERED),
        col(TextRow.kind) == kind,
        col(TextRow.language) == language,
        col(TextRow.wording_version) == version,
    )
    since = session.exec(released).one()
    if since is not None:
        query = query.where(col(TextRow.updated_real) > since)
    found = session.exec(query.order_by(col(TextRow.updated_real).desc()).limit(_ENOUGH_ROWS)).all()
    refused = next((code for code, _, _ in found if code in CONTENT), None)
    if refused is not None:
        return f"the carrier refused these words, code {refused}"
    if _most_phones_in_a_day([(when, phone) for _, phone, when in found]) >= FILTERED_PHONES:
        return f"networks filtered these words on {FILTERED_PHONES} phones in a day"
    return None


def _most_phones_in_a_day(filtered: Sequence[tuple[datetime, str | None]]) -> int:
    """By the newest first."""
    return max(
        (len({phone for when, phone in filtered if last - _IN <= when <= last}) for last, _ in filtered), default=0
    )
