"""A restored database marks itself: stopped, in a new epoch, with everything since its backup to be taken back."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, Engine, text

from database.encryption import Keyring, KeyringError

RESTORED_BY: Final = "communityconnect restore"
WHY: Final = "the database was restored from a backup: see docs/recovery.md"
_COUNTED: Final = {
    "calls": "SELECT count(*) FROM call",
    "open calls": "SELECT count(*) FROM call WHERE ended_reason IS NULL",
    "CAD records": "SELECT count(*) FROM cad_record",
    "texts": "SELECT count(*) FROM text",
    "opt-outs in force": "SELECT count(*) FROM opt_out WHERE ended_at IS NULL",
    "texts and calls of residents": "SELECT count(*) FROM inbound_message",
    "survey links": "SELECT count(*) FROM survey_invitation",
    "numbers not to be texted": "SELECT count(*) FROM blocked_number WHERE ended_real IS NULL",
}


def mark(*, stopped: str, now: datetime, as_of: datetime | None = None) -> str:
    """SQL for the transaction of the restore itself. `stopped`: the switch of everything. `as_of`: of a backup that is
    not ours; ours know their own age.

    An epoch is the time, so that a second restore of the same backup has another one. What a recovery had not finished
    when the backup was made is this one's as well.
    """
    at, epoch = f"'{now.isoformat()}'::timestamptz", int(now.timestamp())
    told = "(SELECT max(begun_real) FROM public.backup)" if as_of is None else f"'{as_of.isoformat()}'::timestamptz"
    return f"""
INSERT INTO public.recovery (epoch, as_of_real, restored_real, counts)
SELECT greatest({epoch}, coalesce(max(epoch), 0) + 1),
       least({told}, min(as_of_real) FILTER (WHERE completed_real IS NULL)), {at}, '{{}}'
FROM public.recovery;
UPDATE public.recovery SET completed_real = {at}
WHERE completed_real IS NULL AND epoch < (SELECT max(epoch) FROM public.recovery);
UPDATE public.call SET epoch = (SELECT max(epoch) FROM public.recovery), signalled_version = 0,
       behind_since_real = {at}, forwarding_until_real = {at}
WHERE ended_reason IS NULL;
INSERT INTO public.switch (scope, stopped_real, stopped_by, why)
VALUES ('{stopped}', {at}, '{RESTORED_BY}', '{WHY}') ON CONFLICT DO NOTHING;
"""  # noqa: S608 - times and our own words


def counts(engine: Engine) -> Mapping[str, int]:
    """What is in the database, for whoever compares it with what they remember."""
    with engine.connect() as connection:
        return {what: int(connection.execute(text(query)).scalar_one()) for what, query in _COUNTED.items()}


@dataclass(frozen=True, kw_only=True)
class Opened:
    """What the keys open. `wrong`: a sentence for each key that is missing or another one."""

    key_ids: tuple[str, ...]
    values: int
    wrong: tuple[str, ...]


def try_keys(engine: Engine, keyring: Keyring) -> Opened:
    """A value of each column under each key id is opened, and a number found again by its hash."""
    ids: set[str] = set()
    wrong: dict[str, None] = {}
    values = 0
    with engine.connect() as connection:
        for table, column in _encrypted_columns(connection):
            for key_id, stored in _one_of_each_key(connection, table, column):
                ids.add(key_id)
                values += 1
                try:
                    keyring.decrypt(stored)
                except KeyringError as error:
                    wrong[str(error)] = None
        if not wrong and not _numbers_are_found(connection, keyring):
            wrong[
                "COMMUNITYCONNECT_LOOKUP_KEY is not the one that the numbers were hashed with: no STOP would match"
            ] = None
    return Opened(key_ids=tuple(sorted(ids)), values=values, wrong=tuple(wrong))


def _encrypted_columns(connection: Connection) -> list[tuple[str, str]]:
    """Table and column, as they are in this database, whatever its revision."""
    found = text(
        "SELECT table_name, column_name FROM information_schema.columns"
        " WHERE table_schema = 'public' AND column_name LIKE '%\\_encrypted' ORDER BY 1, 2"
    )
    return [(table, column) for table, column in connection.execute(found)]


def _one_of_each_key(connection: Connection, table: str, column: str) -> list[tuple[str, str]]:
    query = text(
        f"SELECT DISTINCT ON (1) split_part({column}, ':', 1), {column}"  # noqa: S608 - our own tables
        f" FROM public.{table} WHERE {column} IS NOT NULL"
    )
    return [(key_id, stored) for key_id, stored in connection.execute(query)]


def _numbers_are_found(connection: Connection, keyring: Keyring) -> bool:
    """A number of each table that has one, opened and hashed, has the hash beside it."""
    for table in ("opt_out", "call", "text"):
        found = connection.execute(
            text(
                f"SELECT phone_encrypted, phone_hash FROM {table}"  # noqa: S608 - our own tables
                " WHERE phone_encrypted IS NOT NULL AND phone_hash IS NOT NULL LIMIT 1"
            )
        ).first()
        if found is not None and found[1] not in keyring.phone_hashes(keyring.decrypt(found[0])):
            return False
    return True
