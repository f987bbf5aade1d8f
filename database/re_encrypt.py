"""`communityconnect keys re-encrypt`: what is encrypted with an earlier key is encrypted with the first one."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from cryptography.fernet import InvalidToken, MultiFernet
from sqlalchemy import Column, Engine, MetaData, Table, func, select, update
from sqlmodel import Session

from database.encryption import Keyring, KeyringError

_SUFFIX: Final = "_encrypted"
_A_BATCH: Final = 500


@dataclass(frozen=True, kw_only=True)
class Place:
    """A column with encrypted values."""

    table: Table
    column: "Column[str]"

    @property
    def key(self) -> "Column[Any]":
        [only] = self.table.primary_key.columns
        return only

    def __str__(self) -> str:
        return f"{self.table.name}.{self.column.name}"


def places(engine: Engine) -> list[Place]:
    """Every column of the database that holds something encrypted: their names say so."""
    there = MetaData()
    there.reflect(engine)
    return [
        Place(table=table, column=column)
        for table in there.sorted_tables
        for column in table.columns
        if column.name.endswith(_SUFFIX)
    ]


def keys_in_use(engine: Engine) -> Counter[str]:
    """How many values each key id has encrypted."""
    found: Counter[str] = Counter()
    with Session(engine) as session:
        for place in places(engine):
            id_ = func.split_part(place.column, ":", 1)
            for key_id, count in session.execute(
                select(id_, func.count()).where(place.column.is_not(None)).group_by(id_)
            ):
                found[key_id] += count
    return found


def re_encrypt(engine: Engine, keyring: Keyring) -> Iterator[tuple[Place, int]]:
    """Batch by batch, each committed: place, and how many values. Safe to stop and to run again, beside a service that
    writes: what has changed since it was read is left as it is.

    Raises:
        KeyringError: the key of a value is not here, or not the one that encrypted it.
    """
    first = next(iter(keyring.encryption))
    for place in places(engine):
        while done := _a_batch(engine, keyring, place, first=first):
            yield place, done


def _a_batch(engine: Engine, keyring: Keyring, place: Place, *, first: str) -> int:
    old = select(place.key, place.column).where(~place.column.startswith(f"{first}:", autoescape=True))
    with Session(engine) as session, session.begin():
        rows = session.execute(old.order_by(place.key).limit(_A_BATCH)).all()
        for key, stored in rows:
            session.execute(
                update(place.table)
                .where(place.key == key, place.column == stored)
                .values({place.column.name: _anew(keyring, stored, place=place)})
            )
    return len(rows)


def _anew(keyring: Keyring, stored: str, *, place: Place) -> str:
    """R7: with the time that the value has, which is none where it must not tell when it was written."""
    key_id, _, token = stored.partition(":")
    first, fernet = next(iter(keyring.encryption.items()))
    old = keyring.encryption.get(key_id)
    if old is None:
        raise KeyringError(f"{place}: the encryption key {key_id!r} is not among COMMUNITYCONNECT_ENCRYPTION_KEYS")
    try:
        return f"{first}:{MultiFernet([fernet, old]).rotate(token.encode()).decode()}"
    except InvalidToken:
        raise KeyringError(f"{place}: {key_id!r} is not the key that one of its values was encrypted with") from None
