"""`communityconnect stop`, `go`, `mode`, `state`: what the service does now, and does not."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from zoneinfo import ZoneInfo

from sqlalchemy import Engine

from activities.stop_and_go import EVERYTHING, OF_A_CALL, Mode, scope_of_call, scope_of_kind, scope_of_type
from calls.contracts import Kind
from cli.blocked_numbers import numbers_of
from database.encryption import keyring_of
from database.engine import connect
from policy.agency import Agency, load_agency
from settings import Settings, SettingsError
from web.staff.numbers.carrier_stops import CarrierStops
from web.staff.switches import NoSuchCall, NotRecovered, Switches

Say = Callable[[str], None]
_WHAT_GOES = "what is still true goes out from within half a minute on, the rest has expired"


def scope_named(
    settings: Settings, *, kind: str | None, group: str | None, call: str | None, to_stop: bool = True
) -> str:
    """What the options name; nothing named is everything. A type that is stopped can be released (not `to_stop`) when
    the agency's folder names it no longer.

    Raises:
        SettingsError: there is no such kind or type, or two things are named at once.
    """
    named = [option for option in (kind, group, call) if option is not None]
    if len(named) > 1:
        raise SettingsError("one of --kind, --type and --call at a time, or none for everything")
    if kind is not None:
        if kind not in set(Kind):
            raise SettingsError(f"--kind {kind}: there is no such kind of text; one of: {', '.join(Kind)}")
        return scope_of_kind(Kind(kind))
    if group is not None and not to_stop:
        return scope_of_type(group)
    if group is not None:
        groups = load_agency(settings.agency).policy.eligibility.groups
        if group not in groups:
            raise SettingsError(f"--type {group}: the agency has no such group; one of: {', '.join(sorted(groups))}")
        return scope_of_type(group)
    return EVERYTHING if call is None else scope_of_call(call)


def stop(settings: Settings, scope: str, *, by: str, why: str, say: Say) -> None:
    """Switch it off, and say so.

    Raises:
        SettingsError: it is a call that nobody knows.
    """
    with _switches(settings) as switches:
        ended = _how_it_ended(switches, scope)
        changed = switches.stop(scope, by=by, why=why)
    then = "what falls due waits" if ended is None else f"but the call is over ({ended}): nothing of it was to come"
    say(f"stopped: {scope}; {then}" if changed else f"{scope} was stopped already")


def go(settings: Settings, scope: str, *, by: str, why: str, say: Say) -> None:
    """Switch it on again, and say so.

    Raises:
        SettingsError: the database was restored and is not recovered yet.
    """
    with _switches(settings) as switches:
        try:
            changed = switches.go(scope, by=by, why=why)
        except NotRecovered:
            raise SettingsError(
                "the database was restored and is not recovered yet: nothing goes; first: communityconnect recover"
            ) from None
        state = switches.state()
    told = f"goes again: {scope}; {_WHAT_GOES}"
    say(told if changed else f"{scope} was not stopped")
    still = [stopped.scope for stopped in state.stopped if EVERYTHING in (scope, stopped.scope)]
    if still:
        say(f"still stopped: {', '.join(still)}; each stop has its own release")
    if state.mode is not Mode.LIVE:
        say(f"the mode is {state.mode}: nobody is texted" + (", but the pilot's phones" * (state.mode is Mode.PILOT)))


def release_wording(settings: Settings, name: str, *, by: str, why: str, say: Say) -> None:
    """Let words go again that the carrier or networks have stopped; `name` as `state` shows it: `delay:en`.

    Raises:
        SettingsError: these words are not stopped.
    """
    with _carrier_stops(settings) as stops:
        stopped = {f"{wording.kind}:{wording.language}": wording for wording in stops.wordings()}
        if name not in stopped:
            known = f"stopped are: {', '.join(stopped)}" if stopped else "no words are stopped"
            raise SettingsError(f"--wording {name}: these words are not stopped; {known}")
        stops.release(stopped[name], by=by, why=why)
    say(f"goes again: the wording {name}; {_WHAT_GOES}")


def carrier_stops_of(agency: Agency, engine: Engine) -> CarrierStops:
    """What stops the number and the words that the agency uses now."""
    return CarrierStops(engine=engine, sender=agency.identity.sender, version=agency.wording.version)


def carrier_stops(stops: CarrierStops, zone: ZoneInfo) -> list[str]:
    """What the carrier has stopped, a line each, and what to do."""
    closed = [
        f"the line of {line.sender} is closed since {line.since.astimezone(zone):%Y-%m-%d %H:%M}, {line.why}: nobody "
        "is texted until the account or its settings are mended; then the next text that is due opens it (one in 30 s "
        "tries)"
        for line in stops.closed_lines()
    ]
    return closed + [
        f"the wording {wording.kind}:{wording.language} waits: {wording.why}; change it, or "
        f"communityconnect go --wording {wording.kind}:{wording.language}"
        for wording in stops.wordings()
    ]


def _how_it_ended(switches: Switches, scope: str) -> str | None:
    if not scope.startswith(OF_A_CALL):
        return None
    call = scope.removeprefix(OF_A_CALL)
    try:
        return switches.how_it_ended(call)
    except NoSuchCall:
        raise SettingsError(f"--call {call}: there is no such call") from None


def set_mode(settings: Settings, mode: str, lines: Iterable[str] | None, *, by: str, why: str, say: Say) -> None:
    """Set the mode; in a pilot `lines` are its phones, one a line.

    Raises:
        SettingsError: there is no such mode, a line is no number, or a pilot has no phone.
    """
    if mode not in set(Mode):
        raise SettingsError(f"{mode}: there is no such mode; one of: {', '.join(Mode)}")
    numbers = [] if lines is None or mode != Mode.PILOT else numbers_of(lines)
    if mode == Mode.PILOT and not numbers:
        raise SettingsError("a pilot needs its phones: give them by standard input, one a line")
    numbers = sorted(set(numbers))
    with _switches(settings) as switches:
        switches.set_mode(Mode(mode), by=by, why=why, pilot=numbers)
    say(f"the service is {mode} now" + (f", for {len(numbers)} phones" if numbers else ""))


def show_state(settings: Settings, *, say: Say) -> None:
    """What the service does now, and what it does not, with who and why."""
    zone = load_agency(settings.agency).policy.timetable.zone_info
    with _switches(settings) as switches:
        state = switches.state()
    with _carrier_stops(settings) as stops:
        by_carrier = carrier_stops(stops, zone)
    by = "" if state.mode_by is None else f" (set by {state.mode_by}: {state.mode_why})"
    phones = f", {state.pilot_phones} phones" if state.mode is Mode.PILOT else ""
    say(f"mode: {state.mode}{phones}{by}")
    for stopped in state.stopped:
        since = stopped.since.astimezone(zone)
        over = "" if stopped.call_ended is None else f" (the call is over: {stopped.call_ended})"
        say(f"stopped: {stopped.scope}, since {since:%Y-%m-%d %H:%M}, by {stopped.by}: {stopped.why}{over}")
    for line in by_carrier:
        say(line)
    if not state.stopped and not by_carrier:
        say("nothing is stopped")


@contextmanager
def _switches(settings: Settings) -> Iterator[Switches]:
    engine = connect(settings.database_url.get_secret_value(), pool_size=1)
    try:
        yield Switches(engine=engine, keyring=keyring_of(settings))
    finally:
        engine.dispose()


@contextmanager
def _carrier_stops(settings: Settings) -> Iterator[CarrierStops]:
    engine = connect(settings.database_url.get_secret_value(), pool_size=1)
    try:
        yield carrier_stops_of(load_agency(settings.agency), engine)
    finally:
        engine.dispose()
