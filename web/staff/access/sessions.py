"""Who is signed in: sessions in the database, so that any console process knows them and one row ends one."""

import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sqlalchemy import ColumnElement, Engine
from sqlmodel import Session, col, delete, select

from database.encryption import Keyring
from database.staff import StaffSessionRow
from database.tables import real_now
from web.staff.access.roles import Member, roles_named

LONGEST: Final = timedelta(hours=13)
"""A shift of twelve hours and its handing over."""
IDLE: Final = timedelta(hours=4)
"""What a page asks by itself, to stay up to date, does not count as being there."""
_SEEN_EVERY: Final = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True)
class SignedIn:
    """A session: who, and the token that each of its forms must carry."""

    member: Member
    form_token: str


class Sessions:
    """Begins, finds and ends sessions. Whoever holds a session's id is that person: it is only ever in a cookie."""

    def __init__(self, *, engine: Engine, keyring: Keyring) -> None:
        self._engine = engine
        self._keyring = keyring

    def begin(self, member: Member) -> str:
        """Sign somebody in; the session's id, 256 bits. Sessions that have ended are deleted."""
        session_id = secrets.token_urlsafe(32)
        now = real_now()
        with Session(self._engine) as session, session.begin():
            session.execute(delete(StaffSessionRow).where(col(StaffSessionRow.ends_real) <= now))
            session.add(
                StaffSessionRow(
                    id_hash=_hash(self._keyring, session_id),
                    subject=member.subject,
                    name=member.name,
                    roles=sorted(member.roles),
                    ends_real=now + LONGEST,
                )
            )
        return session_id

    def find(self, session_id: str | None, *, is_there: bool = True) -> SignedIn | None:
        """Who it is; `None`: nobody, any more. `is_there`: a person does this, not a page by itself."""
        if not session_id:
            return None
        now = real_now()
        with Session(self._engine) as session, session.begin():
            row = session.exec(select(StaffSessionRow).where(self._is(session_id))).first()
            if row is None or row.ends_real <= now or row.seen_real + IDLE <= now:
                return None
            if is_there and row.seen_real + _SEEN_EVERY < now:
                row.seen_real = now
                session.add(row)
            member = Member(subject=row.subject, name=row.name, roles=roles_named(row.roles))
            form_token = self._form_token(session_id, begun_as=row.id_hash)
        return SignedIn(member=member, form_token=form_token)

    def end(self, session_id: str) -> None:
        """Sign out."""
        with Session(self._engine) as session, session.begin():
            session.execute(delete(StaffSessionRow).where(self._is(session_id)))

    def _form_token(self, session_id: str, *, begun_as: str) -> str:
        """What a form of this session carries, and a form of a foreign page cannot. While the lookup key is changed it
        is that of the session's beginning: the next process may have the other one first."""
        rings = self._keyring.rings
        ring = next((ring for ring in rings if _hash(ring, session_id) == begun_as), self._keyring)
        return ring.content_hash(b"form\n" + session_id.encode())

    def _is(self, session_id: str) -> ColumnElement[bool]:
        return col(StaffSessionRow.id_hash).in_([_hash(ring, session_id) for ring in self._keyring.rings])


def _hash(ring: Keyring, session_id: str) -> str:
    return ring.content_hash(b"staff session\n" + session_id.encode())
