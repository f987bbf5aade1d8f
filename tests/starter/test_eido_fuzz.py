"""Whatever JSON comes as an EIDO: it is read or refused, never raised; and a danger in it is never lost."""

import copy
import json
import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from policy.agency import load_agency
from policy.cad_eido import EidoId, EidoNumber
from starter.readers.eido import read_eido
from starter.readers.told import Told, Unreadable, record_of
from tests.builders import NOON, minutes
from tests.conftest import AGENCIES
from tests.starter.eido_records import decision_of, facts_of
from tests.starter.eidos import EIDO, OURS, Document, component, eido, with_eido

OTTAWA = with_eido(load_agency(AGENCIES / "ottawa"))
READ_BY_ID = [with_eido(OTTAWA, cad_id=id_, case_number=EidoNumber.UNIQUE) for id_ in EidoId]
PHONE = "+16135550142"
ODD = ["", "\0", "\ud800", "2026-01-15T17:00:00Z", "Closed", "ReOpened", "CHILD", "REPLACED", "tel:6135550117", OURS]

leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12) | st.sampled_from(ODD)
anything = st.recursive(leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner))


def full() -> Document:
    """A snapshot with something in each part that is read."""
    document = eido(
        cad_id="1001",
        case_number="26-104233",
        received=NOON,
        phone=PHONE,
        dispatched=NOON + minutes(10),
        arrived=NOON + minutes(20),
        disposition="01",
    )
    return document | {
        "mergeComponent": [component("merge-1", NOON, incidentMergeDirectionCode="REPLACING")],
        "linkComponent": [component("link-1", NOON, linkDirectionCode="RELATED", incidentTrackingIdentifier="urn:x")],
        "locationComponent": [component("location-1", NOON, locationByValue="<presence/>")],
        "vendorExtension": {"x": [1, 2, {"incidentComponent": "no"}]},
    }


FULL = full()
names = st.sampled_from(sorted({name for name in json.dumps(FULL).split('"') if name.isidentifier()}))


def places(inside: Any) -> Iterator[tuple[Any, Any]]:
    """Every container with every key, or index, in it."""
    pending = [inside]
    while pending:
        holder = pending.pop()
        items = list(holder.items() if isinstance(holder, dict) else enumerate(holder))
        for key, value in items:
            yield holder, key
            if isinstance(value, dict | list):
                pending.append(value)


@st.composite
def mutated(draw: st.DrawFn, document: Document, *, keeps: Callable[[Any, Any], bool] = lambda *_: False) -> Document:
    """The document with some of it dropped, retyped, repeated, shuffled, wrapped, renamed or put beside something new.

    `keeps`: what must stay as it is.
    """
    changed = copy.deepcopy(document)
    for _ in range(draw(st.integers(1, 6))):
        holder, key = draw(
            st.sampled_from([place for place in places(changed) if not keeps(*place)] or [({"a": 1}, "a")])
        )
        match draw(st.sampled_from(["drop", "retype", "repeat", "shuffle", "wrap", "rename", "add"])):
            case "drop":
                del holder[key]
            case "retype":
                holder[key] = draw(anything)
            case "repeat" if isinstance(holder, list):
                holder.append(copy.deepcopy(holder[key]))
            case "shuffle" if isinstance(holder[key], list):
                holder[key] = draw(st.permutations(holder[key]))
            case "wrap":
                holder[key] = draw(st.sampled_from([[holder[key]], {"value": holder[key]}, [[holder[key]], None]]))
            case "rename" if isinstance(holder, dict):
                name = draw(names | st.text(max_size=8))
                if not keeps(holder, name):
                    holder[name] = holder.pop(key)
            case "add" if isinstance(holder, dict):
                holder.setdefault(draw(names | st.text(max_size=8)), draw(anything))
            case _:
                pass
    return changed


def can_be_accepted(result: Told | Unreadable) -> None:
    """What comes out can be a record, and be kept: PostgreSQL takes no NUL, and UTF-8 no half of a pair."""
    told = result if isinstance(result, Told) else result.salvage
    if isinstance(result, Unreadable):
        assert result.what.isprintable()
        assert "555" not in result.what or "555" in (told.cad_id if told else "555")
    if told is None:
        return
    assert 1 <= len(told.cad_id) <= 100
    record = record_of(told, OTTAWA, feed="eido")
    kept = json.dumps([dict(record.facts), dict(record.first_type)], ensure_ascii=False)
    assert "\\u0000" not in kept
    kept.encode()
    record.cad_id.encode()
    facts_of(told, OTTAWA)


@given(document=anything)
@settings(max_examples=400, deadline=None)
def test_any_json_is_read_or_refused(document: Any) -> None:
    for agency in READ_BY_ID:
        can_be_accepted(read_eido(document, agency.cad))


@given(document=mutated(FULL))
@settings(max_examples=800, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_change_of_a_snapshot_is_read_or_refused(document: Document) -> None:
    for agency in READ_BY_ID:
        can_be_accepted(read_eido(document, agency.cad))


def test_neither_depth_nor_length_is_too_much() -> None:
    deep: Any = "NOISE"
    for _ in range(100_000):
        deep = [deep]
    wide = [component(f"unit-{n}", NOON, secondaryUnitStatusRegistryText=["Cleared"]) for n in range(5_000)]
    sent = [component(f"d-{n}", NOON, emergencyResourceReference=[{"$ref": f"unit-{n}"}]) for n in range(5_000)]
    document = full() | {"emergencyResourceComponent": wide, "dispatchComponent": sent, "mergeComponent": deep}
    document |= {"callComponent": full()["callComponent"] * 5_000, "personComponent": full()["personComponent"] * 5_000}
    document["incidentComponent"]["incidentTypeInternalCode"] = deep
    result = read_eido(document, OTTAWA.cad)
    assert isinstance(result, Told)
    assert result.call_type_code == "NOISE"


# A danger stays one

Danger = tuple[Document, Callable[[Any, Any], bool]]


def in_incident(name: str, value: str) -> Danger:
    """It stands in the incident's component, whose other fields may change."""
    document = full()
    document["incidentComponent"][name] = value
    return document, lambda holder, key: key == "incidentComponent" or (isinstance(holder, dict) and key == name)


def beside(name: str, **content: Any) -> Danger:
    """It is a component of its own."""
    # Flat: a change of something inside it would make it another one, that is not kept.
    document = full() | {name: [{"$id": "danger-1", **content}]}
    inside = [document[name], document[name][0]]
    return document, lambda holder, key: key == name or any(holder == one for one in inside)


DANGERS: dict[str, Danger] = {
    "a common type": in_incident("incidentTypeCommonRegistryText", "DVA"),
    "a type of CAD's own": in_incident("incidentTypeInternalCode", "DOMESTIC DISPUTE"),
    "a priority": in_incident("incidentPriorityInternalText", "1"),
    "a caution": beside("cautionComponent", cautionSeverity="lowest"),
    "an officer in distress": beside("unitEmergencyStateComponent", severity="low"),
    "an alarm": beside("alarmsSensorsComponent"),
    "a merge": beside("mergeComponent", incidentMergeDirectionCode="REPLACED"),
}


@pytest.mark.parametrize("name", DANGERS)
@given(data=st.data())
@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_danger_silences_whatever_else_of_the_snapshot_is_changed(name: str, data: st.DataObject) -> None:
    dangerous, keeps = DANGERS[name]
    result = read_eido(data.draw(mutated(dangerous, keeps=keeps)), OTTAWA.cad)
    if isinstance(result, Told):
        assert not decision_of(result, OTTAWA).is_eligible
        return
    # Nothing of it is taken in but what silences. Without an id nobody knows which call it is of.
    if result.salvage is not None and name not in {"an alarm", "a merge"}:
        assert facts_of(result.salvage, OTTAWA).latch is not None


@given(seed=st.integers(0, 10**6), twice=st.booleans())
@example(seed=1, twice=True)
@settings(max_examples=200, deadline=None)
def test_the_same_snapshot_in_another_order_reads_the_same(seed: int, twice: bool) -> None:
    document = full()
    document["callComponent"].append(
        component("call-2", NOON + minutes(5), direction="incoming", standardPrimaryCallType="emergency")
    )
    document["incidentComponent"] = [
        document["incidentComponent"],
        component("incident-2", NOON, incidentTypeInternalCode="THEFT", incidentPriorityInternalText="3"),
    ]
    document["emergencyResourceComponent"] += [
        component("unit-2", NOON + minutes(minute), secondaryUnitStatusRegistryText=[status])
        for minute, status in ((11, "EnRoute"), (40, "Cleared"))
    ]
    shuffled = copy.deepcopy(document)
    chance = random.Random(seed)
    for holder, key in list(places(shuffled)):
        if isinstance(holder[key], list):
            holder[key] += copy.deepcopy(holder[key]) if twice else []
            chance.shuffle(holder[key])
    renamed = list(shuffled.items())
    chance.shuffle(renamed)
    assert read_eido(dict(renamed), OTTAWA.cad) == read_eido(document, OTTAWA.cad)


def test_the_folders_own_reading_is_what_the_tests_use() -> None:
    assert OTTAWA.cad.eido == EIDO
