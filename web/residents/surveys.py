"""The survey behind the link in a text: page by page, as often as wanted, submitted once, cut from the call (R7)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Final
from urllib.parse import quote

from fastapi import APIRouter, Depends, Header, Query, Response
from fastapi.responses import RedirectResponse
from sqlmodel import Session, select

from calls.facts import Language
from database.tables import SurveyInvitationRow, SurveyResponseRow
from survey.answers import Answers, check_answers
from survey.steps import Given, Page, Way
from web.residents.agency import Site
from web.residents.drafts import NO_DRAFT, Draft, delete_draft, load_draft, save_draft
from web.residents.forms import Form, posted_form
from web.residents.groups import grouped
from web.residents.pages import Pages, page_language

_GONE, _NOT_FOUND, _UNPROCESSABLE = 410, 404, 422
_ALIKE = str.maketrans({"o": "0", "i": "1", "l": "1", "-": "", " ": ""})  # as Crockford reads tokens that people type
_SEE_OTHER: Final = 303


class Closed(StrEnum):
    """Why a link opens no survey."""

    UNKNOWN = "unknown"
    EXPIRED = "expired"
    USED = "used"


@dataclass(frozen=True, kw_only=True)
class Submitted:
    """What became of a submission: `closed` says why nothing was stored."""

    closed: Closed | None
    urgent: bool = False


@dataclass(frozen=True, kw_only=True)
class Opened:
    """What a link leads to."""

    closed: Closed | None
    draft: Draft = NO_DRAFT
    invited_in: Language | None = None
    """The caller's language, as far as it is known."""


def survey_routes(site: Site, pages: Pages) -> APIRouter:
    """`GET` and `POST /s/{token}`, and the thank-you page, whose address tells nothing."""
    router = APIRouter()
    survey = site.agency.survey
    way = Way(survey)

    def show(
        language: Language, token: str, page: Page, given: Given, *, problems: Mapping[str, str] | None = None
    ) -> Response:
        return pages.page(
            "survey.html",
            language,
            status=_UNPROCESSABLE if problems else 200,
            survey=survey,
            page=page,
            place=way.place(page, given),
            groups=grouped(way.shown(page, given)),
            is_first=way.before(page, given) is None,
            is_last=way.after(page, given) is None,
            token=token,
            given=given,
            problems=problems or {},
        )

    @router.get("/s/{token}")
    def open_survey(
        token: str,
        step: Annotated[str, Query()] = "",
        lang: Annotated[str | None, Query()] = None,
        accept_language: Annotated[str, Header()] = "",
    ) -> Response:
        """Opening uses nothing up and writes nothing: phones and mail scanners open links to preview them.

        Without a step: the page to go on with. With one: that page, so that the browser's own way back works.
        """
        opened = _open(site, token)
        if opened.closed is not None:
            return _sorry(pages, opened.closed, lang, accept_language=accept_language)
        language = page_language(lang, opened.draft.language, opened.invited_in, accept_language=accept_language)
        given = opened.draft.answers
        return show(language, token, way.page(_number(step) or opened.draft.step, given), given)

    @router.post("/s/{token}")
    def send_page(
        token: str,
        form: Annotated[Form, Depends(posted_form)],
        lang: Annotated[str | None, Query()] = None,
        accept_language: Annotated[str, Header()] = "",
    ) -> Response:
        """One page was sent: to go on, to go back, to read on in the other language, or at the end to submit."""
        opened = _open(site, token)
        language = page_language(
            form.get("switch"), lang, opened.draft.language, opened.invited_in, accept_language=accept_language
        )
        if opened.closed is not None:
            return _sorry(pages, opened.closed, language)
        page = way.page(_number(form.get("step")) or opened.draft.step, opened.draft.answers)
        given = way.typed(page, {key: form.getlist(key) for key in form}, opened.draft.answers)
        answers = check_answers(survey, given)
        problems = _problems(answers, page)
        if problems:
            return show(language, token, page, given, problems=problems)
        turned_to = _turned_to(way, page, given, form)
        if turned_to is None and not answers.values:
            return show(language, token, page, given, problems={"": "nothing_answered"})
        if turned_to is None:
            return finish(token, answers, language)
        closed = _save(site, token, Draft(step=turned_to.number, language=language, answers=given))
        if closed is not None:  # submitted a moment ago, on another device
            return _sorry(pages, closed, language)
        return RedirectResponse(f"/s/{quote(token)}?step={turned_to.number}&lang={language}", status_code=_SEE_OTHER)

    def finish(token: str, answers: Answers, language: Language) -> Response:
        submitted = submit(site, token, answers=answers, language=language)
        if submitted.closed is not None:  # somebody was a moment faster
            return _sorry(pages, submitted.closed, language)
        if submitted.urgent:
            # At the survey's own address, with a title like any other's: the browser keeps both.
            return pages.urgent(language)
        return RedirectResponse(f"/thank-you?lang={language}", status_code=_SEE_OTHER)

    @router.get("/thank-you")
    def thank_you(
        lang: Annotated[str | None, Query()] = None, accept_language: Annotated[str, Header()] = ""
    ) -> Response:
        return pages.page("thanks.html", page_language(lang, accept_language=accept_language))

    return router


def submit(site: Site, token: str, *, answers: Answers, language: Language) -> Submitted:
    """Store one response and use the invitation up, both or neither. Otherwise: why the link is closed.

    The response has no time but its week, and nothing of the invitation (R7).
    """
    now = site.clock.now()
    with Session(site.engine) as session, session.begin():
        invitation = _invitation(session, site, token, lock=True)
        closed = _closed(invitation, now)
        if closed is not None or invitation is None:
            return Submitted(closed=closed or Closed.UNKNOWN)
        invitation.used = True
        session.add(invitation)
        delete_draft(session, invitation.id)
        session.add(
            SurveyResponseRow(
                agency=site.agency.key,
                survey_version=site.agency.survey.version,
                language=language,
                week=iso_week(now),
                answers=dict(answers.values),
            )
        )
    return Submitted(closed=None)


def iso_week(moment: datetime) -> str:
    """The ISO week, as `2026-W04`."""
    year, week, _ = moment.isocalendar()
    return f"{year}-W{week:02}"


def _invitation(session: Session, site: Site, token: str, *, lock: bool = False) -> SurveyInvitationRow | None:
    plain = token.lower().translate(_ALIKE)
    statement = select(SurveyInvitationRow).where(SurveyInvitationRow.token_hash == site.keyring.token_hash(plain))
    return session.exec(statement.with_for_update() if lock else statement).one_or_none()


def _closed(invitation: SurveyInvitationRow | None, now: datetime) -> Closed | None:
    if invitation is None:
        return Closed.UNKNOWN
    if invitation.used:
        return Closed.USED
    return Closed.EXPIRED if now >= invitation.expires_at else None


def _open(site: Site, token: str) -> Opened:
    with Session(site.engine) as session:
        invitation = _invitation(session, site, token)
        closed = _closed(invitation, site.clock.now())
        if closed is not None or invitation is None:
            return Opened(closed=closed or Closed.UNKNOWN)
        return Opened(
            closed=None,
            draft=load_draft(session, site.keyring, invitation.id),
            invited_in=None if invitation.language is None else Language(invitation.language),
        )


def _save(site: Site, token: str, draft: Draft) -> Closed | None:
    with Session(site.engine) as session, session.begin():
        invitation = _invitation(session, site, token, lock=True)
        closed = _closed(invitation, site.clock.now())
        if closed is not None or invitation is None:
            return closed or Closed.UNKNOWN
        save_draft(session, site.keyring, invitation.id, draft, expires_at=invitation.expires_at)
    return None


def _sorry(pages: Pages, closed: Closed, *wishes: str | None, accept_language: str = "") -> Response:
    """Unknown and expired links get the same answer: it does not say whether there ever was such a link."""
    language = page_language(*wishes, accept_language=accept_language)
    if closed is Closed.USED:
        return pages.message("used", status=_GONE, first=language)
    return pages.message("closed", status=_NOT_FOUND, first=language)


def _turned_to(way: Way, page: Page, given: Given, form: Form) -> Page | None:
    """The page that comes next, by the button that was pressed; none: the survey is to be submitted."""
    if "switch" in form:
        return page
    if form.get("go") == "back":
        return way.before(page, given) or page
    return way.after(page, given)


def _number(text: str | None) -> int:
    return int(text) if text and re.fullmatch(r"[0-9]{1,2}", text) else 0


def _problems(answers: Answers, page: Page) -> dict[str, str]:
    """Keys of words by question id, of one page: what an earlier version of the survey let pass does not count."""
    here = {question.id for question in page.questions}
    return {key: problem.value for key, problem in answers.problems.items() if key in here}
