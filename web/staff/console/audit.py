"""The audit log, as staff read it."""

from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response

from web.staff.access.local_accounts import SIGN_IN
from web.staff.access.roles import Act, Member
from web.staff.audit_trail import audit_trail
from web.staff.console.guard import needs
from web.staff.console.parts import Console
from web.staff.console.sign_in import SIGN_OUT

ACTS: Final = (SIGN_IN, SIGN_OUT, *(act.value for act in Act))


def audit_routes(console: Console) -> APIRouter:
    """For those who answer for what is done here."""
    router = APIRouter()

    @router.get("/audit")
    def audit(
        request: Request,
        _: Annotated[Member, needs(Act.SEE_AUDIT)],
        who: str = "",
        act: str = "",
        about: str = "",
        before: Annotated[int | None, Query(ge=1, lt=2**63)] = None,
    ) -> Response:
        wanted = {"who": who.strip(), "act": act if act in ACTS else "", "about": about.strip()}
        trail = audit_trail(
            console.engine, subject=wanted["who"], act=wanted["act"], about=wanted["about"], before=before
        )
        return console.pages.page(request, "audit.html", words_of="audit", trail=trail, wanted=wanted, acts=ACTS)

    return router
