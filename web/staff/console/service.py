"""The whole service: what it does and does not, who said so, and the switches."""

from collections.abc import Callable
from typing import Annotated, Final

from fastapi import APIRouter, HTTPException, Query, Request, Response
from fastapi.responses import RedirectResponse

from activities.stop_and_go import EVERYTHING, OF_A_CALL, Mode, scope_of_kind, scope_of_type
from calls.contracts import Kind
from calls.facts import Language
from calls.policy import TypeRule
from web.serving.forms import Form
from web.staff.access.roles import Act, Member
from web.staff.console.guard import AnyMember, needs
from web.staff.console.pages import language_of
from web.staff.console.parts import Console
from web.staff.console.words import words
from web.staff.due_texts import due_texts, not_sent
from web.staff.numbers.blocked import NotANumber, e164
from web.staff.numbers.carrier_stops import CarrierStops, StoppedWording
from web.staff.switch_history import switch_history
from web.staff.switches import NotRecovered, Switches

_OF_WORDS: Final = "wording:"
_SAID: Final = ("stopped", "was_stopped", "started", "not_stopped", "mode")
_LONGEST_WHY: Final = 300


def service_routes(console: Console) -> APIRouter:
    """To see it, and its history."""
    router = APIRouter()
    switches = Switches(engine=console.engine, keyring=console.keyring)

    @router.get("/service")
    def service(request: Request, _: AnyMember, said: str = "") -> Response:
        state = switches.state()
        carrier = _carrier_stops(console)
        is_untouched = state.mode is Mode.LIVE and not state.stopped
        of_calls = [stop for stop in state.stopped if stop.scope.startswith(OF_A_CALL)]
        return console.pages.page(
            request,
            "service.html",
            words_of="service",
            said=said if said in _SAID else "",
            state=state,
            stopped=[stop for stop in state.stopped if stop not in of_calls],
            held=[stop for stop in of_calls if stop.call_ended is None],  # of one that is over nobody lifts it any more
            lines=carrier.closed_lines(),
            wordings=carrier.wordings(),
            due=due_texts(console.engine, console.agency, now=console.clock.now()),
            not_sent=None if is_untouched else not_sent(console.engine),
            kinds=[scope_of_kind(kind) for kind in Kind],
            types=_types(console),
            name_of=_name_of(console, language_of(request)),
            at=console.clock.at,
        )

    @router.get("/service/history")
    def history(
        request: Request,
        member: AnyMember,
        before: Annotated[int | None, Query(ge=0, lt=2**53)] = None,
    ) -> Response:
        # Which calls were held is for those who may see calls.
        found = switch_history(console.engine, with_calls=member.may(Act.SEE_CALL), before=before)
        name_of = _name_of(console, language_of(request))
        return console.pages.page(
            request, "service_history.html", words_of="service", history=found, name_of=name_of, at=console.clock.at
        )

    return router


def switch_routes(console: Console) -> APIRouter:
    """To stop, and to start again: each has a page of its own, where the reason is given and the last word said."""
    router = APIRouter()
    switches = Switches(engine=console.engine, keyring=console.keyring)

    @router.get("/service/stop")
    def ask_to_stop(request: Request, _: Annotated[Member, needs(Act.STOP_SERVICE)], scope: str = "") -> Response:
        return _ask(console, request, "stop", _known(scope, _stoppable(console)))

    @router.post("/service/stop/{scope:path}")
    def stop(request: Request, member: Annotated[Member, needs(Act.STOP_SERVICE)], scope: str) -> Response:
        scope, why = _known(scope, _stoppable(console)), _why(request)
        if not why:
            return _ask(console, request, "stop", scope, error="why_missing")
        is_new = switches.stop(scope, by=member.name, why=why)
        return _done(console, "stopped" if is_new else "was_stopped")

    @router.get("/service/start")
    def ask_to_start(request: Request, _: Annotated[Member, needs(Act.START_SERVICE)], scope: str = "") -> Response:
        if scope not in _startable(switches) | set(_wordings(console)):
            return _done(console, "not_stopped")
        return _ask(console, request, "start", scope)

    @router.post("/service/start/{scope:path}")
    def start(request: Request, member: Annotated[Member, needs(Act.START_SERVICE)], scope: str) -> Response:
        why = _why(request)
        words_of_it = _wordings(console).get(scope)
        if words_of_it is None and scope not in _startable(switches):
            return _done(console, "not_stopped")
        if not why:
            return _ask(console, request, "start", scope, error="why_missing")
        if words_of_it is not None:
            _carrier_stops(console).release(words_of_it, by=member.name, why=why)
            return _done(console, "started")
        return _start(console, request, switches, scope, by=member.name, why=why)

    return router


def _start(console: Console, request: Request, switches: Switches, scope: str, *, by: str, why: str) -> Response:
    try:
        started = switches.go(scope, by=by, why=why)
    except NotRecovered:
        return _ask(console, request, "start", scope, error="not_recovered")
    return _done(console, "started" if started else "not_stopped")


def _ask(console: Console, request: Request, doing: str, scope: str, *, error: str = "") -> Response:
    """The page between the button and the deed: what it means, and why it is done."""
    return console.pages.page(
        request,
        "service_switch.html",
        words_of="service",
        status=400 if error else 200,
        doing=doing,
        scope=scope,
        tally=due_texts(console.engine, console.agency, now=console.clock.now()).of(scope),
        is_words=scope.startswith(_OF_WORDS),
        name_of=_name_of(console, language_of(request)),
        error=error,
    )


def mode_routes(console: Console) -> APIRouter:
    """To set the mode of the whole service."""
    router = APIRouter()
    switches = Switches(engine=console.engine, keyring=console.keyring)

    def ask(
        request: Request, *, mode: str = "", why: str = "", phones: str = "", error: str = "", line: int = 0
    ) -> Response:
        state = switches.state()
        return console.pages.page(
            request,
            "service_mode.html",
            words_of="service",
            status=400 if error else 200,
            state=state,
            modes=list(Mode),
            chosen=mode or state.mode,
            why=why,
            phones=phones,
            error=error,
            line=line,
        )

    @router.get("/service/mode")
    def ask_for_mode(request: Request, _: Annotated[Member, needs(Act.SET_MODE)]) -> Response:
        return ask(request)

    @router.post("/service/mode")
    def set_mode(request: Request, member: Annotated[Member, needs(Act.SET_MODE)]) -> Response:
        form: Form = request.state.form
        mode, why, phones = form.get("mode", ""), _why(request), form.get("phones", "")

        def again(error: str, line: int = 0) -> Response:
            return ask(request, mode=mode, why=why, phones=phones, error=error, line=line)

        if mode not in set(Mode):
            raise HTTPException(400)
        if not why:
            return again("why_missing")
        try:
            numbers = _numbers_of(phones) if mode == Mode.PILOT else []
        except _WrongLine as wrong:
            return again("phone_wrong", wrong.line)
        if mode == Mode.PILOT and not numbers:
            return again("phones_missing")
        switches.set_mode(Mode(mode), by=member.name, why=why, pilot=numbers)
        return _done(console, "mode")

    return router


class _WrongLine(ValueError):  # noqa: N818 - an outcome
    """A line holds no whole telephone number."""

    def __init__(self, line: int) -> None:
        super().__init__()
        self.line = line


def _numbers_of(text: str) -> list[str]:
    """One a line, each once."""
    numbers: set[str] = set()
    for place, line in enumerate(text.splitlines(), start=1):
        try:
            numbers |= {e164(line)} if line.strip() else set()
        except NotANumber:
            raise _WrongLine(place) from None
    return sorted(numbers)


def _done(console: Console, said: str) -> Response:
    console.standing.forget()
    return RedirectResponse(f"/service?said={said}", 303)


def _why(request: Request) -> str:
    """The reason that was given, on one line."""
    form: Form = request.state.form
    return " ".join(form.get("why", "").split())[:_LONGEST_WHY]


def _known(scope: str, known: set[str]) -> str:
    if scope not in known:
        raise HTTPException(404)
    return scope


def _stoppable(console: Console) -> set[str]:
    groups = console.agency.policy.eligibility.groups
    return {EVERYTHING, *map(scope_of_kind, Kind), *map(scope_of_type, groups)}


def _startable(switches: Switches) -> set[str]:
    """Calls are released on their own page."""
    return {stop.scope for stop in switches.state().stopped if not stop.scope.startswith(OF_A_CALL)}


def _types(console: Console) -> list[str]:
    """Those that get texts at all."""
    groups = console.agency.policy.eligibility.groups
    return [scope_of_type(name) for name, group in groups.items() if group.rule is TypeRule.ALLOWED]


def _wordings(console: Console) -> dict[str, StoppedWording]:
    return {f"{_OF_WORDS}{each.kind}:{each.language}": each for each in _carrier_stops(console).wordings()}


def _carrier_stops(console: Console) -> CarrierStops:
    """Made anew: it holds nothing but what it asks for."""
    agency = console.agency
    return CarrierStops(engine=console.engine, sender=agency.identity.sender, version=agency.wording.version)


def _name_of(console: Console, language: Language) -> Callable[[str], str]:
    """What a switch is called, in the language of the page."""
    t, groups = words("service", language), console.agency.policy.eligibility.groups

    def name_of(scope: str) -> str:
        what, _, which = scope.partition(":")
        if scope == EVERYTHING:
            return t["everything"]
        if what == "kind":
            return t[f"kind_{which}"] if which in set(Kind) else which
        if what == "type":
            return t["of_type"].format(type=groups[which].label[language] if which in groups else which)
        if what == "wording":
            kind, said_in = which.split(":")[:2]
            names = [t[f"language_{each}"] for each in said_in.split("+") if f"language_{each}" in t]
            return t["of_words"].format(kind=t[f"kind_{kind}"], language=", ".join(names) or said_in)
        return t["of_call"].format(call=which)

    return name_of
