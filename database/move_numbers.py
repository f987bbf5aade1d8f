"""`communityconnect keys move`: every number is found by the next key, one number at a time, in all tables at once."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sqlalchemy import Engine, delete, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, func, or_, select

from calls.contracts import LedgerState
from database.encryption import Keyring, KeyringError
from database.lookup_keys import (
    KEEP_THE_NUMBER,
    KEYS,
    NUMBER,
    KeyState,
    LookupKeyRow,
    MovedNumberRow,
    key_of_what_is_stored,
    rename,
)
from database.numbers import BlockedNumberRow
from database.tables import CallRow, OptOutRow, PilotNumberRow, TextRow, real_now

_UNDER_WAY: Final = (LedgerState.CLAIMED, LedgerState.SENDING, LedgerState.UNKNOWN)
_A_DAY: Final = timedelta(days=1)
"""What nobody has touched for so long is not looked at by an attempt any more."""
_A_PAGE: Final = 200
_Table = OptOutRow | BlockedNumberRow | PilotNumberRow | CallRow | TextRow


@dataclass(frozen=True, kw_only=True)
class Moved:
    """What one pass has done."""

    numbers: int = 0
    waiting: int = 0
    """Numbers of calls that are open, or to which a text is under way: they are moved later."""
    is_done: bool = False
    """The next key is in force now, and the one before is needed for links and codes alone."""


def begin_move(engine: Engine, keyring: Keyring) -> None:
    """From now on numbers are moved. Does nothing where that has begun already.

    Raises:
        KeyringError: there is no second key here, or neither of the two is in force.
    """
    with Session(engine) as session, session.begin():
        session.execute(select(func.pg_advisory_xact_lock(KEYS)))
        states = {row.state: row.fingerprint for row in session.exec(select(LookupKeyRow))}
        if KeyState.NEXT in states:
            _the_two(session, keyring)
            return
        if len(keyring.rings) == 1:
            raise KeyringError(
                "there is one lookup key only; set the new one as COMMUNITYCONNECT_LOOKUP_KEY and the one before as "
                "COMMUNITYCONNECT_OTHER_LOOKUP_KEY (docs/keys.md)"
            )
        new, old = (ring.fingerprint for ring in keyring.rings)
        in_force = states.get(KeyState.IN_FORCE) or key_of_what_is_stored(session, keyring).fingerprint
        if in_force == new:
            raise KeyringError("COMMUNITYCONNECT_LOOKUP_KEY is in force already: there is nothing to move")
        if in_force != old:
            raise KeyringError("neither lookup key is the one in force (docs/keys.md)")
        session.merge(LookupKeyRow(fingerprint=old, state=KeyState.IN_FORCE))
        session.add(LookupKeyRow(fingerprint=new, state=KeyState.NEXT))


def move_numbers(engine: Engine, keyring: Keyring) -> Moved:
    """One pass over all numbers that can be read. Safe to stop and to run again, and beside itself.

    Raises:
        KeyringError: a key is missing.
    """
    with Session(engine) as session:
        now, then = _the_two(session, keyring)
    moved = waiting = 0
    for table in KEEP_THE_NUMBER:
        for number in _numbers(engine, keyring, table, now=now):
            if _move(engine, number, now=now, then=then):
                moved += 1
            else:
                waiting += 1
    is_done = not waiting and not moved and _put_in_force(engine, now=now, then=then)
    return Moved(numbers=moved, waiting=waiting, is_done=is_done)


def note_key(engine: Engine, keyring: Keyring) -> None:
    """For `setup`: the database knows from now on which key its numbers are found by.

    Raises:
        KeyringError: by none of those that are set.
    """
    with Session(engine) as session, session.begin():
        session.execute(select(func.pg_advisory_xact_lock(KEYS)))
        if session.exec(select(LookupKeyRow)).first() is None:
            in_force = key_of_what_is_stored(session, keyring)
            session.add(LookupKeyRow(fingerprint=in_force.fingerprint, state=KeyState.IN_FORCE))


def _the_two(session: Session, keyring: Keyring) -> tuple[Keyring, Keyring]:
    """The key in force, and the next."""
    by_fingerprint = {ring.fingerprint: ring for ring in keyring.rings}
    states = {row.state: by_fingerprint.get(row.fingerprint) for row in session.exec(select(LookupKeyRow))}
    now, then = states.get(KeyState.IN_FORCE), states.get(KeyState.NEXT)
    if now is None or then is None:
        raise KeyringError("another lookup key is being moved to than is set here (docs/keys.md)")
    return now, then


def _numbers(engine: Engine, keyring: Keyring, table: type[_Table], *, now: Keyring) -> Iterator[str]:
    """The numbers of this table that are still found by the key in force, each once, in the order of their hashes."""
    after = ""
    while True:
        with Session(engine) as session:
            page = session.execute(
                select(col(table.phone_hash), func.min(col(table.phone_encrypted)))
                .where(col(table.phone_hash) > after, col(table.phone_encrypted).is_not(None))
                .group_by(col(table.phone_hash))
                .order_by(col(table.phone_hash))
                .limit(_A_PAGE)
            ).all()
        if not page:
            return
        for phone_hash, encrypted in page:
            after = phone_hash
            number = keyring.decrypt(encrypted)
            if phone_hash == now.phone_hash(number):
                yield number


def _move(engine: Engine, number: str, *, now: Keyring, then: Keyring) -> bool:
    """False: something is under way to the number."""
    before, after = now.phone_hash(number), then.phone_hash(number)
    with Session(engine) as session, session.begin():
        # Whoever writes the number down, and whoever counts its texts, does so before or after.
        session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(before, NUMBER))))
        session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(before, 0))))
        if _is_busy(session, before):
            return False
        rename(session, before=before, after=after)
        session.execute(insert(MovedNumberRow).values(phone_hash=after).on_conflict_do_nothing())
    return True


def _is_busy(session: Session, phone_hash: str) -> bool:
    """Between two looks of an activity its number must not change, or it would not find who has said STOP."""
    open_calls = select(CallRow.call_id).where(
        col(CallRow.phone_hash) == phone_hash, col(CallRow.ended_reason).is_(None)
    )
    texts = select(TextRow.id).where(
        col(TextRow.phone_hash) == phone_hash,
        col(TextRow.state).in_(_UNDER_WAY),
        col(TextRow.updated_real) > real_now() - _A_DAY,
    )
    return bool(session.execute(select(or_(open_calls.exists(), texts.exists()))).scalar_one())


def _put_in_force(engine: Engine, *, now: Keyring, then: Keyring) -> bool:
    """The last look, while nobody writes a number down: in the small tables, for the large ones have just been read
    and no number comes in by the old key any more. False: one is left."""
    with Session(engine) as session, session.begin():
        session.execute(select(func.pg_advisory_xact_lock(KEYS)))
        moved = select(MovedNumberRow.phone_hash)
        left = [
            select(1).where(col(table.phone_hash).not_in(moved)).exists() for table in (OptOutRow, BlockedNumberRow)
        ]
        left.append(
            select(1)
            .where(
                col(CallRow.ended_reason).is_(None),
                col(CallRow.phone_hash).is_not(None),
                col(CallRow.phone_hash).not_in(moved),
            )
            .exists()
        )
        if session.execute(select(or_(*left))).scalar_one():
            return False
        session.execute(delete(LookupKeyRow).where(col(LookupKeyRow.fingerprint) == now.fingerprint))
        session.execute(
            update(LookupKeyRow)
            .where(col(LookupKeyRow.fingerprint) == then.fingerprint)
            .values(state=KeyState.IN_FORCE, since_real=real_now())
        )
        session.execute(delete(MovedNumberRow))
    return True
