"""R9: the service's role can add to the audit log and change nothing there, and does all its work."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import Engine, make_url, text
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, SQLModel, col, func, select

import database.feeds
import database.line
import database.reconciliation
import database.recovery
import database.rules
import database.surveys
import database.tables  # noqa: F401 - fills the metadata
from cli.doctor.database import rights_of_the_role
from cli.set_up import set_up_database
from database.engine import connect
from database.roles import RoleError, grant_service, rights
from database.staff import AuditEntryRow
from database.surveys import EMPTIED_AT_NIGHT, WRITTEN_AT_NIGHT
from database.tables import real_now
from tests.servers import create_database, drop_database
from web.staff.access.audit import AuditLog
from web.staff.access.roles import Act, Member, Role

WHO = Member(subject="oidc:1", name="Ada Example", roles=frozenset({Role.OPERATOR}))


class Database:
    """One with an owner who is no superuser, as in production, and the service's role that its set-up made."""

    def __init__(self, url: str, name: str) -> None:
        self.name = name
        self.said: list[str] = []
        self.owner = connect(
            make_url(url).set(username=f"{name}_owner", password="x").render_as_string(hide_password=False)
        )
        self.service_url = make_url(url).set(username=f"{name}_service", password="fictional")
        self.set_up()
        self.service = connect(self.service_url.render_as_string(hide_password=False))

    def set_up(self) -> None:
        set_up_database(self.owner, service=self.service_url, say=self.said.append)

    def may(self, table: str, *privileges: str) -> list[bool]:
        with self.service.connect() as connection:
            ask = text("SELECT has_table_privilege(:table, :privilege)")
            return [
                bool(connection.execute(ask, {"table": f'"{table}"', "privilege": privilege}).scalar_one())
                for privilege in privileges
            ]


@pytest.fixture(scope="module")
def made(postgres_url: str) -> Iterator[Database]:
    name = f"roles_{uuid4().hex[:8]}"
    url = create_database(postgres_url, name)
    with psycopg.connect(postgres_url.replace("+psycopg", ""), autocommit=True) as administrator:
        owner, service = sql.Identifier(f"{name}_owner"), sql.Identifier(f"{name}_service")
        administrator.execute(sql.SQL("CREATE ROLE {} LOGIN CREATEROLE PASSWORD 'x'").format(owner))
        administrator.execute(sql.SQL("ALTER DATABASE {} OWNER TO {}").format(sql.Identifier(name), owner))
        database = Database(url, name)
        yield database
        database.owner.dispose()
        database.service.dispose()
        drop_database(postgres_url, name)
        administrator.execute(sql.SQL("DROP ROLE {}").format(service))
        administrator.execute(sql.SQL("DROP ROLE {}").format(owner))


@pytest.fixture
def filled(made: Database) -> Database:
    AuditLog(engine=made.service).write(WHO, Act.HOLD_CALL, about="ottawa-1")
    return made


def entries(engine: Engine) -> list[tuple[int | None, str]]:
    with Session(engine) as session:
        return [(entry.id, entry.name) for entry in session.exec(select(AuditEntryRow).order_by(col(AuditEntryRow.id)))]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entry SET name = 'somebody else'",
        "UPDATE audit_entry SET detail = '{}' WHERE false",
        "DELETE FROM audit_entry",
        "TRUNCATE audit_entry",
        "DROP TABLE audit_entry",
        "MERGE INTO audit_entry a USING audit_entry b ON a.id = b.id WHEN MATCHED THEN UPDATE SET name = 'x'",
        "INSERT INTO audit_entry SELECT * FROM audit_entry ON CONFLICT (id) DO UPDATE SET name = 'x'",
        "SELECT * FROM audit_entry FOR UPDATE",
        "LOCK TABLE audit_entry IN ACCESS EXCLUSIVE MODE",
        "ALTER TABLE audit_entry DISABLE TRIGGER only_added_to",
        "ALTER TABLE audit_entry DISABLE TRIGGER ALL",
        "DROP TRIGGER only_added_to ON audit_entry",
        "ALTER TABLE audit_entry RENAME TO old_entries",
        "ALTER TABLE audit_entry OWNER TO CURRENT_USER",
        "CREATE TRIGGER mine BEFORE INSERT ON audit_entry EXECUTE FUNCTION audit_entry_is_only_added_to()",
        "CREATE RULE mine AS ON INSERT TO audit_entry DO INSTEAD NOTHING",
        "CREATE OR REPLACE FUNCTION audit_entry_is_only_added_to() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN END'",
        "DROP FUNCTION audit_entry_is_only_added_to CASCADE",
        "ALTER FUNCTION forget_audit_entries(timestamptz, integer) OWNER TO CURRENT_USER",
        "CREATE TABLE mine (id int)",
        "SET session_replication_role = 'replica'",
        "SELECT setval(pg_get_serial_sequence('audit_entry', 'id'), 1)",
        "DROP SCHEMA public CASCADE",
        "UPDATE alembic_version SET version_num = '0001'",
    ],
)
def test_the_service_cannot_change_the_audit_log(filled: Database, statement: str) -> None:
    before = entries(filled.owner)
    with pytest.raises(Exception, match=r"denied|must be (owner|able)|violates"), filled.service.begin() as connection:
        connection.execute(text(statement))
    assert entries(filled.owner) == before


@pytest.mark.parametrize(
    "statement",
    [
        "GRANT ALL ON audit_entry TO CURRENT_USER",
        'SET ROLE "{owner}"',
        'GRANT "{owner}" TO CURRENT_USER',
        "ALTER ROLE CURRENT_USER SUPERUSER",
        "GRANT pg_write_all_data TO CURRENT_USER",
    ],
)
def test_the_service_cannot_give_itself_the_right(filled: Database, statement: str) -> None:
    at_once = filled.service.execution_options(isolation_level="AUTOCOMMIT")
    with suppress(DBAPIError), at_once.connect() as connection:  # most is refused, others do nothing, with a warning
        connection.execute(text(statement.format(owner=f"{filled.name}_owner")))
    assert filled.may("audit_entry", "UPDATE", "DELETE", "TRUNCATE", "TRIGGER") == [False] * 4
    assert not rights(filled.service).can_change_audit


def test_the_service_forgets_entries_that_are_older_than_a_year_and_no_younger_ones_whatever_it_asks(
    made: Database,
) -> None:
    with Session(made.owner) as session, session.begin():
        for days in (364, 366, 900):
            entry = AuditEntryRow(
                at_real=real_now() - timedelta(days=days),
                subject="",
                name=f"{days} days ago",
                roles=[],
                act="",
                outcome="",
            )
            session.add(entry)
    ask = text("SELECT forget_audit_entries(:older_than, 100)")
    for older_than, gone in ((timedelta(days=500), 1), (timedelta(days=-3650), 1), (timedelta(0), 0)):
        with made.service.begin() as connection:
            count = connection.execute(ask, {"older_than": real_now() - older_than}).scalar_one()
        assert count == gone
    with pytest.raises(DBAPIError, match="only added to"), made.owner.begin() as connection:
        connection.execute(text("DELETE FROM audit_entry WHERE name = '364 days ago'"))
    assert "364 days ago" in [name for _, name in entries(made.owner)]
    assert not rights(made.service).can_change_audit


def test_nobody_else_thins_out_the_audit_log(made: Database) -> None:
    """A role that somebody made to read figures may not, though the function has its owner's rights."""
    ask = text("SELECT has_function_privilege(:role, 'forget_audit_entries(timestamptz, integer)', 'EXECUTE')")
    with made.owner.begin() as connection:
        connection.execute(text(f"CREATE ROLE {made.name}_reads"))
        may = [connection.execute(ask, {"role": f"{made.name}_{who}"}).scalar_one() for who in ("service", "reads")]
        connection.execute(text(f"DROP ROLE {made.name}_reads"))
    assert may == [True, False]


def test_the_service_adds_to_the_audit_log_and_reads_it(filled: Database) -> None:
    before = len(entries(filled.service))
    AuditLog(engine=filled.service).write(WHO, Act.RELEASE_CALL)
    assert len(entries(filled.service)) == before + 1


def test_the_service_reads_and_writes_every_other_table(made: Database) -> None:
    tables = set(SQLModel.metadata.tables) - {"audit_entry", "open_data_file"}
    assert len(tables) > 15
    for table in tables:
        assert made.may(table, "SELECT", "INSERT", "UPDATE", "DELETE") == [True] * 4, table
        assert made.may(table, "TRUNCATE", "TRIGGER", "REFERENCES") == [False] * 3, table
    assert made.may("alembic_version", "SELECT", "INSERT", "UPDATE", "DELETE") == [True, False, False, False]
    assert made.may("open_data_file", "SELECT", "INSERT", "UPDATE", "DELETE") == [True, True, False, False]


def test_the_service_gives_the_survey_tables_files_of_their_own(made: Database) -> None:
    """R7: PostgreSQL only warns where the right is missing, and what was cut could be put together again."""
    with made.service.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for row in (*EMPTIED_AT_NIGHT, *WRITTEN_AT_NIGHT):
            file = select(func.pg_relation_filenode(row.__tablename__))
            before = connection.execute(file).scalar_one()
            connection.execute(text(f"VACUUM (FULL) {row.__tablename__}"))
            assert connection.execute(file).scalar_one() != before, row.__tablename__
    assert rights(made.service).can_vacuum
    assert not rights(made.service).can_change_audit
    assert all(finding.is_well for finding in rights_of_the_role(made.service))


def test_each_set_up_grants_anew_what_is_needed_and_takes_back_what_is_not(made: Database) -> None:
    role = f'"{made.name}_service"'
    with made.owner.begin() as connection:
        connection.execute(text("CREATE TABLE of_a_later_migration (id int)"))
        connection.execute(text(f"GRANT UPDATE, DELETE ON audit_entry TO {role}, PUBLIC"))
        connection.execute(text(f"GRANT UPDATE (name) ON audit_entry TO {role}"))
        connection.execute(text(f"GRANT CREATE ON SCHEMA public TO {role}"))
    assert rights(made.service).can_change_audit
    lacking, warning = [finding for finding in rights_of_the_role(made.service) if not finding.is_well]
    assert lacking.detail.endswith("may not use: of_a_later_migration")
    assert (warning.what, warning.works) == ("audit log", True)
    try:
        made.set_up()
        assert made.may("of_a_later_migration", "SELECT", "INSERT", "UPDATE", "DELETE") == [True] * 4
        assert not rights(made.service).can_change_audit
        with pytest.raises(Exception, match="denied"), made.service.begin() as connection:
            connection.execute(text("CREATE TABLE mine (id int)"))
    finally:
        with made.owner.begin() as connection:
            connection.execute(text("DROP TABLE of_a_later_migration"))
    assert "only add to the audit log" in made.said[-1]


def test_a_service_that_owns_its_tables_is_warned_of(made: Database) -> None:
    said: list[str] = []
    set_up_database(made.owner, service=made.owner.url, say=said.append)
    assert "protected by its trigger alone" in said[-1]
    assert rights(made.owner).can_change_audit


def test_a_role_that_is_not_there_and_cannot_be_made_is_said(made: Database, postgres_url: str) -> None:
    with psycopg.connect(postgres_url.replace("+psycopg", "")) as administrator:
        administrator.execute(sql.SQL("ALTER ROLE {} NOCREATEROLE").format(sql.Identifier(f"{made.name}_owner")))
    with pytest.raises(RoleError, match="CREATE ROLE nobody LOGIN"):
        grant_service(made.owner, made.service_url.set(username="nobody"))
