"""EIDOs taken in, on a real PostgreSQL: a sender that sends again what it sent before changes nothing."""

import json
from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from calls.facts import CallFacts
from database.encryption import Keyring
from database.tables import CallRow
from policy.agency import Agency
from starter.feeds import Result, Tally, Way
from starter.intake import Intake
from starter.readers.eido import read_eido
from starter.rejected import Shape
from tests.builders import NOON, hours, minutes
from tests.starter.eidos import Document, component, eido, with_eido, written

NOW = NOON + hours(3)


@pytest.fixture
def agency(ottawa: Agency) -> Agency:
    return with_eido(ottawa)


@pytest.fixture
def intake(engine: Engine, keyring: Keyring, agency: Agency) -> Intake:
    tally = Tally(engine=engine, feed="exchange", way=Way.EIDO)
    return Intake(engine=engine, keyring=keyring, agency=agency, tally=tally, now=lambda: NOW)


def take(intake: Intake, document: Document) -> Result:
    read = read_eido(document, intake.agency.cad)
    return intake.take(read, raw=lambda: json.dumps(document).encode(), shape=Shape.EIDO).result


def rows(engine: Engine) -> Sequence[CallRow]:
    with Session(engine) as session:
        return session.exec(select(CallRow).order_by(col(CallRow.call_id))).all()


def active_incidents() -> list[Document]:
    """Of every kind that an exchange sends: waiting, called off, under way, closed, opened again, another's."""
    steps: list[dict[str, int]] = [
        {},
        {"dispatched": 10},
        {"dispatched": 10, "arrived": 20},
        {"dispatched": 10, "cleared": 40},
    ]
    documents = [
        eido(
            cad_id=f"10{number:02}",
            case_number=f"26-1042{number:02}",
            received=NOON + minutes(number),
            phone=f"+161355501{number:02}",
            call_ended=NOON + minutes(number + 3),
            **{step: NOON + minutes(minute) for step, minute in told.items()},  # type: ignore[arg-type]
        )
        for number, told in enumerate([*steps, *steps, {}, {}, {}])
    ]
    documents[-1]["incidentComponent"] |= {"incidentStatusCommonRegistryText": ["ReOpened"]}
    documents[-2]["emergencyResourceComponent"] = [
        component("unit-1", NOON + minutes(30), secondaryUnitStatusRegistryText=["AssignmentCancelled"])
    ]
    documents[-3]["agencyComponent"][0] |= {"$id": "fire.example.ca"}
    return documents


def sent_again(document: Document, later: timedelta) -> Document:
    """The same, with a newer stamp of the whole and of what is not the incident."""
    stamp = written(NOW + later)
    agencies = [{**agency, "lastUpdateTimeStamp": stamp} for agency in document["agencyComponent"]]
    location = [component("location-1", NOW + later, locationByValue="<presence/>")]
    return {**document, "lastUpdateTimeStamp": stamp, "agencyComponent": agencies, "locationComponent": location}


def test_a_sender_that_replays_every_active_incident_changes_nothing(engine: Engine, intake: Intake) -> None:
    documents = active_incidents()
    assert {take(intake, document) for document in documents} == {Result.TAKEN}
    before = [row.model_dump() for row in rows(engine)]
    for later in (timedelta(0), hours(1), hours(2)):
        for document in reversed(documents):
            assert take(intake, document) is Result.REPEATED
            assert take(intake, sent_again(document, later)) is Result.REPEATED
    assert [row.model_dump() for row in rows(engine)] == before
    assert {row["version"] for row in before} == {1}


def test_snapshots_in_any_order_end_in_the_same_call(engine: Engine, intake: Intake) -> None:
    """A step that a later snapshot no longer shows stays as it was told."""
    story = [
        eido(cad_id="1001", case_number="26-104233", received=NOON, phone="+16135550142"),
        eido(
            cad_id="1001", case_number="26-104233", received=NOON, phone="+16135550142", dispatched=NOON + minutes(10)
        ),
        eido(
            cad_id="1001",
            case_number="26-104233",
            received=NOON,
            phone="+16135550142",
            dispatched=NOON + minutes(10),
            arrived=NOON + minutes(20),
        ),
        eido(cad_id="1001", case_number="26-104233", received=NOON, call_type="NOISE", cleared=NOON + minutes(50)),
    ]
    for document in reversed(story):
        take(intake, document)
    (row,) = rows(engine)
    facts = CallFacts.model_validate(row.facts)
    steps = [facts.dispatched_at, facts.arrived_at, facts.cleared_at]
    assert steps == [NOON + minutes(minute) for minute in (10, 20, 50)]
    assert (row.eligibility, row.phone_hash is not None) == ("eligible", True)


def test_a_snapshot_that_cannot_be_read_is_kept_and_its_danger_silences_the_call(
    engine: Engine, intake: Intake
) -> None:
    take(intake, eido(cad_id="1001", case_number="26-104233", received=NOON, phone="+16135550142"))
    danger = eido(cad_id="1001", received=NOON, cleared=NOON - minutes(5), common_type="DVNA")
    assert take(intake, danger) is Result.REJECTED
    (row,) = rows(engine)
    assert (row.latch, row.eligibility) == ("safety flag", "ineligible")
