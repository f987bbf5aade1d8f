"""The words of a text about a call, and whether the carrier has stopped them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlmodel import Session, col, func, select

from activities.error_codes import CONTENT, FILTERED
from activities.findings import Findings
from activities.invitation import survey_link
from activities.languages import language_found
from activities.services import TextServices
from calls.contracts import Kind, SendText
from calls.facts import CallFacts, Language
from database.tables import SwitchRow, TextRow
from policy.agency import Agency
from texts.fields import clock_time
from texts.render import Rendered, render

FILTERED_PHONES: Final = 3
"""So many phones in a day, and the wording is stopped: a network filters one phone's texts now and then, and that must
not keep everybody uninformed."""
_WITHIN: Final = timedelta(days=1)
_ENOUGH_ROWS: Final = 100


def words_for(session: Session, order: SendText, *, text_id: UUID, found: Findings, services: TextServices) -> Rendered:
    """The text as it goes out now: in the caller's language, with the call's own case number and link.

    The code, where the policy prints one, follows from the text's own row: at every attempt it is the same (R2).

    The language is the one that staff chose for the call, else CAD's word, else the one that the number has used in a
    reply, else both.
    """
    agency, facts, language = services.agency, found.facts, language_found(found)
    fields = agency.identity.lines | {"case_number": facts.case_number or ""}
    if agency.policy.texts.code:
        fields["code"] = services.keyring.text_code(str(text_id))
    if order.key.kind is Kind.SURVEY:
        fields["link"] = survey_link(
            session,
            call_id=order.call_id,
            known=found.invitation,
            language=language,
            agency=agency,
            keyring=services.keyring,
            origin=services.origin,
            now=services.clock.now(),
        )
    if facts.received_at is not None:
        fields["minutes"] = str((order.due_at - facts.received_at) // timedelta(minutes=1))
    return render(
        agency.wording,
        order.key.kind,
        language,
        fields,
        by_language={each: _said_in(each, order, facts=facts, agency=agency) for each in Language},
        announce_survey=agency.policy.timetable.survey.enabled,
        group=facts.call_type_group,
    )


def code_hash_of(text_id: UUID, services: TextServices) -> str | None:
    """By which a resident's page knows the text; `None` where the policy prints no codes."""
    keyring = services.keyring
    return keyring.code_hash(keyring.text_code(str(text_id))) if services.agency.policy.texts.code else None


def _said_in(language: Language, order: SendText, *, facts: CallFacts, agency: Agency) -> dict[str, str]:
    """The fields that each language says in its own way.

    Times are seen from the moment when the text fell due: at every attempt the words are the same, by which a text in
    doubt is looked up at the carrier (R2).
    """
    fields = {"agency": agency.identity.name[language]}
    if facts.received_at is not None:
        zone = agency.policy.timetable.zone_info
        received, due = facts.received_at.astimezone(zone), order.due_at.astimezone(zone)
        fields["time"] = clock_time(received, language, on=due.date())
    return fields


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
        (len({phone for when, phone in filtered if last - _WITHIN <= when <= last}) for last, _ in filtered), default=0
    )
