"""Numbers that are not texted: the list that staff keep, and who has opted out. A number is only ever posted (R3)."""

from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Annotated, Final

from fastapi import APIRouter, HTTPException, Query, Request, Response
from fastapi.responses import RedirectResponse

from database.tables import real_now
from web.serving.forms import Form
from web.staff.access.roles import Act, Member
from web.staff.console.guard import needs
from web.staff.console.parts import Console
from web.staff.numbers.blocked import Blocked, BlockedNumbers, NotANumber, Why, e164, for_reading
from web.staff.numbers.opt_outs import OptOut, OptOuts

_SAID: Final = ("blocked", "was_blocked", "stays_blocked", "opted_out", "was_opted_out", "unblocked", "ended", "gone")
_LONGEST: Final = 300
_BELOW: Final = Query(ge=1, lt=2**63)


class Asked(StrEnum):
    """How somebody asked for no more texts, or for texts again."""

    TELEPHONE = "by telephone"
    IN_PERSON = "in person"
    WRITING = "in writing"


def numbers_routes(console: Console) -> APIRouter:
    """Where numbers are entered, and looked up."""
    router = APIRouter()
    blocked, opt_outs = _lists(console)

    @router.get("/numbers")
    def numbers(request: Request, _: Annotated[Member, needs(Act.BLOCK_NUMBER)], said: str = "") -> Response:
        return numbers_page(console, request, said=said if said in _SAID else "")

    @router.post("/numbers/find")
    def find(request: Request, member: Annotated[Member, needs(Act.SEE_BLOCKED)]) -> Response:
        text = form_of(request).get("number", "")
        try:
            number = e164(text)
        except NotANumber:
            return numbers_page(console, request, error="find")
        sees_opt_outs = member.may(Act.SEE_OPT_OUTS)
        if sees_opt_outs:
            console.audit.write(member, Act.SEE_OPT_OUTS, about=request.url.path)
        return console.pages.page(
            request,
            "number.html",
            words_of="numbers",
            number=number,
            shown=for_reading,
            on_list=blocked.find(number),
            opt_outs=opt_outs.of_number(number) if sees_opt_outs else (),
            sees_opt_outs=sees_opt_outs,
            reasons=list(Why),
            ways=list(Asked),
        )

    return router


def blocked_routes(console: Console) -> APIRouter:
    """The list of numbers that are not to be texted."""
    router = APIRouter()
    blocked, _ = _lists(console)

    @router.get("/numbers/blocked")
    def all_(
        request: Request,
        _: Annotated[Member, needs(Act.SEE_BLOCKED)],
        before: Annotated[int | None, _BELOW] = None,
    ) -> Response:
        page = blocked.page(before=before)
        return console.pages.page(
            request, "numbers_blocked.html", words_of="numbers", list=page, count=blocked.count(), shown=for_reading
        )

    @router.post("/numbers/blocked")
    def block(request: Request, member: Annotated[Member, needs(Act.BLOCK_NUMBER)]) -> Response:
        form = form_of(request)
        why = form.get("why", "")
        if why not in set(Why):
            return numbers_page(console, request, error="block_reason")
        try:
            until = _end_of(form.get("until", ""), console)
        except ValueError:
            return numbers_page(console, request, error="block_until")
        may_shorten = member.may(Act.UNBLOCK_NUMBER)
        note = _words(form, "note") or None
        try:
            is_new = blocked.add(
                form.get("number", ""), why=Why(why), until=until, by=member.name, note=note, may_shorten=may_shorten
            )
        except NotANumber:
            return numbers_page(console, request, error="block")
        return _said("blocked" if is_new else "was_blocked" if may_shorten else "stays_blocked")

    @router.get("/numbers/blocked/{entry}")
    def one(request: Request, _: Annotated[Member, needs(Act.SEE_BLOCKED)], entry: int) -> Response:
        return _blocked_page(console, request, blocked.entry(_an_id(entry)))

    @router.post("/numbers/blocked/{entry}/remove")
    def remove(request: Request, member: Annotated[Member, needs(Act.UNBLOCK_NUMBER)], entry: int) -> Response:
        why = _words(form_of(request), "why")
        if not why:
            return _blocked_page(console, request, blocked.entry(_an_id(entry)), error="why_missing")
        return _said("unblocked" if blocked.remove_entry(_an_id(entry), by=member.name, why=why) else "gone")

    return router


def opt_out_routes(console: Console) -> APIRouter:
    """Who wants no texts."""
    router = APIRouter()
    _, opt_outs = _lists(console)

    @router.get("/numbers/opt-outs")
    def all_(
        request: Request,
        _: Annotated[Member, needs(Act.SEE_OPT_OUTS)],
        before: Annotated[int | None, _BELOW] = None,
    ) -> Response:
        page = opt_outs.page(before=before)
        return console.pages.page(
            request, "numbers_opt_outs.html", words_of="numbers", list=page, count=opt_outs.count(), shown=for_reading
        )

    @router.post("/numbers/opt-outs")
    def enter(request: Request, member: Annotated[Member, needs(Act.ENTER_OPT_OUT)]) -> Response:
        form = form_of(request)
        asked = form.get("asked", "")
        if asked not in set(Asked):
            return numbers_page(console, request, error="opt_out_asked")
        why = ": ".join(filter(None, (asked, _words(form, "why"))))
        try:
            is_new = opt_outs.enter(form.get("number", ""), by=member.name, why=why)
        except NotANumber:
            return numbers_page(console, request, error="opt_out")
        return _said("opted_out" if is_new else "was_opted_out")

    @router.get("/numbers/opt-outs/{entry}")
    def one(request: Request, _: Annotated[Member, needs(Act.SEE_OPT_OUTS)], entry: int) -> Response:
        return _opt_out_page(console, request, opt_outs.entry(_an_id(entry)))

    @router.post("/numbers/opt-outs/{entry}/end")
    def end(request: Request, member: Annotated[Member, needs(Act.END_OPT_OUT)], entry: int) -> Response:
        form = form_of(request)
        asked, why = form.get("asked", ""), _words(form, "why")
        if asked not in set(Asked) or not why or form.get("theirs") != "yes":
            return _opt_out_page(console, request, opt_outs.entry(_an_id(entry)), error="end_incomplete")
        return _said("ended" if opt_outs.end(_an_id(entry), by=member.name, why=f"{asked}: {why}") else "gone")

    return router


def numbers_page(console: Console, request: Request, *, said: str = "", error: str = "") -> Response:
    """The forms; after an error with what was typed, for whoever typed it."""
    typed = form_of(request) if error else Form()
    return console.pages.page(
        request,
        "numbers.html",
        words_of="numbers",
        status=400 if error else 200,
        said=said,
        error=error,
        typed={name: typed.get(name, "") for name in ("number", "why", "note", "until", "asked")},
        reasons=list(Why),
        ways=list(Asked),
    )


def _blocked_page(console: Console, request: Request, entry: Blocked | None, *, error: str = "") -> Response:
    """One entry of the list, with the form that takes it off."""
    if entry is None:
        return _said("gone")
    status = 400 if error else 200
    return console.pages.page(
        request, "number_blocked.html", words_of="numbers", status=status, entry=entry, shown=for_reading, error=error
    )


def _opt_out_page(console: Console, request: Request, entry: OptOut | None, *, error: str = "") -> Response:
    """One opt-out, with the form that ends it where staff may."""
    if entry is None:
        return _said("gone")
    return console.pages.page(
        request,
        "number_opt_out.html",
        words_of="numbers",
        status=400 if error else 200,
        entry=entry,
        shown=for_reading,
        error=error,
        ways=list(Asked),
    )


def form_of(request: Request) -> Form:
    """What was posted: the guard has read it."""
    form: Form = request.state.form
    return form


def _lists(console: Console) -> tuple[BlockedNumbers, OptOuts]:
    engine, keyring = console.engine, console.keyring
    sender = console.agency.identity.sender
    return (
        BlockedNumbers(engine=engine, keyring=keyring),
        OptOuts(engine=engine, keyring=keyring, sender=sender, clock=console.clock),
    )


def _said(what: str) -> Response:
    return RedirectResponse(f"/numbers?said={what}", 303)


def _words(form: Form, name: str) -> str:
    """On one line."""
    return " ".join(form.get(name, "").split())[:_LONGEST]


def _an_id(entry: int) -> int:
    if not 0 < entry < 2**63:
        raise HTTPException(404)
    return entry


def _end_of(text: str, console: Console) -> datetime | None:
    """The end of a day on the agency's calendar; `None`: nothing was said.

    Raises:
        ValueError: that is no date, or over.
    """
    if not text.strip():
        return None
    day = date.fromisoformat(text.strip())
    if day.year > 9000:
        raise ValueError("too far away")
    end = datetime.combine(day + timedelta(days=1), time.min, console.agency.policy.timetable.zone_info)
    if end <= real_now():
        raise ValueError("over already")
    return end
