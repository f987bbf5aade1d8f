"""Takes in what could not be read, after a mend: each as of when it came, so that no newer fact is overwritten."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from sqlalchemy import Engine
from sqlmodel import Session

from calls.clock import Clock
from database.encryption import Keyring
from database.feeds import CadFeedRow, RejectedRecordRow
from policy.agency import Agency
from starter.feeds import Result, Tally, Way
from starter.intake import Intake
from starter.readers.again import read_again
from starter.readers.told import Unreadable
from starter.rejected import RejectedRecords, Shape

TAKEN_AFTER_A_MEND: Final = "taken after a mend"
KNOWN_AFTER_A_MEND: Final = "read after a mend; it was here already"


class Again(StrEnum):
    """What became of a record that was read again."""

    TAKEN = "taken"
    REPEATED = "repeated"
    """It had been here already: its sender has sent it again since."""
    STILL = "still cannot be read"
    NO_RECORD = "is no record of its own"
    """The whole of what was sent, or what could not be cut into records: its sender has to send it again."""
    NOT_KEPT = "bytes are not kept"


@dataclass(frozen=True, kw_only=True)
class ReadAgain:
    """One record. `reason`: why it still cannot be read."""

    row: RejectedRecordRow
    became: Again
    reason: str | None = None


class RejectedAgain:
    """Reads the open records again, with today's code and folder."""

    def __init__(self, *, engine: Engine, keyring: Keyring, agency: Agency, clock: Clock) -> None:
        self._engine = engine
        self._keyring = keyring
        self._agency = agency
        self._clock = clock
        self._rejected = RejectedRecords(engine=engine, keyring=keyring)

    def all_of(self, feed: str | None) -> Iterator[ReadAgain]:
        """Every open record, the oldest first; each is settled before the next one is read.

        Raises:
            KeyringError: the key of one is not among ours. What was read before it is settled.
        """
        for row_id in self._rejected.open_ids(feed=feed):
            row = self._rejected.row(row_id)
            if row is not None and row.settled_real is None:  # another may be at it, too
                yield self._once_more(row)

    def _once_more(self, row: RejectedRecordRow) -> ReadAgain:
        raw = self._rejected.raw(row)
        if raw is None:
            return ReadAgain(row=row, became=Again.NOT_KEPT)
        heard = self._clock.at(row.last_rejected_real)
        shape = Shape(row.shape)
        read = read_again(raw, shape, self._agency.cad, heard=heard)
        if read is None:
            return ReadAgain(row=row, became=Again.NO_RECORD)
        intake = self._intake(row.feed, heard=heard)
        if isinstance(read, Unreadable):
            intake.silence(read)  # R1: today's code or folder may see a danger that was not seen then
            return self._still(row, read.what)
        taken = intake.take(read, raw=lambda: raw, shape=shape)
        if taken.result is Result.REJECTED:
            return self._still(row, taken.reason or row.reason)
        is_new = taken.result is Result.TAKEN
        self._rejected.settle(row.id or 0, TAKEN_AFTER_A_MEND if is_new else KNOWN_AFTER_A_MEND)
        return ReadAgain(row=row, became=Again.TAKEN if is_new else Again.REPEATED)

    def _still(self, row: RejectedRecordRow, reason: str) -> ReadAgain:
        self._rejected.still_rejected(row.id or 0, reason)
        return ReadAgain(row=row, became=Again.STILL, reason=reason)

    def _intake(self, feed: str, *, heard: datetime) -> Intake:
        """The feed's own, at the time when the record came. Its tally is not written: nothing has come in now, and a
        feed that is silent stays so."""
        tally = Tally(engine=self._engine, feed=feed, way=self._way(feed))
        return Intake(engine=self._engine, keyring=self._keyring, agency=self._agency, tally=tally, now=lambda: heard)

    def _way(self, feed: str) -> Way:
        with Session(self._engine) as session:
            row = session.get(CadFeedRow, feed)
        return Way.PUSH if row is None else Way(row.way)
