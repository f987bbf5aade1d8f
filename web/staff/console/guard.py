"""The door of every page: who is it, may they, is it written down? A route of which nobody says who may is refused."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.routing import BaseRoute, Mount

from web.serving.forms import Form, posted_form
from web.staff.access.audit import REFUSED
from web.staff.access.roles import SHOWS_PERSONAL_DATA, Act, Member
from web.staff.access.sessions import SignedIn
from web.staff.console.parts import SESSION_COOKIE, Console, console_of

FORM_TOKEN: Final = "form_token"  # noqa: S105 - the name of a field
LIVE_HEADER: Final = "X-Live"
"""Sent by a page that keeps itself up to date."""
_WRITTEN_DOWN: Final = (
    "why",
    "asked",
    "until",
    "language",
    "mode",
    "scope",
    "kind",
    "type",
    "from",
    "to",
    "state",
    "rule",
    "decision",
    "done",
)
"""Fields that the audit log keeps, of forms and of addresses. Never a number, a name or free words of a resident's."""
_MOST_CHARACTERS: Final = 300


class SignInFirst(Exception):  # noqa: N818 - an outcome
    """Nobody is signed in. `back`: where to go on afterwards."""

    def __init__(self, back: str) -> None:
        super().__init__()
        self.back = back


class Needs:
    """A dependency: lets a signed-in member in whose roles may do `act`, and gives the handler who it is.

    Everything that is asked for and allowed, or refused, and every look at personal data, is in the audit log before it
    happens: that the database or a missing reason kept it from being done, the log does not know.
    """

    def __init__(self, act: Act) -> None:
        self.act = act

    async def __call__(self, request: Request) -> Member:
        form = await posted_form(request) if request.method == "POST" else None
        return await run_in_threadpool(self._admit, request, form)

    def _admit(self, request: Request, form: Form | None) -> Member:
        console = console_of(request)
        seat = signed_in(request)
        if seat is None:
            raise SignInFirst(_back(request))
        if _holds_nul(request, form):
            raise HTTPException(400)
        about = "/".join(str(value) for value in request.path_params.values()) or None
        if not seat.member.may(self.act):
            console.audit.write(seat.member, self.act, outcome=REFUSED, about=about)
            raise HTTPException(403)
        if form is not None:
            if form.get(FORM_TOKEN) != seat.form_token:
                raise HTTPException(403)
            console.audit.write(seat.member, self.act, about=about, detail=_kept(form))
        elif self.act in SHOWS_PERSONAL_DATA:
            console.audit.looked(seat.member, self.act, about=about or request.url.path)
        return seat.member


def _holds_nul(request: Request, form: Form | None) -> bool:
    """PostgreSQL takes no NUL in a text: no address and no form of ours has one."""
    given = [request.url.path, *request.path_params.values(), *request.query_params.values()]
    return any("\0" in str(value) for value in [*given, *([] if form is None else form.values())])


def needs(act: Act) -> Any:
    """The annotation's part: `member: Annotated[Member, needs(Act.SEE_BOARD)]`."""
    return Depends(Needs(act))


def signed_in(request: Request) -> SignedIn | None:
    """Who it is; asked once a request."""
    if not hasattr(request.state, "seat"):
        sessions = console_of(request).sessions
        is_there = LIVE_HEADER not in request.headers
        request.state.seat = sessions.find(request.cookies.get(SESSION_COOKIE), is_there=is_there)
    seat: SignedIn | None = request.state.seat
    return seat


async def nobody_needed() -> None:
    """Marks a route that is open to everybody: the way in, and what is no secret. It takes no thread, which `/livez`
    would wait for while pages that hang hold them all."""


OPEN: Final = Depends(nobody_needed)


def guarded_routes(routes: Iterable[BaseRoute]) -> Iterator[tuple[APIRoute, Act | None]]:
    """Every route with its act; `None`: open to everybody.

    Raises:
        RuntimeError: a route says neither.
    """
    for route in routes:
        if isinstance(route, Mount):
            continue  # static files
        included = getattr(route, "original_router", None)
        if isinstance(included, APIRouter):
            yield from guarded_routes(included.routes)
            continue
        if not isinstance(route, APIRoute):
            raise RuntimeError(f"a route that is no route of ours: {route}")
        calls = [found.call for found in _all(route.dependant)]
        acts = [call.act for call in calls if isinstance(call, Needs)]
        if not acts and nobody_needed not in calls:
            raise RuntimeError(f"nobody has said who may do this: {route.methods} {route.path}")
        yield route, acts[0] if acts else None


def _all(dependant: Dependant) -> Iterator[Dependant]:
    for found in dependant.dependencies:
        yield found
        yield from _all(found)


def _back(request: Request) -> str:
    """A page to come back to; what was posted is not posted again."""
    if request.method != "GET":
        return "/"
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


def _kept(fields: Mapping[str, str]) -> dict[str, str]:
    return {name: fields[name][:_MOST_CHARACTERS] for name in _WRITTEN_DOWN if fields.get(name)}


AnyMember = Annotated[Member, Depends(Needs(Act.SEE_SERVICE))]
"""Everybody who is signed in."""

__all__ = [
    "LIVE_HEADER",
    "OPEN",
    "AnyMember",
    "Console",
    "Needs",
    "SignInFirst",
    "guarded_routes",
    "needs",
    "signed_in",
]
