"""The list of numbers that must not be texted, which people keep: alarm companies, hotlines, lobbies, shelters."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

import phonenumbers
from sqlalchemy import ColumnElement, Engine
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, func, or_, select, update

from database.encryption import Keyring
from database.lookup_keys import number_hash
from database.numbers import BlockedNumberRow
from database.tables import real_now

A_PAGE: Final = 50


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

    id: int
    number: str
    reason: str
    note: str | None
    """Why, in the words of whoever put it there."""
    by: str | None
    since: datetime
    until: datetime | None


@dataclass(frozen=True, kw_only=True)
class BlockedPage:
    """A page of the list. `older`: the id before which the next one begins; `None` at the end."""

    entries: Sequence[Blocked]
    older: int | None


class BlockedNumbers:
    """Binding for every text that is checked after the commit (R1)."""

    def __init__(self, *, engine: Engine, keyring: Keyring) -> None:
        self._engine = engine
        self._keyring = keyring

    def add(
        self,
        number: str,
        *,
        why: Why,
        until: datetime | None = None,
        by: str | None = None,
        note: str | None = None,
        may_shorten: bool = True,
    ) -> bool:
        """Put a number on the list; one that is there is put there anew, and what was said before is kept. False: it
        was there. `may_shorten`: by whom it could be taken off; else it stays there as long as before, or longer.

        Raises:
            NotANumber: it cannot be one.
        """
        number = e164(number)
        now = real_now()
        with Session(self._engine) as session, session.begin():
            phone_hash = number_hash(session, self._keyring, number)
            there = session.exec(
                update(BlockedNumberRow)
                .where(_on_list([phone_hash]))
                .values(ended_real=now, ended_by=by, ended_why="put on the list anew")
                .returning(col(BlockedNumberRow.until_real))
            ).first()
            was_there = there is not None and (there[0] is None or there[0] > now)
            if there is not None and was_there and not may_shorten:
                until = None if until is None or there[0] is None else max(until, there[0])
            session.execute(
                insert(BlockedNumberRow)
                .values(
                    phone_hash=phone_hash,
                    phone_encrypted=self._keyring.encrypt(number),
                    reason=why.value,
                    note=note,
                    added_by=by,
                    since_real=now,
                    until_real=until,
                )
                .on_conflict_do_nothing()  # somebody else has just put it there
            )
            return not was_there

    def remove(self, number: str, *, by: str | None = None, why: str | None = None) -> bool:
        """Take a number off the list. False: it was not on it.

        Raises:
            NotANumber: it cannot be one.
        """
        return self._take_off(_on_list(self._keyring.phone_hashes(e164(number))), by=by, why=why)

    def remove_entry(self, entry: int, *, by: str, why: str) -> bool:
        """Likewise, by the entry's id."""
        here = (col(BlockedNumberRow.id) == entry) & col(BlockedNumberRow.ended_real).is_(None)
        return self._take_off(here, by=by, why=why)

    def _take_off(self, which: ColumnElement[bool], *, by: str | None, why: str | None) -> bool:
        with Session(self._engine) as session, session.begin():
            gone = session.exec(
                update(BlockedNumberRow)
                .where(which)
                .values(ended_real=real_now(), ended_by=by, ended_why=why)
                .returning(col(BlockedNumberRow.id))
            )
            return gone.first() is not None

    def find(self, number: str) -> Blocked | None:
        """The number's entry now.

        Raises:
            NotANumber: it cannot be one.
        """
        query = select(BlockedNumberRow).where(_on_list(self._keyring.phone_hashes(e164(number))), _running())
        with Session(self._engine) as session:
            row = session.exec(query).first()
        return None if row is None else self._shown(row)

    def entry(self, entry: int) -> Blocked | None:
        """An entry that is on the list now."""
        here = (col(BlockedNumberRow.id) == entry, col(BlockedNumberRow.ended_real).is_(None), _running())
        with Session(self._engine) as session:
            row = session.exec(select(BlockedNumberRow).where(*here)).first()
        return None if row is None else self._shown(row)

    def page(self, *, before: int | None = None, at_most: int = A_PAGE) -> BlockedPage:
        """What is on the list now, the newest first; entries that have run out are not."""
        query = select(BlockedNumberRow).where(col(BlockedNumberRow.ended_real).is_(None), _running())
        if before is not None:
            query = query.where(col(BlockedNumberRow.id) < before)
        with Session(self._engine) as session:
            rows = session.exec(query.order_by(col(BlockedNumberRow.id).desc()).limit(at_most + 1)).all()
        entries = [self._shown(row) for row in rows[:at_most]]
        return BlockedPage(entries=entries, older=entries[-1].id if len(rows) > at_most else None)

    def all(self) -> list[Blocked]:
        """The whole list, the newest first."""
        entries: list[Blocked] = []
        page = self.page()
        while True:
            entries += page.entries
            if page.older is None:
                return entries
            page = self.page(before=page.older)

    def count(self) -> int:
        """How many numbers are on the list now."""
        query = select(func.count(col(BlockedNumberRow.id)))
        with Session(self._engine) as session:
            return session.exec(query.where(col(BlockedNumberRow.ended_real).is_(None), _running())).one()

    def _shown(self, row: BlockedNumberRow) -> Blocked:
        return Blocked(
            id=row.id or 0,
            number=self._keyring.decrypt(row.phone_encrypted),
            reason=row.reason,
            note=row.note,
            by=row.added_by,
            since=row.since_real,
            until=row.until_real,
        )


def _running() -> ColumnElement[bool]:
    return or_(col(BlockedNumberRow.until_real).is_(None), col(BlockedNumberRow.until_real) > real_now())


def _on_list(phone_hashes: Sequence[str]) -> ColumnElement[bool]:
    return col(BlockedNumberRow.phone_hash).in_(phone_hashes) & col(BlockedNumberRow.ended_real).is_(None)


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


def for_reading(number: str) -> str:
    """A number as it is stored, in groups that an eye can hold: `+1 613-555-0142`."""
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return number
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
