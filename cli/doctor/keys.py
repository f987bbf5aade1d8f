"""The keys: are they there, each for one thing, and those that what is stored was made with?"""

from collections.abc import Iterator
from typing import Final

from sqlalchemy import Column, Engine, Table, select
from sqlmodel import SQLModel

from cli.finding import Finding
from database.encryption import Keyring, KeyringError, keyring_of
from settings import Settings

_ENCRYPTED: Final = "_encrypted"
_LOOKED_AT: Final = 100
"""Rows of each table, the first ones and the last: a missing key is that of the oldest or of the newest."""
_BACK: Final = "put the old key back (from the copy that is kept apart)"


def usable(settings: Settings) -> tuple[Keyring | None, Finding]:
    """They are there and have the right form."""
    try:
        ring = keyring_of(settings)
    except KeyringError as error:
        detail, _, mend = str(error).partition("; ")
        return None, Finding(what="keys", detail=detail, mend=mend)
    detail = f"{len(ring.encryption)} to encrypt (first: {next(iter(ring.encryption))}), 1 to look up"
    return ring, Finding(what="keys", detail=detail)


def distinct(settings: Settings) -> Finding:
    """No key is used for two things, and no id twice: the second key of one id is never used."""
    pairs = [part.strip().partition(":") for part in settings.encryption_keys.get_secret_value().split(",")]
    named = [(f"COMMUNITYCONNECT_ENCRYPTION_KEYS {key_id}", key) for key_id, _, key in pairs if key]
    ids = [key_id for key_id, _, key in pairs if key]
    named.append(("COMMUNITYCONNECT_LOOKUP_KEY", settings.lookup_key.get_secret_value()))
    if other := settings.other_lookup_key.get_secret_value():
        named.append(("COMMUNITYCONNECT_OTHER_LOOKUP_KEY", other))
    for pair in settings.cad_keys.get_secret_value().split(","):
        label, _, secret = pair.strip().partition(":")
        named += [(f"COMMUNITYCONNECT_CAD_KEYS {label}", secret)] if secret else []
    mend = "make one of them anew with: communityconnect new-key"
    for place, (name, key) in enumerate(named):
        others = [other for other, its in named[:place] if its.rstrip("=") == key.rstrip("=")]
        if others:
            detail = f"{others[0]} and {name} are one and the same"
            return Finding(what="keys apart", detail=detail, mend=f"{mend}; that which nothing was stored with yet")
    if len(set(ids)) < len(ids):
        detail = "two of COMMUNITYCONNECT_ENCRYPTION_KEYS have one id: only the last of them is used"
        return Finding(what="keys apart", detail=detail, mend="give each key an id of its own, as in k1:…,k2:…")
    return Finding(what="keys apart", detail="each is used for one thing")


def opens_what_is_stored(engine: Engine, ring: Keyring) -> Iterator[Finding]:
    """A sample of every table can be decrypted, and its numbers are found by their hash."""
    opened, strayed = 0, set[str]()
    trouble: dict[str, str] = {}
    for table in SQLModel.metadata.sorted_tables:
        for column in [one for one in table.columns if one.name.endswith(_ENCRYPTED)]:
            hash_ = table.columns.get("phone_hash") if column.name == "phone_encrypted" else None
            for stored, hashed in _sample(engine, table, column, hash_):
                try:
                    text = ring.decrypt(stored)
                except KeyringError as error:
                    trouble.setdefault(str(error), f"{table.name}.{column.name}")
                    continue
                opened += 1
                if hashed is not None and hashed not in ring.phone_hashes(text):
                    strayed.add(table.name)
    yield from (
        Finding(what="stored data", detail=f"{where} cannot be read: {why}", mend=f"{_BACK}, after the one in use")
        for why, where in trouble.items()
    )
    if strayed:
        detail = f"numbers in {', '.join(sorted(strayed))} are not found by COMMUNITYCONNECT_LOOKUP_KEY: no STOP holds"
        yield Finding(what="stored data", detail=detail, mend=f"{_BACK}; to change it: docs/keys.md")
    if not trouble and not strayed:
        yield Finding(what="stored data", detail=f"{opened} values looked at, all can be read and are found")


def _sample(
    engine: Engine, table: Table, column: "Column[str]", hash_: "Column[str] | None"
) -> set[tuple[str, str | None]]:
    key = next(iter(table.primary_key.columns))
    columns = [column] if hash_ is None else [column, hash_]
    first = select(*columns).limit(_LOOKED_AT)
    last = select(*columns).order_by(key.desc()).limit(_LOOKED_AT)
    with engine.connect() as connection:
        rows = [*connection.execute(first), *connection.execute(last)]
    return {(row[0], row[1] if hash_ is not None else None) for row in rows if row[0] is not None}
