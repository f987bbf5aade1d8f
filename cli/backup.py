"""`communityconnect backup` and `restore`: the database into a file, and into an empty database again."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine
from sqlmodel import Session

from activities.stop_and_go import EVERYTHING
from database import migrate
from database.dump import DumpError, dump, find_tools, is_empty, restore
from database.encryption import keyring_of
from database.engine import connect
from database.recovery import BackupRow
from database.restored import counts, mark, try_keys
from database.tables import real_now
from settings import Settings, SettingsError

Say = Callable[[str], None]


def back_up(settings: Settings, file: Path, *, say: Say) -> None:
    """Write the database to a new file.

    Raises:
        SettingsError: it cannot be; the message says why.
    """
    url = _owner_url(settings)
    with _engine(url) as engine, _in_one_line():
        tools = find_tools(engine)
        _needs_head(engine)
        with Session(engine) as session, session.begin():
            session.add(BackupRow())  # committed before the dump begins: what it is as of
        dump(tools, url, file)
        size = file.stat().st_size
    say(f"backed up to {file}: {size:,} bytes, by PostgreSQL {tools.major}'s pg_dump")
    say("in it are encrypted: telephone numbers, words of texts, comments and answers that wait to be cut")
    say("in it are in clear: calls with type, area and times, case numbers, who did what in the console, figures")
    say("the keys are not in it: keep COMMUNITYCONNECT_ENCRYPTION_KEYS and COMMUNITYCONNECT_LOOKUP_KEY elsewhere")


def restore_from(settings: Settings, file: Path, *, say: Say) -> None:
    """Bring a backup into the empty database that the settings name. It starts stopped.

    Raises:
        SettingsError: it cannot be; nothing was changed.
    """
    url = _owner_url(settings)
    if not file.is_file():
        raise SettingsError(f"{file} is not there")
    with _engine(url) as engine, _in_one_line():
        tools = find_tools(engine)
        if not is_empty(engine):
            raise DumpError(
                "the database has tables: a restore goes into an empty one, and never over anything; make one "
                "(CREATE DATABASE …) and set DATABASE_URL to it"
            )
        restore(tools, url, file, and_then=mark(stopped=EVERYTHING, now=real_now()))
        _say_what_there_is(settings, engine, say=say)


def mark_restored(settings: Settings, as_of: datetime, *, say: Say) -> None:
    """The database was restored by other means (a snapshot, the provider's point in time): stop it, and mark it.

    Raises:
        SettingsError: it cannot be marked.
    """
    if as_of > real_now():
        raise SettingsError("--as-of lies in the future")
    with _engine(_owner_url(settings)) as engine:
        _needs_head(engine)
        with engine.begin() as connection:
            connection.exec_driver_sql(mark(stopped=EVERYTHING, now=real_now(), as_of=as_of))
        _say_what_there_is(settings, engine, say=say)


def _say_what_there_is(settings: Settings, engine: Engine, *, say: Say) -> None:
    """The checks after a restore."""
    say("restored, stopped: no text goes out until somebody starts the service")
    for what, count in counts(engine).items():
        say(f"{what}: {count:,}")
    current, head = migrate.current_revision(engine), migrate.head_revision()
    well = current == head
    say(f"migrations: at {current}" + ("" if well else f"; this code needs {head}: setup brings it there"))
    say_keys(settings, engine, say=say)
    say("next: communityconnect setup, then communityconnect recover (docs/recovery.md)")


def say_keys(settings: Settings, engine: Engine, *, say: Say) -> None:
    """Do the keys open what is stored?

    Raises:
        SettingsError: they do not.
    """
    opened = try_keys(engine, keyring_of(settings))
    if opened.wrong:
        raise SettingsError(f"find the keys of the backup before you go on: {'; '.join(opened.wrong)}")
    say(f"keys: open what is stored ({opened.values} values tried, key ids {', '.join(opened.key_ids) or 'none'})")


def _needs_head(engine: Engine) -> None:
    current, head = migrate.current_revision(engine), migrate.head_revision()
    if current != head:
        raise SettingsError(f"the database is at revision {current or 'none'}, this code needs {head}: run setup first")


def _owner_url(settings: Settings) -> str:
    """The service's own role may not read everything that a dump needs."""
    return settings.owner_database_url.get_secret_value() or settings.database_url.get_secret_value()


@contextmanager
def _engine(url: str) -> Iterator[Engine]:
    engine = connect(url, pool_size=2)
    try:
        yield engine
    finally:
        engine.dispose()


@contextmanager
def _in_one_line() -> Iterator[None]:
    try:
        yield
    except DumpError as error:
        raise SettingsError(str(error)) from None
