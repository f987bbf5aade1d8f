"""The page of one call, and what can be done there. Each action is a form of its own, with an act of its own."""

from collections.abc import Callable
from typing import Annotated, Final
from urllib.parse import quote

import phonenumbers
from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import RedirectResponse

from calls.contracts import workflow_id
from calls.facts import Language
from calls.timetable import End, Send, Wait
from web.serving.forms import form_of
from web.staff.access.audit import NOTHING
from web.staff.access.roles import Act, Member
from web.staff.audit_trail import audit_trail
from web.staff.console.find import group_labels
from web.staff.console.guard import needs
from web.staff.console.in_words import InWords
from web.staff.console.pages import language_of
from web.staff.console.parts import Console
from web.staff.console.words import words
from web.staff.numbers.blocked import Why
from web.staff.one_call.actions import DID_SOMETHING, CallActions, NoSuchCall, Outcome
from web.staff.one_call.call import Calls, OneCall

LONGEST_REASON: Final = 300
_MOST_ENTRIES: Final = 25


def call_routes(console: Console) -> APIRouter:
    """For operators and supervisors. CAD's ids may hold a slash: what follows `/calls/` is all of it."""
    router = _act_routes(console)
    calls = Calls(engine=console.engine, keyring=console.keyring, agency=console.agency, clock=console.clock)

    @router.get("/calls/{call_id:path}")
    def call(
        request: Request, call_id: str, member: Annotated[Member, needs(Act.SEE_CALL)], said: str = ""
    ) -> Response:
        found = calls.read(call_id)
        if found is None:
            raise HTTPException(404)
        return _page(console, request, found, member, said=said)

    return router


def _act_routes(console: Console) -> APIRouter:
    """What is done is said on the call's page, to which the answer leads."""
    router = APIRouter()
    actions = CallActions(engine=console.engine, keyring=console.keyring)

    def done(call_id: str, member: Member, act: Act, do: Callable[[], Outcome]) -> Response:
        try:
            outcome = do()
        except NoSuchCall:
            raise HTTPException(404) from None
        if outcome not in DID_SOMETHING:
            console.audit.write(member, act, outcome=NOTHING, about=call_id, detail={"said": outcome.value})
        return RedirectResponse(f"/calls/{quote(call_id, safe='')}?said={outcome}", 303)

    @router.post("/calls/{call_id:path}/hold")
    def hold(request: Request, call_id: str, member: Annotated[Member, needs(Act.HOLD_CALL)]) -> Response:
        why = _field(request, "why")
        return done(call_id, member, Act.HOLD_CALL, lambda: actions.hold(call_id, by=member.name, why=why))

    @router.post("/calls/{call_id:path}/release")
    def release(request: Request, call_id: str, member: Annotated[Member, needs(Act.RELEASE_CALL)]) -> Response:
        why = _field(request, "why")
        return done(call_id, member, Act.RELEASE_CALL, lambda: actions.release(call_id, by=member.name, why=why))

    @router.post("/calls/{call_id:path}/stop")
    def stop(request: Request, call_id: str, member: Annotated[Member, needs(Act.STOP_CALL)]) -> Response:
        why = _field(request, "why")
        return done(call_id, member, Act.STOP_CALL, lambda: actions.stop_for_good(call_id, by=member.name, why=why))

    @router.post("/calls/{call_id:path}/language")
    def language(request: Request, call_id: str, member: Annotated[Member, needs(Act.CHANGE_LANGUAGE)]) -> Response:
        wanted = _field(request, "language")
        return done(
            call_id, member, Act.CHANGE_LANGUAGE, lambda: actions.choose_language(call_id, wanted, by=member.name)
        )

    @router.post("/calls/{call_id:path}/block")
    def block(request: Request, call_id: str, member: Annotated[Member, needs(Act.BLOCK_NUMBER)]) -> Response:
        why = _field(request, "why")
        return done(call_id, member, Act.BLOCK_NUMBER, lambda: actions.block_number(call_id, why, by=member.name))

    return router


def _page(console: Console, request: Request, found: OneCall, member: Member, *, said: str) -> Response:
    language, call_id = language_of(request), found.row.call_id
    entries = audit_trail(console.engine, about=call_id).entries if member.may(Act.SEE_AUDIT) else []
    workflow = quote(workflow_id(call_id), safe="")
    has_workflow = console.temporal_ui and found.row.signalled is not None
    return console.pages.page(
        request,
        "call.html",
        words_of="call",
        call=found,
        said=said if said in set(Outcome) else "",
        did=said in DID_SOMETHING,
        say=InWords(language),
        groups=group_labels(console, request),
        number=spoken(found.number),
        spoken=spoken,
        step={Wait: "wait", Send: "send", End: "end"}.get(type(found.step), "over"),
        entries=entries[:_MOST_ENTRIES],
        audit=words("audit", language),
        workflow=f"{console.temporal_ui}/workflows/{workflow}" if has_workflow else "",
        languages=list(Language),
        reasons=list(Why),
        longest=LONGEST_REASON,
        at=console.clock.at,
    )


def spoken(number: str | None) -> str:
    """As people here write and say it: `613-555-0142`; of another country with its code."""
    if number is None:
        return ""
    if number.startswith("+1") and len(number) == 12:
        return f"{number[2:5]}-{number[5:8]}-{number[8:]}"
    parsed = phonenumbers.parse(number)
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


def _field(request: Request, name: str) -> str:
    form = form_of(request.scope)
    return "" if form is None else form.get(name, "").strip()[:LONGEST_REASON]
