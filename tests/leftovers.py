"""R3: what is left in the database that leads to a person, also for somebody who has the service's keys."""

import re
from collections.abc import Collection, Iterator

from sqlalchemy import Engine, text

from database.encryption import Keyring, KeyringError
from tests.whole.search import numbers_in

_TOKEN = re.compile(r"\b[\w-]+:gAAAA[\w=-]+")
_TABLES = text("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")


def dumped(engine: Engine) -> dict[str, str]:
    """Every row of every table as text, as a dump has it."""
    with engine.connect() as connection:
        tables = list(connection.execute(_TABLES).scalars())
        return {
            table: "\n".join(connection.execute(text(f'SELECT t::text FROM "{table}" t')).scalars())  # noqa: S608
            for table in tables
        }


def leftovers(
    engine: Engine, keyring: Keyring, *, numbers: Collection[str], words: Collection[str]
) -> dict[str, set[str]]:
    """By table, the numbers (E.164) and words that stand in it: in clear, encrypted, or as a number's keyed hash."""
    hashes = {keyring.phone_hash(number): number for number in numbers}
    found: dict[str, set[str]] = {}
    for table, rows in dumped(engine).items():
        clear = in_clear(keyring, rows)
        hits = numbers_in(clear, numbers) | {word for word in words if word in clear}
        hits |= {hashes[hash_] for hash_ in re.findall(r"[0-9a-f]{64}", rows) if hash_ in hashes}
        if hits:
            found[table] = hits
    return found


def in_clear(keyring: Keyring, rows: str) -> str:
    """The rows, and after them all that is encrypted there."""
    return "\n".join([rows, *_decrypted(keyring, rows)])


def _decrypted(keyring: Keyring, rows: str) -> Iterator[str]:
    for match in _TOKEN.finditer(rows):
        try:
            yield keyring.decrypt(match.group())
        except KeyringError:
            continue
