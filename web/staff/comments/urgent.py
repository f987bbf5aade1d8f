"""Comments that sound urgent, for a person to look at today. Nothing that can be read without keys says which they are:
until the cut, a row that is held has the transaction of its link, and a mark on it would name the caller (R7)."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from random import SystemRandom
from typing import Final
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy import Engine, func
from sqlmodel import Session, col, delete, insert, select

from database.encryption import Keyring, KeyringError
from database.surveys import CUTTING, HeldAnswerRow, SurveyCommentRow
from survey.held import HeldAnswer

_GOOD_FOR_SECONDS: Final = 60.0
"""The board looks every few seconds, and to count is to decrypt a day's answers."""
_BODIES: Final = select(HeldAnswerRow.id, HeldAnswerRow.body_encrypted)


@dataclass(frozen=True, kw_only=True)
class UrgentComment:
    """Words in clear, masked: for the eyes of staff only. `id` lasts until the cut of the night."""

    id: UUID
    language: str
    comment: str


class UrgentComments:
    """Of one agency, those that nobody has looked at."""

    def __init__(self, *, engine: Engine, keyring: Keyring, agency: str) -> None:
        self._engine, self._keyring, self._agency = engine, keyring, agency

    def unseen(self) -> list[UrgentComment]:
        """What is held is read through, a day's worth; and what the last cuts have parted from its answers. In no order
        that says when they were written."""
        with Session(self._engine) as session:
            found = [
                UrgentComment(id=key, language=answer.language, comment=answer.comment or "")
                for key, body in session.exec(_BODIES)
                if (answer := self._read(body)) and answer.agency == self._agency and answer.urgent and not answer.seen
            ]
            of_cuts = select(SurveyCommentRow).where(
                col(SurveyCommentRow.agency) == self._agency,
                col(SurveyCommentRow.urgent),
                ~col(SurveyCommentRow.reviewed),
            )
            for row in session.exec(of_cuts):
                comment = self._keyring.decrypt(row.comment_encrypted)
                found.append(UrgentComment(id=row.id, language=row.language, comment=comment))
        return sorted(found, key=lambda one: one.id)

    def mark(self, one: UrgentComment) -> str:
        """Of its words: by it, it is known again when the night has given it another id."""
        return self._keyring.content_hash(f"urgent\n{one.language}\n{one.comment}".encode())

    def see_again(self, id_: UUID, *, mark: str) -> bool:
        """As `see`, also where the night has come between: then the one that has the same words is seen."""
        if self.see(id_):
            return True
        return any(self.see(one.id) for one in self.unseen() if self.mark(one) == mark)

    def see(self, id_: UUID) -> bool:
        """A person has looked at it, and it is shown no more. False: there is none, since the cut perhaps; look again.

        All that is held is encrypted anew and changes places: of one that were changed alone everybody would know.
        """
        with Session(self._engine) as session, session.begin():
            session.execute(select(func.pg_advisory_xact_lock(CUTTING)))
            comment = session.get(SurveyCommentRow, id_)
            if comment is not None and comment.agency == self._agency:
                comment.urgent = False
                return True
            bodies = dict(session.exec(_BODIES).all())
            answer = self._read(bodies[id_]) if id_ in bodies else None
            if answer is None or answer.agency != self._agency:
                return False
            seen = answer.model_copy(update={"seen": True}).as_text()
            bodies[id_] = self._keyring.encrypt_without_time(seen)
            anew = [{"id": key, "body_encrypted": self._again(body)} for key, body in bodies.items()]
            SystemRandom().shuffle(anew)
            session.execute(delete(HeldAnswerRow).where(col(HeldAnswerRow.id).in_(bodies)))
            session.execute(insert(HeldAnswerRow), anew)
        return True

    def _read(self, body: str) -> HeldAnswer | None:
        """`None`: it cannot be read. The cut says how many there are."""
        try:
            return HeldAnswer.model_validate_json(self._keyring.decrypt(body))
        except (KeyringError, ValidationError):
            return None

    def _again(self, body: str) -> str:
        """What cannot be decrypted stays as it is."""
        try:
            return self._keyring.encrypt_without_time(self._keyring.decrypt(body))
        except KeyringError:
            return body


class UrgentCount:
    """How many nobody has looked at, at most a minute old. One for a process."""

    def __init__(self, comments: UrgentComments, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._comments = comments
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._asked = -_GOOD_FOR_SECONDS
        self._known = 0

    def get(self) -> int:
        """
        Raises:
            SQLAlchemyError: the database does not answer.
        """
        with self._lock:
            now = self._monotonic()
            if now - self._asked >= _GOOD_FOR_SECONDS:
                self._known, self._asked = len(self._comments.unseen()), now
            return self._known
