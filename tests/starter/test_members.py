"""Whom CAD tells to have had to do with a call: kept where the folder asks for it, hashed and encrypted, no fact."""

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session
from structlog.testing import capture_logs

from activities.call_members import members_of
from calls.facts import CallFacts
from database.encryption import Keyring, load_keyring, new_key
from database.feeds import RejectedRecordRow
from database.surveys import CallMemberRow
from database.tables import CadRecordRow, CallRow
from policy.agency import Agency
from policy.cad_columns import CadColumns
from starter.readers.record import read_record
from starter.readers.rows import read_row
from starter.readers.told import Told, record_of
from survey.questions import Role
from tests.builders import NOON
from tests.starter.pushing import Cad, pushed_at, received
from tests.survey.month import with_members

TAKER, OFFICER = Role.CALL_TAKER, Role.OFFICER
KEYS = {"call_taker_key": "T-90417", "officer_key": "90417"}
A_MINUTE_LATER = {"updated_at": "2026-01-15T17:01:00Z"}
AT_NOON = {"updated_at": "2026-01-15T17:00:00Z"}


@pytest.fixture
def cad(engine: Engine, keyring: Keyring, ottawa: Agency) -> Iterator[Cad]:
    with pushed_at(engine, keyring, with_members(ottawa)) as cad:
        yield cad


def told(cad: Cad, keyring: Keyring, call: str = "ottawa-1001") -> dict[Role, str]:
    with Session(cad.engine) as session:
        return dict(members_of(session, keyring, call))


def hashed(keyring: Keyring, role: Role, key: str) -> str:
    return keyring.member_hash(agency="ottawa", role=role, key=key)


def in_clear(engine: Engine) -> str:
    """All rows of all tables, as PostgreSQL writes them."""
    with engine.connect() as connection:
        names = connection.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).scalars()
        return "\n".join(
            str(row)
            for name in list(names)
            for row in connection.execute(text(f'SELECT * FROM "{name}"'))  # noqa: S608
        )


def test_both_members_of_a_call_are_kept_as_hashes_of_their_own(cad: Cad, keyring: Keyring) -> None:
    assert cad.push(received(**KEYS)).status_code == 202
    assert told(cad, keyring) == {TAKER: hashed(keyring, TAKER, "T-90417"), OFFICER: hashed(keyring, OFFICER, "90417")}
    assert hashed(keyring, TAKER, "90417") != hashed(keyring, OFFICER, "90417")


def test_off_the_keys_are_read_and_nothing_is_kept_of_them(engine: Engine, keyring: Keyring, ottawa: Agency) -> None:
    with pushed_at(engine, keyring, ottawa) as cad:
        assert cad.push(received(**KEYS)).status_code == 202
        assert cad.rows(CallMemberRow) == []
        assert len(cad.rows(CallRow)) == 1


def test_r3_a_key_is_no_fact_goes_to_no_workflow_and_stands_nowhere_in_clear(
    cad: Cad, keyring: Keyring, ottawa: Agency
) -> None:
    """A workflow is told the facts of a call, and nothing else."""
    with capture_logs() as logs:
        cad.push(received(**KEYS))
        cad.push({**received("1002", **KEYS), "phone": 5, "priority": {}})
    assert len(cad.rows(RejectedRecordRow)) == 1
    assert set(KEYS) & set(CallFacts.model_fields) == set()
    [call] = [row for row in cad.rows(CallRow) if row.call_id == "ottawa-1001"]
    assert not {"members", *KEYS} & {*call.facts, *call.merged}
    assert [record.body.keys() & {"members", *KEYS} for record in cad.rows(CadRecordRow)] == [set()] * len(
        cad.rows(CadRecordRow)
    )
    everything = in_clear(cad.engine)
    assert "90417" not in everything + repr(logs)
    for role, key in ((TAKER, "T-90417"), (OFFICER, "90417")):
        assert hashed(keyring, role, key) not in everything
    assert "90417" not in repr(
        record_of(Told(cad_id="1", call_taker_key="T-90417", officer_key="90417"), ottawa, feed="x")
    )


RECORDS: list[dict[str, Any]] = [
    {**AT_NOON, "officer_key": "1"},
    {**A_MINUTE_LATER, "officer_key": "2"},
    {**AT_NOON, "call_taker_key": "T"},
    {"updated_at": "2026-01-15T17:02:00Z", "area": "7"},
]


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_in_any_order_the_key_that_was_told_last_counts_and_what_is_not_told_stays(
    cad: Cad, keyring: Keyring, order: tuple[int, ...]
) -> None:
    for number in order:
        cad.push(received(**RECORDS[number]))
    assert told(cad, keyring) == {TAKER: hashed(keyring, TAKER, "T"), OFFICER: hashed(keyring, OFFICER, "2")}


def test_a_record_in_which_only_a_key_is_new_is_a_repetition_and_the_key_counts(cad: Cad, keyring: Keyring) -> None:
    cad.push(received(**AT_NOON))
    before = cad.call("1001").version
    answer = cad.push(received(**AT_NOON, officer_key="90417")).json()
    assert (answer["repeated"], cad.call("1001").version, len(cad.rows(CadRecordRow))) == (1, before, 1)
    assert told(cad, keyring) == {OFFICER: hashed(keyring, OFFICER, "90417")}


def test_r1_of_a_call_that_is_silent_for_ever_nothing_more_is_kept(cad: Cad) -> None:
    cad.push(received(in_progress=True))
    cad.push(received(**AT_NOON, **KEYS))
    assert cad.rows(CallMemberRow) == []


@pytest.mark.parametrize("key", ["", "  ", None])
def test_a_blank_key_is_none(cad: Cad, key: str | None) -> None:
    assert cad.push(received(officer_key=key)).status_code == 202
    assert cad.rows(CallMemberRow) == []


def test_what_can_no_longer_be_read_is_told_anew(cad: Cad, keyring: Keyring) -> None:
    """After its key of encryption was lost: no record is, for that."""
    other = load_keyring(encryption_keys=f"k9:{new_key()}", lookup_key=new_key())
    with Session(cad.engine) as session, session.begin():
        session.add(CallMemberRow(call_id="ottawa-1001", agency="ottawa", told_encrypted=other.encrypt("{}")))
    assert told(cad, keyring) == {}
    assert cad.push(received(**KEYS)).status_code == 202
    assert set(told(cad, keyring)) == {TAKER, OFFICER}


def test_a_row_tells_them_in_the_columns_that_the_folder_names_and_a_live_feed_must_have_them(ottawa: Agency) -> None:
    columns = ottawa.cad.columns.model_copy(update={"call_taker_key": "taker", "officer_key": "unit badge"})
    mapping = ottawa.cad.model_copy(update={"columns": columns})
    row = {"incident_id": "1", "priority_native": "4", "taker": " T-90417", "unit badge": "NULL"}
    read = read_row(row, mapping, now=NOON)
    assert isinstance(read, Told)
    assert (read.call_taker_key, read.officer_key) == ("T-90417", None)
    assert record_of(read, ottawa, feed="view").members == {TAKER: "T-90417"}
    assert {"taker", "unit badge"} <= set(CadColumns.model_validate(columns.model_dump()).named)
    assert {"taker", "unit badge"} <= set(columns.optional)


@pytest.mark.parametrize("key", ["9" * 101, "9\u200b\n1", "\ud800"])
def test_a_key_that_is_none_costs_no_record(ottawa: Agency, key: str) -> None:
    assert record_of(Told(cad_id="1", officer_key=key), ottawa, feed="view").members == {}


def test_a_record_of_the_api_tells_them(ottawa: Agency) -> None:
    read = read_record({"cad_id": "1", **KEYS}, ottawa.cad)
    assert isinstance(read, Told)
    assert record_of(read, ottawa, feed="push").members == {TAKER: "T-90417", OFFICER: "90417"}
