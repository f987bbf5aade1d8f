"""The pages of what residents wrote: the review, and what has been shared.

An urgent comment that is held has no address of its own, and its id stands in no log: until the night, it would tell
whose it is (R7).
"""

import re
from collections.abc import Mapping
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from calls.facts import Language
from insights.topics import Topic, suggested
from survey.review import Decision, Done, Mask, marks, words_of
from web.serving.forms import Form, form_of
from web.staff.access.roles import Act, Member
from web.staff.comments.review import Comment, CommentReview, Outcome
from web.staff.comments.shared import shared_comments
from web.staff.comments.urgent import UrgentComments
from web.staff.console.guard import needs
from web.staff.console.parts import Console

SHARE: Final = "share"
APPROVE: Final = "approve"
DECLINE: Final = "decline"
MASK: Final = "mask"
_DECISIONS: Final = {SHARE: Decision.APPROVED, APPROVE: Decision.APPROVED, DECLINE: Decision.DECLINED}
_SAYS: Final = {SHARE: "shared", APPROVE: "approved", DECLINE: "declined"}
_SAID: Final = frozenset(
    {*_SAYS.values(), "seen", "gone", "no_done", "masked", "none_marked", "changed", "no_consent", "look_first"}
)
_MASKED: Final = re.compile(r"\[(?:name|place|detail|e-mail|postal code|phone|number|plate)\]")
_MARKS: Final = {Mask.NAME: "is_name", Mask.PLACE: "is_place", Mask.DETAIL: "is_detail"}


def comments_routes(console: Console) -> APIRouter:
    """For reviewers; what is shared for those who helped."""
    router = APIRouter()
    review = CommentReview(engine=console.engine, keyring=console.keyring, agency=console.agency.key)
    urgent = UrgentComments(engine=console.engine, keyring=console.keyring, agency=console.agency.key)
    _add_shared(router, console)
    _add_list(router, console, review, urgent)
    _add_one(router, console, review)
    return router


def in_words(comment: str, t: Mapping[str, str]) -> str:
    """The comment, with what stands for masked words in the page's language."""
    return _MASKED.sub(lambda found: t[f"mask_{found[0]}"], comment)


def _add_list(router: APIRouter, console: Console, review: CommentReview, urgent: UrgentComments) -> None:
    @router.get("/comments")
    def comments(
        request: Request,
        _: Annotated[Member, needs(Act.REVIEW_COMMENTS)],
        state: str = "",
        language: str = "",
        said: str = "",
    ) -> Response:
        language = _language(language)
        unseen = [(one, urgent.mark(one)) for one in urgent.unseen()]
        decision = Decision(state) if state in set(Decision) else None
        waiting = review.waiting(language)
        shown = waiting.comments if decision is None else review.decided(decision, language)
        return console.pages.page(
            request,
            "comments.html",
            words_of="comments",
            unseen=unseen,
            done=list(Done),
            # Those that sound urgent stand above already.
            comments=[one for one in shown if not one.urgent],
            in_all=waiting.in_all - sum(one.urgent for one in waiting.comments),
            state="" if decision is None else decision.value,
            only=language,
            languages=list(Language),
            said=_known(said),
            in_words=in_words,
        )

    @router.post("/comments/seen")
    def seen(request: Request, _: Annotated[Member, needs(Act.REVIEW_COMMENTS)]) -> Response:
        form = _form(request)
        if form.get("done") not in set(Done):
            return _to("/comments", said="no_done")
        id_ = _uuid(form.get("id", ""))
        was_there = id_ is not None and urgent.see_again(id_, mark=form.get("mark", ""))
        return _to("/comments", said="seen" if was_there else "gone")


def _add_one(router: APIRouter, console: Console, review: CommentReview) -> None:
    @router.get("/comments/one/{id_}")
    def one(request: Request, id_: str, _: Annotated[Member, needs(Act.REVIEW_COMMENTS)], said: str = "") -> Response:
        found = _uuid(id_)
        comment = None if found is None else review.one(found)
        if comment is None:
            return console.pages.page(request, "comment_moved.html", words_of="comments", status=404, said=_known(said))
        by_keyword = suggested(comment.comment)
        return console.pages.page(
            request,
            "comment.html",
            words_of="comments",
            comment=comment,
            words=words_of(comment.comment),
            marks=_MARKS,
            topics=list(Topic),
            by_keyword=by_keyword,
            chosen=by_keyword if comment.topics is None else comment.topics,
            said=_known(said),
            in_words=in_words,
        )

    @router.post("/comments/one/{id_}")
    def decide(request: Request, id_: str, _: Annotated[Member, needs(Act.REVIEW_COMMENTS)]) -> Response:
        form, found = _form(request), _uuid(id_)
        if found is None or form.get("decision") not in {*_DECISIONS, MASK}:
            return _to("/comments", said="changed")
        return _decided(review, found, form)


def _decided(review: CommentReview, id_: UUID, form: Form) -> Response:
    """Marked words are masked first, whichever button it was: nothing is shared that somebody wanted to take away."""
    wanted, period, mark = form["decision"], form.get("period", ""), form.get("mark", "")
    places = marks(form.getlist("word"))
    if places:
        kind = Mask(form["mask"]) if form.get("mask") in set(Mask) else Mask.DETAIL
        now = review.mask(id_, period=period, mark=mark, places=places, mask=kind)
        if now is None:
            return _to("/comments", said="changed")
        id_, mark = now.id, now.mark
    if wanted == MASK:
        return _to(f"/comments/one/{id_}", said="masked" if places else "none_marked")
    outcome = review.decide(
        id_,
        period=period,
        mark=mark,
        decision=_DECISIONS[wanted],
        share=wanted == SHARE,
        topics=form.getlist("topic"),
    )
    if outcome is not Outcome.KEPT:
        return _to("/comments", said=outcome.value)
    following = _next(review)
    to = "/comments" if following is None else f"/comments/one/{following.id}"
    return _to(to, said=_SAYS[wanted])


def _next(review: CommentReview) -> Comment | None:
    """The one to go on with."""
    return next((one for one in review.waiting().comments if not one.urgent), None)


def _add_shared(router: APIRouter, console: Console) -> None:
    @router.get("/comments/shared")
    def shared(
        request: Request,
        _: Annotated[Member, needs(Act.SEE_SHARED_COMMENTS)],
        month: str = "",
        language: str = "",
        topic: str = "",
    ) -> Response:
        only = {"language": _language(language), "topic": topic if topic in set(Topic) else ""}
        found = shared_comments(console.engine, console.keyring, agency=console.agency.key, month=month, **only)
        return console.pages.page(
            request,
            "shared.html",
            words_of="comments",
            found=found,
            only=only,
            languages=list(Language),
            topics=list(Topic),
            in_words=in_words,
        )


def _form(request: Request) -> Form:
    return form_of(request.scope) or Form()


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _language(given: str) -> str:
    return given if given in set(Language) else ""


def _known(said: str) -> str:
    return said if said in _SAID else ""


def _to(path: str, *, said: str) -> Response:
    return RedirectResponse(f"{path}?said={said}", 303)
