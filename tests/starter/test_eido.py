"""EIDOs: what each part of a snapshot tells, and what silences. Fictional people and numbers."""

import copy
from datetime import datetime, timedelta
from typing import Any

import pytest

from calls.eligibility import Rule
from calls.facts import CancelReason, Outcome
from policy.agency import load_agency
from policy.cad_eido import EidoId, EidoLink, EidoNumber, EidoSource, EidoStatus, EidoType
from starter.readers.eido import read_eido
from starter.readers.told import STEPS, Told, Unreadable
from tests.builders import NOON, minutes
from tests.conftest import AGENCIES
from tests.starter.eido_records import decision_of, facts_of
from tests.starter.eidos import OURS, Document, component, eido, with_eido, written

OTTAWA = with_eido(load_agency(AGENCIES / "ottawa"))
PHONE, OTHER_PHONE = "+16135550142", "+13435550117"
FIRE = "fire.example.ca"


def call(**changes: Any) -> Document:
    """A noise complaint of priority 4, received at noon, nothing else yet."""
    plain: dict[str, Any] = {"cad_id": "1001", "case_number": "26-104233", "received": NOON, "phone": PHONE}
    return eido(**{**plain, **changes})


def read(document: Any, **mapping: Any) -> Told | Unreadable:
    return read_eido(document, with_eido(OTTAWA, **mapping).cad if mapping else OTTAWA.cad)


def told(document: Any, **mapping: Any) -> Told:
    result = read(document, **mapping)
    assert isinstance(result, Told), result
    return result


def unread(document: Any, **mapping: Any) -> Unreadable:
    result = read(document, **mapping)
    assert isinstance(result, Unreadable), result
    return result


def at(minute: float) -> datetime:
    return NOON + minutes(minute)


def with_incident(document: Document, **changes: Any) -> Document:
    """The document with a changed incident component; what is `None` is taken out."""
    changed = copy.deepcopy(document)
    incident = {**changed["incidentComponent"], **changes}
    changed["incidentComponent"] = {name: value for name, value in incident.items() if value is not None}
    return changed


def statuses(*names: str, after: float = 60) -> dict[str, Any]:
    return {"incidentStatusCommonRegistryText": list(names), "lastUpdateTimeStamp": written(at(after))}


def unit(name: str, minute: float, *status: str, **content: Any) -> Document:
    return component(name, at(minute), secondaryUnitStatusRegistryText=list(status), **content)


def dispatch(minute: float, *units: str) -> Document:
    return component(f"dispatch-{minute}", at(minute), emergencyResourceReference=[{"$ref": name} for name in units])


def with_units(*units: Document, dispatches: tuple[Document, ...] = (), status: tuple[str, ...] = ("Active",)) -> Told:
    document = with_incident(call(), **statuses(*status))
    return told({**document, "emergencyResourceComponent": list(units), "dispatchComponent": list(dispatches)})


def callback(name: str, *uris: str, **content: Any) -> Document:
    return component(name, NOON, callBackInformationUri=list(uris), **content)


def a_call(minute: float, *, name: str = "call-2", back: str | None = None, **content: Any) -> Document:
    plain = {
        "callStartTimestamp": written(at(minute)),
        "standardPrimaryCallType": "emergency",
        "direction": "incoming",
        "callStateRegistryText": "callAnswered",
    }
    ref = {} if back is None else {"callBackReference": {"$ref": back}}
    return component(name, at(minute), **{**plain, **ref, **content})


# What the plain values are read back as


def test_a_snapshot_is_read_as_the_call_it_shows() -> None:
    one = told(call(disposition="01", dispatched=at(10), arrived=at(20), cleared=at(40), call_ended=at(3)))
    assert one == Told(
        cad_id="1001",
        stamp=at(40),
        case_number="26-104233",
        priority_code="4",
        call_type_code="NOISE",
        first_call_type_code="NOISE",
        source_code="phone",
        disposition="01",
        in_progress=False,
        safety_flag=False,
        phone=PHONE,
        received_at=NOON,
        call_ended_at=at(3),
        dispatched_at=at(10),
        arrived_at=at(20),
        cleared_at=at(40),
    )
    assert decision_of(one, OTTAWA).is_eligible


@pytest.mark.parametrize(
    "steps",
    [
        {},
        {"dispatched": 10},
        {"dispatched": 10, "arrived": 20},
        {"arrived": 20},
        {"cleared": 40},
        {"dispatched": 10, "cleared": 40},
        {"dispatched": 10, "arrived": 20, "cleared": 40},
        {"dispatched": 50, "arrived": 60, "cleared": 40},  # a unit that is sent, or comes, after the incident is closed
        {"dispatched": 20, "arrived": 10},
    ],
)
def test_the_steps_that_a_snapshot_can_carry_are_read_as_they_were_written(steps: dict[str, float]) -> None:
    one = told(call(**{name: at(minute) for name, minute in steps.items()}))
    read_back = {name: getattr(one, f"{name}_at") for name in ("dispatched", "arrived", "cleared")}
    assert read_back == {name: at(steps[name]) if name in steps else None for name in read_back}
    assert (one.requeued_at, one.reopened_at, one.steps_now) == (None, None, frozenset())


def test_the_transfer_of_a_call_without_an_incident_yet_tells_who_called_and_waits() -> None:
    """The shape of the public sample: a PSAP gives a call on before CAD knows of it."""
    document = call(phone="613-555-0142")
    del document["incidentComponent"]
    document["agencyComponent"][0]["incidentOwningAgencyIndicator"] = None
    document["personComponent"][0]["lastUpdateTimeStamp"] = "2026-01-15T17:00:00.0"
    document["callbackComponent"][0]["callBackInformationUri"] = ["sip:6135550142@osp.example", "tel:6135550142"]
    one = told(document, cad_id=EidoId.GLOBAL)
    assert (one.phone, one.received_at, one.source_code) == (PHONE, NOON, "phone")
    assert (one.call_type_code, one.case_number) == (None, None)
    assert decision_of(one, OTTAWA).rule == Rule.MISSING_FACT


def test_the_first_samples_write_names_in_other_capitals_and_the_incident_in_a_list() -> None:
    document = call(priority="4")
    document["incidentTrackingIdentifier"] = document["$id"]
    document["$id"] = "incidentid:0:header"
    document["LastUpdateTimeStamp"] = document.pop("lastUpdateTimeStamp")
    document["personInformationComponent"] = document.pop("personComponent")
    document["incidentComponent"] = [document["incidentComponent"]]
    document["agencyComponent"][0]["agencyRoleDescriptionRegistryText"] = "Dispatching"
    assert told(document) == told(call(priority="4"))
    assert told(document, cad_id=EidoId.GLOBAL).cad_id == f"urn:emergency:uid:incidentid:1001:{OURS}"


# Which call it is


def test_cads_own_id_is_the_internal_one_so_that_the_call_of_other_ways_in_is_the_same() -> None:
    assert told(call()).cad_id == "1001"
    assert told(call(), cad_id=EidoId.UNIQUE).cad_id == "1001"
    assert told(call(), cad_id=EidoId.GLOBAL).cad_id == f"urn:emergency:uid:incidentid:1001:{OURS}"


def test_the_case_number_is_the_one_that_the_folder_names() -> None:
    assert told(call()).case_number == "26-104233"
    assert told(call(), case_number=EidoNumber.INTERNAL).case_number == "1001"
    assert told(call(), case_number=EidoNumber.UNIQUE).case_number == "1001"
    two = with_incident(call(), documentIdentification=["26-104233", "26-104299"])
    assert told(two).case_number is None


def test_the_unique_part_of_a_global_id_is_ours_only_where_its_maker_is() -> None:
    document = call() | {"$id": "urn:emergency:uid:incidentid:1001:bcf.example.ca"}
    assert unread(document, cad_id=EidoId.UNIQUE).what == "it has no unique id that is ours (eido.cad_id in cad.yaml)"


@pytest.mark.parametrize(
    ("id_", "what"),
    [
        ("x" * 101, "the id has more than 100 signs, or one that cannot be printed"),
        ("10\x0001", "the id has more than 100 signs, or one that cannot be printed"),
        (["1001", "1002"], "it has no internal id that is ours (eido.cad_id in cad.yaml)"),
        (None, "it has no internal id that is ours (eido.cad_id in cad.yaml)"),
    ],
)
def test_an_id_that_cannot_be_one_is_refused(id_: Any, what: str) -> None:
    assert unread(with_incident(call(), internalIncidentId=id_)).what == what


def test_what_is_no_eido_at_all_is_refused() -> None:
    assert unread([]).what == "it is no EIDO: not a JSON object"
    assert unread({}).what == "it has no id"
    none = OTTAWA.cad.model_copy(update={"eido": None})
    assert isinstance(read_eido(call(), none), Unreadable)


# Type and priority


def test_the_type_is_cads_own_code_then_its_own_words_then_the_common_type() -> None:
    both = with_incident(call(), incidentTypeInternalText="LOUD PARTY")
    assert told(both).call_type_code == "NOISE"
    assert told(both, call_type=EidoType.TEXT).call_type_code == "LOUD PARTY"
    assert told(with_incident(both, incidentTypeInternalCode=None)).call_type_code == "LOUD PARTY"
    assert told(call(call_type=None, common_type="NOISE")).call_type_code == "NOISE"


@pytest.mark.parametrize("common", ["SEXOFFNS", "DVA", "dvna", "HOSTAGE", "BOMB", "ALMH", "ALRROBS", "CU2", "SUICIDE"])
@pytest.mark.parametrize("shape", [lambda text: text, lambda text: [text, "NOISE"], lambda text: {"value": text}])
def test_a_sensitive_common_type_does_not_hide_beside_a_code_that_is_texted(common: str, shape: Any) -> None:
    one = told(call(common_type=shape(common)))
    assert decision_of(one, OTTAWA).rule == Rule.SAFETY_FLAG
    assert one.call_type_code == common.upper()
    assert one.first_call_type_code == "NOISE"


def test_a_danger_that_another_service_has_told_of_the_incident_silences() -> None:
    alternate = {"Element": "incidentTypeCommonRegistryText", "Alternate": [{"OtherValue": "DVA", "Constituent": FIRE}]}
    assert told({**call(), "alternateValuesComponent": [alternate]}).safety_flag
    harmless = {"Element": "incidentTypeCommonRegistryText", "Alternate": [{"OtherValue": "NOISE"}]}
    assert not told({**call(), "alternateValuesComponent": [harmless]}).safety_flag


def test_of_two_incident_components_the_type_of_either_silences() -> None:
    danger = component("incident-2", at(-5), incidentTypeInternalCode="DOMESTIC DISPUTE")
    for components in ([danger, call()["incidentComponent"]], [call()["incidentComponent"], danger]):
        one = told({**call(), "incidentComponent": components})
        assert (one.first_call_type_code, one.call_type_code) == ("DOMESTIC DISPUTE", "NOISE")
        assert decision_of(one, OTTAWA).rule == Rule.LATCH


def test_more_than_two_types_silence_since_one_of_them_would_not_be_asked() -> None:
    one = told(call(call_type=["NOISE", "THEFT", "PARKING"]))
    assert decision_of(one, OTTAWA).rule == Rule.SAFETY_FLAG
    assert one.call_type_code == "more than two types"


def test_a_common_priority_is_never_read_as_one_of_the_police() -> None:
    """10 is the highest there, and 1 with the police."""
    common = with_incident(call(priority=None), incidentCommonPriorityNumber=4)
    assert told(common).priority_code == "common 4"
    assert decision_of(told(common), OTTAWA).rule == Rule.UNKNOWN_PRIORITY
    assert told(common, common_priorities={"4": "3", "10": "1"}).priority_code == "3"


def test_of_two_priorities_the_more_silent_counts() -> None:
    both = with_incident(call(priority="4"), incidentCommonPriorityNumber=10)
    assert told(both).priority_code == "4"
    assert told(both, common_priorities={"10": "1"}).priority_code == "1"
    assert told(both, common_priorities={"2": "4"}).priority_code == "common 10"
    assert told(call(priority=["4", "2"])).priority_code == "2"
    assert told(call(priority=["4", "VERY HIGH"])).priority_code == "VERY HIGH"


@pytest.mark.parametrize("name", ["cautionComponent", "unitEmergencyStateComponent"])
def test_a_caution_or_an_officer_in_distress_silences_for_ever(name: str) -> None:
    one = told({**call(), name: [component("caution-1", NOON, cautionSeverity="lowest")]})
    assert decision_of(one, OTTAWA).rule in {Rule.SAFETY_FLAG, Rule.IN_PROGRESS}
    assert decision_of(told({**call(), name: []}), OTTAWA).is_eligible


@pytest.mark.parametrize(
    "document",
    [
        {"notesComponent": [component("n-1", NOON, cautionReference=[{"$ref": "caution-1"}])]},
        {"incidentComponent": {**call()["incidentComponent"], "cautionComponent": [{}]}},
        {"personComponent": [{**call()["personComponent"][0], "cautionReference": {"$ref": "caution-1"}}]},
        {"emergencyResourceComponent": [unit("unit-1", 1, "OnScene", unitEmergencyStateReference=[{"$ref": "e"}])]},
    ],
)
def test_r1_a_caution_or_distress_that_is_only_referred_to_or_stands_elsewhere_silences(document: Document) -> None:
    """The component itself may be left out, or be fetched by its reference."""
    assert decision_of(told({**call(), **document}), OTTAWA).rule in {Rule.SAFETY_FLAG, Rule.IN_PROGRESS}


@pytest.mark.parametrize("written", ['["DVA"]', '"DVA"', "DVA - Domestic violence, armed", "urn:x:incidenttype:dva"])
def test_r1_a_sensitive_common_type_does_not_hide_in_the_way_it_is_written(written: str) -> None:
    """An alternate value may be the JSON of the other service's value."""
    kept = [{"Element": "incidentTypeCommonRegistryText", "Alternate": [{"OtherValue": written}]}]
    for document in (
        with_incident(call(), incidentTypeCommonRegistryText=written),
        {**call(), "AlternateValues": kept},
        {**call(), "conflictComponent": kept},
        with_incident(call(), AlternateValues=kept),
    ):
        one = told(document)
        assert (one.safety_flag, one.call_type_code) == (True, "DVA")


# Who called


def test_a_machine_an_officer_or_an_organization_is_no_resident() -> None:
    alarm = {**call(), "alarmsSensorsComponent": [{}]}
    assert told(alarm).source_code == "alarm"
    own_stop = {**call(), "emergencyResourceComponent": [unit("unit-1", 1, "TrafficStop")]}
    assert told(own_stop).source_code == "officer"
    by_shop = {**call(), "callComponent": [a_call(0, organizationReference=[{"$ref": "shop"}])]}
    assert told(by_shop).source_code == "organization"
    for document in (alarm, own_stop, by_shop):
        assert not decision_of(told(document), OTTAWA).is_eligible


def test_an_organization_that_called_stays_one_when_the_telephone_call_is_gone() -> None:
    shop = component("shop", NOON, callBackReference={"$ref": "callback-1"})
    document = {**call(), "callComponent": [], "organizationComponent": [shop]}
    assert told(document).source_code == "organization"
    caller = component("shop", NOON, organizationIncidentRoleRegistryText=["Caller"])
    for calls in ([], [a_call(0, back="callback-1")]):
        document = {**call(), "callComponent": calls, "organizationComponent": [caller]}
        assert not decision_of(told(document), OTTAWA).is_eligible
        assert told(document).source_code in {"organization", "unclear"}


@pytest.mark.parametrize(
    "content",
    [
        {"standardPrimaryCallType": "silentMonitoring"},
        {"standardPrimaryCallType": None},
        {"standardSecondaryCallType": "intervene"},
        {"direction": None},
    ],
)
def test_what_came_in_and_may_be_no_person_is_unclear(content: dict[str, Any]) -> None:
    one = told({**call(), "callComponent": [a_call(0, **content)]})
    assert one.source_code == "unclear"
    assert decision_of(one, OTTAWA).rule == Rule.UNKNOWN_SOURCE


@pytest.mark.parametrize("direction", ["outgoing", "internal"])
def test_a_call_that_went_out_or_stayed_in_the_house_is_nobodys_call_for_help(direction: str) -> None:
    document = {**call(), "callComponent": [a_call(0, back="callback-1", direction=direction)], "personComponent": []}
    one = told(document)
    assert (one.source_code, one.phone, one.received_at) == (None, None, None)


def test_when_the_telephone_call_is_gone_the_caller_as_a_person_is_left() -> None:
    """So that a survey is still sent, and nothing is told that would contradict what was told before."""
    one = told({**call(), "callComponent": []})
    assert (one.source_code, one.phone, one.received_at) == ("phone", PHONE, None)


def test_a_test_call_is_a_test() -> None:
    document = {**call(), "callComponent": [a_call(0, back="callback-1", standardSecondaryCallType="testCall")]}
    assert told(document).cancelled is CancelReason.TEST


@pytest.mark.parametrize(
    ("uris", "number"),
    [
        (["tel:+1-613-555-0142"], PHONE),
        (["tel:6135550142", "sip:6135550142@osp.example;user=phone"], PHONE),
        (["sips:+16135550142@osp.example"], PHONE),
        (["tel:%2B16135550142"], PHONE),
        (["(613) 555-0142"], PHONE),
        (["sip:alice@osp.example", "tel:6135550142"], PHONE),
        (["sip:alice@osp.example"], ""),
        (["tel:5550142;phone-context=+1613"], ""),
        (["tel:6135550142", "tel:3435550117"], ""),
        ([], None),
    ],
)
def test_a_number_is_read_however_it_is_written_and_two_are_none(uris: list[str], number: str | None) -> None:
    assert told({**call(), "callbackComponent": [callback("callback-1", *uris)]}).phone == number


def test_an_updated_number_replaces_the_networks() -> None:
    updated = {"updatedCbn": component("cbn", at(5), updatedCbnIdentifierUri=f"tel:{OTHER_PHONE}")}
    assert (
        told({**call(), "callbackComponent": [callback("callback-1", f"tel:{PHONE}", **updated)]}).phone == OTHER_PHONE
    )
    unreadable = {"updatedCbn": {"updatedCbnIdentifierUri": "tel:call me at work"}}
    assert told({**call(), "callbackComponent": [callback("callback-1", f"tel:{PHONE}", **unreadable)]}).phone == ""


def two_callers(minute: float, **content: Any) -> Document:
    """A second person calls about the same incident."""
    document = call()
    document["callComponent"].append(a_call(minute, back="callback-2", **content))
    document["callbackComponent"].append(callback("callback-2", f"tel:{OTHER_PHONE}"))
    return document


def test_of_two_callers_the_first_is_texted_and_where_nobody_knows_which_it_is_nobody() -> None:
    assert told(two_callers(5)).phone == PHONE
    assert told(two_callers(-5)).phone == OTHER_PHONE
    assert told(two_callers(0)).phone == ""
    assert told(two_callers(5, callStartTimestamp="at five")).phone == ""
    gone = {**two_callers(5), "callComponent": []}
    gone["personComponent"].append(
        component("person-2", NOON, personIncidentRoleRegistryText=["Caller"], callBackReference={"$ref": "callback-2"})
    )
    assert told(gone).phone == ""


def test_a_number_on_which_a_suspect_can_be_reached_is_not_texted() -> None:
    document = call()
    document["personComponent"].append(
        component("p-2", NOON, personIncidentRoleRegistryText=["Suspect"], callBackReference={"$ref": "callback-1"})
    )
    assert told(document).phone == ""


def test_r1_the_number_of_a_suspect_or_an_organization_is_known_under_another_id_too() -> None:
    """A household has one telephone, and each of its people a callback of its own."""
    updated = {"updatedCbn": {"updatedCbnIdentifierUri": f"tel:{OTHER_PHONE}"}}
    for callback_2 in (callback("callback-2", f"sip:{PHONE}@osp.example"), callback("callback-2", PHONE, **updated)):
        for role in ("Suspect", "Person Of Interest"):
            document = call()
            document["callbackComponent"].append(callback_2)
            back = {"callBackReference": {"$ref": "callback-2"}}
            document["personComponent"].append(component("p-2", NOON, personIncidentRoleRegistryText=[role], **back))
            assert told(document).phone == ""
            del document["personComponent"][-1]
            assert told(document).phone == PHONE
            assert told({**document, "organizationComponent": [component("shop", NOON, **back)]}).phone == ""


def test_a_reference_to_nothing_or_in_circles_tells_no_number() -> None:
    assert told({**call(), "callbackComponent": []}).phone is None
    itself = component("callback-1", NOON, callBackReference={"$ref": "callback-1"})
    assert told({**call(), "callbackComponent": [itself]}).phone is None


def test_a_number_stands_in_no_representation_of_what_was_read() -> None:
    """R3."""
    assert "555" not in repr(told(call()))


@pytest.mark.parametrize(
    ("language", "code"),
    [
        ("fra", "fra"),
        ({"ncLanguageCode": {"value": "eng"}}, "eng"),
        (["eng", "fra"], None),
        ("som", None),
        ("FR", "FR"),
    ],
)
def test_the_callers_language_is_told_where_it_is_one_of_the_two(language: Any, code: str | None) -> None:
    document = call()
    document["personComponent"][0]["ncPersonComponent"] = {"ncPersonPrimaryLanguage": language}
    assert told(document).language_code == code


# How far it has come


def test_a_unit_that_moves_on_does_not_move_the_time_of_the_dispatch() -> None:
    sent = (dispatch(10, "unit-1"),)
    for minute, status in ((10, "Dispatched"), (12, "EnRoute"), (30, "EnRoute")):
        assert with_units(unit("unit-1", minute, status), dispatches=sent).dispatched_at == at(10)
    there = with_units(unit("unit-1", 31, "OnScene"), dispatches=sent)
    assert (there.dispatched_at, there.arrived_at) == (at(10), at(31))


def test_without_dispatch_components_the_units_and_the_incidents_stamps_tell() -> None:
    sent = with_units(unit("unit-1", 12, "EnRoute"), unit("unit-2", 14, "Assigned"))
    assert (sent.dispatched_at, sent.arrived_at) == (at(12), None)
    there = with_units(unit("unit-1", 20, "Arrived"))
    assert (there.dispatched_at, there.arrived_at) == (None, at(20))
    bare = with_units(status=("Active", "ResourcesEnroute"))
    assert (bare.dispatched_at, bare.arrived_at) == (at(60), None)


def test_one_unit_that_is_cleared_is_not_the_call_that_is_cleared() -> None:
    one = with_units(
        unit("unit-1", 20, "Cleared"), unit("unit-2", 25, "EnRoute"), status=("Active", "ResourcesAssigned")
    )
    assert (one.cleared_at, one.dispatched_at, one.requeued_at) == (None, at(25), None)
    all_gone = with_units(unit("unit-1", 20, "Cleared"))
    assert (all_gone.cleared_at, all_gone.requeued_at) == (None, None)


def test_the_values_of_registries_are_known_however_they_are_written() -> None:
    """Their predecessors wrote `ASSIGNMENT CANCELED`, `ON SCENE` and `BACK UP`."""
    assert with_units(unit("unit-1", 12, "ON SCENE")).arrived_at == at(12)
    for status in ("EN ROUTE", "en_route", "BACK UP"):
        assert with_units(unit("unit-1", 12, status)).dispatched_at == at(12)
    assert with_units(unit("unit-1", 12, "ASSIGNMENT CANCELED")).requeued_at == at(12)
    assert told(with_incident(call(), **statuses("Canceled"))).cancelled is CancelReason.CANCELLED
    assert told(with_incident(call(), **statuses("Re-Opened"))).reopened_at == at(60)
    people = {**call(), "callComponent": [a_call(0, back="callback-1", standardPrimaryCallType="non-emergency")]}
    assert told(people).source_code == "phone"


def test_a_call_goes_back_to_the_queue_only_where_every_unit_was_called_off() -> None:
    off = unit("unit-1", 20, "AssignmentCancelled")
    sent = (dispatch(10, "unit-1"),)
    back = with_units(off, dispatches=sent)
    assert (back.requeued_at, back.dispatched_at) == (at(20), None)
    again = with_units(off, unit("unit-2", 30, "Dispatched"), dispatches=(*sent, dispatch(30, "unit-2")))
    assert (again.requeued_at, again.dispatched_at) == (None, at(30))
    for other in (
        with_units(off, status=("Active", "ResourcesAssigned")),
        with_units(off, unit("unit-2", 21, "Cleared")),
        with_units(off, unit("unit-2", 21, "Meal")),
        with_units(off, dispatches=(dispatch(10, "unit-9"),)),
        with_units(unit("unit-1", 20, "AssignmentCancelled", "Assigned")),
        with_units(off, status=()),
    ):
        assert other.requeued_at is None


def test_a_unit_that_was_called_off_and_sent_again_has_the_call_since_then() -> None:
    again = with_units(unit("unit-1", 40, "EnRoute"), dispatches=(dispatch(10, "unit-1"), dispatch(30, "unit-1")))
    assert again.dispatched_at == at(30)


def test_a_unit_that_is_on_another_incident_or_only_waits_for_this_one_does_not_have_it() -> None:
    for elsewhere in ({"activeOnIncidentId": "urn:x"}, {"stackedOnIncidentId": ["1001"]}):
        one = with_units(unit("unit-1", 12, "EnRoute", **elsewhere))
        assert (one.dispatched_at, one.arrived_at) == (None, None)
    here = with_units(unit("unit-1", 12, "EnRoute", activeOnIncidentId="1001"))
    assert here.dispatched_at == at(12)


def test_an_arrival_at_the_hospital_or_the_station_is_none_at_the_call() -> None:
    one = with_units(unit("unit-1", 30, "Arrived", "Station"), dispatches=(dispatch(10, "unit-1"),))
    assert (one.arrived_at, one.dispatched_at) == (None, at(10))


def test_a_closed_incident_is_cleared_when_it_was_last_changed_and_tells_no_arrival_of_then() -> None:
    one = told(with_incident(call(), **statuses("ResourcesOnscene", "Closed")))
    assert (one.cleared_at, one.arrived_at, one.dispatched_at) == (at(60), None, None)


def test_a_reopened_incident_waits_again_until_a_unit_has_it() -> None:
    reopened = told(with_incident(call(), **statuses("ReOpened", "Active")))
    assert (reopened.reopened_at, reopened.dispatched_at, reopened.cleared_at) == (at(60), None, None)
    sent = with_units(unit("unit-1", 50, "EnRoute"), status=("ReOpened",))
    assert (sent.reopened_at, sent.dispatched_at) == (at(60), at(60))


@pytest.mark.parametrize("other", ["Active", "ReOpened"])
def test_an_incident_that_is_closed_and_open_at_once_gets_neither_notice_nor_survey(other: str) -> None:
    one = told(with_incident(call(), **statuses("Closed", other)))
    facts = facts_of(one, OTTAWA)
    assert facts.is_dispatched
    assert not facts.is_cleared


def test_cads_own_statuses_are_read_as_the_folder_says() -> None:
    own = with_incident(call(), incidentStatusInternalText=["DONE"], incidentStatusCommonRegistryText=None)
    assert told(own).cleared_at is None
    assert told(own, statuses={"DONE": EidoStatus.CLOSED}).cleared_at == NOON


def test_a_step_without_a_time_happened_when_the_record_counts_as_of() -> None:
    document = with_incident(call(), lastUpdateTimeStamp=None, incidentStatusCommonRegistryText=["Closed"])
    one = told(document)
    assert (one.cleared_at, set(one.steps_now)) == (None, {"cleared_at"})


@pytest.mark.parametrize("text", ["", "yesterday", "2026-01-15", "2026-01-15T12:00:00", "9999-12-31T23:59:59Z", 7, {}])
def test_a_time_without_an_offset_or_that_is_none_is_not_read(text: Any) -> None:
    document = call()
    document["callComponent"][0]["callStartTimestamp"] = text
    assert told(document).received_at is None


def test_closed_before_it_was_received_is_a_contradiction_that_is_kept_for_a_person() -> None:
    result = unread(call(cleared=at(-2)))
    assert result.what == "incident 1001: closed before it was received"
    assert told(call(cleared=NOON - timedelta(seconds=59))).cleared_at is not None


# The same again


def test_the_stamp_is_that_of_what_is_read_so_that_the_same_sent_again_is_the_same() -> None:
    first = call(dispatched=at(10))
    again = {**first, "lastUpdateTimeStamp": written(at(500)), "updatedByAgentReference": {"$ref": "somebody.else"}}
    assert told(again) == told(first)
    assert told(first).stamp == at(10)


def test_without_any_other_stamp_the_whole_eidos_counts() -> None:
    document = call()
    for name in ("incidentComponent", "callComponent", "personComponent", "callbackComponent", "agencyComponent"):
        for one in [document[name]] if isinstance(document[name], dict) else document[name]:
            del one["lastUpdateTimeStamp"]
    assert told({**document, "lastUpdateTimeStamp": written(at(7))}).stamp == at(7)


# What came of it


@pytest.mark.parametrize(
    ("dispositions", "read_as"),
    [
        ([{"dispositionCommonRegistryCode": "01"}], "01"),
        ([{"dispositionCommonRegistryCode": 1}], "01"),
        ([{"dispositionCommonRegistryCode": "05"}, {"dispositionCommonRegistryCode": "01"}], "01,05"),
        (
            [
                {"dispositionCommonRegistryCode": "21", "dispositionPrimaryIndicator": False},
                {"dispositionCommonRegistryCode": "01", "dispositionPrimaryIndicator": True},
            ],
            "01",
        ),
        ([{"dispositionCommonRegistryCode": "01", "dispositionDescriptionText": "GOA"}], "GOA"),
        ([{"dispositionCommonRegistryCode": "01", "dispositionDescriptionText": "talked to Jane Example"}], "01"),
    ],
)
def test_dispositions_are_the_primary_ones_and_words_only_where_the_folder_lists_them(
    dispositions: list[Any], read_as: str
) -> None:
    assert told(with_incident(call(), dispositionComponent=dispositions)).disposition == read_as


def test_a_disposition_that_the_folder_reads_as_a_duplicate_cancels() -> None:
    cad = OTTAWA.cad.model_copy(update={"dispositions": {"22": CancelReason.DUPLICATE, "01": Outcome.ORDINARY}})
    document = with_incident(
        call(), dispositionComponent=[{"dispositionCommonRegistryCode": code} for code in ("01", "22")]
    )
    one = read_eido(document, cad)
    assert isinstance(one, Told)
    assert one.cancelled is CancelReason.DUPLICATE


@pytest.mark.parametrize(
    ("directions", "reason"),
    [
        (["REPLACED"], CancelReason.MERGED),
        (["REPLACING"], None),
        (["REPLACING", "REPLACED"], CancelReason.MERGED),
        (["SPLIT"], None),
        (["replaced"], CancelReason.MERGED),
        (["SWALLOWED"], CancelReason.MERGED),
        ([None], CancelReason.MERGED),
    ],
)
def test_an_incident_that_was_merged_into_another_ends_and_the_other_goes_on(
    directions: list[str | None], reason: CancelReason | None
) -> None:
    merges = [
        component("m", NOON, incidentMergeDirectionCode=one, incidentTrackingIdentifier="urn:x") for one in directions
    ]
    assert told({**call(), "mergeComponent": merges}).cancelled is reason


@pytest.mark.parametrize(
    ("links", "reason"),
    [
        ([("CHILD", 1)], CancelReason.DUPLICATE),
        ([("PARENT", 1)], None),
        ([("RELATED", 1)], None),
        ([("SIBLING", 1)], CancelReason.DUPLICATE),
        ([(None, 1)], CancelReason.DUPLICATE),
        ([("CHILD", 1), ("UNLINK", 2)], None),
        ([("UNLINK", 1), ("CHILD", 2)], CancelReason.DUPLICATE),
        ([("UNLINK", 1), ("CHILD", 1)], CancelReason.DUPLICATE),
    ],
)
def test_the_child_of_another_incident_ends_unless_the_link_was_undone(
    links: list[tuple[str | None, float]], reason: CancelReason | None
) -> None:
    made = [
        component("l", at(when), linkDirectionCode=kind, incidentTrackingIdentifier="urn:x") for kind, when in links
    ]
    assert told({**call(), "linkComponent": made}, link=EidoLink.THIS).cancelled is reason


@pytest.mark.parametrize("link", EidoLink)
@pytest.mark.parametrize("kind", ["PARENT", "CHILD", "RELATED", "UNLINK"])
def test_r1_whose_side_a_link_is_told_from_is_asked_and_until_then_both_sides_are_silent(
    link: EidoLink, kind: str
) -> None:
    silent = {EidoLink.UNKNOWN: {"PARENT", "CHILD"}, EidoLink.THIS: {"CHILD"}, EidoLink.LINKED: {"PARENT"}}
    made = component("l", NOON, linkDirectionCode=kind, incidentTrackingIdentifier="urn:x")
    expected = CancelReason.DUPLICATE if kind in silent[link] else None
    assert told({**call(), "linkComponent": [made]}, link=link).cancelled is expected
    if link is EidoLink.UNKNOWN:
        assert told({**call(), "linkComponent": [made]}).cancelled is expected


def test_a_cancelled_incident_is_cancelled() -> None:
    assert told(with_incident(call(), **statuses("Cancelled"))).cancelled is CancelReason.CANCELLED


# Whose it is


def agency(name: str, *roles: str, owns: bool | None = None) -> Document:
    return component(name, NOON, agencyRoleDescriptionRegistryText=list(roles), incidentOwningAgencyIndicator=owns)


def of(*agencies: Document, **changes: Any) -> Document:
    return {**call(**changes), "agencyComponent": list(agencies)}


@pytest.mark.parametrize(
    "agencies",
    [
        [agency(OURS, owns=True), agency(FIRE, "Assisting")],
        [agency(OURS.upper(), owns=True)],
        [agency(OURS, "CallReceiving")],
        [agency(FIRE, "CallReceiving"), agency(OURS, "TransferredTo")],
        [],
    ],
)
def test_an_incident_is_ours_where_our_agency_owns_it_or_takes_it(agencies: list[Document]) -> None:
    one = told(of(*agencies))
    assert (one.cancelled, one.phone) == (None, PHONE)


@pytest.mark.parametrize(
    "agencies",
    [
        [agency(FIRE, owns=True), agency(OURS, "CallReceiving")],
        [agency(OURS, "CallReceiving"), agency(FIRE, "TransferredTo")],
        [agency(OURS, "Informational")],
    ],
)
def test_a_call_of_ours_that_was_given_to_another_agency_ends_and_keeps_nothing_of_its_caller(
    agencies: list[Document],
) -> None:
    one = told(of(*agencies))
    assert (one.cad_id, one.cancelled, one.phone, one.case_number) == ("1001", CancelReason.TRANSFERRED, None, None)


def test_an_incident_of_another_agency_is_never_taken_for_the_call_of_ours_with_its_number() -> None:
    document = with_incident(of(agency(FIRE, owns=True)), updatedByAgencyReference={"$ref": FIRE})
    one = told(document)
    assert one == Told(
        cad_id=f"urn:emergency:uid:incidentid:1001:{OURS}", stamp=NOON, cancelled=CancelReason.TRANSFERRED
    )


def test_an_incident_that_comes_to_us_waits_without_a_number_until_it_is_ours() -> None:
    one = told(of(agency(FIRE, owns=True), agency(OURS, "TransferredTo")))
    assert (one.phone, one.cancelled, one.case_number) == (None, None, "26-104233")


def test_an_incident_of_nobody_is_kept_for_a_person_and_its_danger_counts() -> None:
    document = {**of(common_type="DVA"), "updatedByAgencyReference": None}
    result = unread(document)
    assert result.what == "incident 1001: it names no agency, so that nobody knows whose it is"
    assert result.salvage is not None
    assert result.salvage.safety_flag


def test_a_danger_that_another_agency_wrote_into_our_incident_counts() -> None:
    document = with_incident(call(common_type="DVA"), updatedByAgencyReference={"$ref": FIRE})
    result = unread(document)
    assert result.salvage is not None
    assert (result.salvage.cad_id, result.salvage.safety_flag) == ("1001", True)


# What does not fit


def test_what_is_too_long_to_be_a_code_is_kept_for_a_person_and_its_danger_counts() -> None:
    result = unread(call(call_type="DOMESTIC " + "x" * 200))
    assert result.what == "incident 1001: a type of more than 200 signs"
    assert result.salvage is not None
    assert decision_of(result.salvage, OTTAWA).rule == Rule.SENSITIVE_TYPE
    assert unread(call(case_number="1" * 101)).what == "incident 1001: a case number of more than 100 signs"


def test_the_only_sources_are_those_that_the_folder_can_name() -> None:
    assert told({**call(), "alarmsSensorsComponent": "yes"}, sources={}).source_code == EidoSource.ALARM


def test_every_step_that_is_read_is_one_of_a_call() -> None:
    assert {"received_at", "call_ended_at", "dispatched_at", "requeued_at", "arrived_at"} < set(STEPS)
