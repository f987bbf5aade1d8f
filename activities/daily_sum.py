"""The daily sum: our ledger of a day beside the carrier's list of it. What only one of them has is said and kept.

A day is one of UTC, and a message belongs to the day on which the carrier made it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from typing import Final
from uuid import UUID

import structlog
from sqlmodel import Session, col, func, select

from activities.carrier_messages import Message
from activities.delivery_states import contradict, move_forward, told_by
from activities.replies import Replies
from activities.services import TextServices
from calls.reconciliation import Batch
from database.reconciliation import ReconciliationRow
from database.tables import TextRow, real_now

log = structlog.get_logger()

# Twilio lets a text wait for ten hours: before, some of the day have no date of sending, and its list lacks them.
_COMPLETE_AFTER: Final = timedelta(hours=10, minutes=10)
_CAUGHT_UP: Final = timedelta(days=30)
"""A day that was missed is summed later, unless it is longer ago."""
_A_DAY: Final = timedelta(days=1)
_PAGE: Final = 1000
_ASKED_ONE_BY_ONE: Final = 200
"""What the list lacks is asked for by itself: it may have failed before it was sent. More than so many are missing."""
_NAMED: Final = 50


@dataclass
class Named:
    """A number of messages, and the first of their names, for a person who looks them up."""

    count: int = 0
    names: list[str] = field(default_factory=list)

    def add(self, name: str) -> None:
        self.count += 1
        if len(self.names) < _NAMED:
            self.names.append(name)


@dataclass
class _Tally:
    begins: datetime
    ends: datetime
    texts_ours: int = 0
    texts_theirs: int = 0
    segments_ours: int = 0
    segments_theirs: int = 0
    only_at_carrier: Named = field(default_factory=Named)
    only_in_ledger: Named = field(default_factory=Named)
    states_differ: Named = field(default_factory=Named)

    def is_of_the_day(self, message: Message) -> bool:
        return self.begins <= message.created < self.ends

    def theirs(self, message: Message) -> None:
        self.texts_theirs += 1
        self.segments_theirs += message.segments

    def ours(self, segments: int | None) -> None:
        self.texts_ours += 1
        self.segments_ours += segments or 0


class DailySum:
    """Sums up the next day that was not, if there is one."""

    def __init__(self, services: TextServices, *, now: Callable[[], datetime] = real_now) -> None:
        self._is = services
        self._now = now

    def __call__(self, *, beat: Callable[[], None]) -> Batch:
        """One day.

        Raises:
            NotProcessed: the carrier's list cannot be had; nothing was written.
        """
        day = self._next_day()
        if day is None:
            return Batch()
        begins = datetime.combine(day, time.min, UTC)
        tally = _Tally(begins=begins, ends=begins + _A_DAY)
        self._compare(day, tally, beat)
        self._keep(day, tally)
        return Batch(done=1, after=day.isoformat())

    def _next_day(self) -> date | None:
        newest = (self._now() - _COMPLETE_AFTER).date() - _A_DAY
        ends = datetime.combine(newest + _A_DAY, time.min, UTC)
        with Session(self._is.engine) as session:
            last: date | None = session.exec(select(func.max(col(ReconciliationRow.day)))).one()
            began = session.exec(select(TextRow.id).where(col(TextRow.claimed_real) < ends).limit(1)).first()
        if last is not None:
            first = max(last + _A_DAY, newest - _CAUGHT_UP)
            return first if first <= newest else None
        # Of what its number sent before, a service that has just begun is not told.
        return None if began is None else newest

    def _compare(self, day: date, tally: _Tally, beat: Callable[[], None]) -> None:
        """First what they have, page by page, then what only we have."""
        sender = self._is.agency.identity.sender
        replies = Replies(self._is, since=tally.begins, until=tally.ends)
        seen: set[str] = set()
        # A day's margin on both sides: it is listed by when it was sent.
        messages = self._is.carrier.sent_between(day - _A_DAY, day + _A_DAY, sender=sender)
        while page := list(islice(messages, _PAGE)):
            beat()
            seen.update(message.sid for message in page)
            self._compare_page(page, tally, replies)
        for text_id, of_reply in replies.left():
            tally.ours(of_reply)
            tally.only_in_ledger.add(str(text_id))
        replies.end_doubts()
        for number, (sid, segments) in enumerate(self._not_seen(tally, seen)):
            beat()
            message = self._is.carrier.fetch(sid) if number < _ASKED_ONE_BY_ONE else None
            if message is not None:
                self._compare_page([message], tally, replies)
            else:
                tally.ours(segments)
                tally.only_in_ledger.add(sid)

    def _compare_page(self, page: list[Message], tally: _Tally, replies: Replies) -> None:
        with Session(self._is.engine) as session, session.begin():
            ours = select(TextRow).where(col(TextRow.provider_sid).in_([message.sid for message in page]))
            rows = {row.provider_sid: row for row in session.exec(ours)}
            for message in page:
                row = rows.get(message.sid)
                reply = None if row is not None else replies.take(message)
                is_known = row is not None or reply is not None
                if not tally.is_of_the_day(message) or (not is_known and replies.is_carriers_own(message)):
                    continue
                tally.theirs(message)
                if is_known:
                    tally.ours(row.segments if row is not None else reply)
                else:
                    tally.only_at_carrier.add(message.sid)
                if row is not None and contradict(row.state, told_by(message.status)):
                    self._bring_up_to_date(session, row.id, message, tally)

    def _bring_up_to_date(self, session: Session, text_id: UUID, message: Message, tally: _Tally) -> None:
        """A callback that got lost is made good; where both know an end, and not the same, a person must look."""
        text = session.get_one(TextRow, text_id, with_for_update=True, populate_existing=True)
        move_forward(
            text,
            provider_sid=message.sid,
            status=message.status,
            error_code=message.error_code,
            now=self._is.clock.now(),
        )
        session.add(text)
        if contradict(text.state, told_by(message.status)):
            tally.states_differ.add(message.sid)

    def _not_seen(self, tally: _Tally, seen: set[str]) -> list[tuple[str, int | None]]:
        """Sid and segments of what the ledger has of the day and the list has not."""
        ours = select(TextRow.provider_sid, TextRow.segments).where(
            col(TextRow.provider_sid).is_not(None),
            col(TextRow.claimed_real) >= tally.begins,
            col(TextRow.claimed_real) < tally.ends,
        )
        with Session(self._is.engine) as session:
            rows = session.execute(ours.execution_options(yield_per=_PAGE))
            return [(sid, segments) for sid, segments in rows if sid not in seen]

    def _keep(self, day: date, tally: _Tally) -> None:
        named = {
            "only_at_carrier": tally.only_at_carrier,
            "only_in_ledger": tally.only_in_ledger,
            "states_differ": tally.states_differ,
        }
        row = ReconciliationRow(
            day=day,
            texts_ours=tally.texts_ours,
            texts_theirs=tally.texts_theirs,
            segments_ours=tally.segments_ours,
            segments_theirs=tally.segments_theirs,
            only_at_carrier=tally.only_at_carrier.count,
            only_in_ledger=tally.only_in_ledger.count,
            states_differ=tally.states_differ.count,
            named={name: found.names for name, found in named.items()},
        )
        with Session(self._is.engine) as session, session.begin():
            session.merge(row)
        say = log.error if any(found.count for found in named.values()) else log.info
        differences = {name: (found.count, found.names[:3]) for name, found in named.items() if found.count}
        say("the daily sum", day=day.isoformat(), ours=tally.texts_ours, theirs=tally.texts_theirs, **differences)
