"""R4: a record that cannot be read is kept as it came, encrypted and bounded, for a person to look at and to take in
after a mend."""

import base64
from collections.abc import Mapping, Sequence
from datetime import timedelta
from enum import StrEnum
from itertools import count
from typing import Final

from sqlalchemy import Engine, case
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, delete, select, update

from database.encryption import Keyring
from database.feeds import RejectedRecordRow
from database.tables import real_now

MOST_BYTES: Final = 128 * 1024
"""Of one record. Of a larger one only the reason is kept."""
MOST_KEPT: Final = 2_000
"""So many have their bytes; of older ones the reason remains. With the above some 350 MB at the very most."""
COUNT_EVERY: Final = 50
"""So many more may have their bytes, for each feed and process: counting them costs."""


class Shape(StrEnum):
    """How the bytes of a record are to be read."""

    RECORD = "record"
    """One record of our own API, JSON."""
    EIDO = "eido"
    """One EIDO, JSON."""
    ROW = "row"
    """One row of a file: a JSON object of headings and cells, as they stand there."""
    VIEW = "view"
    """One row of a view: likewise, times in ISO."""
    OTHER = "other"
    """What is none of these, the whole of what was sent."""


class RejectedRecords:
    """The kept records of all feeds."""

    def __init__(self, *, engine: Engine, keyring: Keyring) -> None:
        self._engine = engine
        self._keyring = keyring
        self._kept = count()

    def keep(self, raw: bytes, *, feed: str, shape: Shape, reason: str) -> None:
        """Keep the record. The very same from the same feed is counted, not kept twice.

        Raises:
            OperationalError: the database does not answer; it is not kept.
        """
        now = real_now()
        values = {
            "feed": feed,
            "shape": shape,
            "content_hash": self._keyring.content_hash(raw),
            "reason": reason,
            "raw_encrypted": self._sealed(raw),
            "size": len(raw),
            "rejected_real": now,
            "last_rejected_real": now,
        }
        row = RejectedRecordRow
        again = {
            "times": col(row.times) + 1,
            "reason": reason,
            "last_rejected_real": now,
            # given up for newer ones meanwhile, it is the newest again; what a person has dealt with stays deleted
            "raw_encrypted": case((col(row.settled_real).is_(None), values["raw_encrypted"])),
        }
        with Session(self._engine) as session, session.begin():
            session.execute(
                insert(row)
                .values(**values, times=1)
                .on_conflict_do_update(index_elements=["feed", "content_hash"], set_=again)
            )
            # By our own count: one that is sent again uses up an id, and those of the new ones may never be round.
            if next(self._kept) % COUNT_EVERY == 0:
                self._keep_few(session)

    def open(self, *, feed: str | None = None) -> Sequence[RejectedRecordRow]:
        """Those that nobody has dealt with, the oldest first."""
        wanted = select(RejectedRecordRow).where(col(RejectedRecordRow.settled_real).is_(None))
        if feed is not None:
            wanted = wanted.where(col(RejectedRecordRow.feed) == feed)
        with Session(self._engine) as session:
            return session.exec(wanted.order_by(col(RejectedRecordRow.id))).all()

    def open_ids(self, *, feed: str | None = None) -> Sequence[int]:
        """Theirs alone: with their bytes they may be many megabytes."""
        wanted = select(RejectedRecordRow.id).where(col(RejectedRecordRow.settled_real).is_(None))
        if feed is not None:
            wanted = wanted.where(col(RejectedRecordRow.feed) == feed)
        with Session(self._engine) as session:
            found = session.exec(wanted.order_by(col(RejectedRecordRow.id))).all()
        return [row_id for row_id in found if row_id is not None]

    def raw(self, row: RejectedRecordRow) -> bytes | None:
        """The record as it came; `None` where the bytes were not, or are no longer, kept.

        Raises:
            KeyringError: its key is not among ours.
        """
        return None if row.raw_encrypted is None else base64.b64decode(self._keyring.decrypt(row.raw_encrypted))

    def row(self, row_id: int) -> RejectedRecordRow | None:
        """The one with this id, dealt with or not."""
        with Session(self._engine) as session:
            return session.get(RejectedRecordRow, row_id)

    def settle(self, row_id: int, how: str) -> None:
        """A person, or a mend, has dealt with it: its bytes are not needed any more."""
        self._update_open(row_id, {"settled_real": real_now(), "settled": how, "raw_encrypted": None})

    def still_rejected(self, row_id: int, reason: str) -> None:
        """It was read again, and still cannot be: why, today."""
        self._update_open(row_id, {"reason": reason})

    def _update_open(self, row_id: int, values: Mapping[str, object]) -> None:
        this = (col(RejectedRecordRow.id) == row_id, col(RejectedRecordRow.settled_real).is_(None))
        with Session(self._engine) as session, session.begin():
            session.execute(update(RejectedRecordRow).where(*this).values(**values))

    def _sealed(self, raw: bytes) -> str | None:
        return None if len(raw) > MOST_BYTES else self._keyring.encrypt(base64.b64encode(raw).decode())

    @staticmethod
    def _keep_few(session: Session) -> None:
        with_bytes = col(RejectedRecordRow.raw_encrypted).is_not(None)
        newest = col(RejectedRecordRow.last_rejected_real).desc()
        surplus = select(RejectedRecordRow.id).where(with_bytes).order_by(newest).offset(MOST_KEPT)
        statement = update(RejectedRecordRow).where(col(RejectedRecordRow.id).in_(surplus))
        session.execute(statement.values(raw_encrypted=None))


def forget_rejected(engine: Engine, *, older_than: timedelta) -> int:
    """Delete what the agency's retention does not keep, since it last came; how many."""
    old = col(RejectedRecordRow.last_rejected_real) < real_now() - older_than
    with Session(engine) as session, session.begin():
        return len(session.execute(delete(RejectedRecordRow).where(old).returning(col(RejectedRecordRow.id))).all())
