"""Opt-outs: a phone says STOP and START (R6), or somebody asks staff for it. Binding from the commit on."""

from datetime import datetime

from sqlalchemy import ColumnElement, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from database.encryption import Keyring
from database.lookup_keys import number_hash
from database.tables import OptOutRow

_IN_FORCE = col(OptOutRow.ended_at).is_(None)
_IS_THE_PHONES_OWN = col(OptOutRow.entered_by).is_(None) | col(OptOutRow.stop_at).is_not(None)


def say_stop(session: Session, keyring: Keyring, phone: str, *, sender: str, now: datetime) -> bool:
    """The phone says STOP. False: it has said so before. One that staff have entered becomes a STOP of its own, which
    only the phone ends."""
    statement = (
        insert(OptOutRow)
        .values(**_values(session, keyring, phone, sender=sender, now=now))
        .on_conflict_do_update(
            index_elements=["phone_hash", "sender"],
            index_where=_IN_FORCE,
            set_={"stop_at": now},
            where=~_IS_THE_PHONES_OWN,
        )
        .returning(col(OptOutRow.id))
    )
    return session.execute(statement).first() is not None


def say_start(session: Session, *, phone_hash: str, sender: str, now: datetime) -> bool:
    """The phone says START, and that ends its opt-out, whoever entered it. False: none was in force.

    One that was said later than `now` stays: a START that is taken back after a restore does not end it.
    """
    said_before = (col(OptOutRow.since) <= now, col(OptOutRow.stop_at).is_(None) | (col(OptOutRow.stop_at) <= now))
    statement = (
        update(OptOutRow)
        .where(*_of(phone_hash, sender), *said_before)
        .values(ended_at=now)
        .returning(col(OptOutRow.id))
    )
    return session.execute(statement).first() is not None


def note_past_stop(
    session: Session, keyring: Keyring, phone: str, *, sender: str, since: datetime, ended: datetime
) -> None:
    """A STOP that a START has ended already: it binds the calls of before that START."""
    session.execute(
        insert(OptOutRow).values(**_values(session, keyring, phone, sender=sender, now=since), ended_at=ended)
    )


def is_opted_out(session: Session, *, phone_hash: str, sender: str) -> bool:
    """An opt-out is in force, whoever entered it."""
    return session.exec(select(OptOutRow.id).where(*_of(phone_hash, sender))).first() is not None


def enter_opt_out(
    session: Session, keyring: Keyring, phone: str, *, sender: str, now: datetime, by: str, why: str
) -> bool:
    """Staff enter it for whoever has the phone. False: an opt-out is in force already, and stays what it is."""
    statement = (
        insert(OptOutRow)
        .values(**_values(session, keyring, phone, sender=sender, now=now), entered_by=by, entered_why=why)
        .on_conflict_do_nothing()
        .returning(col(OptOutRow.id))
    )
    return session.execute(statement).first() is not None


def end_entered_opt_out(session: Session, opt_out: int, *, sender: str, now: datetime, by: str, why: str) -> bool:
    """Staff end one that staff entered. False: it is none of those, or over; a STOP is the phone's own, until START."""
    statement = (
        update(OptOutRow)
        .where(col(OptOutRow.id) == opt_out, col(OptOutRow.sender) == sender, _IN_FORCE, ~_IS_THE_PHONES_OWN)
        .values(ended_at=now, ended_by=by, ended_why=why)
        .returning(col(OptOutRow.id))
    )
    return session.execute(statement).first() is not None


def _values(session: Session, keyring: Keyring, phone: str, *, sender: str, now: datetime) -> dict[str, object]:
    return {
        "phone_hash": number_hash(session, keyring, phone),
        "phone_encrypted": keyring.encrypt(phone),
        "sender": sender,
        "since": now,
    }


def _of(phone_hash: str, sender: str) -> tuple[ColumnElement[bool], ...]:
    return col(OptOutRow.phone_hash) == phone_hash, col(OptOutRow.sender) == sender, _IN_FORCE
