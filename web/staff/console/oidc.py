"""The way in by the provider of OpenID Connect, and back from it."""

from typing import Final

import structlog
from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import RedirectResponse

from web.staff.access.audit import REFUSED
from web.staff.access.local_accounts import SIGN_IN
from web.staff.access.oidc import LONGEST_SECONDS, OpenIDConnect
from web.staff.access.oidc_provider import ProviderAway, Refused
from web.staff.console.guard import OPEN
from web.staff.console.parts import SESSION_COOKIE, Console
from web.staff.console.sign_in import come_in, own_path

WAY_COOKIE: Final = "console_sign_in"
_PATH: Final = "/sign-in/oidc"
_STATUS: Final = {"no_role": 403, "refused": 403, "provider_away": 503}

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


def oidc_routes(console: Console) -> APIRouter:
    """Open to everybody; without a provider there is nothing here."""
    router = APIRouter(dependencies=[OPEN])

    @router.get(_PATH)
    def begin(request: Request, back: str = "/") -> Response:
        try:
            begun = _openid(console).begin(back=own_path(back))
        except ProviderAway as away:
            return _kindly(console, request, "provider_away", cause=away.cause)
        answer = RedirectResponse(begun.address, 303)
        answer.set_cookie(
            WAY_COOKIE,
            begun.sealed,
            max_age=LONGEST_SECONDS,
            path=_PATH,
            httponly=True,
            samesite="lax",  # the provider sends the browser back to us: "strict" would keep the cookie away
            secure=console.is_https,
        )
        return answer

    @router.get(_PATH + "/callback")
    def finish(request: Request) -> Response:
        answer = _finish(console, _openid(console), request)
        answer.delete_cookie(WAY_COOKIE, path=_PATH)
        return answer

    return router


def _finish(console: Console, openid: OpenIDConnect, request: Request) -> Response:
    try:
        who, back = openid.finish(request.cookies.get(WAY_COOKIE), request.query_params)
    except Refused as refused:
        return _kindly(console, request, "refused", cause=refused.cause)
    except ProviderAway as away:
        return _kindly(console, request, "provider_away", cause=away.cause)
    if not who.roles:
        console.audit.write(who, SIGN_IN, outcome=REFUSED, detail={"why": "no role"})
        return _kindly(console, request, "no_role", cause="no role")
    if SESSION_COOKIE in request.cookies:
        console.sessions.end(request.cookies[SESSION_COOKIE])
    return come_in(console, who, back=back)


def _openid(console: Console) -> OpenIDConnect:
    if console.openid is None:
        raise HTTPException(404)
    return console.openid


def _kindly(console: Console, request: Request, reason: str, *, cause: str) -> Response:
    """What the provider wrote into the address is shown to nobody: anybody could have written it."""
    _log.warning("a sign-in was not completed", cause=cause)
    return console.pages.page(
        request, "not_signed_in.html", words_of="not_signed_in", status=_STATUS[reason], reason=reason
    )
