"""What kind of incident it is and what came of it: type, priority, dispositions, numbers, merges and links."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

from calls.facts import CancelReason
from policy.cad_eido import EidoLink, EidoNumber, EidoStatus, EidoType
from policy.cad_mapping import CadMapping
from starter.readers.eido.danger import COMMON_TYPE, sensitive_types
from starter.readers.eido.lenient import Component, components, is_true, only, registered, stamp_of, texts
from starter.readers.eido.snapshot import Snapshot

_TYPE_FIELDS: Final = {
    EidoType.CODE: ("incidentTypeInternalCode", "incidentTypeInternalText", COMMON_TYPE),
    EidoType.TEXT: ("incidentTypeInternalText", "incidentTypeInternalCode", COMMON_TYPE),
}
_PRIORITY: Final = "incidentPriorityInternalText"
_COMMON_PRIORITY: Final = "incidentCommonPriorityNumber"
_BEGINNING: Final = datetime.min.replace(tzinfo=UTC)
_NO_CHILD: Final[dict[EidoLink, frozenset[str]]] = {
    EidoLink.UNKNOWN: frozenset(),
    EidoLink.THIS: frozenset({"parent"}),
    EidoLink.LINKED: frozenset({"child"}),
}
MOST_TYPES: Final = 2
"""A record tells two; a third might be the one that silences, and nobody would ask."""
_TWO_DIGITS: Final = 2


def types_of(snapshot: Snapshot) -> tuple[str | None, str | None]:
    """The type, and where another one is told, too, that one.

    A sensitive common type is the type, so that staff see it; more than two types are none.
    """
    own = own_types(snapshot)
    if sensitive := sensitive_types(snapshot):
        return sensitive[0], (own[-1] if own else None)
    if len(own) > MOST_TYPES:
        return "more than two types", own[0]
    return (own[-1], own[0]) if own else (None, None)


def own_types(snapshot: Snapshot) -> list[str]:
    """The type that each incident component tells, the one that was told last at the end."""
    fields = _TYPE_FIELDS[snapshot.eido.call_type]
    told: dict[str, None] = dict.fromkeys(snapshot.alternates(fields[0]))
    for incident in sorted(snapshot.incidents, key=_order):
        for code in next(filter(None, (texts(incident, field) for field in fields)), []):
            told.pop(code, None)
            told[code] = None
    return list(told)


def _order(component: Component) -> tuple[datetime, list[str]]:
    return stamp_of(component) or _BEGINNING, texts(component, *component)


def priority_of(snapshot: Snapshot) -> str | None:
    """CAD's own code of it. Where several are told the one that silences most: an unknown one, then the most urgent."""
    own = {text for incident in snapshot.incidents for text in texts(incident, _PRIORITY)}
    own.update(snapshot.alternates(_PRIORITY))
    read = snapshot.eido.common_priorities
    if read or not own:
        common = [text for incident in snapshot.incidents for text in texts(incident, _COMMON_PRIORITY)]
        own.update(read.get(number, f"common {number}") for number in (*common, *snapshot.alternates(_COMMON_PRIORITY)))
    known = snapshot.mapping.priorities
    return min(own, key=lambda code: (code in known, known.get(code, 0), code), default=None)


def dispositions_of(snapshot: Snapshot) -> list[str]:
    """The codes, those marked as primary where any is. CAD's own words count where the folder lists them: of others
    nobody knows what they say, or of whom (R3)."""
    dispositions = snapshot.dispositions
    primary = [one for one in dispositions if is_true(one, "dispositionPrimaryIndicator")]
    return sorted({code for one in primary or dispositions for code in _codes(one, snapshot.mapping)})


def _codes(disposition: Component, mapping: CadMapping) -> Iterable[str]:
    common = texts(disposition, "dispositionCommonRegistryCode")
    own = texts(disposition, "dispositionDescriptionText", "dispositionCategoryText")
    listed = [text for text in (*common, *own) if not mapping.unknown_dispositions(text)]
    return listed or [_as_code(text) for text in common]


def _as_code(text: str) -> str:
    """`1` for `01` is what a sender makes of it who takes the code for a number."""
    return text.zfill(_TWO_DIGITS) if text.isdecimal() else text


def case_number_of(snapshot: Snapshot, unique: str | None) -> str | None:
    """The number that residents are told; where several stand there nobody knows which, and the call waits."""
    match snapshot.eido.case_number:
        case EidoNumber.INTERNAL:
            return internal_id(snapshot)
        case EidoNumber.DOCUMENT:
            return only(_of_all(snapshot, "documentIdentification"))
        case EidoNumber.UNIQUE:
            return unique


def internal_id(snapshot: Snapshot) -> str | None:
    return only(_of_all(snapshot, "internalIncidentId"))


def area_of(snapshot: Snapshot) -> str | None:
    return only(_of_all(snapshot, "beatOrDispatchGroupText"))


def _of_all(snapshot: Snapshot, name: str) -> list[str]:
    return sorted({text for incident in snapshot.incidents for text in texts(incident, name)})


def cancelled_of(snapshot: Snapshot, dispositions: Iterable[str]) -> CancelReason | None:
    """Why the incident will not be answered under its own number."""
    if _is_merged(snapshot):
        return CancelReason.MERGED
    if _is_test(snapshot):
        return CancelReason.TEST
    if EidoStatus.CANCELLED in snapshot.statuses:
        return CancelReason.CANCELLED
    if _is_child(snapshot):
        return CancelReason.DUPLICATE
    # Each by itself: one that has a comma in it would not be found again between others.
    return next(filter(None, map(snapshot.mapping.cancel_reason, dispositions)), None)


def _is_merged(snapshot: Snapshot) -> bool:
    """It was merged into another. A direction that we do not know counts as that one: the more silent (R1)."""
    merges = components(snapshot.document, "mergeComponent")
    return any(not registered(merge, "incidentMergeDirectionCode") & {"replacing", "split"} for merge in merges)


def _is_child(snapshot: Snapshot) -> bool:
    """It hangs on another incident: one call of several about the same. The caller of the other one is texted.

    Of the links to one incident the latest counts, so that one that was undone is none. Whose side it is told from the
    schema leaves open, so that without the folder's word either side is silent; and so is any other word (R1).
    """
    harmless = {"related", "unlink"} | _NO_CHILD[snapshot.eido.link]
    last: dict[str, tuple[datetime, bool]] = {}
    for link in components(snapshot.document, "linkComponent"):
        is_child = not registered(link, "linkDirectionCode") & harmless
        for other in texts(link, "incidentTrackingIdentifier", "incidentTrackingIdentification") or [""]:
            said = (stamp_of(link) or _BEGINNING, is_child)
            last[other] = max(last.get(other, said), said)
    return any(is_child for _, is_child in last.values())


def _is_test(snapshot: Snapshot) -> bool:
    kinds = [registered(call, "standardPrimaryCallType", "standardSecondaryCallType") for call in snapshot.calls]
    common = {text.upper() for text in _of_all(snapshot, COMMON_TYPE)}
    return "NCRTESTF" in common or any("test" in kind for kind in frozenset[str]().union(*kinds))
