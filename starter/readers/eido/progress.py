"""How far an incident has come: an EIDO has statuses and no times of them.

When a component was last changed, what it tells was true, so its stamp is the latest that a step can have happened. Of
several components that tell the same step the earliest stamp comes nearest. The stamp of the whole EIDO is none of
them: it changes with every time that the same is sent again.

- A dispatch component is written when a unit is sent, and a unit's with each of its statuses (and wherever it drives).
  So the dispatch component tells best when a unit was dispatched, and the unit when it arrived.
- That a unit is cleared says nothing of the call: of 18,989 real calls 1,453 had their first unit cleared before any
  arrived.
- `Resources...` may stand for the present or for all that ever happened ("has had at least one"). Read as the present
  it stops the notices, which is the more silent.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, auto
from typing import Final

from policy.cad_eido import EidoStatus
from starter.readers.eido.lenient import Component, earliest, latest, registered, stamp_of, texts, words
from starter.readers.eido.snapshot import Snapshot, id_of

_CANCELLED: Final = "assignmentcancelled"
_GONE: Final = frozenset({"cleared", "inservice", "offduty", "outofservice", "backtoassignedarea"})
_THERE: Final = frozenset({"onscene", "arrived", "patientcontact", "trafficstop"})
_SENT: Final = frozenset(
    {
        *("assigned", "dispatched", "acknowledgedtransmission", "enroute", "backup", "delayed", "staging"),
        *("investigation", "transporting", "responderinitiatedevent"),
    }
)
_ELSEWHERE: Final = frozenset(
    {
        *("hospital", "station", "court", "alternatelocation", "location", "meeting", "post", "rollcall", "event"),
        *("training", "coveringalternatearea"),
    }
)
"""Together with `Arrived` or `EnRoute`: not at this incident."""
_STARTED: Final = frozenset({"responderinitiatedevent", "trafficstop"})
_RESOURCES: Final = frozenset({EidoStatus.ASSIGNED, EidoStatus.ENROUTE, EidoStatus.ONSCENE})


class At(Enum):
    """Where a unit is with the incident."""

    SENT = auto()
    THERE = auto()
    GONE = auto()
    CANCELLED = auto()
    ELSEWHERE = auto()
    """On another incident, or with nothing that says so on this one."""


@dataclass(frozen=True)
class Unit:
    at: At
    stamp: datetime | None
    sent: datetime | None
    """By when it was dispatched, as its dispatch component says."""
    is_sent: bool
    """A dispatch component names it."""


@dataclass
class Progress:
    """The steps that were told: with a time, or without one (`now`)."""

    times: dict[str, datetime] = field(default_factory=dict)
    now: set[str] = field(default_factory=set)

    def tell(self, step: str, at: datetime | None) -> None:
        if at is None:
            self.now.add(step)
        else:
            self.times[step] = at


def progress_of(snapshot: Snapshot) -> Progress:
    """The steps after the telephone call."""
    progress, units = Progress(), units_of(snapshot)
    incident = latest(map(stamp_of, snapshot.incidents))
    _arrival(progress, units, snapshot.statuses, incident)
    _dispatch(progress, units, snapshot, incident)
    _return_to_the_queue(progress, units, snapshot)
    _end(progress, units, snapshot.statuses, incident)
    return progress


def units_of(snapshot: Snapshot) -> list[Unit]:
    sent: dict[str, datetime | None] = {}
    for dispatch in snapshot.dispatches:
        for name in texts(dispatch, "emergencyResourceReference"):
            # One that was called off and sent again is named by two dispatches: the last one counts.
            sent[name] = latest((sent.get(name), stamp_of(dispatch)))
    return [_unit(snapshot, unit, [sent[name] for name in id_of(unit) if name in sent]) for unit in snapshot.units]


def is_started_by_a_unit(snapshot: Snapshot) -> bool:
    """An officer's own stop or event, with no caller to it."""
    own = [unit for unit in snapshot.units if _is_here(snapshot, unit)]
    return any(registered(unit, "secondaryUnitStatusRegistryText") & _STARTED for unit in own)


def _unit(snapshot: Snapshot, unit: Component, sent: list[datetime | None]) -> Unit:
    return Unit(at=_where(snapshot, unit), stamp=stamp_of(unit), sent=latest(sent), is_sent=bool(sent))


def _is_here(snapshot: Snapshot, unit: Component) -> bool:
    """It is on no other incident, and does not only wait to be sent to this one."""
    active = words(unit, "activeOnIncidentId")
    waits = bool(words(unit, "stackedOnIncidentId") & snapshot.ids)
    return bool(active & snapshot.ids) if active else not waits


def _where(snapshot: Snapshot, unit: Component) -> At:
    statuses = registered(unit, "secondaryUnitStatusRegistryText")
    if not _is_here(snapshot, unit):
        return At.ELSEWHERE
    if statuses & _GONE or (statuses & _ELSEWHERE and statuses & {"arrived", "enroute"}):
        return At.GONE
    if statuses & _THERE:
        return At.THERE
    if statuses & _SENT:
        return At.SENT
    return At.CANCELLED if _CANCELLED in statuses else At.ELSEWHERE


def _arrival(progress: Progress, units: list[Unit], statuses: frozenset[EidoStatus], incident: datetime | None) -> None:
    is_told, is_over = EidoStatus.ONSCENE in statuses, EidoStatus.CLOSED in statuses
    there = [unit for unit in units if unit.at is At.THERE]
    # Of an incident that is closed only a unit that is still there has a time of its arrival.
    if there or (is_told and not is_over):
        progress.tell("arrived_at", earliest([*(unit.stamp for unit in there), incident if is_told else None]))


def _dispatch(progress: Progress, units: list[Unit], snapshot: Snapshot, incident: datetime | None) -> None:
    """When the first of the units was sent that were not called off."""
    is_told = bool(snapshot.statuses & _RESOURCES)
    sent = [unit.sent for unit in units if unit.is_sent and unit.at is not At.CANCELLED] + _of_others(snapshot)
    for unit in units:
        if unit.at is At.SENT:
            sent.append(earliest([unit.sent, unit.stamp, None if unit.is_sent or not is_told else incident]))
    if sent:
        progress.tell("dispatched_at", earliest(sent))
    elif is_told and EidoStatus.CLOSED not in snapshot.statuses and not any(unit.at is At.THERE for unit in units):
        progress.tell("dispatched_at", incident)


def _of_others(snapshot: Snapshot) -> list[datetime | None]:
    """When units were sent of which nothing else is told."""
    known = frozenset[str]().union(*map(id_of, snapshot.units))
    return [stamp_of(one) for one in snapshot.dispatches if set(texts(one, "emergencyResourceReference")) - known]


def _return_to_the_queue(progress: Progress, units: list[Unit], snapshot: Snapshot) -> None:
    """Told only where no other reading is left: every unit was called off, and the incident is active and no more."""
    is_waiting = snapshot.statuses == {EidoStatus.ACTIVE} and not _of_others(snapshot)
    if is_waiting and units and all(unit.at is At.CANCELLED for unit in units):
        progress.tell("requeued_at", latest(unit.stamp for unit in units))


def _end(progress: Progress, units: list[Unit], statuses: frozenset[EidoStatus], incident: datetime | None) -> None:
    is_open = bool(statuses & {EidoStatus.ACTIVE, EidoStatus.REOPENED})
    if EidoStatus.CLOSED in statuses and not is_open:
        progress.tell("cleared_at", incident)
    elif EidoStatus.CLOSED in statuses or EidoStatus.REOPENED in statuses:
        progress.tell("reopened_at", incident)
        is_handled = bool(statuses & {*_RESOURCES, EidoStatus.CLOSED})
        if is_handled or any(unit.at in (At.SENT, At.THERE) for unit in units):
            # An officer has it, or nobody knows whether it is over: neither a notice nor a survey would be true. A unit
            # that was sent before the incident was touched again has it since then.
            _not_before(progress, "dispatched_at", incident)


def _not_before(progress: Progress, step: str, at: datetime | None) -> None:
    if at is None:
        progress.times.pop(step, None)
    else:
        progress.now.discard(step)
    progress.tell(step, latest([at, progress.times.get(step)]))
