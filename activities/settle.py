"""R2: texts without an end are looked up at the carrier. What is found is written down; nothing is ever sent here.

It runs beside attempts that may be alive. A row whose lease is in force is not asked about; and whatever has changed
between question and answer, only a finding is still written down, as a callback's would be: it can only keep an
attempt from sending again.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import structlog
from sqlmodel import Session, and_, col, or_, select

from activities.carrier_client import NotProcessed
from activities.carrier_messages import Message
from activities.delivery_states import move_forward
from activities.find_out import CLOCK_DIFFERENCE
from activities.ledger import IN_DOUBT
from activities.people import lock_number
from activities.services import TextServices
from calls.contracts import LedgerState
from calls.reconciliation import Batch
from database.encryption import KeyringError
from database.tables import TextRow, real_now

log = structlog.get_logger()

_WITHOUT_END: Final = (*sorted(IN_DOUBT), LedgerState.ACCEPTED, LedgerState.SENT)
_SETTLES_BY_ITSELF: Final = timedelta(hours=1)
"""So long an attempt, or a callback, has for it."""
_AGAIN: Final = timedelta(hours=1)
_SENT_AGAIN: Final = timedelta(days=1)
"""Some carriers never say that a text was delivered: then `sent` is its end. It is looked up three times in all."""
_GIVE_UP: Final = timedelta(days=3)
"""Twilio lets a text wait for 10 hours at most. Whatever is older is looked up once, if it never was."""
_BATCH: Final = 50
_LONGEST_SECONDS: Final = 60.0
_IN_VAIN: Final = 3
"""After so many texts one after the other about which the carrier could not be asked, it is away."""
_LOOK_ALIKES: Final = 3


@dataclass(frozen=True, kw_only=True)
class _Question:
    """What the carrier is asked, and the state of the row when it was."""

    text_id: UUID
    attempt_id: UUID | None
    sid: str | None
    since: datetime
    until: datetime
    known: frozenset[str] = frozenset()
    sender: str = ""
    to: str = field(default="", repr=False)
    body: str = field(default="", repr=False)


class Settle:
    """Looks texts up, some at a time."""

    def __init__(self, services: TextServices) -> None:
        self._is = services

    def __call__(self, after: str | None, *, beat: Callable[[], None]) -> Batch:
        """One batch, from the id `after` on; it ends after a minute, whatever is left.

        Raises:
            NotProcessed: the carrier cannot be asked. What was found until then is written down.
        """
        began, done, in_vain = time.monotonic(), 0, 0
        due = self._due(after)
        for text_id in due:
            try:
                self._look_up(text_id)
                done, in_vain = done + 1, 0
            except NotProcessed:
                in_vain += 1
                if in_vain == _IN_VAIN:
                    raise
            beat()
            if time.monotonic() - began > _LONGEST_SECONDS:
                return Batch(done=done, after=str(text_id))
        return Batch(done=done, after=str(due[-1]) if len(due) == _BATCH else None)

    def _due(self, after: str | None) -> Sequence[UUID]:
        now = real_now()
        once_more = and_(
            col(TextRow.looked_up_real) < now - _AGAIN,
            col(TextRow.looked_up_real) > now - _GIVE_UP,  # for the index
            col(TextRow.claimed_real) > now - _GIVE_UP,
            or_(col(TextRow.state) != LedgerState.SENT, col(TextRow.looked_up_real) < now - _SENT_AGAIN),
        )
        query = (
            select(TextRow.id)
            .where(
                col(TextRow.state).in_(_WITHOUT_END),
                col(TextRow.updated_real) < now - _SETTLES_BY_ITSELF,
                or_(col(TextRow.lease_until_real).is_(None), col(TextRow.lease_until_real) < now),
                or_(col(TextRow.looked_up_real).is_(None), once_more),
            )
            .order_by(col(TextRow.id))
            .limit(_BATCH)
        )
        if after is not None:
            query = query.where(col(TextRow.id) > UUID(after))
        with Session(self._is.engine) as session:
            return session.exec(query).all()

    def _look_up(self, text_id: UUID) -> None:
        with Session(self._is.engine) as session:
            question = self._question(session, text_id)
        if question is None:
            return
        found = self._ask(question)  # no connection to the database is held meanwhile
        with Session(self._is.engine) as session, session.begin():
            self._write_down(session, question, found)

    def _question(self, session: Session, text_id: UUID) -> _Question | None:
        """`None`: somebody else has it in hand, or has settled it."""
        row = session.get(TextRow, text_id)
        if row is None or row.state not in _WITHOUT_END or _is_alive(row):
            return None
        begun = row.sending_real or row.claimed_real
        whole = _Question(
            text_id=row.id,
            attempt_id=row.attempt_id,
            sid=row.provider_sid,
            sender=row.sender or self._is.agency.identity.sender,
            since=(row.first_sending_real or begun) - CLOCK_DIFFERENCE,
            # Our POST began before the lease ended: a message made later is another text with the same words.
            until=max(row.lease_until_real or begun, begun) + CLOCK_DIFFERENCE,
        )
        if row.provider_sid is not None or row.phone_encrypted is None or row.body_encrypted is None:
            return whole
        try:
            to, body = self._is.keyring.decrypt(row.phone_encrypted), self._is.keyring.decrypt(row.body_encrypted)
        except KeyringError:
            log.error("a text cannot be looked up: its key is missing", text_id=str(row.id))
            return whole
        return _Question(**{**vars(whole), "to": to, "body": body, "known": _sids_of(session, row.phone_hash)})

    def _ask(self, question: _Question) -> Message | None:
        if question.sid is not None:
            return self._is.carrier.fetch(question.sid)
        known = set(question.known)
        for _ in range(_LOOK_ALIKES if question.body else 0):
            found = self._is.carrier.find(
                to=question.to,
                sender=question.sender,
                body=question.body,
                since=question.since,
                known=known,
            )
            message = None if found is None else self._is.carrier.fetch(found.sid)
            if message is None or message.created <= question.until:
                return message
            known.add(message.sid)
        return None

    def _write_down(self, session: Session, question: _Question, found: Message | None) -> None:
        if found is not None and question.sid is None:
            # While the number is locked no other text to it can begin: else its message could be taken for this one's.
            lock_number(session, _phone_hash(session, question.text_id))
        row = session.exec(select(TextRow).where(col(TextRow.id) == question.text_id).with_for_update()).one_or_none()
        if row is None:
            return
        if found is None:
            _not_found(row, question)
        elif row.provider_sid == found.sid or (row.provider_sid is None and _is_its_own(session, row, found)):
            if row.provider_sid is None:
                row.reason = row.reason or "found in the carrier's list"
                log.info("a text in doubt was found at the carrier", text_id=str(row.id), sid=found.sid)
            move_forward(
                row,
                provider_sid=found.sid,
                status=found.status,
                error_code=found.error_code,
                now=self._is.clock.now(),
            )
            row.looked_up_real = real_now()
        session.add(row)


def _not_found(row: TextRow, question: _Question) -> None:
    """It stays in doubt, and staff see it. Where an attempt has taken it over meanwhile, that attempt finds out."""
    if row.state not in _WITHOUT_END or row.attempt_id != question.attempt_id or _is_alive(row):
        return
    if row.provider_sid != question.sid:
        return  # a callback has told of it meanwhile
    if row.looked_up_real is None and row.provider_sid is not None:
        log.error("the carrier does not know a message of ours", text_id=str(row.id), sid=row.provider_sid)
    elif row.looked_up_real is None and row.state in IN_DOUBT:
        log.error("what became of a text is unknown", text_id=str(row.id), call_id=row.call_id, kind=row.kind)
    row.state = LedgerState.UNKNOWN if row.state == LedgerState.SENDING else row.state
    row.looked_up_real = real_now()


def _is_its_own(session: Session, row: TextRow, found: Message) -> bool:
    """No other text of ours has this message, or may be about to have it. Else we look again the next time."""
    others = select(TextRow.id).where(
        col(TextRow.id) != row.id,
        or_(
            col(TextRow.provider_sid) == found.sid,
            and_(
                col(TextRow.phone_hash) == row.phone_hash,
                col(TextRow.state) == LedgerState.SENDING,
                col(TextRow.lease_until_real) > real_now(),
            ),
        ),
    )
    return session.exec(others.limit(1)).first() is None


def _is_alive(row: TextRow) -> bool:
    return row.lease_until_real is not None and row.lease_until_real >= real_now()


def _sids_of(session: Session, phone_hash: str | None) -> frozenset[str]:
    known = select(TextRow.provider_sid).where(
        col(TextRow.phone_hash) == phone_hash, col(TextRow.provider_sid).is_not(None)
    )
    return frozenset(sid for sid in session.exec(known) if sid)


def _phone_hash(session: Session, text_id: UUID) -> str:
    return session.exec(select(TextRow.phone_hash).where(col(TextRow.id) == text_id)).first() or str(text_id)
