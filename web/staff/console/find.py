"""Search: a case number or a phone number, always posted. A number is in no address, and in no log."""

from typing import Annotated

from fastapi import APIRouter, Request, Response

from web.serving.forms import form_of
from web.staff.access.roles import Act, Member
from web.staff.console.guard import needs
from web.staff.console.in_words import InWords
from web.staff.console.pages import language_of
from web.staff.console.parts import Console
from web.staff.one_call.find import LONGEST, Findings, find


def find_routes(console: Console) -> APIRouter:
    """For those who answer the telephone."""
    router = APIRouter()

    @router.get("/find")
    def ask(request: Request, _: Annotated[Member, needs(Act.FIND_CALLS)]) -> Response:
        return page(request, wanted="", found=None)

    @router.post("/find")
    def look(request: Request, _: Annotated[Member, needs(Act.FIND_CALLS)]) -> Response:
        form = form_of(request.scope)
        wanted = "" if form is None else form.get("wanted", "").strip()[:LONGEST]
        found = None
        if wanted:
            found = find(console.engine, console.keyring, wanted, agency=console.agency.identity.key)
        return page(request, wanted=wanted, found=found, empty=not wanted)

    def page(request: Request, *, wanted: str, found: Findings | None, empty: bool = False) -> Response:
        language = language_of(request)
        return console.pages.page(
            request,
            "find.html",
            words_of="find",
            wanted=wanted,
            found=found,
            empty=empty,
            say=InWords(language),
            groups=group_labels(console, request),
        )

    return router


def group_labels(console: Console, request: Request) -> dict[str, str]:
    """What the agency calls its groups of types, by their keys."""
    language = language_of(request)
    return {key: group.label[language] for key, group in console.agency.policy.eligibility.groups.items()}
