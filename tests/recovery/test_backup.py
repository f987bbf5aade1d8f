"""A backup goes into an empty database again, whole or not at all, and what comes of it starts stopped."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from activities.stop_and_go import EVERYTHING
from calls.contracts import Kind, LedgerState
from cli.backup import back_up, mark_restored, restore_from
from cli.recovery import deleted_at_carrier, recover
from database.dump import dump, find_tools, is_empty
from database.encryption import Keyring, new_key
from database.engine import connect
from database.recovery import RecoveryRow
from database.tables import CallRow, SwitchRow, TextRow, real_now
from settings import Settings, SettingsError
from tests.activities.desk import NUMBER
from tests.conftest import AGENCIES
from tests.servers import create_database, drop_database
from web.staff.switches import NotRecovered, Switches

KEY, LOOKUP = new_key(), new_key()


@pytest.fixture
def empty_url(postgres_url: str) -> Iterator[str]:
    name = f"empty_{uuid4().hex[:12]}"
    yield create_database(postgres_url, name)
    drop_database(postgres_url, name)


@pytest.fixture
def kept(engine: Engine) -> Engine:
    """A database with an open call, one that is over, and a text."""
    ring = keyring()
    with Session(engine) as session, session.begin():
        for cad_id, ended in (("1", None), ("2", "over")):
            session.add(
                CallRow(
                    call_id=f"ottawa-{cad_id}",
                    agency="ottawa",
                    merged={},
                    facts={},
                    version=7,
                    eligibility="",
                    rule="",
                    reason="",
                    policy_version="",
                    signalled={},
                    signalled_version=7,
                    phone_encrypted=ring.encrypt(NUMBER),
                    phone_hash=ring.phone_hash(NUMBER),
                    ended_reason=ended,
                )
            )
        session.add(
            TextRow(
                call_id="ottawa-1",
                kind=Kind.CONFIRMATION,
                state=LedgerState.DELIVERED,
                policy_version="",
                due_at=real_now(),
                expires_at=real_now(),
                phone_encrypted=ring.encrypt(NUMBER),
                phone_hash=ring.phone_hash(NUMBER),
            )
        )
    return engine


def keyring() -> Keyring:
    from database.encryption import load_keyring

    return load_keyring(encryption_keys=f"k1:{KEY}", lookup_key=LOOKUP)


def settings(url: str, *, key: str = KEY, lookup: str = LOOKUP) -> Settings:
    return Settings.model_validate(
        {
            "DATABASE_URL": url,
            "COMMUNITYCONNECT_ENCRYPTION_KEYS": f"k1:{key}",
            "COMMUNITYCONNECT_LOOKUP_KEY": lookup,
            "COMMUNITYCONNECT_AGENCY": str(AGENCIES / "ottawa"),
        }
    )


@pytest.fixture
def file(kept: Engine, database_url: str, tmp_path: Path) -> Path:
    path = tmp_path / "backup"
    back_up(settings(database_url), path, say=lambda _: None)
    return path


def test_what_was_backed_up_is_restored_stopped_and_in_an_epoch_of_its_own(
    file: Path, empty_url: str, database_url: str
) -> None:
    said: list[str] = []
    before = real_now()
    restore_from(settings(empty_url), file, say=said.append)
    assert "calls: 2" in said
    assert any("keys: open what is stored" in line for line in said)
    engine = connect(empty_url, pool_size=2)
    with Session(engine) as session:
        recovery = session.exec(select(RecoveryRow)).one()
        switch = session.exec(select(SwitchRow)).one()
        open_call, over = session.exec(select(CallRow).order_by(col(CallRow.call_id))).all()
        assert recovery.as_of_real <= before
        assert recovery.epoch >= int(before.timestamp())
        assert (switch.scope, switch.released_real) == (EVERYTHING, None)
        assert (open_call.epoch, open_call.version, open_call.signalled_version) == (recovery.epoch, 7, 0)
        assert (over.epoch, over.signalled_version) == (0, 7)
    with pytest.raises(NotRecovered):
        Switches(engine=engine, keyring=keyring()).go(EVERYTHING, by="Ada", why="impatient")
    engine.dispose()


def test_a_second_restore_of_the_same_backup_begins_a_later_epoch(file: Path, empty_url: str) -> None:
    restore_from(settings(empty_url), file, say=lambda _: None)
    engine = connect(empty_url, pool_size=1)
    with Session(engine) as session:
        first = session.exec(select(RecoveryRow)).one()
    mark_restored(settings(empty_url), real_now() - timedelta(hours=2), say=lambda _: None)
    with Session(engine) as session:
        second = session.exec(select(RecoveryRow).where(col(RecoveryRow.completed_real).is_(None))).one()
    assert second.epoch > first.epoch
    assert second.as_of_real < first.as_of_real
    engine.dispose()


@pytest.mark.parametrize("bytes_kept", [0.3, 0.9])
def test_half_a_backup_changes_nothing(file: Path, empty_url: str, bytes_kept: float) -> None:
    whole = file.read_bytes()
    file.write_bytes(whole[: int(len(whole) * bytes_kept)])
    with pytest.raises(SettingsError, match="nothing was changed"):
        restore_from(settings(empty_url), file, say=lambda _: None)
    engine = connect(empty_url, pool_size=1)
    assert is_empty(engine)
    engine.dispose()


def test_a_dump_that_does_not_know_how_old_it_is_is_refused_whole(
    engine: Engine, database_url: str, empty_url: str, tmp_path: Path
) -> None:
    """Made by pg_dump itself, and not by our command: `mark-restored` is for those."""
    dump(find_tools(engine), database_url, tmp_path / "by-hand")
    with pytest.raises(SettingsError, match=r"nothing was changed.*as_of_real"):
        restore_from(settings(empty_url), tmp_path / "by-hand", say=lambda _: None)
    there = connect(empty_url, pool_size=1)
    assert is_empty(there)
    there.dispose()


def test_a_restore_never_goes_over_anything(file: Path, database_url: str) -> None:
    with pytest.raises(SettingsError, match="the database has tables"):
        restore_from(settings(database_url), file, say=lambda _: None)


def test_a_backup_is_never_written_over_and_only_we_may_read_it(file: Path, database_url: str) -> None:
    assert file.stat().st_mode & 0o777 == 0o600
    with pytest.raises(SettingsError, match="is there already"):
        back_up(settings(database_url), file, say=lambda _: None)
    assert list(file.parent.iterdir()) == [file]


def test_r3_no_telephone_number_is_in_a_backup(file: Path) -> None:
    assert NUMBER.encode() not in file.read_bytes()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [({"key": new_key()}, "k1"), ({"lookup": new_key()}, "COMMUNITYCONNECT_LOOKUP_KEY is not the one")],
)
def test_other_keys_than_those_of_the_backup_are_said(
    file: Path, empty_url: str, wrong: dict[str, str], said: str
) -> None:
    with pytest.raises(SettingsError, match=said):
        restore_from(settings(empty_url, **wrong), file, say=lambda _: None)


def test_the_tools_are_of_the_servers_own_version(engine: Engine) -> None:
    with engine.connect() as connection:
        version = connection.exec_driver_sql("SHOW server_version_num").scalar_one()
    assert find_tools(engine).major == int(version) // 10000


def test_a_database_that_was_never_restored_has_nothing_to_recover(database_url: str) -> None:
    said: list[str] = []
    assert recover(settings(database_url), refed=None, say=said.append)
    assert said == ["this database was not restored: there is nothing to recover"]


def test_two_recoveries_do_not_run_at_once(database_url: str, engine: Engine) -> None:
    from cli.recovery import _alone

    with _alone(engine), pytest.raises(SettingsError, match="another recovery is running"):
        recover(settings(database_url), refed=None, say=lambda _: None)


@pytest.mark.parametrize(("days", "is_said"), [(6, False), (8, True)])
def test_r6_stops_that_the_carrier_has_deleted_since_the_backup_are_spoken_of(
    days: int,
    is_said: bool,
) -> None:
    restored = real_now()
    row = RecoveryRow(epoch=1, as_of_real=restored - timedelta(days=days), restored_real=restored)
    assert (deleted_at_carrier(row, timedelta(days=7)) is not None) == is_said
    assert deleted_at_carrier(row, None) is None
