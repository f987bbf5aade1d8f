"""A migration stops nobody: it is read by squawk, and one that finds a table in use gives up within seconds."""

import re
import subprocess
import sysconfig
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from uuid import uuid4

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, event, text
from sqlalchemy.exc import OperationalError

from database import migrate
from database.engine import connect
from tests.servers import create_database, drop_database

SQUAWK: Final = Path(sysconfig.get_path("scripts")) / "squawk"
RULES_LEFT_OUT: Final = (
    "ban-concurrent-index-creation-in-transaction",  # these run outside of one, which the file does not show
    "prefer-bigint-over-int",
    "prefer-robust-stmts",  # a migration of ours is done whole or not at all
    "prefer-text-field",
    "require-lock-timeout",  # database/migrate.py sets it
    "require-statement-timeout",
)
ACCEPTED: Final = {
    ("0007", "ban-drop-not-null"),  # what a process of the release before reads there it has written itself
    ("0014", "require-concurrent-index-deletion"),  # of a table with a day's answers
    ("0030", "ban-drop-not-null"),  # a link's token of a year ago: no process of the release before looks for it
    ("0021", "constraint-missing-not-valid"),  # a table of comments: thousands of rows, read in a moment
}
_OURS: Final = ("SELECT", "SET ", "UPDATE ALEMBIC", "INSERT INTO ALEMBIC")


@pytest.fixture
def empty(postgres_url: str) -> Iterator[Engine]:
    name = f"locks_{uuid4().hex[:12]}"
    engine = connect(create_database(postgres_url, name), pool_size=3)
    yield engine
    engine.dispose()
    drop_database(postgres_url, name)


def test_no_migration_does_what_stops_everybody_meanwhile(empty: Engine, tmp_path: Path) -> None:
    statements: list[str] = []

    @event.listens_for(empty, "before_cursor_execute")
    def _note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        if not statement.lstrip().upper().startswith(_OURS):
            statements.append(statement.strip().rstrip(";"))

    for migration in reversed(
        list(ScriptDirectory(str(Path(migrate.__file__).parent / "migrations")).walk_revisions())
    ):
        statements.clear()
        migrate.upgrade(empty, migration.revision)
        (tmp_path / f"{migration.revision}.sql").write_text(";\n".join([*statements, ""]), encoding="utf-8")
    files = sorted(tmp_path.glob("*.sql"))
    options = ["--reporter", "gcc", "--pg-version", "17", "--assume-in-transaction", "-e", ",".join(RULES_LEFT_OUT)]
    said = subprocess.run([SQUAWK, *options, *files], capture_output=True, text=True, check=False).stdout
    found = set(re.findall(r"(\d{4})\.sql:\d+:\d+: \w+: ([a-z-]+)", said))
    assert found - ACCEPTED == set(), said
    assert ACCEPTED - found == set(), "no longer found; take it out of the list"


def test_a_migration_that_finds_its_table_in_use_gives_up_and_can_be_run_again(empty: Engine) -> None:
    """What waits for a table's lock is waited for by everybody after it: so it may wait for two seconds only. An index
    is made without that limit (0006, 0008); it must not be without one for those that come after."""
    migrate.upgrade(empty, "0005")
    reading, may_end = threading.Event(), threading.Event()

    def read() -> None:
        with empty.connect() as connection:
            connection.execute(text("SELECT count(*) FROM call"))
            reading.set()
            may_end.wait(8)

    reader = threading.Thread(target=read)
    reader.start()
    reading.wait(10)
    try:
        with pytest.raises(OperationalError, match="lock timeout"):
            migrate.upgrade(empty, "0010")
        assert migrate.current_revision(empty) == "0008"
    finally:
        may_end.set()
        reader.join()
    migrate.upgrade(empty)
    assert migrate.current_revision(empty) == migrate.head_revision()
