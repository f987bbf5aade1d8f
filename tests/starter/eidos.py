"""EIDOs as tests need them: one incident of our own agency from plain values, everything fictional."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from policy.agency import Agency
from policy.cad_eido import EidoMapping, EidoNumber, EidoSource

OURS = "police.example.ca"
EIDO = EidoMapping(
    agencies=frozenset({OURS}),
    case_number=EidoNumber.DOCUMENT,
    sources={EidoSource.CALL: "phone", EidoSource.ALARM: "alarm", EidoSource.OFFICER: "officer"},
)
Document = dict[str, Any]


def with_eido(agency: Agency, **changes: Any) -> Agency:
    """The agency, with a CAD that sends what `eido` makes."""
    cad = agency.cad.model_copy(update={"eido": EIDO.model_copy(update=changes)})
    return agency.model_copy(update={"cad": cad})


def written(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def component(id_: str, stamp: datetime, **content: Any) -> Document:
    """A component with what each begins with."""
    return {
        "$id": id_,
        "lastUpdateTimeStamp": written(stamp),
        "updatedByAgencyReference": {"$ref": OURS},
        **content,
    }


def eido(
    *,
    cad_id: str,
    received: datetime,
    case_number: str | None = None,
    priority: str | None = "4",
    call_type: str | None = "NOISE",
    phone: str | None = None,
    call_ended: datetime | None = None,
    dispatched: datetime | None = None,
    arrived: datetime | None = None,
    cleared: datetime | None = None,
    disposition: str | None = None,
    stamp: datetime | None = None,
    common_type: str = "NONEMERG",
) -> Document:
    """The incident as it stands after the last of these times.

    Each time is the stamp of the component that tells it: the dispatch's, the unit's, the incident's. `stamp` is that
    of the whole EIDO, which says when it was sent.
    """
    known = [time for time in (received, call_ended, dispatched, arrived) if time is not None]
    changed = cleared or max(known)
    document = component(
        f"urn:emergency:uid:incidentid:{cad_id}:{OURS}",
        stamp or max(*known, changed),
        eidoVersion="1.0",
        issuingElementIdentification=f"cad.{OURS}",
        agencyComponent=[_agency(received)],
        incidentComponent=component(
            f"incident-{cad_id}",
            changed,
            internalIncidentId=cad_id,
            incidentTypeCommonRegistryText=common_type,
            incidentStatusCommonRegistryText=list(_statuses(dispatched, arrived, cleared)),
            **_told(
                documentIdentification=None if case_number is None else [case_number],
                incidentTypeInternalCode=call_type,
                incidentPriorityInternalText=priority,
                dispositionComponent=None if disposition is None else [_disposition(disposition, changed)],
            ),
        ),
        callComponent=[_call(received, call_ended, phone)],
        personComponent=[_caller(received, phone)],
    )
    if phone is not None:
        document["callbackComponent"] = [component("callback-1", received, callBackInformationUri=[f"tel:{phone}"])]
    return document | _units(dispatched, arrived)


def _agency(received: datetime) -> Document:
    return component(
        OURS,
        received,
        agencyRoleDescriptionRegistryText=["CallReceiving", "Dispatching"],
        agencyType=["police"],
        incidentOwningAgencyIndicator=True,
    )


def _call(received: datetime, ended: datetime | None, phone: str | None) -> Document:
    return component(
        "urn:emergency:uid:callid:1:esinet.example.ca",
        ended or received,
        callStartTimestamp=written(received),
        callStateRegistryText="callAnswered" if ended is None else "callEnd",
        standardPrimaryCallType="nonEmergency",
        direction="incoming",
        personReference=[{"$ref": "person-1"}],
        **_calls_back(phone),
    )


def _caller(received: datetime, phone: str | None) -> Document:
    return component("person-1", received, personIncidentRoleRegistryText=["Caller"], **_calls_back(phone))


def _calls_back(phone: str | None) -> Document:
    return {} if phone is None else {"callBackReference": {"$ref": "callback-1"}}


def _statuses(dispatched: datetime | None, arrived: datetime | None, cleared: datetime | None) -> Sequence[str]:
    if cleared is not None:
        return ["Closed"]
    return ["Active", *(["ResourcesAssigned"] if dispatched else []), *(["ResourcesOnscene"] if arrived else [])]


def _disposition(code: str, stamp: datetime) -> Document:
    return component("disposition-1", stamp, dispositionCommonRegistryCode=code, dispositionPrimaryIndicator=True)


def _units(dispatched: datetime | None, arrived: datetime | None) -> Document:
    """One unit: a dispatch component says when it was sent, its own stamp when it came to where it is."""
    at = arrived or dispatched
    if at is None:
        return {}
    status = "Dispatched" if arrived is None else "OnScene"
    unit = component(
        "unit-1", at, primaryUnitStatusRegistryText="NotAvailable", secondaryUnitStatusRegistryText=[status]
    )
    sent = [{"$ref": "unit-1"}]
    dispatches = [] if dispatched is None else [component("dispatch-1", dispatched, emergencyResourceReference=sent)]
    return {"emergencyResourceComponent": [unit], "dispatchComponent": dispatches}


def _told(**content: Any) -> Document:
    return {name: value for name, value in content.items() if value is not None}
