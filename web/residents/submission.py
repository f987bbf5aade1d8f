"""A survey is sent: its link is used up, and what was answered is held until the cut of the day (R7)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from pydantic import ValidationError
from sqlmodel import Session, col, delete

from activities.call_members import members_of
from calls.facts import CallFacts, Language
from database.surveys import HeldAnswerRow, HeldFeedbackRow, SurveyDraftRow
from database.tables import CallRow
from policy.areas import Areas
from survey.answers import Answer, Answers
from survey.context import context_of, iso_week
from survey.held import Context, HeldAnswer
from survey.members import HeldFeedback, feedback_in
from survey.questions import Question, QuestionKind, Survey
from survey.urgent import sounds_urgent
from web.residents.agency import Site
from web.residents.counting import note
from web.residents.invitations import Closed, invitation_of, why_closed

_SHARE: Final = "S1"
"""Whether those who helped may read the comment: it is kept with the comment, not with the answers."""
_YES: Final = "yes"


@dataclass(frozen=True, kw_only=True)
class Submitted:
    """What became of it. `closed`: why the link is; then nothing was stored. `urgent`: the comment sounds so."""

    closed: Closed | None = None
    urgent: bool = False


def submit(site: Site, token: str, *, answers: Answers, language: Language) -> Submitted:
    """Hold one survey's answers and use its link up, both or neither. Nothing of it is logged: not even that it was.

    What is held names no call, no invitation and no time but the week.
    """
    comment = comment_in(site.agency.survey, answers.values)
    urgent = comment is not None and sounds_urgent(comment)
    now = site.clock.now()
    with Session(site.engine) as session, session.begin():
        invitation = invitation_of(session, site, token, lock=True)
        closed = why_closed(invitation, now)
        if closed is not None or invitation is None:
            return Submitted(closed=closed or Closed.UNKNOWN)
        invitation.used = True
        session.add(invitation)
        drafts = delete(SurveyDraftRow).where(col(SurveyDraftRow.invitation_id) == invitation.id)
        began = session.execute(drafts.returning(col(SurveyDraftRow.invitation_id))).first() is None
        note(session, site, invitation, began=began)  # who sends all at once has begun, too
        context = _context(session, site.agency.areas, invitation.call_id)
        may_share = comment is not None and answers.values.get(_SHARE) == _YES
        about = _about_members(session, site, invitation.call_id, answers, language, comment if may_share else None)
        if any(one.comment is not None for one in about):
            comment, may_share = None, False  # it is in one place only
        held = HeldAnswer(
            agency=site.agency.key,
            survey_version=site.agency.survey.version,
            language=language,
            week=iso_week(now),
            answers=_apart(site.agency.survey, answers.values),
            comment=comment,
            may_share=may_share,
            urgent=urgent,
            context=context or Context(),
            without_facts=context is None,
        )
        session.add(HeldAnswerRow(body_encrypted=site.keyring.encrypt_without_time(held.as_text())))
        session.add_all(HeldFeedbackRow(body_encrypted=site.keyring.encrypt_without_time(it.as_text())) for it in about)
    return Submitted(urgent=urgent)


def comment_in(survey: Survey, values: Mapping[str, Answer]) -> str | None:
    """What was written, of all questions that ask for words."""
    written = [str(values[question.id]) for question in _comments(survey) if question.id in values]
    return "\n\n".join(written) or None


def _comments(survey: Survey) -> list[Question]:
    return [question for question in survey.questions if question.kind is QuestionKind.COMMENT]


def _apart(survey: Survey, values: Mapping[str, Answer]) -> dict[str, Answer]:
    """The answers without the comment and what is said about it, and without what is said of members."""
    words = {question.id for question in _comments(survey)} | {_SHARE}
    members = survey.members_feedback.ids if survey.members_feedback else frozenset()
    return {id_: value for id_, value in values.items() if id_ not in words | members}


def _about_members(
    session: Session, site: Site, call_id: str, answers: Answers, language: Language, shared: str | None
) -> list[HeldFeedback]:
    """What is said of the call taker and of the officer. A comment that sounds urgent is none: a person looks at it."""
    return feedback_in(
        site.agency.survey,
        answers.values,
        keys=members_of(session, site.keyring, call_id) if site.agency.survey.members_feedback else {},
        comment=None if shared is not None and sounds_urgent(shared) else shared,
        agency=site.agency.key,
        week=iso_week(site.clock.now()),
        language=language,
    )


def _context(session: Session, areas: Areas | None, call_id: str) -> Context | None:
    """`None`: the call's facts cannot be read. The answer counts all the same; that it is so is logged by the cut, for
    a line in the log of this moment would tell that a survey was sent."""
    call = session.get(CallRow, call_id)
    try:
        facts = None if call is None else CallFacts.model_validate(call.facts)
        if facts is None:
            return Context()
        return context_of(facts, area_version=None if areas is None else areas.version_of(facts.area))
    except ValidationError:
        return None
