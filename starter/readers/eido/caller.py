"""Who called: when, from which number, in which language, and whether it was a person at all."""

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Final
from urllib.parse import unquote

from policy.cad_eido import EidoSource
from starter.readers.eido.lenient import (
    Component,
    earliest,
    latest,
    moment,
    named_within,
    registered,
    stamp_of,
    texts,
    texts_in,
    values,
)
from starter.readers.eido.progress import Progress, is_started_by_a_unit
from starter.readers.eido.snapshot import Snapshot, callback_ids, id_of
from starter.readers.told import e164

NO_NUMBER: Final = ""
"""A number was told, and nobody knows which, or whose: nobody is texted."""
_PEOPLE: Final = frozenset({"emergency", "nonemergency", "legacywireline", "legacywireless", "legacyvoip"})
"""The types of calls of people. The other two of the registry are a listening and an interrupting supervisor's."""
_NO_PEOPLE: Final = frozenset({"silentmonitoring", "intervene"})
_OTHER_ROLES: Final = frozenset({"suspect", "personofinterest"})
_URI: Final = re.compile(r"\s*(?:(?:tel|sips?):)?(?P<user>[^;?@]+)", re.IGNORECASE)
_DIALLED: Final = re.compile(r"\+?[0-9().\- ]{3,32}")


def source_of(snapshot: Snapshot) -> EidoSource | None:
    """`None` where nothing shows it: when the telephone call is over its component may be gone, and what was told of
    it before goes on to hold."""
    if snapshot.has("alarmssensors"):
        return EidoSource.ALARM
    if is_started_by_a_unit(snapshot):
        return EidoSource.OFFICER
    organizations = _backs(snapshot.organizations)
    kinds = {_kind(call, organizations) for call in snapshot.calls}
    if not snapshot.calls:
        backs = [back for caller in snapshot.callers if (back := callback_ids(caller))]
        kinds = {EidoSource.ORGANIZATION if back & organizations else EidoSource.CALL for back in backs}
    if any("caller" in registered(one, "organizationIncidentRoleRegistryText") for one in snapshot.organizations):
        kinds.add(EidoSource.ORGANIZATION)
    if not kinds:
        return None
    return kinds.pop() if len(kinds) == 1 else EidoSource.UNCLEAR


def _kind(call: Component, organizations: frozenset[str]) -> EidoSource:
    if texts(call, "organizationReference") or callback_ids(call) & organizations:
        return EidoSource.ORGANIZATION
    is_people = (
        bool(registered(call, "standardPrimaryCallType")) and registered(call, "standardPrimaryCallType") <= _PEOPLE
    )
    is_listener = bool(registered(call, "standardSecondaryCallType") & _NO_PEOPLE)
    came_in = registered(call, "direction") == {"incoming"}
    return EidoSource.CALL if is_people and came_in and not is_listener else EidoSource.UNCLEAR


def _backs(these: Iterable[Component]) -> frozenset[str]:
    """Their callbacks."""
    return frozenset[str]().union(*map(callback_ids, these))


def call_times(snapshot: Snapshot, progress: Progress) -> None:
    """When the first call came in, and when it was hung up."""
    calls = snapshot.calls
    received = earliest(map(_start, calls))
    if received is not None:
        progress.tell("received_at", received)
    first = [call for call in calls if _start(call) == received]
    if first and all("callend" in registered(call, "callStateRegistryText") for call in first):
        progress.tell("call_ended_at", latest(map(stamp_of, first)))


def _start(call: Component) -> datetime | None:
    return moment(call, "callStartTimestamp") or moment(call, "answerDate")


def phone_of(snapshot: Snapshot) -> str | None:
    """The number of whoever called first; `NO_NUMBER` where several were told and none of them is clearly that one.

    The second to call about an incident is another caller, of whom CAD makes no call of its own.
    """
    starts: dict[str, list[datetime | None]] = {}
    numbers = _numbers(snapshot)
    for start, names in _callbacks_told(snapshot):
        for number in frozenset[str]().union(*(numbers.get(name, ()) for name in names)):
            starts.setdefault(number, []).append(start)
    if len(starts) <= 1:
        return next(iter(starts), None)
    return _first(starts)


def _first(starts: dict[str, list[datetime | None]]) -> str:
    """The number with the earliest start, where it is known of all, and is no other's, too."""
    known = [(first, number) for number, told in starts.items() if (first := earliest(told)) is not None]
    if len(known) < len(starts):
        return NO_NUMBER
    (first, number), (second, _), *_ = sorted(known)
    return number if first < second else NO_NUMBER


def _callbacks_told(snapshot: Snapshot) -> list[tuple[datetime | None, frozenset[str]]]:
    """For each call, and each caller as a person: when the call began, and the callbacks that are named."""
    told: list[tuple[datetime | None, frozenset[str]]] = []
    began: dict[str, datetime | None] = {}
    for call in snapshot.calls:
        told.append((_start(call), callback_ids(call)))
        for name in {*id_of(call), *texts(call, "personReference")}:
            began[name] = earliest((began.get(name), _start(call)))
    for caller in snapshot.callers:
        names = {*id_of(caller), *texts(caller, "callIdentifier")}
        told.append((earliest(began.get(name) for name in names), callback_ids(caller)))
    return told


def _numbers(snapshot: Snapshot) -> dict[str, frozenset[str]]:
    """By callback the numbers that it tells. One on which somebody else can be reached is none, whatever its id: whom
    the police look for (R1), or an organization."""
    wanted = [one for one in snapshot.persons if registered(one, "personIncidentRoleRegistryText") & _OTHER_ROLES]
    of_wanted = _backs(wanted)
    theirs = of_wanted | _backs(snapshot.organizations)
    of_others = {number for name in theirs for one in snapshot.callbacks.get(name, ()) for number in _every(one)}
    numbers: dict[str, frozenset[str]] = {}
    for name, found in snapshot.callbacks.items():
        told = {number for one in found if (number := _number_of(one)) is not None}
        is_theirs = name in of_wanted or not told.isdisjoint(of_others)
        numbers[name] = frozenset({NO_NUMBER}) if is_theirs else frozenset(told)
    return numbers


def _every(callback: Component) -> set[str]:
    """Every number that stands there, also one that was replaced."""
    uris = (*texts(callback, "callBackInformationUri"), *texts(callback, "updatedCbn"))
    dialled = (number for uri in uris if (number := _dialled(uri)) is not None)
    return {number for one in dialled if (number := e164(one)) is not None}


def _number_of(callback: Component) -> str | None:
    """The number in E.164; one that was updated replaces the one that the network told."""
    if values(callback, "updatedCbn"):
        return _updated(callback)
    uris = texts(callback, "callBackInformationUri")
    return _one_of(uris) if uris else None


def _updated(callback: Component) -> str:
    told: dict[datetime | None, list[str]] = {}
    pending = values(callback, "updatedCbn")
    while pending:
        value = pending.pop()
        if isinstance(value, list):
            pending.extend(value)
        elif isinstance(value, dict):
            told.setdefault(stamp_of(value), []).extend(texts(value, "updatedCbnIdentifierUri"))
        else:
            told.setdefault(None, []).extend(texts_in([value]))
    known = [stamp for stamp in told if stamp is not None]
    newest = told[max(known)] if len(known) == len(told) else [uri for uris in told.values() for uri in uris]
    return _one_of(newest)


def _one_of(uris: Iterable[str]) -> str:
    """Several ways to write one number (`tel:`, `sip:`) are one; an address without a number is passed over."""
    numbers = {e164(dialled) or NO_NUMBER for uri in uris if (dialled := _dialled(uri)) is not None}
    return numbers.pop() if len(numbers) == 1 else NO_NUMBER


def _dialled(uri: str) -> str | None:
    """The digits of `tel:+16135550142;ext=1`, `sip:6135550142@example.ca`, or of a bare number."""
    user = _URI.match(unquote(uri))
    dialled = None if user is None else user["user"].strip()
    return dialled if dialled is not None and _DIALLED.fullmatch(dialled) else None


def language_of(snapshot: Snapshot) -> str | None:
    """A code of the caller's first language, where it is one of the two, and of no other caller's the other."""
    found = [value for caller in snapshot.callers for value in named_within(caller, "primarylanguage")]
    served = {language: code for code in reversed(texts_in(found)) if (language := snapshot.mapping.language(code))}
    return next(iter(served.values())) if len(served) == 1 else None
