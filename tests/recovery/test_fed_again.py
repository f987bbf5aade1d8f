"""R4 after a restore: a view is read again from where the backup stood, by itself, and every call is what it was."""

from collections.abc import Iterator
from pathlib import Path
from threading import Event
from uuid import uuid4

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from cli.backup import back_up, restore_from
from database.engine import connect
from database.recovery import RecoveryRow
from database.tables import CallRow
from policy.agency import Agency
from tests.builders import NOON, minutes
from tests.recovery.test_backup import keyring, settings
from tests.servers import create_database, drop_database
from tests.starter.views import Cad, Watch, facts_of, polled, poller

RUNS = Event()


@pytest.fixture
def urls(postgres_url: str) -> Iterator[tuple[str, str]]:
    """Of CAD's database, and of one to restore into."""
    names = [f"{what}_{uuid4().hex[:12]}" for what in ("cad", "empty")]
    yield (create_database(postgres_url, names[0]), create_database(postgres_url, names[1]))
    for name in names:
        drop_database(postgres_url, name)


def test_r4_what_cad_told_since_the_backup_is_read_from_its_view_again(
    engine: Engine, database_url: str, urls: tuple[str, str], ottawa: Agency, tmp_path: Path
) -> None:
    cad_url, empty_url = urls
    cad, watch, agency = Cad(cad_url), Watch(), polled(ottawa)
    watch.time = NOON + minutes(10)
    cad.write(1, phone="613-555-0142", updated=NOON + minutes(1))
    cad.write(2, phone="613-555-0143", updated=NOON + minutes(2))
    before = poller(cad_url, engine, keyring(), agency, watch)
    before.once(RUNS)
    back_up(settings(database_url), tmp_path / "backup", say=lambda _: None)
    watch.time = NOON + minutes(60)
    cad.write(1, type_final="DVA", updated=NOON + minutes(40))  # it turns sensitive
    cad.write(2, dispatched=NOON + minutes(41), updated=NOON + minutes(41))
    cad.write(3, phone="613-555-0144", updated=NOON + minutes(42))
    before.once(RUNS)
    lost = facts_of(engine)
    restore_from(settings(empty_url), tmp_path / "backup", say=lambda _: None)
    there = connect(empty_url)
    assert facts_of(there) != lost
    watch.time = NOON + minutes(90)
    since = poller(cad_url, there, keyring(), agency, watch)
    since.once(RUNS)
    assert facts_of(there) == lost
    with Session(there) as session:
        epoch = session.exec(select(RecoveryRow.epoch)).one()
        assert set(session.exec(select(CallRow.epoch))) == {epoch}
    before.close()
    since.close()
    there.dispose()
    cad.engine.dispose()
