"""The guide to a view of CAD's database: what it says of PostgreSQL is done here, word for word."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from uuid import uuid4

import pytest
from sqlalchemy import Engine, create_engine, make_url, text

from database.encryption import Keyring
from policy.agency import Agency
from policy.cad_mapping import CadMapping
from policy.yaml_file import read_yaml
from tests.builders import NOON
from tests.conftest import AGENCIES
from tests.servers import create_database, drop_database
from tests.starter.views import Watch, facts_of, feed_row, poller

GUIDE = (AGENCIES.parent / "docs" / "cad-view.md").read_text(encoding="utf-8")
TABLE = """
CREATE SCHEMA dispatch;
CREATE TABLE dispatch.incident (
    incident_id bigint PRIMARY KEY, case_number text, priority smallint, first_type text, final_type text, source text,
    callback_number text, received_at timestamptz, first_dispatched_at timestamptz, first_arrived_at timestamptz,
    closed_at timestamptz, disposition text, in_progress boolean, officer_safety boolean, updated_at timestamptz
)
"""


def block(language: str) -> str:
    found = re.search(
        rf"^```{language}\n(.*?)^```", GUIDE.partition("\n## PostgreSQL\n")[2], flags=re.DOTALL | re.MULTILINE
    )
    assert found is not None
    return found[1]


@contextmanager
def role_of_the_guide(administrator: Engine) -> Iterator[None]:
    """Roles belong to the whole server."""
    try:
        yield
    finally:
        with administrator.begin() as connection:
            connection.exec_driver_sql("DROP OWNED BY communityconnect_reader; DROP ROLE communityconnect_reader")


@pytest.fixture
def reader_url(postgres_url: str) -> Iterator[str]:
    """CAD's database, made as the guide says; the address of the login that may read the view."""
    name = f"cad_{uuid4().hex[:12]}"
    url = create_database(postgres_url, name)
    administrator = create_engine(url)
    role = block("sql").replace("ROLE communityconnect", "ROLE communityconnect_reader")
    role = role.replace("TO communityconnect;", "TO communityconnect_reader;")
    with administrator.begin() as connection:
        for statement in filter(str.strip, f"{TABLE};{role}".split(";")):
            connection.execute(text(statement))
    with role_of_the_guide(administrator):
        with administrator.begin() as connection:
            connection.execute(
                text(
                    "INSERT INTO dispatch.incident (incident_id, case_number, priority, first_type, source, "
                    "callback_number, received_at, in_progress, officer_safety, updated_at) VALUES "
                    "(1001, '26-104233', 4, 'NOISE', 'PHONE', '613-555-0142', now(), false, NULL, :noon), "
                    "(1002, '26-104234', 4, 'NOISE', 'PHONE', '613-555-0143', now(), true, false, :noon)"
                ),
                {"noon": NOON},
            )
        yield make_url(url).set(username="communityconnect_reader", password="a long one").render_as_string(False)
    administrator.dispose()
    drop_database(postgres_url, name)


def test_what_the_guide_says_of_postgresql_works(
    reader_url: str, engine: Engine, keyring: Keyring, ottawa: Agency, tmp_path: Path
) -> None:
    path = tmp_path / "cad.yaml"
    path.write_text(block("yaml"), encoding="utf-8")
    agency = ottawa.model_copy(update={"cad": read_yaml(path, CadMapping)})
    one = poller(reader_url, engine, keyring, agency, Watch())
    one.turn(Event())
    one.close()
    facts = facts_of(engine)
    assert (facts["ottawa-1001"].case_number, facts["ottawa-1001"].latch) == ("26-104233", None)
    assert facts["ottawa-1002"].latch == "in progress"
    assert (feed_row(engine).trouble, feed_row(engine).read_until) == (None, NOON)


def test_the_login_of_the_guide_reads_the_view_and_nothing_else(reader_url: str) -> None:
    reader = create_engine(reader_url)
    for statement in (
        "SELECT * FROM dispatch.incident",
        "DELETE FROM communityconnect.calls",
        "SELECT * FROM communityconnect.calls FOR UPDATE",
    ):
        with reader.connect() as connection, pytest.raises(Exception, match=r"permission denied|read-only transaction"):
            connection.execute(text(statement))
    reader.dispose()
