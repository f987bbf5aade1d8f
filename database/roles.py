"""The service's own role in PostgreSQL: what it may do with each table, granted anew by every set-up.

The tables belong to the owner, in whose name the migrations run. The service reads and writes, and to the audit log
(R9) and the files of open data it can only add: it owns nothing, so it can neither switch off a trigger nor give itself
more.
"""

from dataclasses import dataclass
from typing import Final

from psycopg import Connection as Driver
from sqlalchemy import URL, Connection, Engine, text

from database import migrate
from database.forgotten import FORGOTTEN_IN
from database.surveys import EMPTIED_AT_NIGHT, WRITTEN_AT_NIGHT

_READ_AND_WRITTEN: Final = "SELECT, INSERT, UPDATE, DELETE"
_OTHERWISE: Final = {"audit_entry": "SELECT, INSERT", "alembic_version": "SELECT", "open_data_file": "SELECT, INSERT"}
_OF_THE_CUT: Final = tuple(row.__tablename__ for row in (*EMPTIED_AT_NIGHT, *WRITTEN_AT_NIGHT))
_VACUUMED: Final = tuple(dict.fromkeys((*_OF_THE_CUT, *FORGOTTEN_IN)))
"""By activities/survey_cut.py (R7), activities/forgetting.py. Without the right PostgreSQL warns and does nothing."""
_MAINTAIN_SINCE: Final = 170000
_FORGETS: Final = "FUNCTION forget_audit_entries(timestamptz, integer)"
"""Who may call a new function, PostgreSQL says: everybody."""


class RoleError(Exception):
    """The service's role cannot be made; the message says what to do."""


@dataclass(frozen=True, kw_only=True)
class Rights:
    """What the role that asks could do to the audit log, whether it may vacuum what is emptied at night, and which
    tables it lacks a right to."""

    can_change_audit: bool
    can_vacuum: bool
    lacking: tuple[str, ...] = ()


def grant_service(owner: Engine, service: URL) -> None:
    """Give the role of `service` exactly what it needs, and take back what it has besides. A role that is not there is
    made, with the password of the address.

    Raises:
        RoleError: it is not there, and the owner may not make roles.
    """
    role = service.username or ""
    with migrate.one_at_a_time(owner) as connection:
        if not _is_there(connection, role):
            _make(connection, role, service.password)
        quoted = _quoted(connection, role)
        connection.execute(text(f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {quoted}"))
        connection.execute(text("REVOKE ALL ON audit_entry FROM PUBLIC"))
        connection.execute(text(f"REVOKE ALL ON {_FORGETS} FROM PUBLIC"))
        connection.execute(text(f"GRANT EXECUTE ON {_FORGETS} TO {quoted}"))
        connection.execute(text(f"REVOKE ALL ON SCHEMA public FROM {quoted}"))
        connection.execute(text(f"GRANT USAGE ON SCHEMA public TO {quoted}"))
        # Where the server is shared, not everybody may come into every database (deploy/postgres/temporal.sh).
        database = _quoted(connection, str(owner.url.database))
        connection.execute(text(f"GRANT CONNECT ON DATABASE {database} TO {quoted}"))
        for table in _tables(connection):
            rights = _OTHERWISE.get(table, _READ_AND_WRITTEN)
            if table in _VACUUMED and _version(connection) >= _MAINTAIN_SINCE:
                rights += ", MAINTAIN"
            connection.execute(text(f"GRANT {rights} ON {_quoted(connection, table)} TO {quoted}"))
        connection.commit()


def rights(engine: Engine) -> Rights:
    """What the role of this engine's connections may do."""
    with engine.connect() as connection:
        can_change = connection.execute(
            text(
                "SELECT rolsuper OR pg_has_role(current_user, relowner, 'MEMBER')"
                " OR has_table_privilege(pg_class.oid, 'UPDATE, DELETE, TRUNCATE, TRIGGER')"
                " OR has_any_column_privilege(pg_class.oid, 'UPDATE')"
                " FROM pg_roles, pg_class WHERE rolname = current_user AND pg_class.oid = 'audit_entry'::regclass"
            )
        ).scalar_one()
        lacking = tuple(table for table in _tables(connection) if not _has(connection, table))
        return Rights(can_change_audit=bool(can_change), can_vacuum=_can_vacuum(connection), lacking=lacking)


def _has(connection: Connection, table: str) -> bool:
    """All that is granted: PostgreSQL's own list of rights means any of them."""
    wanted = _OTHERWISE.get(table, _READ_AND_WRITTEN).split(", ")
    each = "unnest(CAST(:wanted AS text[])) AS each"
    ask = text(f"SELECT bool_and(has_table_privilege(CAST(:table AS regclass), each)) FROM {each}")  # noqa: S608
    quoted = _quoted(connection, table)
    return bool(connection.execute(ask, {"table": quoted, "wanted": wanted}).scalar_one())


def _can_vacuum(connection: Connection) -> bool:
    """Of old, only whoever owns a table vacuums it."""
    of_old = "pg_has_role(current_user, relowner, 'MEMBER')"
    right = "has_table_privilege(oid, 'MAINTAIN')" if _version(connection) >= _MAINTAIN_SINCE else of_old
    names = text(f"SELECT bool_and({right}) FROM pg_class WHERE oid = ANY (CAST(:names AS regclass[]))")  # noqa: S608
    return bool(connection.execute(names, {"names": list(_VACUUMED)}).scalar_one())


def _tables(connection: Connection) -> list[str]:
    names = text("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
    return list(connection.execute(names).scalars())


def _is_there(connection: Connection, role: str) -> bool:
    return connection.execute(text("SELECT 1 FROM pg_roles WHERE rolname = :role"), {"role": role}).first() is not None


def _make(connection: Connection, role: str, password: str | None) -> None:
    may = text("SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user")
    if not connection.execute(may).scalar_one():
        raise RoleError(
            f"the role {role} of DATABASE_URL is not there; as an administrator: CREATE ROLE {role} LOGIN …"
        )
    driver = connection.connection.driver_connection
    if password is None or not isinstance(driver, Driver):
        connection.execute(text(f"CREATE ROLE {_quoted(connection, role)} LOGIN"))
        return
    # As PostgreSQL stores it: no log of statements ever holds the password itself.
    stored = driver.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256").decode()
    connection.exec_driver_sql(f"CREATE ROLE {_quoted(connection, role)} LOGIN PASSWORD '{stored}'")


def _version(connection: Connection) -> int:
    return int(connection.execute(text("SHOW server_version_num")).scalar_one())


def _quoted(connection: Connection, name: str) -> str:
    return connection.dialect.identifier_preparer.quote(name)
