"""The survey behind the link in a text: page by page, as often as wanted, submitted once, cut from the call (R7)."""

import re
from collections.abc import Mapping
from typing import Annotated, Final
from urllib.parse import quote

from fastapi import APIRouter, Depends, Header, Query, Response
from fastapi.responses import RedirectResponse

from calls.facts import Language
from survey.answers import Answers, Problem, check_answers
from survey.questions import QuestionKind
from survey.steps import Given, Page, Way
from survey.urgent import sounds_urgent
from web.residents.agency import Site
from web.residents.counting import count_opening
from web.residents.drafts import Draft, Opened, change_draft, open_link
from web.residents.groups import grouped
from web.residents.invitations import Closed
from web.residents.pages import Pages, page_language
from web.residents.submission import submit
from web.serving.forms import Form, posted_form

_SEE_OTHER, _GONE, _UNPROCESSABLE = 303, 410, 422
# Unknown and expired links get the same answer: it does not say whether there ever was such a link.
_WORDS_OF: Final = {Closed.UNKNOWN: "closed", Closed.EXPIRED: "closed", Closed.USED: "used"}
_STATUS_OF: Final = {Closed.UNKNOWN: 404, Closed.EXPIRED: 404, Closed.USED: _GONE}

_Lang = Annotated[str | None, Query()]
_Accepted = Annotated[str, Header(alias="accept-language")]


def survey_routes(site: Site, pages: Pages) -> APIRouter:
    """`GET` and `POST /s/{token}`, and the thank-you page, whose address tells nothing."""
    router = APIRouter()
    conversation = _Conversation(site, pages)

    @router.get("/s/{token}")
    def open_survey(
        token: str, step: Annotated[str, Query()] = "", lang: _Lang = None, accept_language: _Accepted = ""
    ) -> Response:
        """Opening uses nothing up: phones and mail scanners open links to preview them. The first time is counted.

        Without a step it leads on to the page to go on with. Each page has an address, so that the browser's own way
        back leads to the page before, and loading it again shows the same.
        """
        opened = open_link(site, token)
        if opened.is_first:
            count_opening(site, token)
        language = page_language(lang, opened.draft.language, opened.invited_in, accept_language=accept_language)
        return conversation.show(token, opened, language, step=step)

    @router.post("/s/{token}")
    def send_page(
        token: str, form: Annotated[Form, Depends(posted_form)], lang: _Lang = None, accept_language: _Accepted = ""
    ) -> Response:
        """One page was sent: to go on, to go back, to read on in the other language, or at the end to submit."""
        opened = open_link(site, token)
        wishes = (form.get("switch"), lang, opened.draft.language, opened.invited_in)
        return conversation.take(token, opened, page_language(*wishes, accept_language=accept_language), form)

    @router.get("/thank-you")
    def thank_you(lang: _Lang = None, accept_language: _Accepted = "") -> Response:
        return pages.page("thanks.html", page_language(lang, accept_language=accept_language))

    return router


class _Conversation:
    """One agency's survey, from page to page."""

    def __init__(self, site: Site, pages: Pages) -> None:
        self._site = site
        self._pages = pages
        self._survey = site.agency.survey
        self._way = Way(self._survey)

    def show(self, token: str, opened: Opened, language: Language, *, step: str) -> Response:
        """The page with this number, or the way to the one to go on with."""
        if opened.closed is not None:
            return self._sorry(opened.closed, language)
        given = opened.draft.answers
        page = self._way.page(_number(step) or opened.draft.step, given)
        if _number(step):
            return self._page(token, language, page, given)
        return RedirectResponse(_address(token, page.number, language), status_code=_SEE_OTHER)

    def take(self, token: str, opened: Opened, language: Language, form: Form) -> Response:
        """What was sent is kept, and the next page shown, or all is submitted. With a mistake: the page again.

        Mistakes are told to whoever goes on. The way back and the other language are open with them, too.
        """
        sent = {key: form.getlist(key) for key in form}
        if opened.closed is not None:
            return self._refused(opened.closed, language, sent)
        page = self._way.sent(_number(form.get("step")) or opened.draft.step)
        look: Page = page
        problems: Mapping[str, str] = {}
        if _goes_on(form):
            answers = check_answers(self._survey, self._way.typed(page, sent, opened.draft.answers))
            look, problems = self._mistakes(page, answers)
            if not problems and self._is_last(page):
                return self._finish(token, answers, language, sent)

        def with_this_page(draft: Draft) -> Draft:
            given = self._way.typed(page, sent, draft.answers)
            turned_to = look if problems else self._turned_to(page, given, form)
            return Draft(step=turned_to.number, language=language, answers=given)

        saved = change_draft(self._site, token, with_this_page)
        if saved.closed is not None:  # submitted a moment ago, on another device
            return self._refused(saved.closed, language, sent)
        is_urgent = self._sounds_urgent(sent)
        if problems:
            return self._page(token, language, look, saved.draft.answers, problems=problems, urgent=is_urgent)
        to = _address(token, saved.draft.step, language)
        if is_urgent:
            return self._pages.urgent(language, title="survey_title", and_then="urgent_kept", go_on=to)
        return RedirectResponse(to, status_code=_SEE_OTHER)

    def _mistakes(self, page: Page, answers: Answers) -> tuple[Page, Mapping[str, str]]:
        """What has to be mended before it goes on, by question id, and on which page: on this one, or, before all is
        submitted, on one that was left by another button than the one that goes on."""
        looked_at = [page, *(other for other in self._way.pages if self._is_last(page) and other is not page)]
        for one in looked_at:
            problems = {
                id_: problem for id_, problem in _problems(answers, one).items() if one is page or _typed(problem)
            }
            if problems:
                return one, problems
        nothing = self._is_last(page) and not answers.values
        return page, {"": "nothing_answered"} if nothing else {}

    def _is_last(self, page: Page) -> bool:
        return page.number == len(self._way.pages)

    def _turned_to(self, page: Page, given: Given, form: Form) -> Page:
        """The page that comes next, by the button that was pressed; the last one has none after it."""
        if "switch" in form:
            return page
        if form.get("go") == "back":
            return self._way.before(page, given) or page
        return self._way.after(page, given) or page

    def _finish(self, token: str, answers: Answers, language: Language, sent: Given) -> Response:
        submitted = submit(self._site, token, answers=answers, language=language)
        if submitted.closed is not None:  # somebody was a moment faster
            return self._refused(submitted.closed, language, sent)
        if submitted.urgent:
            # Under the survey's own address and the title of every submission: the browser keeps both for anybody who
            # looks at it later.
            return self._pages.urgent(language)
        return RedirectResponse(f"/thank-you?lang={language}", status_code=_SEE_OTHER)

    def _page(
        self,
        token: str,
        language: Language,
        page: Page,
        given: Given,
        *,
        problems: Mapping[str, str] | None = None,
        urgent: bool = False,
    ) -> Response:
        return self._pages.page(
            "survey.html",
            language,
            status=_UNPROCESSABLE if problems else 200,
            survey=self._survey,
            page=page,
            place=self._way.place(page, given),
            groups=grouped(self._way.shown(page, given)),
            is_first=self._way.before(page, given) is None,
            is_last=self._way.after(page, given) is None,
            token=token,
            given=given,
            problems=problems or {},
            urgent=urgent,
        )

    def _refused(self, closed: Closed, language: Language, sent: Given) -> Response:
        """Nothing is stored. A comment that sounds urgent is answered all the same: a second tap on the button must not
        hide what the first one's page said."""
        if self._sounds_urgent(sent):
            # Never 404, in whose place may come the page of the limit on guessing.
            return self._pages.urgent(language, and_then=_WORDS_OF[closed], status=_GONE)
        return self._sorry(closed, language)

    def _sounds_urgent(self, sent: Given) -> bool:
        """Whatever becomes of it: it may be too long, or too late."""
        comments = [question.id for question in self._survey.questions if question.kind is QuestionKind.COMMENT]
        return any(sounds_urgent(comment) for id_ in comments for comment in sent.get(id_, ()))

    def _sorry(self, closed: Closed, language: Language) -> Response:
        return self._pages.message(_WORDS_OF[closed], status=_STATUS_OF[closed], first=language)


def _address(token: str, step: int, language: Language) -> str:
    return f"/s/{quote(token)}?step={step}&lang={language}"


def _goes_on(form: Form) -> bool:
    return "switch" not in form and form.get("go") != "back"


def _number(text: str | None) -> int:
    return int(text) if text and re.fullmatch(r"[0-9]{1,2}", text) else 0


def _problems(answers: Answers, page: Page) -> dict[str, Problem]:
    """By question id, of one page."""
    here = {question.id for question in page.questions}
    return {id_: problem for id_, problem in answers.problems.items() if id_ in here}


def _typed(problem: Problem) -> bool:
    """Did somebody type it? What an earlier version of the survey let pass does not count."""
    return problem is not Problem.UNKNOWN_OPTION
