"""The survey behind the link in a text: shown as often as wanted, answered once, cut from the call (R7)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Response
from fastapi.responses import RedirectResponse
from sqlmodel import Session

from calls.facts import Language
from survey.answers import Answers, check_answers
from survey.questions import Condition, Question, Survey
from web.residents.agency import Site
from web.residents.forms import Form, posted_form
from web.residents.invitations import Closed, invitation_of, why_closed
from web.residents.pages import Pages, page_language
from web.residents.submission import submit

_GONE, _NOT_FOUND, _UNPROCESSABLE = 410, 404, 422


@dataclass(frozen=True, kw_only=True)
class Group:
    """A question, and those that follow it only after certain answers (`opens`)."""

    question: Question
    follow_ups: Sequence[Question] = ()
    opens: frozenset[str] = frozenset()


def survey_routes(site: Site, pages: Pages) -> APIRouter:
    """`GET` and `POST /s/{token}`, and the thank-you page, whose address tells nothing."""
    router = APIRouter()
    survey = site.agency.survey
    groups = grouped(survey)

    def show(
        language: Language, token: str, *, form: Form, problems: Mapping[str, str] | None = None, status: int = 200
    ) -> Response:
        return pages.page(
            "survey.html",
            language,
            status=status,
            survey=survey,
            groups=groups,
            token=token,
            chosen={key: set(form.getlist(key)) for key in form},
            problems=problems or {},
        )

    @router.get("/s/{token}")
    def open_survey(
        token: str, lang: Annotated[str | None, Query()] = None, accept_language: Annotated[str, Header()] = ""
    ) -> Response:
        """Opening uses nothing up: phones and mail scanners open links to preview them."""
        with Session(site.engine) as session:
            invitation = invitation_of(session, site, token)
            closed = why_closed(invitation, site.clock.now())
            spoken = None if invitation is None else invitation.language
        language = page_language(lang, spoken, accept_language=accept_language)
        if closed is not None:
            return _sorry(pages, closed, language)
        return show(language, token, form=Form())

    @router.post("/s/{token}")
    def send_answers(
        token: str,
        form: Annotated[Form, Depends(posted_form)],
        lang: Annotated[str | None, Query()] = None,
        accept_language: Annotated[str, Header()] = "",
    ) -> Response:
        language = page_language(form.get("switch"), lang, accept_language=accept_language)
        closed = _look(site, token)
        if closed is not None:
            return _sorry(pages, closed, language)
        if "switch" in form:  # the language button: the same page, answers kept, nothing saved
            return show(language, token, form=form)
        answers = check_answers(survey, {key: form.getlist(key) for key in form})
        if answers.problems or not answers.values:
            return show(language, token, form=form, problems=_problems(answers), status=_UNPROCESSABLE)
        submitted = submit(site, token, answers=answers, language=language)
        if submitted.closed is not None:  # somebody was a moment faster
            return _sorry(pages, submitted.closed, language)
        return RedirectResponse(f"/thank-you?lang={language}", status_code=303)

    @router.get("/thank-you")
    def thank_you(
        lang: Annotated[str | None, Query()] = None, accept_language: Annotated[str, Header()] = ""
    ) -> Response:
        return pages.page("thanks.html", page_language(lang, accept_language=accept_language))

    return router


def grouped(survey: Survey) -> list[Group]:
    """The questions with those that depend on them, which the page hides until they are due.

    Only questions that directly follow their gate, with one condition, are grouped. Others are always shown, and the
    answers that do not count are dropped when they arrive.
    """
    groups: list[Group] = []
    for question in survey.questions:
        last, condition = (groups[-1] if groups else None), question.only_if
        if condition is not None and last is not None and _belongs(condition, last):
            groups[-1] = Group(
                question=last.question,
                follow_ups=[*last.follow_ups, question],
                opens=frozenset(condition.answers),
            )
        else:
            groups.append(Group(question=question))
    return groups


def _belongs(condition: Condition, group: Group) -> bool:
    return condition.question == group.question.id and group.opens in (frozenset(), frozenset(condition.answers))


def _look(site: Site, token: str) -> Closed | None:
    with Session(site.engine) as session:
        return why_closed(invitation_of(session, site, token), site.clock.now())


def _sorry(pages: Pages, closed: Closed, language: Language) -> Response:
    return pages.message(closed, status=_NOT_FOUND if closed is Closed.UNKNOWN else _GONE, first=language)


def _problems(answers: Answers) -> dict[str, str]:
    """Keys of words by question id; the empty id is the whole form."""
    return {key: problem.value for key, problem in answers.problems.items()} or {"": "nothing_answered"}
