"""The way in and out, and what each likes: language, dark or light."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, HTTPException, Request, Response
from fastapi.responses import RedirectResponse

from calls.facts import Language
from web.serving.forms import Form, posted_form
from web.staff.access.local_accounts import SIGN_IN, LockedOut
from web.staff.access.oidc import PREFIX
from web.staff.access.roles import Member, Role
from web.staff.access.sessions import SignedIn
from web.staff.console.guard import OPEN, signed_in
from web.staff.console.pages import LANGUAGE_COOKIE, MENU, THEME_COOKIE, THEMES
from web.staff.console.parts import SESSION_COOKIE, Console

SIGN_OUT: Final = "sign_out"
_A_YEAR: Final = 365 * 24 * 3600
_LONGEST_BACK: Final = 500


def sign_in_routes(console: Console) -> APIRouter:
    """Open to everybody."""
    router = APIRouter(dependencies=[OPEN])

    @router.get("/sign-in")
    def ask(request: Request, back: str = "/") -> Response:
        return _page(console, request, back=back)

    @router.post("/sign-in")
    def sign_in(request: Request, form: Annotated[Form, Depends(posted_form)]) -> Response:
        if console.local_accounts is None:
            raise HTTPException(404)
        back = form.get("back", "/")
        try:
            who = console.local_accounts.sign_in(form.get("account", ""), form.get("password", ""))
        except LockedOut:
            return _page(console, request, back=back, said="locked_out", status=429)
        if who is None:
            return _page(console, request, back=back, said="wrong_password", status=403)
        return come_in(console, who, back=back)

    @router.post("/sign-out")
    def sign_out(request: Request, form: Annotated[Form, Depends(posted_form)]) -> Response:
        seat = signed_in(request)
        if seat is not None:
            if form.get("form_token") != seat.form_token:
                raise HTTPException(403)
            console.audit.write(seat.member, SIGN_OUT)
            console.sessions.end(request.cookies[SESSION_COOKIE])
        answer = _signed_out(console, request, seat)
        answer.delete_cookie(SESSION_COOKIE)
        return answer

    return router


def liking_routes(console: Console) -> APIRouter:
    """Language, and dark or light: kept in the browser, nothing else."""
    router = APIRouter(dependencies=[OPEN])

    @router.get("/language/{language}")
    def choose_language(language: Language, back: str = "/") -> Response:
        return _liking(console, LANGUAGE_COOKIE, language, back)

    @router.get("/theme/{theme}")
    def choose_theme(theme: str, back: str = "/") -> Response:
        if theme not in THEMES:
            raise HTTPException(404)
        return _liking(console, THEME_COOKIE, theme, back)

    return router


def come_in(console: Console, who: Member, *, back: str) -> Response:
    """A new session, written down, for somebody who has a role of ours."""
    console.audit.write(who, SIGN_IN)
    answer = RedirectResponse(own_path(back), 303)
    answer.set_cookie(
        SESSION_COOKIE, console.sessions.begin(who), httponly=True, samesite="lax", secure=console.is_https, path="/"
    )
    return answer


def first_page(member: Member) -> str:
    """The first page of the menu that somebody may see."""
    return next((to for _, to, act in MENU if member.may(act)), "/service")


def own_path(back: str) -> str:
    """A path of ours: nobody is led elsewhere (`//elsewhere`, `/\\elsewhere`)."""
    is_ours = back.startswith("/") and not back.startswith(("//", "/\\")) and back.isprintable() and back.isascii()
    return back if is_ours and len(back) <= _LONGEST_BACK else "/"


def _liking(console: Console, cookie: str, value: str, back: str) -> Response:
    answer = RedirectResponse(own_path(back), 303)
    answer.set_cookie(cookie, value, max_age=_A_YEAR, httponly=True, samesite="lax", secure=console.is_https)
    return answer


def _signed_out(console: Console, request: Request, seat: SignedIn | None) -> Response:
    """Also where the provider ends its own session: else the next one at this desk is in with a click. That page is one
    of ours which goes on by itself, since a browser lets no form of ours end at another site (headers.py)."""
    is_local = seat is not None and not seat.member.subject.startswith(PREFIX)
    onward = console.openid.sign_out_address() if console.openid and not is_local else None
    if onward is None:
        return RedirectResponse("/sign-in", 303)
    request.state.seat = None
    page = console.pages.page(request, "signed_out.html", words_of="sign_in", onward=onward)
    page.headers["Refresh"] = f"0; url={onward}"
    return page


def _page(console: Console, request: Request, *, back: str, said: str = "", status: int = 200) -> Response:
    signed_in(request)
    return console.pages.page(
        request,
        "sign_in.html",
        words_of="sign_in",
        status=status,
        to=own_path(back),
        said=said,
        accounts=[role.value for role in Role] if console.local_accounts else [],
        provider=console.openid.setup.name if console.openid else None,
    )
