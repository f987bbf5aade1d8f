"""R2 after a restore: what was sent since the backup is taken back from the carrier's list.

The list gives number, words and time. Our own words with a case number name call and kind of text: then the ledger gets
its row. What names no call, or more than one, is kept as a stray, and whatever it may have been is not sent.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import chain, islice
from typing import Final, Protocol

import structlog
from sqlalchemy import or_
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, delete, select

from activities.carrier_messages import WholeMessage, oldest_first
from activities.delivery_states import move_forward
from activities.find_out import CLOCK_DIFFERENCE
from activities.findings import CLOCKS_MAY_DIFFER
from activities.ledger import IN_DOUBT
from activities.people import lock_number
from activities.services import TextServices
from activities.strays import TAKEN_BACK
from calls.contracts import Kind, LedgerState
from database.encryption import plain_token
from database.lookup_keys import number_hash
from database.recovery import StrayMessageRow
from database.tables import CallRow, SurveyInvitationRow, TextRow, real_now
from texts.recognise import Recognised, recognise

log = structlog.get_logger()

_PAGE: Final = 500
_A_NUMBER_IS_USED_FOR: Final = timedelta(days=30)


class SentList(Protocol):
    """The carrier's list, words and all."""

    def made_since(self, since: datetime, *, sender: str = "", to: str = "") -> Iterator[WholeMessage]: ...


def our_numbers(session: Session, as_of: datetime, *, now: str) -> list[str]:
    """The numbers of ours that may have sent since the backup: the one of `now`, and those of the weeks before it."""
    lately = col(TextRow.claimed_real) > as_of - _A_NUMBER_IS_USED_FOR
    used = select(TextRow.sender).where(col(TextRow.sender).is_not(None), lately).distinct()
    return sorted({now, *(sender for sender in session.exec(used) if sender)})


@dataclass
class Sent:
    """What came of the list. `strays`: messages that no call explains."""

    listed: int = 0
    known: int = 0
    taken_back: Counter[str] = field(default_factory=Counter)
    strays: int = 0


@dataclass(frozen=True, kw_only=True)
class _Meant:
    """The text that a message is: of a call, or a row that is there already."""

    call: CallRow
    words: Recognised
    recipient_version: int


class TakeBackSent:
    """Reads the list since a moment; any number of times, each message counts once."""

    def __init__(self, services: TextServices, carrier: SentList) -> None:
        self._is = services
        self._carrier = carrier

    def __call__(self, as_of: datetime, *, beat: Callable[[int], None]) -> Sent:
        """Everything since the backup, the oldest first. `beat` hears how many were listed.

        Raises:
            NotProcessed: the list cannot be had; what was written stays, and the next run goes on.
        """
        sent, unknown = Sent(), list[WholeMessage]()
        with Session(self._is.engine) as session:
            senders = our_numbers(session, as_of, now=self._is.agency.identity.sender)
        listed = chain.from_iterable(self._carrier.made_since(as_of - CLOCK_DIFFERENCE, sender=one) for one in senders)
        while page := list(islice(listed, _PAGE)):
            sent.listed += len(page)
            unknown += self._unknown(page)
            beat(sent.listed)
        sent.known = sent.listed - len(unknown)
        for one in oldest_first(unknown):
            what = self._take(one)
            if what is None:
                sent.strays += 1
            else:
                sent.taken_back[what] += 1
        return sent

    def _unknown(self, page: Sequence[WholeMessage]) -> list[WholeMessage]:
        """Those that the ledger has not. One that it has is no stray any more."""
        sids = [one.message.sid for one in page]
        with Session(self._is.engine) as session, session.begin():
            known = set(session.exec(select(TextRow.provider_sid).where(col(TextRow.provider_sid).in_(sids))))
            session.execute(delete(StrayMessageRow).where(col(StrayMessageRow.provider_sid).in_(known)))
        return [one for one in page if one.message.sid not in known]

    def _take(self, one: WholeMessage) -> str | None:
        """Its kind; `None`: it is a stray."""
        message = one.message
        words = recognise(self._is.agency.wording, one.body)
        with Session(self._is.engine) as session, session.begin():
            phone_hash = number_hash(session, self._is.keyring, message.to)
            lock_number(session, phone_hash)
            row = self._row_of(session, one, words, phone_hash)
            if row is None:
                self._stray(session, one, words, phone_hash)
                return None
            self._fill(row, one, words, phone_hash)
            move_forward(
                row,
                provider_sid=message.sid,
                status=message.status,
                error_code=message.error_code,
                now=self._is.clock.at(message.created),
            )
            session.add(row)
            session.execute(delete(StrayMessageRow).where(col(StrayMessageRow.provider_sid) == message.sid))
            return row.kind

    def _row_of(self, session: Session, one: WholeMessage, words: Recognised | None, phone_hash: str) -> TextRow | None:
        """The row that it is, there or new."""
        doubted = self._in_doubt(session, one, phone_hash)
        if doubted is not None:
            return doubted
        if one.message.is_reply:
            return self._new(one, kind=Kind.AUTO_REPLY)
        meant = self._meant(session, one, words, phone_hash)
        if meant is None:
            return None
        row = self._of_call(session, one, meant)
        if row is not None and meant.words.kind is Kind.SURVEY:
            self._invite(session, one, meant)
        return row

    def _in_doubt(self, session: Session, one: WholeMessage, phone_hash: str) -> TextRow | None:
        """A text that was being sent when the backup was made: it has these very words."""
        rows = session.exec(
            select(TextRow)
            .where(
                col(TextRow.phone_hash) == phone_hash,
                col(TextRow.provider_sid).is_(None),
                col(TextRow.body_encrypted).is_not(None),
                col(TextRow.state).in_([LedgerState.CLAIMED, *IN_DOUBT]),
                col(TextRow.claimed_real) <= one.message.created + CLOCK_DIFFERENCE,
                # All replies have the same words, and are given at once.
                or_(
                    col(TextRow.kind) != Kind.AUTO_REPLY,
                    col(TextRow.sending_real) >= one.message.created - CLOCK_DIFFERENCE,
                ),
            )
            .order_by(col(TextRow.due_at))
            .with_for_update()
        )
        return next((row for row in rows if self._is.keyring.decrypt(row.body_encrypted or "") == one.body), None)

    def _meant(self, session: Session, one: WholeMessage, words: Recognised | None, phone_hash: str) -> _Meant | None:
        """The one call that it can be about: with its case number, and this number."""
        if words is None or words.case_number is None:
            return None
        latest = self._is.clock.at(one.message.created) + CLOCKS_MAY_DIFFER
        calls = session.exec(
            select(CallRow).where(col(CallRow.case_number) == words.case_number, col(CallRow.received_at) <= latest)
        )
        mine = [call for call in calls if phone_hash in call.phone_versions]
        if len(mine) != 1:
            return None
        return _Meant(call=mine[0], words=words, recipient_version=int(mine[0].phone_versions[phone_hash]))

    def _of_call(self, session: Session, one: WholeMessage, meant: _Meant) -> TextRow | None:
        """Its row; `None`: the ledger has another message in this place."""
        kind = meant.words.kind
        rows = session.exec(
            select(TextRow)
            .where(
                col(TextRow.call_id) == meant.call.call_id,
                col(TextRow.kind) == kind,
                (col(TextRow.recipient_version) == meant.recipient_version) | (col(TextRow.kind) != Kind.CONFIRMATION),
            )
            .order_by(col(TextRow.sequence))
            .with_for_update()
        ).all()
        if kind is Kind.DELAY:
            before = one.message.created + CLOCK_DIFFERENCE  # one that is claimed since the restore is another
            is_open = (LedgerState.CLAIMED, *IN_DOUBT)
            open_ones = [row for row in rows if row.state in is_open and row.claimed_real <= before]
            if open_ones:
                return open_ones[0]
            sequence = max((row.sequence for row in rows), default=0) + 1
            return self._new(one, kind=kind, meant=meant, sequence=sequence)
        if not rows:
            return self._new(one, kind=kind, meant=meant)
        if rows[0].provider_sid is not None:
            log.error("the carrier has two messages for one text", text_id=str(rows[0].id), call_id=meant.call.call_id)
            return None
        return rows[0]

    def _new(self, one: WholeMessage, *, kind: Kind, meant: _Meant | None = None, sequence: int = 1) -> TextRow:
        at = self._is.clock.at(one.message.created)
        return TextRow(
            call_id=None if meant is None else meant.call.call_id,
            kind=kind,
            sequence=sequence,
            recipient_version=1 if meant is None else meant.recipient_version,
            state=LedgerState.CLAIMED,
            policy_version=self._is.agency.version,
            due_at=at,
            expires_at=at,
            claimed_real=one.message.created,
        )

    def _fill(self, row: TextRow, one: WholeMessage, words: Recognised | None, phone_hash: str) -> None:
        """What the message tells of the row. No attempt has it in hand any more."""
        keyring = self._is.keyring
        row.reason, row.rule = TAKEN_BACK, None
        row.sender, row.phone_hash = one.sender, phone_hash
        row.segments = one.message.segments
        row.sending_real = row.first_sending_real = row.first_sending_real or one.message.created
        row.attempt_id, row.lease_until_real, row.updated_real = None, None, real_now()
        row.settled_at = self._is.clock.at(one.message.created)
        if one.body:
            row.body_encrypted = keyring.encrypt(one.body)
        if row.kind != Kind.AUTO_REPLY:
            row.phone_encrypted = keyring.encrypt(one.message.to)
        if words is not None:
            row.language, row.wording_version = words.language, self._is.agency.wording.version
            row.code_hash = row.code_hash or (keyring.code_hash(words.code) if words.code else None)

    def _invite(self, session: Session, one: WholeMessage, meant: _Meant) -> None:
        """The link in the text opens the survey as before: the invitation was lost, and the message tells its token."""
        if meant.words.token is None:
            return
        token_hash = self._is.keyring.token_hash(plain_token(meant.words.token))
        mine = select(SurveyInvitationRow).where(col(SurveyInvitationRow.call_id) == meant.call.call_id)
        row = session.exec(mine.with_for_update()).first()
        if row is None:
            at = self._is.clock.at(one.message.created)
            row = SurveyInvitationRow(
                call_id=meant.call.call_id,
                token_hash=token_hash,
                language=None if "+" in meant.words.language else meant.words.language,
                survey_version=self._is.agency.survey.version,
                expires_at=at + self._is.agency.policy.timetable.survey.link_valid_for,
            )
        row.token_hash = token_hash
        session.add(row)

    def _stray(self, session: Session, one: WholeMessage, words: Recognised | None, phone_hash: str) -> None:
        values = {
            "phone_hash": phone_hash,
            "kind": None if words is None else words.kind.value,
            "case_number": None if words is None else words.case_number,
            "created_at": self._is.clock.at(one.message.created),
        }
        statement = insert(StrayMessageRow).values(provider_sid=one.message.sid, noted_real=real_now(), **values)
        session.execute(statement.on_conflict_do_update(index_elements=["provider_sid"], set_=values))
