"""The push API against its own OpenAPI: Schemathesis sends what the schema allows, and what it does not."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.specs.openapi import checks
from sqlalchemy import Engine

from calls.facts import CallFacts
from database.encryption import Keyring
from database.engine import connect
from database.tables import CadRecordRow, CallRow
from policy.agency import Agency
from starter.push.answers import EXAMPLES
from starter.readers.record import Record, read_record
from starter.readers.told import Told
from tests.conftest import FIGURES
from tests.servers import create_database, drop_database
from tests.starter.pushing import Cad, Signs, pushed_at

A_FEW, MANY = 75, 300
"""Requests of each kind: every day, and in `make test-deep`."""
NAMES = sorted([*Record.model_fields, "records"])
NOT_THE_BODY = [checks.ignored_auth, checks.unsupported_method]


@pytest.fixture(scope="module")
def schema_engine(postgres_url: str, migrated_template: str) -> Iterator[Engine]:
    engine = connect(create_database(postgres_url, "push_schema", template=migrated_template))
    yield engine
    engine.dispose()
    drop_database(postgres_url, "push_schema")


@pytest.fixture(scope="module")
def cad(schema_engine: Engine, keyring: Keyring, ottawa: Agency) -> Iterator[Cad]:
    with pushed_at(schema_engine, keyring, ottawa) as cad:
        yield cad


@pytest.fixture(scope="module")
def description(cad: Cad) -> dict[str, Any]:
    document: dict[str, Any] = requests.get(f"{cad.address}/cad/v1/openapi.json", timeout=5).json()
    return document


@pytest.mark.parametrize("examples", [A_FEW, pytest.param(MANY, marks=pytest.mark.deep)])
@pytest.mark.parametrize("mode", list(GenerationMode))
@pytest.mark.parametrize("path", ["/cad/v1/calls", "/cad/v1/eido"])
def test_whatever_comes_is_answered_as_the_schema_says_and_nothing_is_stored_that_violates_it(
    cad: Cad,
    description: dict[str, Any],
    path: str,
    mode: GenerationMode,
    examples: int,
    record_property: Any,
) -> None:
    operation = schemathesis.openapi.from_dict(_all_signed(description))[path]["POST"]
    # Of an EIDO the schema names only what is read; whether it is one is the reader's to say.
    excluded = [*NOT_THE_BODY, *([checks.positive_data_acceptance] if path.endswith("eido") else [])]
    statuses: dict[int, int] = {}

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck))
    def send(case: "Case[Any]") -> None:
        response = case.call(base_url=cad.address, session=cad.http, auth=Signs())
        # Too many records at once are refused, too; the tool does not know 413 for a refusal.
        besides = [checks.negative_data_rejection] if response.status_code == 413 else []
        case.validate_response(response, excluded_checks=[*excluded, *besides])
        assert response.status_code < 500
        statuses[response.status_code] = statuses.get(response.status_code, 0) + 1

    send()
    record_property(FIGURES, f"{path}, {mode.value} data: {sum(statuses.values())} requests, by status {statuses}")
    stored_fits(cad)


@given(
    body=st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
        lambda of: (
            st.lists(of, max_size=4)
            | st.dictionaries(st.sampled_from(sorted(Record.model_fields)) | st.text(max_size=8), of)
        ),
        max_leaves=12,
    )
)
@settings(max_examples=A_FEW, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_json_at_all_is_answered(cad: Cad, body: object) -> None:
    assert cad.push(body).status_code in {202, 400, 422}


def _all_signed(description: dict[str, Any]) -> dict[str, Any]:
    """Whatever is sent here is signed: signing has tests of its own."""
    path_items = description["paths"].items()
    paths = {
        path: {method: {**of, "security": []} for method, of in operations.items()} for path, operations in path_items
    }
    components = {"schemas": description["components"]["schemas"]}
    return {**description, "paths": paths, "components": components}


def stored_fits(cad: Cad) -> None:
    """Every call and every record that stands in the database is one that the code can read."""
    for call in cad.rows(CallRow):
        CallFacts.model_validate(call.facts)
    for record in cad.rows(CadRecordRow):
        CallFacts.model_validate({"agency": "ottawa", "cad_id": "1", **record.body})


def test_every_example_of_the_description_is_taken(ottawa: Agency) -> None:
    for name, example in EXAMPLES.items():
        assert isinstance(example, dict)
        value = example["value"]
        assert isinstance(value, dict)
        records = value.get("records", [value])
        assert isinstance(records, list)
        for record in records:
            assert isinstance(read_record(record, ottawa.cad), Told), name


def test_the_description_is_json_that_any_tool_reads(description: dict[str, Any]) -> None:
    assert description["openapi"].startswith("3.1")
    assert json.loads(json.dumps(description)) == description
    assert {"/cad/v1/calls", "/cad/v1/eido"} == set(description["paths"])
