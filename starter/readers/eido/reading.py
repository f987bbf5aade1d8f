"""`read_eido`: the parts put together, and what cannot be read told apart."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Final

from pydantic import JsonValue

from calls.facts import CancelReason
from policy.cad_eido import EidoId
from policy.cad_mapping import CadMapping
from starter.readers.cells import SKEW
from starter.readers.eido import caller, danger, incident, ownership
from starter.readers.eido.lenient import Component, components, latest, stamp_of
from starter.readers.eido.ownership import Standing
from starter.readers.eido.progress import Progress, progress_of
from starter.readers.eido.snapshot import Snapshot, callback_ids
from starter.readers.told import LONGEST_ID, Told, Unreadable, id_in_words

_LONGEST_CODE: Final = 200
"""Signs. The longest type of the sample logs has 51; what is far longer is prose that somebody wrote there."""


def read_eido(document: JsonValue, mapping: CadMapping) -> Told | Unreadable:
    """Read one snapshot of one incident as `eido` in `cad.yaml` says; never raises, whatever JSON it is."""
    if mapping.eido is None:
        return Unreadable(what="cad.yaml has no key eido, by which an EIDO is read")
    if not isinstance(document, dict):
        return Unreadable(what="it is no EIDO: not a JSON object")
    snapshot = Snapshot(document, mapping, mapping.eido)
    standing = ownership.standing_of(snapshot)
    if standing is Standing.ANOTHERS:
        return _anothers(snapshot)
    cad_id = ownership.call_id_of(snapshot)
    if cad_id is None:
        return _without_id(snapshot)
    if not ownership.is_fit_as_id(cad_id):
        return Unreadable(what=f"the id has more than {LONGEST_ID} signs, or one that cannot be printed")
    told = _codes(snapshot, cad_id)
    if standing is Standing.UNKNOWN:
        return Unreadable(
            what=f"incident {id_in_words(cad_id)}: it names no agency, so that nobody knows whose it is", salvage=told
        )
    if standing is Standing.COMING:
        told = replace(told, phone=None)
    if (unfit := _unfit(told)) is not None:
        return Unreadable(what=f"incident {id_in_words(cad_id)}: {unfit}", salvage=told)
    return _with_times(told, snapshot)


def _codes(snapshot: Snapshot, cad_id: str) -> Told:
    call_type, first = incident.types_of(snapshot)
    dispositions = incident.dispositions_of(snapshot)
    source = caller.source_of(snapshot)
    return Told(
        cad_id=cad_id,
        stamp=_stamp(snapshot),
        case_number=incident.case_number_of(snapshot, ownership.unique_id(snapshot)),
        priority_code=incident.priority_of(snapshot),
        call_type_code=call_type,
        first_call_type_code=first,
        source_code=None if source is None else snapshot.eido.sources.get(source, source.value),
        language_code=caller.language_of(snapshot),
        area=incident.area_of(snapshot),
        disposition=",".join(dispositions) or None,
        cancelled=incident.cancelled_of(snapshot, dispositions),
        in_progress=danger.is_emergency(snapshot),
        safety_flag=_is_unsafe(snapshot),
        phone=caller.phone_of(snapshot),
    )


def _is_unsafe(snapshot: Snapshot) -> bool:
    """R1: whatever type CAD's own code says. Types of which not all can be asked may hide one that silences."""
    has_too_many = len(incident.own_types(snapshot)) > incident.MOST_TYPES
    return has_too_many or danger.is_cautioned(snapshot) or bool(danger.sensitive_types(snapshot))


def _with_times(told: Told, snapshot: Snapshot) -> Told | Unreadable:
    progress = progress_of(snapshot)
    caller.call_times(snapshot, progress)
    if _ends_before_it_begins(progress):
        return Unreadable(what=f"incident {id_in_words(told.cad_id)}: closed before it was received", salvage=told)
    times = progress.times
    return replace(
        told,
        received_at=times.get("received_at"),
        call_ended_at=times.get("call_ended_at"),
        dispatched_at=times.get("dispatched_at"),
        requeued_at=times.get("requeued_at"),
        arrived_at=times.get("arrived_at"),
        cleared_at=times.get("cleared_at"),
        reopened_at=times.get("reopened_at"),
        steps_now=frozenset(progress.now),
    )


def _ends_before_it_begins(progress: Progress) -> bool:
    received, cleared = progress.times.get("received_at"), progress.times.get("cleared_at")
    return received is not None and cleared is not None and cleared < received - SKEW


def _unfit(told: Told) -> str | None:
    """What would not be a code, in words."""
    if len(told.case_number or "") > LONGEST_ID:
        return f"a case number of more than {LONGEST_ID} signs"
    codes = {
        "type": told.call_type_code,
        "priority": told.priority_code,
        "disposition": told.disposition,
        "dispatch group": told.area,
    }
    too_long = [name for name, code in codes.items() if len(code or "") > _LONGEST_CODE]
    return f"a {too_long[0]} of more than {_LONGEST_CODE} signs" if too_long else None


def _anothers(snapshot: Snapshot) -> Told | Unreadable:
    """Another service's incident: no text, and of its caller nothing is kept (R3).

    Where it is a call of ours that was given away, it is that call. Else it has its global id, so that it is never
    taken for one of ours to which CAD gave the same number.
    """
    own = ownership.call_id_of(snapshot)
    cad_id = own or ownership.global_id(snapshot)
    if cad_id is None or not ownership.is_fit_as_id(cad_id):
        return Unreadable(what="another agency's incident without an id that can be one")
    if own is None:
        return Told(cad_id=cad_id, stamp=_stamp(snapshot), cancelled=CancelReason.TRANSFERRED)
    told = _codes(snapshot, cad_id)
    return Told(
        cad_id=cad_id,
        stamp=told.stamp,
        priority_code=told.priority_code,
        call_type_code=told.call_type_code,
        first_call_type_code=told.first_call_type_code,
        in_progress=told.in_progress,
        safety_flag=told.safety_flag,
        cancelled=CancelReason.TRANSFERRED,
    )


def _without_id(snapshot: Snapshot) -> Unreadable:
    wanted = snapshot.eido.cad_id
    if ownership.global_id(snapshot) is None:
        return Unreadable(what="it has no id")
    internal = incident.internal_id(snapshot)
    # What another agency has written into an incident of ours may be the danger in it.
    is_ours = wanted is EidoId.INTERNAL and internal is not None and ownership.is_fit_as_id(internal)
    salvage = _codes(snapshot, internal) if is_ours and internal is not None else None
    return Unreadable(what=f"it has no {wanted} id that is ours (eido.cad_id in cad.yaml)", salvage=salvage)


def _stamp(snapshot: Snapshot) -> datetime | None:
    """When what is read was last changed. Not when the EIDO was sent: the same that is sent again is a repetition."""
    read = [
        *(*snapshot.incidents, *snapshot.dispositions, *snapshot.calls, *snapshot.callers),
        *(*snapshot.units, *snapshot.dispatches, *_callbacks(snapshot)),
    ]
    return latest(map(stamp_of, read)) or stamp_of(snapshot.document)


def _callbacks(snapshot: Snapshot) -> Iterator[Component]:
    names = frozenset[str]().union(*map(callback_ids, (*snapshot.calls, *snapshot.callers)))
    for callback in (one for name in names for one in snapshot.callbacks.get(name, ())):
        yield callback
        yield from components(callback, "updatedCbn")
