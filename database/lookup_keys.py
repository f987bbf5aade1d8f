"""R6: the key that numbers are found by can be changed while the service works, and whoever said STOP stays found.

Every number is hashed with one key at a time, the one before or the one after, and in all tables at once. Which one it
is says the database, so that processes with other settings do not write one number down in two ways.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar, Final

from sqlalchemy import ColumnElement, DateTime, String, case, cast, false, update
from sqlalchemy.dialects.postgresql import array, insert
from sqlmodel import Field, Session, SQLModel, col, func, or_, select

from database.encryption import Keyring, KeyringError
from database.numbers import BlockedNumberRow
from database.recovery import StrayMessageRow
from database.tables import CallRow, InboundMessageRow, OptOutRow, PilotNumberRow, TextRow, real_now

KEYS: Final = 6_203_115_472
"""An advisory lock: shared by whoever writes a number down, whole for whoever says which key is in force."""
NUMBER: Final = 4
"""The kind of advisory lock of one number (the second argument of `hashtextextended`)."""
HAVE_NUMBERS: Final = (
    CallRow,
    TextRow,
    InboundMessageRow,
    OptOutRow,
    BlockedNumberRow,
    PilotNumberRow,
    StrayMessageRow,
)
"""The tables in which `phone_hash` is a number's."""
KEEP_THE_NUMBER: Final = (OptOutRow, BlockedNumberRow, PilotNumberRow, CallRow, TextRow)
"""Those in which the number itself stands beside it, encrypted."""


_KEYS_IN_USE: Final = "SELECT state, fingerprint FROM lookup_key"


class KeyState(StrEnum):
    """What a key that finds is at this moment."""

    IN_FORCE = "in force"
    NEXT = "next"


def _time(**options: Any) -> Any:
    return Field(sa_type=DateTime(timezone=True), **options)


class LookupKeyRow(SQLModel, table=True):
    """A key that numbers are found by, known by its fingerprint. None at all: whatever the settings say. Writer: setup
    and `communityconnect keys move`."""

    __tablename__: ClassVar[str] = "lookup_key"

    fingerprint: str = Field(primary_key=True)
    state: str
    since_real: datetime = _time(default_factory=real_now)


class MovedNumberRow(SQLModel, table=True):
    """A number that is found by the next key already, by its hash under that key. Writer: whoever has moved it, or has
    written it down for the first time. Empty while no key is changed."""

    __tablename__: ClassVar[str] = "moved_number"

    phone_hash: str = Field(primary_key=True)


def number_hash(session: Session, keyring: Keyring, number: str) -> str:
    """By which a number (E.164) is written down; it stays so until the transaction ends. Ask it first of all: whoever
    moves numbers locks rows of calls after this.

    Raises:
        KeyringError: this process lacks a key that others go by.
    """
    rings = keyring.rings
    connection = session.connection()
    # By itself: what is read in the same statement was looked at before the lock.
    connection.exec_driver_sql("SELECT pg_advisory_xact_lock_shared(%s)", (KEYS,))
    if len(rings) > 1:
        hashes = sorted(keyring.phone_hashes(number))
        locks = [func.pg_advisory_xact_lock_shared(func.hashtextextended(one, NUMBER)) for one in hashes]
        session.execute(select(*locks))
    by_state = {row.state: row.fingerprint for row in connection.exec_driver_sql(_KEYS_IN_USE)}
    if not by_state:
        return (keyring if len(rings) == 1 else key_of_what_is_stored(session, keyring)).phone_hash(number)
    by_fingerprint = {ring.fingerprint: ring for ring in rings}
    missing = set(by_state.values()) - by_fingerprint.keys()
    if missing:
        raise KeyringError(
            f"the lookup key with the fingerprint {min(missing)} is not here; set COMMUNITYCONNECT_LOOKUP_KEY, or "
            "COMMUNITYCONNECT_OTHER_LOOKUP_KEY while it is changed (docs/keys.md)"
        )
    now = by_fingerprint[by_state[KeyState.IN_FORCE]].phone_hash(number)
    if KeyState.NEXT not in by_state:
        return now
    then = by_fingerprint[by_state[KeyState.NEXT]].phone_hash(number)
    return then if _is_moved(session, then) or _begins_as_moved(session, now=now, then=then) else now


def key_of_what_is_stored(session: Session, keyring: Keyring) -> Keyring:
    """For a database that does not know its key: the one that its numbers are found by. While it has none, the same one
    in every process, in whichever order they were given.

    Raises:
        KeyringError: another key than those of this process.
    """
    for table in KEEP_THE_NUMBER:
        known = select(col(table.phone_hash), col(table.phone_encrypted))
        found = session.execute(known.where(col(table.phone_encrypted).is_not(None)).limit(1)).first()
        if found is None:
            continue
        number = keyring.decrypt(found.phone_encrypted)
        for ring in keyring.rings:
            if ring.phone_hash(number) == found.phone_hash:
                return ring
        raise KeyringError(
            "the numbers that are stored were hashed with another lookup key: no STOP would match; set the one of "
            "before as COMMUNITYCONNECT_LOOKUP_KEY (docs/keys.md)"
        )
    return min(keyring.rings, key=lambda ring: ring.fingerprint)


def _is_moved(session: Session, then: str) -> bool:
    return session.get(MovedNumberRow, then) is not None


def _begins_as_moved(session: Session, *, now: str, then: str) -> bool:
    """A number that no row can tell is found by the next key from here on: else there would always be new ones to move.
    What is left of it (a text that came in, a mark of a call that is silent) goes along."""
    in_rows = [select(1).where(col(table.phone_hash) == now, _is_readable(table)).exists() for table in HAVE_NUMBERS]
    if session.execute(select(or_(*in_rows))).scalar_one():
        return False
    session.execute(insert(MovedNumberRow).values(phone_hash=then).on_conflict_do_nothing())
    rename(session, before=now, after=then)
    return True


def _is_readable(table: type[SQLModel]) -> ColumnElement[bool]:
    columns = table.__table__.c  # type: ignore[attr-defined]
    return columns.phone_encrypted.is_not(None) if "phone_encrypted" in columns else false()


def rename(session: Session, *, before: str, after: str) -> None:
    """In all tables. R2: the mark of a number within a call stays, whatever the number is found by."""
    versions, merged = CallRow.__table__.c.phone_versions, CallRow.__table__.c.merged  # type: ignore[attr-defined]
    renamed = versions.op("-")(cast(before, String)).op("||")(func.jsonb_build_object(after, versions[before]))
    told = case(
        (
            merged["phone_hash"]["value"].astext == before,
            func.jsonb_set(merged, array(["phone_hash", "value"]), func.to_jsonb(cast(after, String))),
        ),
        else_=merged,
    )
    session.execute(update(CallRow).where(versions.has_key(before)).values(phone_versions=renamed, merged=told))
    for table in HAVE_NUMBERS:
        session.execute(update(table).where(col(table.phone_hash) == before).values(phone_hash=after))
