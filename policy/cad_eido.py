"""How an agency's EIDOs are read (NENA-STA-021.1): `eido` in `cad.yaml`."""

from enum import StrEnum
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

_COMMON_PRIORITIES: Final = range(11)


class EidoId(StrEnum):
    """Which id of an incident is CAD's own: the one that the call has in CAD's other ways in, too."""

    INTERNAL = "internal"
    """`internalIncidentId`."""
    UNIQUE = "unique"
    """The part of the global id that its maker chose: `104233` of `urn:emergency:uid:incidentid:104233:police.ca`."""
    GLOBAL = "global"
    """The incident's global id, whole."""


class EidoNumber(StrEnum):
    """Which number of an incident residents are told."""

    INTERNAL = "internal"
    DOCUMENT = "document"
    """`documentIdentification`, the number of the report."""
    UNIQUE = "unique"


class EidoType(StrEnum):
    """Which of the two is CAD's own code of the type; where it is missing the other counts."""

    CODE = "code"
    """`incidentTypeInternalCode`."""
    TEXT = "text"
    """`incidentTypeInternalText`."""


class EidoLink(StrEnum):
    """Of which incident `PARENT` and `CHILD` of a link are said: the schema does not tell, and senders may differ."""

    UNKNOWN = "unknown"
    """Nobody has asked yet: with either the call ends."""
    THIS = "this"
    """Of the one that is sent: `CHILD` ends it."""
    LINKED = "linked"
    """Of the one that it names: `PARENT` ends it."""


class EidoSource(StrEnum):
    """Who started an incident, as far as a snapshot shows it: an EIDO has no field for it."""

    CALL = "call"
    """A person called in."""
    ALARM = "alarm"
    """It has an alarm or a sensor: a machine called."""
    OFFICER = "officer"
    """A unit started it itself."""
    ORGANIZATION = "organization"
    """An organization called: an alarm company, a hospital, a shop's guards."""
    UNCLEAR = "unclear"
    """Something came in, and nobody can say that it was a person."""


class EidoStatus(StrEnum):
    """The common statuses that are read; of the ten of the registry the other three say nothing to a caller."""

    ACTIVE = "Active"
    CANCELLED = "Cancelled"
    CLOSED = "Closed"
    REOPENED = "ReOpened"
    ASSIGNED = "ResourcesAssigned"
    ENROUTE = "ResourcesEnroute"
    ONSCENE = "ResourcesOnscene"


def _common(number: str) -> str:
    if number not in map(str, _COMMON_PRIORITIES):
        raise ValueError(f"{number!r} is no common priority; they are 0 to 10, and 10 is the highest")
    return number


class EidoMapping(BaseModel):
    """What one service's EIDOs leave open. Types, priorities and dispositions are read by the folder's other lists."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    agencies: Annotated[frozenset[Annotated[str, Field(min_length=1)]], Field(min_length=1)]
    """Our own ids as an agency. An incident that none of them owns is another service's."""
    cad_id: EidoId = EidoId.INTERNAL
    case_number: EidoNumber = EidoNumber.INTERNAL
    call_type: EidoType = EidoType.CODE
    link: EidoLink = EidoLink.UNKNOWN
    sources: dict[EidoSource, str] = Field(default_factory=dict)
    """The code of `sources` for each. One that is not listed is its own code: `call`."""
    common_priorities: dict[Annotated[str, AfterValidator(_common)], str] = Field(default_factory=dict)
    """The code of `priorities` for each `incidentCommonPriorityNumber`. On that scale 10 is the highest, and some
    senders write it the other way: it is never read without this list."""
    statuses: dict[str, EidoStatus] = Field(default_factory=dict)
    """The common status for each `incidentStatusInternalText`."""
