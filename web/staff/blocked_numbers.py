"""The list of numbers that must not be texted, which people keep: alarm companies, hotlines, lobbies, shelters."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import phonenumbers
from sqlalchemy import ColumnElement, Engine
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, or_, select, update

from database.encryption import Keyring
from database.tables import BlockedNumberRow, real_now


class Why(StrEnum):
    """Why a number must not be texted."""

    ALARM_COMPANY = "alarm company"
    HOTLINE = "hotline"
    LOBBY = "lobby"
    SHELTER = "shelter"
    PAYPHONE = "payphone"
    OTHER = "other"


class NotANumber(ValueError):  # noqa: N818
    """What was given is no telephone number that can be called from here."""


@dataclass(frozen=True, kw_only=True)
class Blocked:
    """One entry. `number` is in clear: for the eyes of staff only."""

    number: str
    reason: str
    since: datetime
    until: datetime | None


class BlockedNumbers:
    """Binding for every text that is checked after the commit (R1)."""

    def __init__(self, *, engine: Engine, keyring: Keyring) -> None:
        self._engine = engine
        self._keyring = keyring

    def add(self, number: str, *, why: Why, until: datetime | None = None) -> bool:
        """Put a number on the list; one that is there gets the new reason and end. False: it was there.

        Raises:
            NotANumber: it cannot be one.
        """
        number = e164(number)
        values = {"reason": why.value, "until_real": until, "since_real": real_now()}
        phone_hash = self._keyring.phone_hash(number)
        with Session(self._engine) as session, session.begin():
            there = session.exec(
                update(BlockedNumberRow)
                .where(_on_list(phone_hash))
                .values(**values)
                .returning(col(BlockedNumberRow.id))
            ).first()
            if there is None:
                session.execute(
                    insert(BlockedNumberRow)
                    .values(phone_hash=phone_hash, phone_encrypted=self._keyring.encrypt(number), **values)
                    .on_conflict_do_nothing()  # somebody else has just put it there
                )
            return there is None

    def remove(self, number: str) -> bool:
        """Take a number off the list. False: it was not on it.

        Raises:
            NotANumber: it cannot be one.
        """
        phone_hash = self._keyring.phone_hash(e164(number))
        with Session(self._engine) as session, session.begin():
            gone = session.exec(
                update(BlockedNumberRow)
                .where(_on_list(phone_hash))
                .values(ended_real=real_now())
                .returning(col(BlockedNumberRow.id))
            )
            return gone.first() is not None

    def all(self) -> list[Blocked]:
        """What is on the list now, the newest first; entries that have run out are not."""
        running = or_(col(BlockedNumberRow.until_real).is_(None), col(BlockedNumberRow.until_real) > real_now())
        with Session(self._engine) as session:
            rows = session.exec(
                select(BlockedNumberRow)
                .where(col(BlockedNumberRow.ended_real).is_(None), running)
                .order_by(col(BlockedNumberRow.since_real).desc())
            ).all()
        return [
            Blocked(
                number=self._keyring.decrypt(row.phone_encrypted),
                reason=row.reason,
                since=row.since_real,
                until=row.until_real,
            )
            for row in rows
        ]


def _on_list(phone_hash: str) -> ColumnElement[bool]:
    return (col(BlockedNumberRow.phone_hash) == phone_hash) & col(BlockedNumberRow.ended_real).is_(None)


def e164(text: str) -> str:
    """A number as people write it, in the one way in which it is stored.

    Raises:
        NotANumber: it cannot be one; the message does not repeat it (R3).
    """
    try:
        number = phonenumbers.parse(text, "CA")
    except phonenumbers.NumberParseException:
        raise NotANumber("that is not a telephone number; write it as in 613-555-0142 or +1 613 555 0142") from None
    if not phonenumbers.is_possible_number(number) or len(str(number.national_number)) < 8:
        raise NotANumber("that is not a whole telephone number; write it as in 613-555-0142 or +1 613 555 0142")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
