"""The page of what callers say of one member. The key is typed in and posted: it stands in no address and no log."""

from typing import Annotated

from fastapi import APIRouter, Request, Response

from survey.questions import Role
from web.serving.forms import Form, form_of
from web.staff.access.roles import Act, Member
from web.staff.console.comments import in_words
from web.staff.console.guard import needs
from web.staff.console.pages import language_of
from web.staff.console.parts import Console
from web.staff.figures.own_feedback import OwnFeedback, asked_about, member_hashes, own_feedback


def members_routes(console: Console) -> APIRouter:
    """Nothing at all where the agency's folder does not ask for members' feedback."""
    router = APIRouter()
    roles = asked_about(console.agency)
    if not roles:
        return router

    def page(request: Request, *, role: Role, found: OwnFeedback | None = None, no_key: bool = False) -> Response:
        return console.pages.page(
            request,
            "members.html",
            words_of="members",
            status=400 if no_key else 200,
            roles=roles,
            role=role,
            found=found,
            no_key=no_key,
            at_least=console.agency.insights.members_at_least,
            asked_in=language_of(request),
            in_words=in_words,
        )

    @router.get("/members")
    def members(request: Request, _: Annotated[Member, needs(Act.SEE_MEMBER_FEEDBACK)]) -> Response:
        return page(request, role=roles[0])

    @router.post("/members")
    def member(request: Request, who: Annotated[Member, needs(Act.SEE_MEMBER_FEEDBACK)]) -> Response:
        form = form_of(request.scope) or Form()
        role = next((role for role in roles if role == form.get("role")), roles[0])
        key = form.get("key", "").strip()
        if not key:
            return page(request, role=role, no_key=True)
        hashed = member_hashes(console.keyring, console.agency, role=role, key=key)
        console.audit.write(
            who, Act.SEE_MEMBER_FEEDBACK, about=None, detail={"role": role.value, "member": " ".join(hashed)}
        )
        found = own_feedback(console.engine, console.keyring, console.agency, role=role, member=hashed)
        return page(request, role=role, found=found)

    return router
