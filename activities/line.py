"""The line: our number sends so many segments a second, whoever of us sends, and not at all while it is closed.

Whoever waits in a worker has a place in the database; the best place goes first: replies, confirmations, delay notices,
surveys, and among equals the one that was due first. Times are the database's own, one clock for all workers.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import structlog
from sqlalchemy import ColumnElement, Engine, func, or_, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, delete, select, update

from activities.carrier_client import NotProcessed
from activities.carrier_http import LONGEST_WAIT_SECONDS
from database.line import LineClosureRow, LinePlaceRow, LineRow

log = structlog.get_logger()

_AHEAD: Final = timedelta(seconds=1)
"""So far the line may run ahead of its rate: what a worker loses between two texts is made good, and the carrier queues
it. In any T seconds go at most (T + 1) times the rate, and the segments of one text."""
_PLACE_HOLDS: Final = timedelta(seconds=3)
_LOOK_AT_LEAST_EVERY_SECONDS: Final = 1.0
_LONGEST_IN_HAND_SECONDS: Final = 8.0
"""A worker waits so long with a text in hand; the lease (25 s) must also hold the check and the carrier's 10 s."""
IN_HAND_AT_MOST_SECONDS: Final = 12.0
"""One that others overtake again and again is given back then, however near its turn seems."""
_TRY_A_CLOSED_LINE_EVERY: Final = timedelta(seconds=30)
_NEVER_TAKEN_SO_FAR_AHEAD: Final = timedelta(seconds=LONGEST_WAIT_SECONDS + 60)
"""A time that is further away was written by a clock that has gone back since (another database server took over): the
line would be taken, closed, or full of dead workers' places for as long as the clock went back."""


# Whose turn it is not by what it sees neither waits for the line nor locks it. Places are deleted after the turn is
# taken: who deleted its own first, and waited for the line then, met the one that had the line and swept old places.
_TAKE: Final = """
WITH turn AS (
  UPDATE line
  SET free_at_real = CASE WHEN %(has_no_rate)s THEN free_at_real
                          ELSE greatest(free_at_real, clock_timestamp() - %(ahead)s) + %(takes)s END
  WHERE sender = %(sender)s AND closed_since_real IS NULL AND free_at_real <= clock_timestamp()
    AND (%(has_no_rate)s OR NOT EXISTS (
      SELECT 1 FROM line_place
      WHERE sender = %(sender)s AND until_real BETWEEN clock_timestamp() AND clock_timestamp() + %(holds)s
        AND (priority, due_at, text_id) < (%(priority)s, %(due_at)s, %(text_id)s)
    ))
  RETURNING sender
),
had AS (
  DELETE FROM line_place WHERE text_id IN (
    SELECT text_id FROM line_place WHERE text_id = %(text_id)s AND EXISTS (SELECT FROM turn) FOR UPDATE SKIP LOCKED
  )
)
"""
_ALONE: Final = "SELECT sender FROM turn"


@dataclass(frozen=True, kw_only=True)
class Place:
    """A text that wants to go."""

    text_id: UUID
    priority: int
    due_at: datetime
    segments: int


@dataclass(frozen=True, kw_only=True)
class WithTurn:
    """What is written in the statement that takes the turn, a round trip less: `insert` selects from `turn`, which has
    one row if it is this text's turn, and none otherwise."""

    insert: str
    values: Mapping[str, object]


@dataclass(frozen=True)
class _State:
    """Of the line, as somebody sees it who does not lock it."""

    free_at_real: datetime
    closed_since_real: datetime | None
    closed_because: str | None
    try_again_real: datetime | None


@dataclass(frozen=True, kw_only=True)
class Turn:
    """It is this text's turn."""

    tries_closed_line: bool = False
    is_written: bool = False
    """What was to be written with the turn is."""


@dataclass(frozen=True, kw_only=True)
class NotYet:
    """It is not this text's turn; to be asked again so much later."""

    seconds: float


class Line:
    """One of our numbers. `segments_per_second` is real; `None` is no limit."""

    def __init__(self, *, engine: Engine, sender: str, segments_per_second: float | None) -> None:
        self._engine = engine
        self.sender = sender
        self._rate = segments_per_second

    def take(self, session: Session, place: Place, *, with_turn: WithTurn | None = None) -> Turn | NotYet:
        """Its turn, where it is: what it takes is taken when the transaction commits, and the line locked until then.

        Raises:
            NotProcessed: the line is closed, or the turn is too far away to wait for it in hand.
        """
        if self._is_free_for(session, place, with_turn):
            return Turn(is_written=with_turn is not None)
        seen, now = self._seen(session)
        if seen is not None:
            _refuse_while_closed(seen, now)
            wait = self._wait(session, seen, place, now)
            if wait > 0 and seen.closed_since_real is None:
                return self._keep_place(session, place, now, wait)
        return self._take_locked(session, place)

    def _take_locked(self, session: Session, place: Place) -> Turn | NotYet:
        """The first text of all, the one that tries a closed line, or one whose turn came at this moment."""
        line = self._locked(session)
        now = session.execute(select(func.clock_timestamp())).scalar_one()
        _refuse_while_closed(line, now)
        wait = self._wait(session, line, place, now)
        if wait > 0:
            return self._keep_place(session, place, now, wait)
        _leave(session, col(LinePlaceRow.text_id) == place.text_id)
        if self._rate is not None:
            takes = timedelta(seconds=place.segments / self._rate)
            line.free_at_real = max(_free_at(line, now), now - _AHEAD) + takes
        if line.closed_since_real is not None:  # this one tries; the next in a while
            line.try_again_real = now + _TRY_A_CLOSED_LINE_EVERY
        session.add(line)
        return Turn(tries_closed_line=line.closed_since_real is not None)

    def pause(self, *, seconds: float) -> None:
        """The carrier has too much: nobody sends for so long."""
        with Session(self._engine) as session, session.begin():
            line = self._locked(session)
            now = session.execute(select(func.clock_timestamp())).scalar_one()
            line.free_at_real = max(_free_at(line, now), now + timedelta(seconds=seconds))
            session.add(line)

    def close(self, *, because: str) -> None:
        """The carrier refuses everything: one text tries now and then, the others wait until one got through."""
        with Session(self._engine) as session, session.begin():
            line = self._locked(session)
            now = session.execute(select(func.clock_timestamp())).scalar_one()
            if line.closed_since_real is None:
                log.error("the line is closed: nobody is texted until it is mended", cause=because)
                line.closed_since_real = now
                session.add(LineClosureRow(sender=self.sender, closed_real=now, because=because))
            line.closed_because, line.try_again_real = because, now + _TRY_A_CLOSED_LINE_EVERY
            session.add(line)

    def open(self) -> None:
        """A text got through."""
        with Session(self._engine) as session, session.begin():
            line = self._locked(session)
            if line.closed_since_real is not None:
                log.warning("the line is open again")
                session.execute(
                    update(LineClosureRow)
                    .where(col(LineClosureRow.sender) == self.sender, col(LineClosureRow.opened_real).is_(None))
                    .values(opened_real=func.clock_timestamp())
                )
            line.closed_since_real = line.closed_because = line.try_again_real = None
            session.add(line)

    def _is_free_for(self, session: Session, place: Place, with_turn: WithTurn | None) -> bool:
        """On most days nobody waits and nothing is closed: then the turn is taken in one statement."""
        takes = timedelta(0) if self._rate is None else timedelta(seconds=place.segments / self._rate)
        values: dict[str, object] = {
            "sender": self.sender,
            "text_id": place.text_id,
            "priority": place.priority,
            "due_at": place.due_at,
            "takes": takes,
            "ahead": _AHEAD,
            "holds": _PLACE_HOLDS,
            "has_no_rate": self._rate is None,
        }
        if with_turn is not None:
            values = {**with_turn.values, **values}
        statement = _TAKE + (_ALONE if with_turn is None else with_turn.insert)
        return session.connection().exec_driver_sql(statement, values).rowcount == 1

    def _seen(self, session: Session) -> tuple[_State | None, datetime]:
        """The line without a lock, and the database's time: forty that wait, each looking once a second, would keep the
        line from the one whose turn it is (chaos, seed 10)."""
        row = session.execute(
            select(
                col(LineRow.free_at_real),
                col(LineRow.closed_since_real),
                col(LineRow.closed_because),
                col(LineRow.try_again_real),
            ).where(col(LineRow.sender) == self.sender)
        ).one_or_none()
        now = session.execute(select(func.clock_timestamp())).scalar_one()
        return (None if row is None else _State(*row)), now

    def _locked(self, session: Session) -> LineRow:
        """The last lock that a sender takes: whoever holds it waits for nobody."""
        row = select(LineRow).where(col(LineRow.sender) == self.sender).with_for_update()
        line = session.exec(row).first()
        if line is None:
            first = {"sender": self.sender, "free_at_real": func.clock_timestamp() - _AHEAD}
            session.execute(insert(LineRow).values(**first).on_conflict_do_nothing())
            line = session.exec(row).one()
        return line

    def _wait(self, session: Session, line: LineRow | _State, place: Place, now: datetime) -> float:
        """Seconds until its turn, by what waits before it. 0: now."""
        until_free = max((_free_at(line, now) - now).total_seconds(), 0)
        if self._rate is None:
            return until_free
        mine = (place.priority, place.due_at, place.text_id)
        theirs = tuple_(col(LinePlaceRow.priority), col(LinePlaceRow.due_at), col(LinePlaceRow.text_id))
        before = session.exec(
            select(func.coalesce(func.sum(col(LinePlaceRow.segments)), 0)).where(
                col(LinePlaceRow.sender) == self.sender,
                col(LinePlaceRow.until_real).between(now, now + _PLACE_HOLDS),
                theirs < mine,
            )
        ).one()
        return until_free + before / self._rate

    def _keep_place(self, session: Session, place: Place, now: datetime, wait: float) -> NotYet:
        if wait > _LONGEST_IN_HAND_SECONDS:
            raise NotProcessed("the line is busy", retry_after_seconds=wait / 2)
        # All of it: an order given anew may have another due time, and would wait for its own old place.
        mine = {
            "sender": self.sender,
            "priority": place.priority,
            "due_at": place.due_at,
            "segments": place.segments,
            "until_real": now + _PLACE_HOLDS,
        }
        written = insert(LinePlaceRow).values(text_id=place.text_id, **mine)
        session.execute(written.on_conflict_do_update(index_elements=["text_id"], set_=mine))
        ends = col(LinePlaceRow.until_real)
        _leave(session, or_(ends < now - _PLACE_HOLDS, ends > now + 2 * _PLACE_HOLDS))  # dead workers' places
        return NotYet(seconds=min(wait, _LOOK_AT_LEAST_EVERY_SECONDS))


def _leave(session: Session, whose: ColumnElement[bool]) -> None:
    """Delete places. One that somebody has in hand is not waited for: its owner may be sweeping, too."""
    text_id = col(LinePlaceRow.text_id)
    free = select(text_id).where(whose).with_for_update(skip_locked=True)
    session.execute(delete(LinePlaceRow).where(text_id.in_(free)))


def _free_at(line: LineRow | _State, now: datetime) -> datetime:
    return line.free_at_real if line.free_at_real <= now + _NEVER_TAKEN_SO_FAR_AHEAD else now


def _refuse_while_closed(line: LineRow | _State, now: datetime) -> None:
    if line.closed_since_real is None or line.try_again_real is None:
        return
    if now < line.try_again_real <= now + _NEVER_TAKEN_SO_FAR_AHEAD:
        late = random.uniform(1, 2) * _TRY_A_CLOSED_LINE_EVERY.total_seconds()  # noqa: S311 - spreads, hides nothing
        raise NotProcessed(f"the line is closed: {line.closed_because}", retry_after_seconds=late)
