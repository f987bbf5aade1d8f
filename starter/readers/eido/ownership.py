"""Whose incident it is, and which call of ours: an exchange sends those of every service around.

`internalIncidentId` is CAD's own count, and another service's CAD counts, too: two incidents with one id would be one
call, and a stranger would get its texts. So the id counts only where our own agency wrote it.
"""

import re
from enum import Enum, auto
from typing import Final

from policy.cad_eido import EidoId
from starter.readers.eido.incident import internal_id
from starter.readers.eido.lenient import UNPRINTABLE, Component, components, is_true, only, registered, texts, words
from starter.readers.eido.snapshot import Snapshot
from starter.readers.told import LONGEST_ID

_GLOBAL: Final = re.compile(r"urn:emergency:uid:incidentid:(?P<unique>.+):(?P<maker>[^:]+)", re.IGNORECASE)
_OF_A_CALL: Final = frozenset({"callreceiving", "dispatching", "dispatched"})
_TRANSFERRED_TO: Final = "transferredto"


class Standing(Enum):
    """What our service has to do with an incident."""

    OURS = auto()
    COMING = auto()
    """Another agency still owns it, and it is being transferred to us."""
    ANOTHERS = auto()
    UNKNOWN = auto()
    """Nobody says."""


def standing_of(snapshot: Snapshot) -> Standing:
    """The owner decides; where none is marked, who takes part."""
    agencies = components(snapshot.document, "agencyComponent")
    mine = [agency for agency in agencies if _is_ours(snapshot, agency)]
    owners = [agency for agency in agencies if is_true(agency, "incidentOwningAgencyIndicator")]
    if not agencies:
        return Standing.OURS if _wrote(snapshot, snapshot.document) else Standing.UNKNOWN
    if any(agency in mine for agency in owners):
        return Standing.OURS
    my_roles = _roles(mine)
    if owners:
        return Standing.COMING if _TRANSFERRED_TO in my_roles else Standing.ANOTHERS
    if _TRANSFERRED_TO in my_roles:
        return Standing.OURS
    is_given_away = _TRANSFERRED_TO in _roles(agencies)
    takes_part = bool(mine) and (not my_roles or bool(my_roles & _OF_A_CALL))
    return Standing.OURS if takes_part and not is_given_away else Standing.ANOTHERS


def is_written_by_us(snapshot: Snapshot) -> bool:
    """Our agency wrote the incident's component; where nobody is named, the one that takes part did."""
    writers = [incident for incident in snapshot.incidents if words(incident, "updatedByAgencyReference")]
    if writers:
        return any(_wrote(snapshot, incident) for incident in writers)
    agencies = components(snapshot.document, "agencyComponent")
    return not agencies or any(_is_ours(snapshot, agency) for agency in agencies)


def call_id_of(snapshot: Snapshot) -> str | None:
    """CAD's own id of it, as the folder says; `None` where it is not there, or not ours."""
    match snapshot.eido.cad_id:
        case EidoId.INTERNAL:
            return internal_id(snapshot) if is_written_by_us(snapshot) else None
        case EidoId.UNIQUE:
            return unique_id(snapshot)
        case EidoId.GLOBAL:
            return global_id(snapshot)


def global_id(snapshot: Snapshot) -> str | None:
    """The same wherever the incident is sent. Early senders have it in `incidentTrackingIdentifier`."""
    document = snapshot.document
    told = [only(texts(document, name)) for name in ("$id", "incidentTrackingIdentifier")]
    return next((one for one in told if one and _GLOBAL.fullmatch(one)), told[0] or told[1])


def unique_id(snapshot: Snapshot) -> str | None:
    """What its maker called it, where its maker is ours."""
    parts = _GLOBAL.fullmatch(global_id(snapshot) or "")
    is_ours = parts is not None and parts["maker"].casefold() in _ours(snapshot)
    return parts["unique"] if parts is not None and is_ours else None


def is_fit_as_id(text: str) -> bool:
    return 0 < len(text) <= LONGEST_ID and UNPRINTABLE not in text


def _is_ours(snapshot: Snapshot, agency: Component) -> bool:
    return bool(words(agency, "$id", "organizationIdentification") & _ours(snapshot))


def _wrote(snapshot: Snapshot, component: Component) -> bool:
    return bool(words(component, "updatedByAgencyReference") & _ours(snapshot))


def _ours(snapshot: Snapshot) -> frozenset[str]:
    return frozenset(agency.casefold() for agency in snapshot.eido.agencies)


def _roles(agencies: list[Component]) -> frozenset[str]:
    return frozenset[str]().union(*(registered(agency, "agencyRoleDescriptionRegistryText") for agency in agencies))
